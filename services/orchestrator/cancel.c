#include "cancel.h"

#include <stdlib.h>

#include "base/crash_point.h"
#include "base/log.h"
#include "sweep.h"

static void on_swept(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_sweep *sweep = (struct rf_sweep *)job;
    struct rf_orchestrator *orchestrator = sweep->owner;
    bool again = result == RF_OK && (sweep->more || orchestrator->sweep_again);
    if (result == RF_OK && sweep->more)
        RF_CRASH_POINT(orchestrator, sweep_half_way);
    free(sweep);
    orchestrator->sweeping = false;
    if (orchestrator->stopping)
        return;
    if (result == RF_OK)
        rf_outbox_kick(&orchestrator->outbox);
    else
        rf_log(RF_LOG_ERROR,
               "contacts of a cancelled campaign cannot be set aside, trying again soon: %s",
               error->message); // inherit.c looks again and again
    // A process that is asked to end goes on with it at its next start.
    if (again && !orchestrator->draining)
        rf_cancel_sweep(orchestrator);
    rf_orchestrator_settle(orchestrator);
}

void rf_cancel_sweep(struct rf_orchestrator *orchestrator) {
    orchestrator->sweep_again = orchestrator->sweeping;
    if (orchestrator->sweeping || orchestrator->stopping)
        return;
    struct rf_sweep *sweep = calloc(1, sizeof *sweep);
    if (!sweep) {
        rf_log(RF_LOG_ERROR, "out of memory: cancelled campaigns wait for a moment");
        return;
    }
    sweep->job.run = rf_sweep_run;
    sweep->job.done = on_swept;
    sweep->owner = orchestrator;
    sweep->now = rf_clock_utc();
    orchestrator->sweeping = true;
    rf_store_submit(orchestrator->store, &sweep->job);
}
