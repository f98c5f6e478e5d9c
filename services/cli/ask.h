// One question or order to the orchestrator, the alerter or the health monitor, repeated while it
// is away or its database is, for a subcommand's session. What is asked may be asked twice.
#ifndef RF_CLI_ASK_H
#define RF_CLI_ASK_H

#include "session.h"

// The session's `arg` points to it, or to a struct that begins with it. Zero it before use.
struct cli_ask {
    struct cli_session *session;
    const char *operation;
    json_t *params;
    // told: what was answered; it ends the session, or asks again.
    void (*told)(struct cli_session *session, json_t *result);
    struct rf_timer timer;
    struct rf_instant until; // nobody is waited for longer
    bool said;
};

// cli_ask: calls `operation` of the session's service; `params` is taken over. Nobody there is
// waited for up to --timeout, and what failed for the moment is asked again till then; a refusal
// ends the session with what was wrong.
void cli_ask(struct cli_ask *ask, struct cli_session *session, const char *operation,
             json_t *params, void (*told)(struct cli_session *session, json_t *result));

// cli_ask_end: when the session has ended.
void cli_ask_end(struct cli_ask *ask);

#endif
