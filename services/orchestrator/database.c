// Opening the campaigns' database, and joining those who share it.
#include "database.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "await.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "campaigns/backup.h"
#include "campaigns/schema.h"
#include "config/config.h"
#include "store/db.h"
#include "store/postgres.h"
#include "takeover.h"

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

void rf_database_tell_mend(const struct rf_config *config, struct rf_error *error) {
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
        rf_database_tell_mend(orchestrator->process->config, &error);
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

enum rf_err rf_database_open(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    const struct rf_config *config = orchestrator->process->config;
    enum rf_err err = config->orchestrator.store.url ? open_server(orchestrator, error)
                                                     : open_file(orchestrator, error);
    return err == RF_OK ? join_store(orchestrator, error) : err;
}
