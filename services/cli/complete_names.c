#include "complete_names.h"

#include <string.h>

#include "config/config.h"
#include "marks.h"
#include "member.h"
#include "session.h"

// Somebody waits at a prompt: for the broker, and again for the answer.
#define PATIENCE rf_ms(500)

// The session's `arg`. One of `marks` is used, or neither.
struct asking {
    const struct cli_wanted *wanted;
    struct rf_text *out;
    struct rf_timer limit;
    struct cli_marks marks;
};

static void add(const struct asking *asking, const char *name) {
    cli_complete_name(asking->wanted, name, asking->out);
}

// ---- from the configuration ----

static void add_channels(const struct asking *asking) {
    static const char *const fixed[RF_CHANNELS_FIXED] = {"email", "telegram", "webhook"};
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    for (size_t i = 0; i < RF_CHANNELS_FIXED; i++)
        add(asking, fixed[i]);
    if (rf_config_load(asking->wanted->config, &config, &error) != RF_OK)
        return;
    const struct rf_config_channel *channels = config->alerter.channels.items;
    for (size_t i = 0; i < config->alerter.channels.count; i++)
        add(asking, channels[i].name);
    rf_config_destroy(&config);
}

// ---- from the set ----

static void add_members(struct cli_session *session, json_t *list, const char *member) {
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) add(session->arg, cli_member_text(one, member));
    cli_session_end(session, CLI_OK);
}

static void on_campaigns(void *arg, const struct rf_call_reply *reply) {
    add_members(arg, json_object_get(reply->result, "campaigns"), "name");
}

static void on_incidents(void *arg, const struct rf_call_reply *reply) {
    add_members(arg, json_object_get(reply->result, "incidents"), "id");
}

static void on_status(void *arg, json_t *status) {
    add_members(arg, json_object_get(status, "subscribers"), "name");
}

static void on_marks(struct cli_session *session) {
    struct asking *asking = session->arg;
    for (size_t i = 0; i < asking->marks.count; i++)
        add(asking, asking->marks.items[i].who);
    cli_session_end(session, CLI_OK);
}

static void on_limit(void *arg) {
    cli_session_end(arg, CLI_FAILED);
}

static void begin(struct cli_session *session) {
    struct asking *asking = session->arg;
    rf_timer_init(&asking->limit, session->loop, on_limit, session);
    rf_timer_after(&asking->limit, PATIENCE);
    switch (asking->wanted->names) {
    case CLI_NAMES_CAMPAIGNS:
        cli_session_call(session, "status", json_object(), PATIENCE, on_campaigns);
        break;
    case CLI_NAMES_INCIDENTS:
        session->service = "alerter";
        cli_session_call(session, "alert_list", json_object(), PATIENCE, on_incidents);
        break;
    case CLI_NAMES_MARKS:
        cli_marks_read(session, &asking->marks, on_marks);
        break;
    default:
        rf_bus_status(session->bus, on_status, session);
    }
}

void cli_complete_names(const struct cli_wanted *wanted, struct rf_text *out) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    const struct cli_options options = {.config = wanted->config, .timeout = PATIENCE};
    struct asking asking = {.wanted = wanted, .out = out};
    switch (wanted->names) {
    case CLI_NAMES_NONE:
        break;
    case CLI_NAMES_PROVIDERS:
        for (int p = 0; p < RF_PROVIDER_COUNT; p++)
            add(&asking, rf_provider_name((enum rf_provider)p));
        break;
    case CLI_NAMES_CHANNELS:
        add_channels(&asking);
        break;
    default:
        (void)cli_session_run(&options, &handlers, &asking);
        cli_marks_fini(&asking.marks);
    }
}
