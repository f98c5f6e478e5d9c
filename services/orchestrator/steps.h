// What a runner does in each state: the calls, and what becomes of their replies.
#ifndef RF_ORCHESTRATOR_STEPS_H
#define RF_ORCHESTRATOR_STEPS_H

#include "runner.h"

// A call to a service of a gateway.
struct rf_steps_request {
    const char *service, *operation;
    struct rf_duration deadline;
    bool repeatable;
    json_t *params; // taken over
    rf_reply_fn *reply;
};

// rf_steps_send: sends it as the call `id`; counted in orchestrator->calls until its reply.
void rf_steps_send(struct rf_runner *runner, const struct rf_steps_request *request, const char *id,
                   struct rf_utc send_before);

// rf_steps_go: begins what the contact's state asks for.
void rf_steps_go(struct rf_runner *runner);

// rf_steps_dial: sends the attempt that was stored.
void rf_steps_dial(struct rf_runner *runner);

// rf_steps_due: the moment has come that rf_runner_wait waited for.
void rf_steps_due(struct rf_runner *runner);

#endif
