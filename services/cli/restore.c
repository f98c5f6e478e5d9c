// ringfence restore: puts back what ringfence backup has copied, while nothing of the set runs.
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "config_file.h"
#include "session.h"

#define ON_SERVER                                                                                  \
    "campaigns were in PostgreSQL and are not in the backup: restore them by pg_restore, and see " \
    "Backups in ringfence-orchestrator(8) for what has to be done before the first start"

struct restoring {
    const struct cli_options *options;
    struct rf_archive_manifest manifest;
    struct rf_config *config;
    const char *file; // of the configuration; NULL: the defaults
    size_t put;       // files of the configuration that were put back
    struct rf_archive_restored restored;
    json_t *notes;
};

static void on_note(void *arg, const char *note) {
    struct restoring *restoring = arg;
    (void)json_array_append_new(restoring->notes, cli_json_text(note));
    rf_log(RF_LOG_WARNING, "%s", note);
}

// The one that is asked for or installed; else that of then, which may have to be put back first.
static void choose(struct restoring *restoring) {
    restoring->file =
        restoring->options->config ? restoring->options->config : restoring->manifest.config;
}

static enum rf_err load(struct restoring *restoring, struct rf_error *error) {
    // The package's own has folders of its own.
    if (restoring->file && strcmp(restoring->file, CLI_INSTALLED_CONFIG) == 0)
        (void)cli_config_file_take(CLI_INSTALLED_CONFIG);
    return rf_config_load(restoring->file, &restoring->config, error);
}

// The configuration that is chosen is that of the backup, which will put it back if it is missing.
static bool is_in_it(const struct restoring *restoring) {
    char path[2 * PATH_MAX] = "", folder[PATH_MAX] = "";
    const char *file = restoring->file;
    if (!file)
        return false;
    while (strncmp(file, "./", 2) == 0)
        file += 2;
    if (file[0] != '/' && !getcwd(folder, sizeof folder))
        return false;
    (void)snprintf(path, sizeof path, "%s%s%s", folder, file[0] == '/' ? "" : "/", file);
    return restoring->manifest.config && strcmp(path, restoring->manifest.config) == 0;
}

// Before anything is changed: the backup is whole, and nothing of the set runs. A look at it may be
// had while all runs.
static enum rf_err look(struct restoring *restoring, struct rf_error *error) {
    const char *folder = restoring->options->arguments[0];
    enum rf_err err = rf_archive_manifest_read(&restoring->manifest, folder, error);
    if (err == RF_OK)
        err = rf_archive_check(&restoring->manifest, folder, error);
    if (err != RF_OK)
        return err;
    choose(restoring);
    err = load(restoring, error);
    // It, or a secret that it names, is missing: it is read once that is back.
    if (err != RF_OK && is_in_it(restoring) && rf_archive_misses_files(&restoring->manifest))
        err = RF_OK;
    if (err == RF_OK && restoring->config)
        err = rf_archive_idle(restoring->config, error);
    if (err == RF_ERR_CONFLICT && restoring->options->own[CLI_DRY_RUN]) {
        on_note(restoring, error->message);
        err = RF_OK;
    }
    return err;
}

static enum rf_err put_back(struct restoring *restoring, struct rf_error *error) {
    const char *folder = restoring->options->arguments[0];
    enum rf_err err = rf_archive_put_files(&restoring->manifest, folder, &restoring->put, on_note,
                                           restoring, error);
    if (err == RF_OK && !restoring->config)
        err = load(restoring, error);
    return err == RF_OK ? rf_archive_restore(restoring->config, &restoring->manifest, folder,
                                             rf_clock_utc(), &restoring->restored, error)
                        : err;
}

// ---- what is told of it ----

static const char *state_dir(const struct restoring *restoring) {
    return restoring->config ? restoring->config->state_dir : restoring->manifest.state_dir;
}

static void tell_campaigns(const struct rf_backup_restored *campaigns) {
    printf("campaigns that ran and are paused now: %" PRId64 "\n"
           "contacts whose calls since then are asked for before they are dialled: %" PRId64 "\n"
           "not in it is what was done since then: look at the campaigns, order anew what was"
           " ordered (pause, cancel, priorities), load what was loaded, and above all complete the"
           " do-not-call list (ringfence dnc); then ringfence campaign resume\n",
           campaigns->paused, campaigns->contacts);
}

static void tell_text(const struct restoring *restoring) {
    const struct rf_archive_restored *restored = &restoring->restored;
    char made[RF_RFC3339_SIZE];
    rf_utc_format(restoring->manifest.made, made);
    if (restoring->options->own[CLI_DRY_RUN]) {
        printf("the backup of %s, made at %s by ringfence %s, is whole: %zu files; it can be put"
               " back into %s\n",
               restoring->manifest.host, made, restoring->manifest.program,
               restoring->manifest.count, state_dir(restoring));
        return;
    }
    printf("%s is as it was at %s: %zu files put back, %zu were the same\n", state_dir(restoring),
           made, restored->replaced, restored->unchanged);
    if (restored->aside[0])
        printf("what was there before is beside, in names that end with %s\n", restored->aside);
    if (restoring->put > 0)
        printf("configuration, and files that it names, that were missing: %zu put back\n",
               restoring->put);
    if (restored->has_campaigns)
        tell_campaigns(&restored->campaigns);
}

static void tell_json(const struct restoring *restoring) {
    const struct rf_archive_restored *restored = &restoring->restored;
    json_t *campaigns =
        restored->has_campaigns
            ? json_pack("{s:I, s:I}", "paused", (json_int_t)restored->campaigns.paused, "asked_for",
                        (json_int_t)restored->campaigns.contacts)
            : NULL;
    cli_print_json(json_pack(
        "{s:o, s:s, s:I, s:b, s:s, s:I, s:I, s:I, s:I, s:s*, s:o*, s:O}", "folder",
        cli_json_text(restoring->options->arguments[0]), "host", restoring->manifest.host, "made",
        (json_int_t)restoring->manifest.made.ns, "dry_run",
        restoring->options->own[CLI_DRY_RUN] != NULL, "state_dir", state_dir(restoring), "files",
        (json_int_t)restoring->manifest.count, "replaced", (json_int_t)restored->replaced,
        "unchanged", (json_int_t)restored->unchanged, "put_back", (json_int_t)restoring->put,
        "aside", restored->aside[0] ? restored->aside : NULL, "campaigns", campaigns, "notes",
        restoring->notes));
}

int cli_restore(const struct cli_options *options) {
    struct restoring restoring = {.options = options, .notes = json_array()};
    struct rf_error error;
    int code = CLI_OK;
    enum rf_err err = look(&restoring, &error);
    if (err == RF_OK && !options->own[CLI_DRY_RUN])
        err = put_back(&restoring, &error);
    if (err == RF_OK) {
        if (restoring.manifest.on_server)
            on_note(&restoring, ON_SERVER);
        options->json ? tell_json(&restoring) : tell_text(&restoring);
    } else {
        rf_log(RF_LOG_ERROR, "%s", error.message);
        code = err == RF_ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
    }
    json_decref(restoring.notes);
    rf_archive_manifest_fini(&restoring.manifest);
    rf_config_destroy(&restoring.config);
    return code;
}
