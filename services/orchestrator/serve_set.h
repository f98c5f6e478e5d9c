// Settings of a campaign's own, as an operation of the service `campaign`.
#ifndef RF_ORCHESTRATOR_SERVE_SET_H
#define RF_ORCHESTRATOR_SERVE_SET_H

#include "orchestrator.h"

// rf_serve_set: answers its request at once or when the database has.
void rf_serve_set(struct rf_orchestrator *orchestrator, const struct rf_call_request *request);

#endif
