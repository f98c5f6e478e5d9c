// ringfence mark clear: a person says that a marked provider is usable again.
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "session.h"

#define LOOK_AGAIN rf_ms(5)

struct clearing {
    char key[64];
    struct rf_timer told; // looks whether the broker has the event
};

static const char *provider_of(const struct cli_session *session) {
    return session->options->arguments[0];
}

static void on_told(void *arg) {
    struct cli_session *session = arg;
    struct clearing *clearing = session->arg;
    if (rf_bus_unacknowledged(session->bus) > 0) {
        rf_timer_after(&clearing->told, LOOK_AGAIN);
        return;
    }
    printf("%s is no longer marked\n", provider_of(session));
    cli_session_end(session, CLI_OK);
}

static void tell(struct cli_session *session) {
    struct clearing *clearing = session->arg;
    struct rf_error error;
    const struct passwd *user = getpwuid(getuid());
    json_t *data = json_pack("{s:s, s:s}", "why", "a person cleared it", "by",
                             user != NULL ? user->pw_name : "unknown");
    struct rf_event event = {
        .type = rf_event_type_name(RF_EVENT_MARK_CLEARED),
        .subject = provider_of(session),
        .service = provider_of(session),
        .data = data,
    };
    enum rf_err err = rf_bus_publish(session->bus, &event, &error);
    json_decref(data);
    if (err != RF_OK) {
        cli_session_fail(session, "the mark is cleared, but this was not told: %s", error.message);
        return;
    }
    rf_timer_init(&clearing->told, session->loop, on_told, session);
    on_told(session);
}

static void on_cleared(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct cli_session *session = arg;
    (void)entry;
    if (code == NULL)
        tell(session);
    else if (strcmp(code, "conflict") == 0)
        cli_session_fail(session, "the mark on %s has just changed; look at it by mark list",
                         provider_of(session));
    else
        cli_session_fail(session, "the mark on %s could not be cleared: %s", provider_of(session),
                         code);
}

static void on_mark(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct cli_session *session = arg;
    struct clearing *clearing = session->arg;
    if (code != NULL && strcmp(code, "not_found") != 0)
        cli_session_fail(session, "the mark could not be read: %s", code);
    else if (code != NULL || entry == NULL || entry->version == 0)
        cli_session_fail(session, "there is no mark on %s", provider_of(session));
    else
        rf_bus_state_cas(session->bus, clearing->key, entry->version, NULL, rf_ns(0), on_cleared,
                         session);
}

static void begin(struct cli_session *session) {
    struct clearing *clearing = session->arg;
    rf_bus_state_get(session->bus, clearing->key, on_mark, session);
}

int cli_mark_clear(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    struct clearing clearing = {0};
    enum rf_provider provider;
    if (!rf_provider_parse(options->arguments[0], &provider)) {
        fprintf(stderr,
                "ringfence: error: \"%s\" is not a provider; expected elevenlabs, openai, "
                "anthropic, twilio or openai-tts\n",
                options->arguments[0]);
        return CLI_USAGE;
    }
    snprintf(clearing.key, sizeof clearing.key, "mark/%s", rf_provider_name(provider));
    return cli_session_run(options, &handlers, &clearing);
}
