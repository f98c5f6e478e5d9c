#include "serve_control.h"

#include "base/crash_point.h"
#include "cancel.h"
#include "config/config.h"
#include "control.h"
#include "dispatch.h"
#include "explain.h"
#include "inherit.h"
#include "reply.h"
#include "requeue.h"
#include "runner.h"

// ---- orders ----

static void on_ordered(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_control *control = (struct rf_control *)job;
    struct rf_orchestrator *orchestrator = control->owner;
    if (result == RF_OK && control->more)
        RF_CRASH_POINT(orchestrator, start_half_way);
    else if (result == RF_OK)
        RF_CRASH_POINT(orchestrator, order_committed);
    if (!orchestrator->stopping && result == RF_OK && control->more && !orchestrator->draining) {
        rf_dispatch_queued(orchestrator);
        control->again = true;
        json_decref(control->result);
        control->result = NULL;
        rf_store_submit(orchestrator->store, &control->job);
        return;
    }
    if (!orchestrator->stopping) {
        if (result == RF_OK && control->more)
            rf_reply_error(orchestrator, control->call, RF_ERR_CLOSED,
                           "the orchestrator ends; give the same order again");
        else
            rf_reply_done(orchestrator, control->call, result, control->result, error);
        if (result == RF_OK) {
            rf_outbox_kick(&orchestrator->outbox);
            rf_dispatch_queued(orchestrator);
        }
        if (result == RF_OK &&
            (control->order == RF_CAMPAIGN_PAUSE || control->order == RF_CAMPAIGN_CANCEL))
            rf_runner_stop(orchestrator, control->row);
        if (result == RF_OK && control->order == RF_CAMPAIGN_CANCEL)
            rf_cancel_sweep(orchestrator);
        rf_orchestrator_settle(orchestrator);
    }
    rf_control_destroy(&control);
}

static void submit(struct rf_orchestrator *orchestrator, const struct rf_call_request *request,
                   enum rf_campaign_order order,
                   enum rf_err (*run)(struct rf_store_job *, struct rf_db *, struct rf_error *)) {
    struct rf_error error = {0};
    struct rf_control *control;
    enum rf_err err =
        rf_control_new(request->params, request->id, rf_clock_utc(), &control, &error);
    if (err != RF_OK) {
        rf_reply_error(orchestrator, request->id, err, error.message);
        return;
    }
    control->job.run = run;
    control->job.done = on_ordered;
    control->owner = orchestrator;
    control->order = order;
    rf_store_submit(orchestrator->store, &control->job);
}

void rf_serve_start_campaign(struct rf_orchestrator *orchestrator,
                             const struct rf_call_request *request) {
    submit(orchestrator, request, RF_CAMPAIGN_START, rf_control_order_run);
}

void rf_serve_pause(struct rf_orchestrator *orchestrator, const struct rf_call_request *request) {
    submit(orchestrator, request, RF_CAMPAIGN_PAUSE, rf_control_order_run);
}

void rf_serve_resume(struct rf_orchestrator *orchestrator, const struct rf_call_request *request) {
    submit(orchestrator, request, RF_CAMPAIGN_RESUME, rf_control_order_run);
}

void rf_serve_cancel(struct rf_orchestrator *orchestrator, const struct rf_call_request *request) {
    submit(orchestrator, request, RF_CAMPAIGN_CANCEL, rf_control_order_run);
}

void rf_serve_priority(struct rf_orchestrator *orchestrator,
                       const struct rf_call_request *request) {
    submit(orchestrator, request, RF_CAMPAIGN_START, rf_control_priority_run);
}

// ---- retry ----

static void on_retried(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_requeue *requeue = (struct rf_requeue *)job;
    struct rf_orchestrator *orchestrator = requeue->owner;
    if (result == RF_OK && requeue->retried > 0)
        RF_CRASH_POINT(orchestrator, retry_committed);
    if (!orchestrator->stopping) {
        rf_reply_done(orchestrator, requeue->call, result, requeue->result, error);
        if (result == RF_OK && requeue->retried > 0) {
            rf_outbox_kick(&orchestrator->outbox);
            rf_dispatch_queued(orchestrator);
            if (requeue->asked > 0)
                rf_inherit_soon(orchestrator);
        }
        rf_orchestrator_settle(orchestrator);
    }
    rf_requeue_destroy(&requeue);
}

void rf_serve_retry(struct rf_orchestrator *orchestrator, const struct rf_call_request *request) {
    struct rf_error error = {0};
    struct rf_requeue *requeue;
    enum rf_err err =
        rf_requeue_new(request->params, request->id, rf_clock_utc(), &requeue, &error);
    if (err != RF_OK) {
        rf_reply_error(orchestrator, request->id, err, error.message);
        return;
    }
    requeue->job.done = on_retried;
    requeue->owner = orchestrator;
    rf_store_submit(orchestrator->store, &requeue->job);
}

// ---- why ----

static void on_explained(struct rf_store_job *job, enum rf_err result,
                         const struct rf_error *error) {
    struct rf_explain *explain = (struct rf_explain *)job;
    struct rf_orchestrator *orchestrator = explain->owner;
    if (!orchestrator->stopping) {
        rf_reply_done(orchestrator, explain->call, result, explain->result, error);
        rf_orchestrator_settle(orchestrator);
    }
    rf_explain_destroy(&explain);
}

void rf_serve_why(struct rf_orchestrator *orchestrator, const struct rf_call_request *request) {
    struct rf_error error = {0};
    struct rf_explain *explain;
    enum rf_err err =
        rf_explain_new(request->params, request->id, rf_clock_utc(), &explain, &error);
    if (err != RF_OK) {
        rf_reply_error(orchestrator, request->id, err, error.message);
        return;
    }
    explain->job.done = on_explained;
    explain->owner = orchestrator;
    explain->max_calls = orchestrator->process->config->campaign.max_calls;
    explain->usable = rf_orchestrator_usable(orchestrator);
    explain->marked = rf_claim_mark_holds_up(&orchestrator->claim);
    (void)rf_claim_waiting_for(&orchestrator->claim, explain->waiting_for,
                               sizeof explain->waiting_for);
    rf_store_submit(orchestrator->store, &explain->job);
}
