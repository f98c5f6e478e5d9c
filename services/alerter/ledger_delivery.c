// What became of deliveries.
#include "ledger_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "runtime/loop.h"
#include "store/db.h"

#define RETRY_WAIT rf_seconds(1)

struct rf_settle_job {
    struct rf_store_job job;
    struct rf_settle_job *next, **link; // in the ledger's list
    struct rf_ledger *ledger;
    struct rf_timer timer; // the next try
    char id[RF_ALERT_ID_SIZE];
    char *type;
    char *message, *remote;
    char channel[RF_CHANNEL_NAME_SIZE];
    struct rf_settlement settlement;
    rf_ledger_stored_fn *stored;
    void *arg;
    bool warned;
};

static void settle_job_destroy(struct rf_settle_job *job) {
    if (job->ledger != NULL)
        rf_timer_stop(&job->timer);
    free(job->type);
    free(job->message);
    free(job->remote);
    free(job);
}

static void free_settle_job(struct rf_settle_job *job) {
    *job->link = job->next;
    if (job->next != NULL)
        job->next->link = job->link;
    settle_job_destroy(job);
}

void rf_ledger_drop_settling(struct rf_ledger *ledger) {
    for (struct rf_settle_job *job = ledger->settling, *next; job != NULL; job = next) {
        next = job->next;
        settle_job_destroy(job);
    }
    ledger->settling = NULL;
}

static enum rf_err run_dead(const struct rf_settle_job *settle, struct rf_db *db,
                            struct rf_error *error) {
    return rf_db_run(db, error,
                     "UPDATE delivery SET state = 'dead', message = CASE message WHEN '' THEN ?"
                     " ELSE message END WHERE alert = ? AND channel = ? AND"
                     " state IN ('waiting', 'refused')",
                     "ttt", settle->message, settle->id, settle->channel);
}

static enum rf_err run_settle(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_settle_job *settle = (struct rf_settle_job *)job;
    const struct rf_settlement *s = &settle->settlement;
    const char *state = s->done ? "done" : s->refused ? "refused" : "waiting";
    if (s->dead)
        return run_dead(settle, db, error);
    // What became a dead letter meanwhile stays one, unless it arrived.
    return rf_db_run(db, error,
                     "UPDATE delivery SET state = ?, attempts = ?, due = ?, tried = ?,"
                     " message = ?, remote = ? WHERE alert = ? AND channel = ? AND (state IN"
                     " ('waiting', 'refused') OR (state = 'dead' AND ? = 'done'))",
                     "tiiittttt", state, s->attempts, s->due.ns, s->tried.ns, settle->message,
                     settle->remote, settle->id, settle->channel, state);
}

static void submit_settle(void *arg) {
    struct rf_settle_job *settle = arg;
    rf_store_submit(settle->ledger->store, &settle->job);
}

static void settle_done(struct rf_store_job *job, enum rf_err result,
                        const struct rf_error *error) {
    struct rf_settle_job *settle = (struct rf_settle_job *)job;
    if (result != RF_OK) {
        if (!settle->warned)
            rf_log(RF_LOG_ERROR, "cannot keep what became of alert %s, goes on trying: %s",
                   settle->id, error->message);
        settle->warned = true;
        if (!settle->ledger->closing)
            rf_timer_after(&settle->timer, RETRY_WAIT);
        return;
    }
    if (settle->stored != NULL && !settle->ledger->closing)
        settle->stored(settle->arg, settle->id, settle->type, settle->settlement.attempts);
    free_settle_job(settle);
}

static struct rf_settle_job *settle_job_new(const struct rf_ledger_result *result) {
    struct rf_settle_job *settle = calloc(1, sizeof *settle);
    if (settle == NULL)
        return NULL;
    settle->type = strdup(result->type);
    settle->message = strdup(result->message);
    settle->remote = strdup(result->remote);
    if (settle->type != NULL && settle->message != NULL && settle->remote != NULL)
        return settle;
    settle_job_destroy(settle);
    return NULL;
}

enum rf_err rf_ledger_settle(struct rf_ledger *ledger, const struct rf_ledger_result *result,
                             rf_ledger_stored_fn *stored, void *arg, struct rf_error *error) {
    struct rf_settle_job *settle = settle_job_new(result);
    if (settle == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory to keep a delivery");
    settle->job = (struct rf_store_job){.run = run_settle, .done = settle_done};
    settle->ledger = ledger;
    snprintf(settle->id, sizeof settle->id, "%s", result->alert);
    snprintf(settle->channel, sizeof settle->channel, "%s", result->channel);
    settle->settlement = *result->settlement;
    settle->stored = stored;
    settle->arg = arg;
    rf_timer_init(&settle->timer, ledger->loop, submit_settle, settle);
    settle->link = &ledger->settling;
    settle->next = ledger->settling;
    if (settle->next != NULL)
        settle->next->link = &settle->next;
    ledger->settling = settle;
    submit_settle(settle);
    return RF_OK;
}
