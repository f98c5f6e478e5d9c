#include "serve_set.h"

#include "calendar.h"
#include "dispatch.h"
#include "reply.h"
#include "set.h"
#include "terms.h"

// Somebody else changes the same campaign at the same moment, again and again.
#define TRIES 5

static void answer(struct rf_set *set, enum rf_err err, const struct rf_error *error) {
    struct rf_orchestrator *orchestrator = set->owner;
    rf_reply_done(orchestrator, set->call, err, set->result, error);
    rf_set_destroy(&set);
    rf_orchestrator_settle(orchestrator);
}

static void on_read(struct rf_store_job *job, enum rf_err result, const struct rf_error *error);

static void on_written(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_set *set = (struct rf_set *)job;
    struct rf_orchestrator *orchestrator = set->owner;
    if (orchestrator->stopping) {
        rf_set_destroy(&set);
        return;
    }
    if (result == RF_ERR_CONFLICT && ++set->tries < TRIES && !orchestrator->draining) {
        set->job.run = rf_set_read_run;
        set->job.done = on_read;
        rf_store_submit(orchestrator->store, &set->job);
        return;
    }
    if (result == RF_OK) {
        rf_terms_learn(orchestrator, set->row, set->version + 1, set->after);
        rf_outbox_kick(&orchestrator->outbox);
        rf_dispatch_changed(orchestrator);
        rf_calendar_go_on(orchestrator);
    }
    answer(set, result, error);
}

static void on_read(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_set *set = (struct rf_set *)job;
    struct rf_orchestrator *orchestrator = set->owner;
    struct rf_error problem = {0};
    bool changed = false;
    if (orchestrator->stopping) {
        rf_set_destroy(&set);
        return;
    }
    if (result != RF_OK) {
        answer(set, result, error);
        return;
    }
    result = rf_set_decide(set, orchestrator->process->config, &changed, &problem);
    if (result != RF_OK || !changed) {
        answer(set, result, &problem);
        return;
    }
    set->job.run = rf_set_write_run;
    set->job.done = on_written;
    rf_store_submit(orchestrator->store, &set->job);
}

void rf_serve_set(struct rf_orchestrator *orchestrator, const struct rf_call_request *request) {
    struct rf_error error = {0};
    struct rf_set *set;
    enum rf_err err = rf_set_new(request->params, request->id, rf_clock_utc(), &set, &error);
    if (err != RF_OK) {
        rf_reply_error(orchestrator, request->id, err, error.message);
        return;
    }
    set->job.done = on_read;
    set->owner = orchestrator;
    rf_store_submit(orchestrator->store, &set->job);
}
