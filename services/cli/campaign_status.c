// ringfence campaign status: how one campaign stands, or all of them.
#include <stdio.h>
#include <string.h>

#include "session.h"
#include "summary.h"

#define ASK_AGAIN rf_ms(500)

struct asking {
    struct rf_timer timer;
    struct rf_instant until;
    bool told;
};

static void print_text(json_t *campaigns) {
    size_t i;
    json_t *campaign;
    struct rf_text text = {0};
    json_array_foreach(campaigns, i, campaign) cli_campaign_text(campaign, &text);
    if (json_array_size(campaigns) == 0)
        rf_text_add(&text, "there is no campaign\n");
    if (!text.failed && text.data != NULL)
        fputs(text.data, stdout);
    rf_text_fini(&text);
}

static void ask(void *arg);

static void on_reply(void *arg, const struct rf_call_reply *reply) {
    struct cli_session *session = arg;
    struct asking *asking = session->arg;
    const char *code = reply->code != NULL ? reply->code : reply->class;
    if (reply->ok) {
        json_t *campaigns = json_object_get(reply->result, "campaigns");
        if (session->options->count > 0 && json_array_size(campaigns) == 0) {
            cli_session_fail(session, "there is no campaign %s", session->options->arguments[0]);
            return;
        }
        if (session->options->json)
            cli_print_json(json_incref(reply->result));
        else
            print_text(campaigns);
        cli_session_end(session, CLI_OK);
        return;
    }
    if (strcmp(reply->class, "local") == 0 &&
        rf_instant_before(rf_loop_now(session->loop), asking->until)) {
        if (!asking->told)
            cli_say("waiting for the orchestrator (%s)", code);
        asking->told = true;
        rf_timer_after(&asking->timer, ASK_AGAIN);
        return;
    }
    cli_session_fail(session, "campaign status: %s%s%s", code, reply->message != NULL ? ": " : "",
                     reply->message != NULL ? reply->message : "");
}

static void ask(void *arg) {
    struct cli_session *session = arg;
    json_t *params = session->options->count > 0
                         ? json_pack("{s:s}", "campaign", session->options->arguments[0])
                         : json_object();
    cli_session_call(session, "status", params, session->options->timeout, on_reply);
}

static void begin(struct cli_session *session) {
    struct asking *asking = session->arg;
    rf_timer_init(&asking->timer, session->loop, ask, session);
    asking->until = rf_instant_add(rf_loop_now(session->loop), session->options->timeout);
    ask(session);
}

int cli_campaign_status(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    struct asking asking = {0};
    return cli_session_run(options, &handlers, &asking);
}
