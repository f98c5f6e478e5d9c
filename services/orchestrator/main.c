// ringfence-orchestrator: runs call campaigns. Each contact goes through script, speech and dial,
// is followed to the end of its call, and is where it was after a crash.
//
// Reading order: contact.h (states), plan.h, claim.h, dial.h, follow.h, outcome.h, turn.h, pace.h
// (decisions, pure); schema.c,
// record.c, queue.c, campaign.c, report.c (the database); runner.c, steps.c, dispatch.c, outbox.c,
// serve.c (the rim).
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "config/config.h"
#include "dispatch.h"
#include "queue.h"
#include "runner.h"
#include "schema.h"
#include "serve.h"

static void on_outbox_settled(void *arg) {
    rf_orchestrator_settle(arg);
}

static enum rf_err open_store(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    char path[PATH_MAX];
    struct rf_process *process = orchestrator->process;
    int length = snprintf(path, sizeof path, "%s/orchestrator", process->config->state_dir);
    if (length < 0 || (size_t)length >= sizeof path - sizeof "/campaign.db")
        return rf_error_set(error, RF_ERR_CONFIG, "state_dir is too long");
    enum rf_err err = rf_folder_make(path, 0700, error);
    if (err != RF_OK)
        return err;
    (void)snprintf(path + length, sizeof path - (size_t)length, "/campaign.db");
    return rf_store_open(process->loop, path, rf_schema_migrations, rf_schema_migration_count,
                         &orchestrator->store, error);
}

// Goes on with the contacts that were in progress.
static enum rf_err resume(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    struct rf_queue_resume job = {.job.run = rf_queue_resume_run};
    enum rf_err err = rf_store_now(orchestrator->store, &job.job, error);
    for (size_t i = 0; err == RF_OK && i < job.contacts.count; i++)
        rf_runner_begin(orchestrator, &job.contacts.items[i]);
    rf_contact_list_clear(&job.contacts);
    return err;
}

static enum rf_err start(struct rf_process *process, struct rf_error *error) {
    struct rf_orchestrator *orchestrator = calloc(1, sizeof *orchestrator);
    if (!orchestrator)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    process->state = orchestrator;
    orchestrator->process = process;
    rf_claim_init(&orchestrator->claim, process->config);
    rf_dispatch_configure(orchestrator, process->config);
    enum rf_err err = rf_orchestrator_calendar(orchestrator, process->config, error);
    if (err == RF_OK)
        err = open_store(orchestrator, error);
    if (err == RF_OK)
        err = rf_outbox_open(&orchestrator->outbox, process->loop, orchestrator->store,
                             process->bus, on_outbox_settled, orchestrator, error);
    if (err == RF_OK)
        err = rf_dispatch_start(orchestrator, error);
    if (err == RF_OK)
        err = rf_serve_start(orchestrator, error);
    if (err == RF_OK)
        err = resume(orchestrator, error);
    return err; // ready when the broker knows what we serve: serve.c
}

static void drain(struct rf_process *process) {
    struct rf_orchestrator *orchestrator = process->state;
    orchestrator->draining = true;
    rf_worker_drain(orchestrator->worker);
    rf_log(RF_LOG_INFO, "draining: %zu calls in hand, %lld contacts go on at the next start",
           orchestrator->calls, (long long)orchestrator->running);
    rf_orchestrator_settle(orchestrator);
}

static enum rf_err reload(struct rf_process *process, const struct rf_config *fresh,
                          struct rf_error *error) {
    struct rf_orchestrator *orchestrator = process->state;
    enum rf_err err = rf_orchestrator_calendar(orchestrator, fresh, error);
    if (err == RF_OK)
        rf_dispatch_configure(orchestrator, fresh);
    return err;
}

static void stop(struct rf_process *process) {
    struct rf_orchestrator *orchestrator = process->state;
    if (!orchestrator)
        return;
    orchestrator->stopping = true;
    if (orchestrator->claim_timer.loop)
        rf_timer_stop(&orchestrator->claim_timer);
    if (orchestrator->pace_timer.loop)
        rf_timer_stop(&orchestrator->pace_timer);
    rf_worker_destroy(&orchestrator->worker);
    rf_outbox_close(&orchestrator->outbox);
    // Writes what is queued; what comes of it is read by the next start.
    rf_store_close(&orchestrator->store);
    rf_runner_stop_all(orchestrator);
    rf_pace_fini(&orchestrator->pace);
    rf_holidays_destroy(&orchestrator->holidays);
    rf_zones_fini(&orchestrator->zones);
    free(orchestrator);
    process->state = NULL;
}

static const struct rf_service service = {
    .name = "orchestrator",
    .summary = "runs call campaigns: script, speech, dial, and the call's end, for each contact",
    .details = "Campaigns are loaded and watched through the bus: see ringfence(1).\n"
               "Their state is in <state_dir>/orchestrator/campaign.db.",
    .uses_bus = true,
    .start = start,
    .drain = drain,
    .reload = reload,
    .stop = stop,
};

int main(int argc, char **argv) {
    return rf_service_run(&service, argc, argv);
}
