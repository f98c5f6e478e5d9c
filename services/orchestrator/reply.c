#include "reply.h"

void rf_reply_result(struct rf_orchestrator *orchestrator, const char *id, json_t *result) {
    const struct rf_call_reply reply = {
        .id = id, .ok = true, .class = rf_class_name(RF_CLASS_OK), .result = result};
    rf_worker_reply(orchestrator->worker, &reply);
    rf_worker_release(orchestrator->worker, RF_REPLY_SERVICE, 0);
}

void rf_reply_error(struct rf_orchestrator *orchestrator, const char *id, enum rf_err err,
                    const char *message) {
    bool wrong = err == RF_ERR_INVALID || err == RF_ERR_NOT_FOUND || err == RF_ERR_CONFIG;
    const struct rf_call_reply reply = {
        .id = id,
        .class = rf_class_name(wrong ? RF_CLASS_PERMANENT_INVALID : RF_CLASS_TRANSIENT),
        .code = rf_err_name(err),
        .message = message,
    };
    rf_worker_reply(orchestrator->worker, &reply);
    rf_worker_release(orchestrator->worker, RF_REPLY_SERVICE, 0);
}

void rf_reply_done(struct rf_orchestrator *orchestrator, const char *id, enum rf_err err,
                   json_t *result, const struct rf_error *error) {
    if (err == RF_OK && result)
        rf_reply_result(orchestrator, id, result);
    else
        rf_reply_error(orchestrator, id, err == RF_OK ? RF_ERR_NOMEM : err,
                       err == RF_OK ? "out of memory" : error->message);
}
