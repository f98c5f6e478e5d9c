// ringfence campaign backup, restore: copies of the orchestrator's database file. They work on the
// file itself, on the orchestrator's host and as its user; no process has to run.
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "campaigns/backup.h"
#include "config/config.h"
#include "session.h"

static int tell_error(const struct rf_error *error, enum rf_err err) {
    rf_log(RF_LOG_ERROR, "%s", error->message);
    return err == RF_ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
}

// The file of the database; not there where a server has it.
static enum rf_err find(const struct cli_options *options, const char *instead, char *path,
                        size_t size, struct rf_error *error) {
    struct rf_config *config = NULL;
    enum rf_err err = rf_config_load(options->config, &config, error);
    if (err == RF_OK && config->orchestrator.store.url)
        err = rf_error_set(error, RF_ERR_INVALID,
                           "campaigns are in PostgreSQL (orchestrator.store.url): %s", instead);
    else if (err == RF_OK)
        err = rf_backup_store_path(config, path, size, error);
    rf_config_destroy(&config);
    return err;
}

int cli_campaign_backup(const struct cli_options *options) {
    char path[PATH_MAX];
    struct rf_error error;
    int64_t bytes = 0;
    const char *out = options->arguments[0];
    struct rf_utc now = rf_clock_utc();
    enum rf_err err = find(options,
                           "back them up by pg_dump, also while they are in use; for after a"
                           " restore see Backups in ringfence-orchestrator(8)",
                           path, sizeof path, &error);
    if (err == RF_OK)
        err = rf_backup_make(path, out, now, &bytes, &error);
    if (err != RF_OK)
        return tell_error(&error, err);
    if (options->json)
        cli_print_json(json_pack("{s:o, s:I, s:I}", "file", cli_json_text(out), "bytes",
                                 (json_int_t)bytes, "made", (json_int_t)now.ns));
    else
        printf("%s: %" PRId64 " bytes\n", out, bytes);
    return CLI_OK;
}

static void tell_restored(const char *path, const struct rf_backup_restored *restored) {
    char made[RF_RFC3339_SIZE];
    printf("%s is as it was at %s\n", path, rf_utc_format(restored->made, made));
    if (restored->aside[0])
        printf("what was there before is now %s\n", restored->aside);
    printf("campaigns that ran and are paused now: %" PRId64 "\n"
           "contacts whose calls since then are asked for before they are dialled: %" PRId64 "\n"
           "not in it is what was done since then: look at the campaigns, order anew what was"
           " ordered (pause, cancel, priorities), load what was loaded, and above all complete the"
           " do-not-call list (ringfence dnc); then ringfence campaign resume\n",
           restored->paused, restored->contacts);
}

int cli_campaign_restore(const struct cli_options *options) {
    char path[PATH_MAX];
    struct rf_error error;
    struct rf_backup_restored restored;
    enum rf_err err = find(options,
                           "restore them by pg_restore, and see Backups in"
                           " ringfence-orchestrator(8) for what has to be done before the first"
                           " start",
                           path, sizeof path, &error);
    if (err == RF_OK)
        err = rf_backup_restore(path, options->arguments[0], rf_clock_utc(), &restored, &error);
    if (err != RF_OK)
        return tell_error(&error, err);
    if (options->json)
        cli_print_json(json_pack(
            "{s:s, s:I, s:I, s:I, s:s*}", "database", path, "made", (json_int_t)restored.made.ns,
            "paused", (json_int_t)restored.paused, "asked_for", (json_int_t)restored.contacts,
            "aside", restored.aside[0] ? restored.aside : NULL));
    else
        tell_restored(path, &restored);
    return CLI_OK;
}
