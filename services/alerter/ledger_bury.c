// What waits for channels that are gone becomes dead letters.
#include "ledger_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db.h"

struct buried {
    char channel[RF_CHANNEL_NAME_SIZE];
    int64_t count;
};

struct bury_job {
    struct rf_kept kept;
    struct rf_channel_names names;
    const char *why;
    struct buried *buried; // filled in by the run
    size_t count;
    rf_ledger_buried_fn *fn;
    void *arg;
};

static void destroy(struct rf_kept *kept) {
    struct bury_job *bury = (struct bury_job *)kept;
    free(bury->buried);
    free(bury);
}

static bool is_there(const struct rf_channel_names *names, const char *name) {
    for (size_t i = 0; i < RF_CHANNELS_MOST; i++)
        if (strcmp(names->names[i], name) == 0)
            return true;
    return false;
}

// The channels that something waits for and that are gone.
static enum rf_err find_gone(struct bury_job *bury, struct rf_db *db, struct rf_error *error) {
    struct rf_rows *rows = NULL;
    bury->count = 0;
    enum rf_err result = rf_db_query(db, error, &rows,
                                     "SELECT channel, COUNT(*) FROM delivery WHERE state IN"
                                     " ('waiting', 'refused') GROUP BY channel",
                                     "");
    while (result == RF_OK && (result = rf_rows_next(rows, error)) == RF_OK) {
        const char *name = rf_rows_text(rows, 0);
        if (name == NULL || is_there(&bury->names, name))
            continue;
        struct buried *more = realloc(bury->buried, (bury->count + 1) * sizeof *more);
        if (more == NULL) {
            result = rf_error_set(error, RF_ERR_NOMEM, "no memory for dead letters");
            break;
        }
        bury->buried = more;
        struct buried *gone = &more[bury->count++];
        snprintf(gone->channel, sizeof gone->channel, "%s", name);
        gone->count = rf_rows_number(rows, 1);
    }
    rf_rows_end(&rows);
    return result == RF_ERR_NOT_FOUND ? RF_OK : result;
}

static enum rf_err run(struct rf_kept *kept, struct rf_db *db, struct rf_error *error) {
    struct bury_job *bury = (struct bury_job *)kept;
    enum rf_err result = find_gone(bury, db, error);
    for (size_t i = 0; result == RF_OK && i < bury->count; i++)
        result = rf_db_run(db, error,
                           "UPDATE delivery SET state = 'dead', message = ? WHERE channel = ? AND"
                           " state IN ('waiting', 'refused')",
                           "tt", bury->why, bury->buried[i].channel);
    return result;
}

static void stored(struct rf_kept *kept) {
    struct bury_job *bury = (struct bury_job *)kept;
    for (size_t i = 0; i < bury->count; i++)
        bury->fn(bury->arg, bury->buried[i].channel, bury->buried[i].count);
    destroy(kept);
}

enum rf_err rf_ledger_bury(struct rf_ledger *ledger, const struct rf_channel_names *names,
                           const char *why, rf_ledger_buried_fn *buried, void *arg,
                           struct rf_error *error) {
    struct bury_job *bury = calloc(1, sizeof *bury);
    if (bury == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for dead letters");
    *bury = (struct bury_job){.kept = {.run = run, .stored = stored, .drop = destroy},
                              .names = *names,
                              .why = why,
                              .fn = buried,
                              .arg = arg};
    rf_keeper_keep(&ledger->results, &bury->kept);
    return RF_OK;
}
