// ringfence-orchestrator: runs call campaigns. Each contact goes through script, speech and dial,
// is followed to the end of its call, and is where it was after a crash.
//
// Reading order: contact.h (states), plan.h, claim.h, dial.h, follow.h, told.h, outcome.h, turn.h,
// pace.h, polls.h, stall.h (decisions, pure); campaigns/schema.c, record.c, queue.c, takeover.c,
// campaign.c, control.c, enqueue.c, reopen.c, sweep.c, requeue.c, set.c, stall_rows.c, status.c,
// report.c, explain.c (the database); runner.c, ahead.c, attempt.c, steps.c, questions.c, terms.c,
// hear.c, dispatch.c, inherit.c, cancel.c, calendar.c, stall_watch.c, outbox.c, serve.c,
// serve_control.c, serve_set.c (the rim).
#include <stdlib.h>

#include "await.h"
#include "base/log.h"
#include "calendar.h"
#include "cancel.h"
#include "clock_watch.h"
#include "config/config.h"
#include "database.h"
#include "dispatch.h"
#include "hear.h"
#include "inherit.h"
#include "runner.h"
#include "serve.h"
#include "stall_watch.h"

static enum rf_err open_parts(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    enum rf_err err = rf_database_open(orchestrator, error);
    if (err == RF_OK)
        err = rf_dispatch_start(orchestrator, error);
    if (err == RF_OK)
        err = rf_serve_start(orchestrator, error);
    if (err == RF_OK)
        err = rf_clock_watch_start(orchestrator, error);
    if (err == RF_OK)
        err = rf_stall_watch_start(orchestrator, error);
    if (err == RF_OK)
        err = rf_inherit_start(orchestrator, error);
    if (err == RF_ERR_DAMAGED)
        rf_database_tell_mend(orchestrator->process->config, error);
    return err;
}

static enum rf_err begin(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    enum rf_err err = open_parts(orchestrator, error);
    if (err == RF_OK)
        err = rf_hear_configure(orchestrator, orchestrator->process->config, error);
    if (err == RF_OK)
        rf_cancel_sweep(orchestrator);
    if (err == RF_OK)
        rf_calendar_compare(orchestrator);
    return err; // ready when the broker knows what we serve: serve.c
}

static enum rf_err start(struct rf_process *process, struct rf_error *error) {
    struct rf_orchestrator *orchestrator = calloc(1, sizeof *orchestrator);
    if (!orchestrator)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    process->state = orchestrator;
    orchestrator->process = process;
    rf_claim_init(&orchestrator->claim, process->config);
    struct rf_holidays *holidays;
    enum rf_err err = rf_orchestrator_read(process->config, &holidays, error);
    if (err == RF_OK) {
        rf_orchestrator_take(orchestrator, process->config, holidays);
        rf_dispatch_configure(orchestrator, process->config);
        err = rf_await_store(orchestrator, begin, error);
    }
    return err;
}

static void drain(struct rf_process *process) {
    struct rf_orchestrator *orchestrator = process->state;
    orchestrator->draining = true;
    if (!orchestrator->await.begun) {
        rf_await_stop(orchestrator);
        rf_process_drained(process);
        return;
    }
    rf_worker_drain(orchestrator->worker);
    rf_log(RF_LOG_INFO, "draining: %zu calls in hand, %lld contacts go on at the next start",
           orchestrator->calls, (long long)orchestrator->running);
    rf_orchestrator_settle(orchestrator);
}

// What may fail comes first: a configuration is taken over whole, or not at all.
static enum rf_err reload(struct rf_process *process, const struct rf_config *fresh,
                          struct rf_error *error) {
    struct rf_orchestrator *orchestrator = process->state;
    struct rf_holidays *holidays;
    enum rf_err err = rf_orchestrator_read(fresh, &holidays, error);
    if (err == RF_OK && orchestrator->await.begun)
        err = rf_hear_configure(orchestrator, fresh, error);
    if (err != RF_OK) {
        rf_holidays_destroy(&holidays);
        return err;
    }
    rf_orchestrator_take(orchestrator, fresh, holidays);
    rf_dispatch_configure(orchestrator, fresh);
    if (orchestrator->await.begun)
        rf_calendar_compare(orchestrator);
    return RF_OK;
}

static void stop(struct rf_process *process) {
    struct rf_orchestrator *orchestrator = process->state;
    if (!orchestrator)
        return;
    orchestrator->stopping = true;
    rf_await_stop(orchestrator);
    if (orchestrator->claim_timer.loop)
        rf_timer_stop(&orchestrator->claim_timer);
    if (orchestrator->pace_timer.loop)
        rf_timer_stop(&orchestrator->pace_timer);
    rf_clock_watch_stop(orchestrator);
    rf_stall_watch_stop(orchestrator);
    rf_worker_destroy(&orchestrator->worker);
    rf_hear_stop(orchestrator);
    rf_inherit_stop(orchestrator);
    rf_outbox_close(&orchestrator->outbox);
    // Writes what is queued; what comes of it is read by the next start.
    rf_store_close(&orchestrator->store);
    rf_inherit_fini(orchestrator);
    rf_stall_watch_fini(orchestrator);
    rf_runner_stop_all(orchestrator);
    rf_contact_list_clear(&orchestrator->unbegun);
    rf_contact_list_clear(&orchestrator->unbegun_taken);
    rf_map_fini(&orchestrator->attempts);
    rf_pace_fini(&orchestrator->pace);
    rf_holidays_destroy(&orchestrator->holidays);
    rf_zones_fini(&orchestrator->zones);
    free(orchestrator);
    process->state = NULL;
}

static const struct rf_service service = {
    .name = "orchestrator",
    .summary = "runs call campaigns: script, speech, dial, and the call's end, for each contact",
    .details =
        "Campaigns are loaded and watched through the bus: see ringfence(1).\n"
        "Their state is in <state_dir>/orchestrator/campaign.db, or in a PostgreSQL database\n"
        "that several orchestrators may share.",
    .uses_bus = true,
    .start = start,
    .drain = drain,
    .reload = reload,
    .stop = stop,
};

int main(int argc, char **argv) {
    return rf_service_run(&service, argc, argv);
}
