// ringfence backup: a copy of all that the set keeps on this host. It works on the files, on the
// set's host and as its user; no process has to run.
#include <inttypes.h>
#include <stdio.h>

#include "archive/archive.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "session.h"

#define ON_SERVER                                                                                  \
    "campaigns are not in it, but in PostgreSQL (orchestrator.store.url): back them up by "        \
    "pg_dump at the same time"

static void on_note(void *arg, const char *note) {
    (void)json_array_append_new(arg, cli_json_text(note));
    rf_log(RF_LOG_WARNING, "%s", note);
}

struct totals {
    int64_t bytes, databases;
};

static struct totals count(const struct rf_archive_manifest *manifest) {
    struct totals totals = {0};
    for (size_t i = 0; i < manifest->count; i++) {
        totals.bytes += manifest->files[i].sum.bytes;
        totals.databases += manifest->files[i].is_database;
    }
    return totals;
}

static void tell(const struct cli_options *options, const struct rf_archive_manifest *manifest,
                 json_t *notes) {
    const struct totals totals = count(manifest);
    const char *out = options->arguments[0];
    if (options->json)
        cli_print_json(json_pack("{s:o, s:I, s:I, s:I, s:I, s:b, s:O}", "folder",
                                 cli_json_text(out), "made", (json_int_t)manifest->made.ns, "files",
                                 (json_int_t)manifest->count, "databases",
                                 (json_int_t)totals.databases, "bytes", (json_int_t)totals.bytes,
                                 "campaigns_in_postgresql", manifest->on_server, "notes", notes));
    else
        printf("%s: %zu files, %" PRId64 " of them databases, %" PRId64
               " bytes, with all of %s; it holds secrets: keep it private\n",
               out, manifest->count, totals.databases, totals.bytes, manifest->state_dir);
}

int cli_backup(const struct cli_options *options) {
    struct rf_config *config = NULL;
    struct rf_archive_manifest manifest = {0};
    struct rf_error error;
    json_t *notes = json_array();
    enum rf_err err = rf_config_load(options->config, &config, &error);
    int code = err == RF_ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
    if (err == RF_OK)
        err = rf_archive_make(config, options->arguments[0], rf_clock_utc(), &manifest, on_note,
                              notes, &error);
    if (err == RF_OK) {
        if (manifest.on_server)
            on_note(notes, ON_SERVER);
        tell(options, &manifest, notes);
        code = CLI_OK;
    } else {
        rf_log(RF_LOG_ERROR, "%s", error.message);
    }
    json_decref(notes);
    rf_archive_manifest_fini(&manifest);
    rf_config_destroy(&config);
    return code;
}
