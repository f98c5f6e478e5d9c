// ringfence-orchestrator: runs call campaigns. Each contact goes through script, speech and dial,
// is followed to the end of its call, and is where it was after a crash.
//
// Reading order: contact.h (states), plan.h, claim.h, dial.h, follow.h, told.h, outcome.h, turn.h,
// pace.h, polls.h, stall.h (decisions, pure); campaigns/schema.c, record.c, queue.c, takeover.c,
// campaign.c, control.c, enqueue.c, reopen.c, sweep.c, requeue.c, set.c, stall_rows.c, status.c,
// report.c, explain.c (the database); runner.c, ahead.c, attempt.c, steps.c, questions.c, terms.c,
// hear.c, dispatch.c, inherit.c, cancel.c, calendar.c, stall_watch.c, outbox.c, serve.c,
// serve_control.c, serve_set.c (the rim).
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "await.h"
#include "base/file.h"
#include "base/log.h"
#include "calendar.h"
#include "campaigns/backup.h"
#include "campaigns/schema.h"
#include "cancel.h"
#include "clock_watch.h"
#include "config/config.h"
#include "dispatch.h"
#include "hear.h"
#include "inherit.h"
#include "runner.h"
#include "serve.h"
#include "stall_watch.h"
#include "store/db.h"
#include "store/postgres.h"

static void on_outbox_settled(void *arg) {
    rf_orchestrator_settle(arg);
}

static enum rf_err open_file(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    char path[PATH_MAX], folder[PATH_MAX];
    struct rf_process *process = orchestrator->process;
    (void)snprintf(folder, sizeof folder, "%s/orchestrator", process->config->state_dir);
    enum rf_err err = rf_backup_store_path(process->config, path, sizeof path, error);
    if (err == RF_OK)
        err = rf_folder_make(folder, 0700, error);
    if (err != RF_OK)
        return err;
    return rf_store_open(process->loop, path, rf_schema_migrations, rf_schema_migration_count,
                         &orchestrator->store, error);
}

static enum rf_err open_server(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    struct rf_process *process = orchestrator->process;
    const struct rf_config_store *config = &process->config->orchestrator.store;
    struct rf_db *db;
    enum rf_err err = rf_postgres_open(config->url, config->password.value, &db, error);
    if (err == RF_OK)
        err = rf_store_start(process->loop, db, rf_schema_postgres, rf_schema_migration_count,
                             &orchestrator->store, error);
    if (err != RF_OK)
        rf_error_prefix(error, "orchestrator.store.url: ");
    return err;
}

// A damaged file is for a person to mend: nothing is put in its place.
static void tell_mend(const struct rf_config *config, struct rf_error *error) {
    char path[PATH_MAX];
    struct rf_error told = *error;
    if (rf_backup_store_path(config, path, sizeof path, NULL) != RF_OK)
        return;
    bool named = strstr(told.message, path) != NULL;
    (void)rf_error_set(error, told.code,
                       "%s%s%.256s; bring back a backup by ringfence campaign restore, or see"
                       " ringfence-orchestrator(8) for what else can be done",
                       named ? "" : path, named ? "" : ": ", told.message);
}

// Either what is in progress belongs to another now, who asks the provider before anything is
// repeated; or the database is damaged, and a person has to mend it.
static void on_lost(void *arg, const struct rf_error *why) {
    struct rf_orchestrator *orchestrator = arg;
    struct rf_error error = *why;
    if (why->code == RF_ERR_DAMAGED)
        tell_mend(orchestrator->process->config, &error);
    rf_process_fail(orchestrator->process, &error);
}

struct restored_job {
    struct rf_store_job job;
    struct rf_utc at;
    struct rf_backup_restored marked; // now
};

// When the database was put back from a backup. One that was put in its place by hand is marked
// here.
static enum rf_err read_restored(struct rf_store_job *job, struct rf_db *db,
                                 struct rf_error *error) {
    struct restored_job *restored = (struct restored_job *)job;
    restored->marked = (struct rf_backup_restored){0};
    enum rf_err err = rf_backup_mark(db, rf_clock_utc(), &restored->marked, error);
    return err == RF_OK || err == RF_ERR_NOT_FOUND
               ? rf_db_number(db, error, &restored->at.ns,
                              "SELECT coalesce (max (at), 0) FROM restored", "")
               : err;
}

static enum rf_err look_for_restore(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    struct restored_job job = {.job.run = read_restored};
    char made[RF_RFC3339_SIZE];
    enum rf_err err = rf_store_now(orchestrator->store, &job.job, error);
    orchestrator->restored = job.at;
    if (err == RF_OK && job.marked.made.ns != 0)
        rf_log(RF_LOG_WARNING,
               "the database is a backup of %s: its campaigns are paused, and the provider is asked"
               " for later calls before anybody is dialled",
               rf_utc_format(job.marked.made, made));
    return err;
}

// Joins those who share the store, and goes on with the stream of our events.
static enum rf_err join_store(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    struct rf_process *process = orchestrator->process;
    const struct rf_config_store *config = &process->config->orchestrator.store;
    char name[HOST_NAME_MAX + 32] = "";
    (void)gethostname(name, HOST_NAME_MAX);
    (void)snprintf(name + strlen(name), 32, " %lld", (long long)getpid());
    enum rf_err err =
        rf_store_join(orchestrator->store, name, config->url ? config->lease : rf_ns(0), on_lost,
                      orchestrator, error);
    if (err == RF_OK)
        err = look_for_restore(orchestrator, error);
    struct rf_takeover_open open = {.job.run = rf_takeover_open_run};
    if (err == RF_OK)
        err = rf_store_now(orchestrator->store, &open.job, error);
    if (err == RF_OK)
        return rf_outbox_open(&orchestrator->outbox, &open.stream, process->loop,
                              orchestrator->store, process->bus, on_outbox_settled, orchestrator,
                              error);
    if (rf_await_mends(err))
        rf_store_close(&orchestrator->store); // nothing of ours goes on yet
    return err;
}

static enum rf_err open_store(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    const struct rf_config *config = orchestrator->process->config;
    enum rf_err err = config->orchestrator.store.url ? open_server(orchestrator, error)
                                                     : open_file(orchestrator, error);
    if (err == RF_OK)
        err = join_store(orchestrator, error);
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
        tell_mend(config, error);
    return err;
}

static enum rf_err begin(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    enum rf_err err = open_store(orchestrator, error);
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
