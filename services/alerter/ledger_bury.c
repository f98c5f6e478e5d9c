// What waits for channels that are gone becomes dead letters.
#include "ledger_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "runtime/loop.h"
#include "store/db.h"

#define RETRY_WAIT rf_seconds(1)

struct buried {
    char channel[RF_CHANNEL_NAME_SIZE];
    int64_t count;
};

struct rf_bury_job {
    struct rf_store_job job;
    struct rf_bury_job *next, **link; // in the ledger's list
    struct rf_ledger *ledger;
    struct rf_timer timer; // the next try
    struct rf_channel_names names;
    const char *why;
    struct buried *buried; // filled in by the run
    size_t count;
    rf_ledger_buried_fn *fn;
    void *arg;
    bool warned;
};

static void destroy(struct rf_bury_job *bury) {
    rf_timer_stop(&bury->timer);
    free(bury->buried);
    free(bury);
}

void rf_ledger_drop_burying(struct rf_ledger *ledger) {
    for (struct rf_bury_job *bury = ledger->burying, *next; bury != NULL; bury = next) {
        next = bury->next;
        destroy(bury);
    }
    ledger->burying = NULL;
}

static bool is_there(const struct rf_channel_names *names, const char *name) {
    for (size_t i = 0; i < RF_CHANNELS_MOST; i++)
        if (strcmp(names->names[i], name) == 0)
            return true;
    return false;
}

// The channels that something waits for and that are gone.
static enum rf_err find_gone(struct rf_bury_job *bury, struct rf_db *db, struct rf_error *error) {
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

static enum rf_err run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_bury_job *bury = (struct rf_bury_job *)job;
    enum rf_err result = find_gone(bury, db, error);
    for (size_t i = 0; result == RF_OK && i < bury->count; i++)
        result = rf_db_run(db, error,
                           "UPDATE delivery SET state = 'dead', message = ? WHERE channel = ? AND"
                           " state IN ('waiting', 'refused')",
                           "tt", bury->why, bury->buried[i].channel);
    return result;
}

static void submit(void *arg) {
    struct rf_bury_job *bury = arg;
    rf_store_submit(bury->ledger->store, &bury->job);
}

static void done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_bury_job *bury = (struct rf_bury_job *)job;
    if (result != RF_OK) {
        if (!bury->warned)
            rf_log(RF_LOG_ERROR, "cannot keep dead letters, goes on trying: %s", error->message);
        bury->warned = true;
        if (!bury->ledger->closing)
            rf_timer_after(&bury->timer, RETRY_WAIT);
        return;
    }
    for (size_t i = 0; i < bury->count && !bury->ledger->closing; i++)
        bury->fn(bury->arg, bury->buried[i].channel, bury->buried[i].count);
    *bury->link = bury->next;
    if (bury->next != NULL)
        bury->next->link = bury->link;
    destroy(bury);
}

enum rf_err rf_ledger_bury(struct rf_ledger *ledger, const struct rf_channel_names *names,
                           const char *why, rf_ledger_buried_fn *buried, void *arg,
                           struct rf_error *error) {
    struct rf_bury_job *bury = calloc(1, sizeof *bury);
    if (bury == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for dead letters");
    *bury = (struct rf_bury_job){.job = {.run = run, .done = done},
                                 .link = &ledger->burying,
                                 .next = ledger->burying,
                                 .ledger = ledger,
                                 .names = *names,
                                 .why = why,
                                 .fn = buried,
                                 .arg = arg};
    rf_timer_init(&bury->timer, ledger->loop, submit, bury);
    if (bury->next != NULL)
        bury->next->link = &bury->next;
    ledger->burying = bury;
    submit(bury);
    return RF_OK;
}
