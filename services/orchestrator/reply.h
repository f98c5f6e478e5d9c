// Replies of the service `campaign`.
#ifndef RF_ORCHESTRATOR_REPLY_H
#define RF_ORCHESTRATOR_REPLY_H

#include "orchestrator.h"

#define RF_REPLY_SERVICE "campaign"

// rf_reply_result: answers the call `id`; `result` is borrowed.
void rf_reply_result(struct rf_orchestrator *orchestrator, const char *id, json_t *result);

// rf_reply_error: what was wrong with the request is permanent.invalid, all else transient.
void rf_reply_error(struct rf_orchestrator *orchestrator, const char *id, enum rf_err err,
                    const char *message);

// rf_reply_done: one of both, as a job ended: a NULL `result` with RF_OK is out of memory.
void rf_reply_done(struct rf_orchestrator *orchestrator, const char *id, enum rf_err err,
                   json_t *result, const struct rf_error *error);

#endif
