// ringfence campaign status: how one campaign stands, or all of them; campaign list: all in a
// table.
#include <stdio.h>

#include "ask.h"
#include "campaign_table.h"
#include "summary.h"

static void add_text(json_t *campaigns, bool table, struct rf_text *text) {
    size_t i;
    json_t *campaign;
    if (json_array_size(campaigns) == 0)
        rf_text_add(text, "there is no campaign\n");
    else if (table)
        cli_campaign_table(campaigns, text);
    else
        json_array_foreach(campaigns, i, campaign) cli_campaign_text(campaign, text);
}

static void tell(struct cli_session *session, json_t *result, bool table) {
    const struct cli_options *options = session->options;
    json_t *campaigns = json_object_get(result, "campaigns");
    if (options->count > 0 && json_array_size(campaigns) == 0) {
        cli_session_fail(session,
                         "there is no campaign %s; campaign list shows those that there are",
                         options->arguments[0]);
        return;
    }
    struct rf_text text = {0};
    add_text(campaigns, table, &text);
    cli_session_tell(session, result, &text);
}

static void told_status(struct cli_session *session, json_t *result) {
    tell(session, result, false);
}

static void told_list(struct cli_session *session, json_t *result) {
    tell(session, result, true);
}

static void begin_status(struct cli_session *session) {
    json_t *params = session->options->count > 0
                         ? json_pack("{s:s}", "campaign", session->options->arguments[0])
                         : json_object();
    cli_ask(session->arg, session, "status", params, told_status);
}

static void begin_list(struct cli_session *session) {
    cli_ask(session->arg, session, "status", json_object(), told_list);
}

static int run(const struct cli_options *options, void (*begin)(struct cli_session *session)) {
    const struct cli_session_handlers handlers = {.begin = begin};
    struct cli_ask ask = {0};
    int code = cli_session_run(options, &handlers, &ask);
    cli_ask_end(&ask);
    return code;
}

int cli_campaign_status(const struct cli_options *options) {
    return run(options, begin_status);
}

int cli_campaign_list(const struct cli_options *options) {
    return run(options, begin_list);
}
