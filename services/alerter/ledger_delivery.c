// What became of deliveries.
#include "ledger_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db.h"

struct settle_job {
    struct rf_kept kept;
    char id[RF_ALERT_ID_SIZE];
    char *type;
    char *message, *remote, *recipients;
    char channel[RF_CHANNEL_NAME_SIZE];
    struct rf_settlement settlement;
    rf_ledger_stored_fn *stored;
    void *arg;
};

static void destroy(struct rf_kept *kept) {
    struct settle_job *settle = (struct settle_job *)kept;
    free(settle->type);
    free(settle->message);
    free(settle->remote);
    free(settle->recipients);
    free(settle);
}

static enum rf_err run_dead(const struct settle_job *settle, struct rf_db *db,
                            struct rf_error *error) {
    return rf_db_run(db, error,
                     "UPDATE delivery SET state = 'dead', message = CASE message WHEN '' THEN ?"
                     " ELSE message END WHERE alert = ? AND channel = ? AND"
                     " state IN ('waiting', 'refused')",
                     "ttt", settle->message, settle->id, settle->channel);
}

static enum rf_err run_settle(struct rf_kept *kept, struct rf_db *db, struct rf_error *error) {
    struct settle_job *settle = (struct settle_job *)kept;
    const struct rf_settlement *s = &settle->settlement;
    const char *state = s->done ? "done" : s->refused ? "refused" : "waiting";
    if (s->dead)
        return run_dead(settle, db, error);
    // What became a dead letter meanwhile stays one, unless it arrived.
    return rf_db_run(
        db, error,
        "UPDATE delivery SET state = ?, attempts = ?, due = ?, tried = ?,"
        " message = ?, remote = ?, recipients = ? WHERE alert = ? AND channel = ? AND (state IN"
        " ('waiting', 'refused') OR (state = 'dead' AND ? = 'done'))",
        "tiiitttttt", state, s->attempts, s->due.ns, s->tried.ns, settle->message, settle->remote,
        settle->recipients, settle->id, settle->channel, state);
}

static void settled(struct rf_kept *kept) {
    struct settle_job *settle = (struct settle_job *)kept;
    if (settle->stored != NULL)
        settle->stored(settle->arg, settle->id, settle->type, settle->settlement.attempts);
    destroy(kept);
}

static struct settle_job *settle_job_new(const struct rf_ledger_result *result) {
    struct settle_job *settle = calloc(1, sizeof *settle);
    if (settle == NULL)
        return NULL;
    settle->type = strdup(result->type);
    settle->message = strdup(result->message);
    settle->remote = strdup(result->remote);
    settle->recipients = strdup(result->recipients == NULL ? "" : result->recipients);
    if (settle->type != NULL && settle->message != NULL && settle->remote != NULL &&
        settle->recipients != NULL)
        return settle;
    destroy(&settle->kept);
    return NULL;
}

enum rf_err rf_ledger_settle(struct rf_ledger *ledger, const struct rf_ledger_result *result,
                             rf_ledger_stored_fn *stored, void *arg, struct rf_error *error) {
    struct settle_job *settle = settle_job_new(result);
    if (settle == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory to keep a delivery");
    settle->kept = (struct rf_kept){.run = run_settle, .stored = settled, .drop = destroy};
    snprintf(settle->id, sizeof settle->id, "%s", result->alert);
    snprintf(settle->channel, sizeof settle->channel, "%s", result->channel);
    settle->settlement = *result->settlement;
    settle->stored = stored;
    settle->arg = arg;
    rf_keeper_keep(&ledger->results, &settle->kept);
    return RF_OK;
}
