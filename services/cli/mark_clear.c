// ringfence mark clear: a person says that a marked provider, or one of its keys, is usable again.
// For a provider that is all of it: its mark, and whatever keys are set aside.
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "marks.h"
#include "person.h"
#include "provider.h"

#define LOOK_AGAIN rf_ms(5)

struct clearing {
    struct cli_marks marks;
    char provider[32];
    const char *key;      // the beginning of a fingerprint; NULL: the provider as a whole
    size_t next;          // the mark that is looked at
    json_t *cleared;      // who they were, as `mark list` names them
    struct rf_timer told; // looks whether the broker has the events
};

static const char *what_of(const struct cli_session *session) {
    return session->options->arguments[0];
}

static void print(const struct cli_session *session) {
    const struct clearing *clearing = session->arg;
    size_t i;
    json_t *who;
    if (session->options->json) {
        cli_print_json(json_pack("{s:O}", "cleared", clearing->cleared));
        return;
    }
    json_array_foreach(clearing->cleared, i, who) {
        const char *name = json_string_value(who);
        printf("%s is no longer %s\n", name, strchr(name, '/') == NULL ? "marked" : "set aside");
    }
}

static void on_told(void *arg) {
    struct cli_session *session = arg;
    struct clearing *clearing = session->arg;
    if (rf_bus_unacknowledged(session->bus) > 0) {
        rf_timer_after(&clearing->told, LOOK_AGAIN);
        return;
    }
    print(session);
    cli_session_end(session, CLI_OK);
}

static enum rf_err tell(struct cli_session *session, const struct cli_mark *mark,
                        struct rf_error *error) {
    const struct clearing *clearing = session->arg;
    json_t *data = json_pack("{s:s, s:s}", "why", "a person cleared it", "by", cli_person());
    if (mark->is_key) {
        const char *fingerprint = strrchr(mark->key, '/') + 1;
        (void)json_object_set_new(data, "key", json_stringn(fingerprint, strnlen(fingerprint, 8)));
    }
    struct rf_event event = {
        .type = rf_event_type_name(mark->is_key ? RF_EVENT_KEY_CLEARED : RF_EVENT_MARK_CLEARED),
        .subject = clearing->provider,
        .service = clearing->provider,
        .data = data,
    };
    enum rf_err err = rf_bus_publish(session->bus, &event, error);
    json_decref(data);
    return err;
}

// Whether the mark is of those that are to be cleared.
static bool is_meant(const struct clearing *clearing, const struct cli_mark *mark) {
    size_t length = strlen(clearing->provider);
    if (strncmp(mark->who, clearing->provider, length) != 0)
        return false;
    if (!mark->is_key)
        return clearing->key == NULL && mark->who[length] == '\0';
    return mark->who[length] == '/' &&
           (clearing->key == NULL ||
            strncmp(mark->who + length + 1, clearing->key, strlen(clearing->key)) == 0);
}

static void clear_next(struct cli_session *session);

static void on_cleared(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct cli_session *session = arg;
    struct clearing *clearing = session->arg;
    const struct cli_mark *mark = &clearing->marks.items[clearing->next++];
    struct rf_error error;
    (void)entry;
    if (code == NULL) {
        (void)json_array_append_new(clearing->cleared, json_string(mark->who));
        if (tell(session, mark, &error) != RF_OK) {
            cli_session_fail(session, "the mark is cleared, but this was not told: %s",
                             error.message);
            return;
        }
    } else if (strcmp(code, "conflict") != 0) {
        cli_session_fail(session, "the mark on %s could not be cleared: %s", mark->who, code);
        return;
    } else if (!mark->is_key) { // a key's goes with its provider's: a gateway was faster
        cli_session_fail(session, "the mark on %s has just changed; look at it by mark list",
                         mark->who);
        return;
    }
    clear_next(session);
}

// One after the other, the provider's mark first.
static void clear_next(struct cli_session *session) {
    struct clearing *clearing = session->arg;
    struct cli_marks *marks = &clearing->marks;
    while (clearing->next < marks->count && !is_meant(clearing, &marks->items[clearing->next]))
        clearing->next++;
    if (clearing->next < marks->count) {
        const struct cli_mark *mark = &marks->items[clearing->next];
        rf_bus_state_cas(session->bus, mark->key, mark->version, NULL, rf_ns(0), on_cleared,
                         session);
    } else if (json_array_size(clearing->cleared) == 0) {
        cli_session_fail(session, "there is no mark on %s", what_of(session));
    } else {
        rf_timer_init(&clearing->told, session->loop, on_told, session);
        on_told(session);
    }
}

static void begin(struct cli_session *session) {
    struct clearing *clearing = session->arg;
    cli_marks_read(session, &clearing->marks, clear_next);
}

int cli_mark_clear(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    struct clearing clearing = {0};
    enum rf_provider provider;
    const char *what = options->arguments[0], *slash = strchr(what, '/');
    size_t length = slash != NULL ? (size_t)(slash - what) : strlen(what);
    snprintf(clearing.provider, sizeof clearing.provider, "%.*s", (int)length, what);
    if (!rf_provider_parse(clearing.provider, &provider) || (slash != NULL && slash[1] == '\0'))
        return cli_not_a_provider(
            what,
            ", and behind it / and the first digits of a key's fingerprint for that key alone");
    clearing.key = slash != NULL ? slash + 1 : NULL;
    clearing.cleared = json_array();
    int code = cli_session_run(options, &handlers, &clearing);
    cli_marks_fini(&clearing.marks);
    json_decref(clearing.cleared);
    return code;
}
