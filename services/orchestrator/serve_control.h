// What operators ask of campaigns, as operations of the service `campaign`.
#ifndef RF_ORCHESTRATOR_SERVE_CONTROL_H
#define RF_ORCHESTRATOR_SERVE_CONTROL_H

#include "orchestrator.h"

// Each answers its request, at once or when the database has.
void rf_serve_start_campaign(struct rf_orchestrator *orchestrator,
                             const struct rf_call_request *request);
void rf_serve_pause(struct rf_orchestrator *orchestrator, const struct rf_call_request *request);
void rf_serve_resume(struct rf_orchestrator *orchestrator, const struct rf_call_request *request);
void rf_serve_cancel(struct rf_orchestrator *orchestrator, const struct rf_call_request *request);
void rf_serve_priority(struct rf_orchestrator *orchestrator, const struct rf_call_request *request);
void rf_serve_retry(struct rf_orchestrator *orchestrator, const struct rf_call_request *request);
void rf_serve_why(struct rf_orchestrator *orchestrator, const struct rf_call_request *request);

#endif
