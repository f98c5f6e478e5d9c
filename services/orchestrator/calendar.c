#include "calendar.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "clock_watch.h"
#include "dispatch.h"
#include "reopen.h"

static void submit(struct rf_orchestrator *orchestrator, struct rf_reopen *reopen) {
    reopen->now = rf_clock_watch_now(orchestrator);
    orchestrator->reopening = true;
    rf_store_submit(orchestrator->store, &reopen->job);
}

static void on_looked(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_reopen *reopen = (struct rf_reopen *)job;
    struct rf_orchestrator *orchestrator = reopen->owner;
    bool more = result == RF_OK && reopen->more;
    orchestrator->reopening = false;
    if (orchestrator->stopping) {
        free(reopen);
        return;
    }
    if (result != RF_OK) {
        rf_log(RF_LOG_WARNING, "contacts that wait for their window are looked at later: %s",
               error->message); // inherit.c goes on
        orchestrator->compare = orchestrator->compare || reopen->fingerprint[0];
    } else if (reopen->some) {
        rf_dispatch_queued(orchestrator);
    }
    reopen->fingerprint[0] = '\0';
    // A process that is asked to end goes on with it at its next start.
    if (more && !orchestrator->draining) {
        submit(orchestrator, reopen);
    } else {
        bool again = orchestrator->reopen_again && result == RF_OK;
        free(reopen);
        if (again && !orchestrator->draining)
            rf_calendar_go_on(orchestrator);
    }
    rf_orchestrator_settle(orchestrator);
}

void rf_calendar_go_on(struct rf_orchestrator *orchestrator) {
    orchestrator->reopen_again = orchestrator->reopening;
    if (orchestrator->reopening || orchestrator->stopping)
        return;
    struct rf_reopen *reopen = calloc(1, sizeof *reopen);
    if (!reopen) {
        rf_log(RF_LOG_ERROR, "out of memory: contacts wait for the windows that they had");
        return;
    }
    reopen->job.run = rf_reopen_run;
    reopen->job.done = on_looked;
    reopen->owner = orchestrator;
    reopen->most = RF_REOPEN_MOST;
    if (orchestrator->compare)
        memcpy(reopen->fingerprint, orchestrator->calendar, sizeof reopen->fingerprint);
    orchestrator->compare = false;
    submit(orchestrator, reopen);
}

void rf_calendar_compare(struct rf_orchestrator *orchestrator) {
    orchestrator->compare = true;
    rf_calendar_go_on(orchestrator);
}
