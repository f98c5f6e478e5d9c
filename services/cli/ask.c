#include "ask.h"

#include <string.h>

#include "refusal.h"

#define ASK_AGAIN rf_ms(500)

static void call(void *arg);

static void on_reply(void *arg, const struct rf_call_reply *reply) {
    struct cli_session *session = arg;
    struct cli_ask *ask = session->arg;
    const char *code = reply->code != NULL ? reply->code : reply->class;
    if (reply->ok) {
        ask->told(session, reply->result);
        return;
    }
    bool passes = strcmp(reply->class, "local") == 0 || strcmp(reply->class, "transient") == 0;
    if (passes && rf_instant_before(rf_loop_now(session->loop), ask->until)) {
        if (!ask->said)
            cli_say("waiting for the %s (%s)", cli_refusal_server(session->options->command->words),
                    code);
        ask->said = true;
        rf_timer_after(&ask->timer, ASK_AGAIN);
        return;
    }
    char text[RF_ERROR_MESSAGE_SIZE];
    cli_session_fail(session, "%s",
                     cli_refusal_text(session->options->command->words, reply, text, sizeof text));
}

static void call(void *arg) {
    struct cli_ask *ask = arg;
    json_t *params = json_incref(ask->params);
    cli_session_call(ask->session, ask->operation, params, ask->session->options->timeout,
                     on_reply);
}

void cli_ask(struct cli_ask *ask, struct cli_session *session, const char *operation,
             json_t *params, void (*told)(struct cli_session *session, json_t *result)) {
    if (ask->session == NULL)
        rf_timer_init(&ask->timer, session->loop, call, ask);
    json_decref(ask->params);
    ask->session = session;
    ask->operation = operation;
    ask->params = params;
    ask->told = told;
    ask->until = rf_instant_add(rf_loop_now(session->loop), session->options->timeout);
    if (params == NULL)
        cli_session_fail(session, "out of memory");
    else
        call(ask);
}

void cli_ask_end(struct cli_ask *ask) {
    json_decref(ask->params);
    ask->params = NULL;
}
