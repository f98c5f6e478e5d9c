#include "stall_rows.h"

#include <stdlib.h>
#include <string.h>

#include "campaign_state.h"
#include "campaigns/schema.h"
#include "contact.h"
#include "notice.h"
#include "plan.h"
#include "report.h"
#include "store/db.h"

#define CAMPAIGNS_MOST 1000  // of one round; more that run at once are not watched
#define DUE_MOST       10000 // are counted

struct seen {
    int64_t id;
    char name[96];
    bool running;
    int64_t stalled; // since when, as it was told; 0: it was not
};

static enum rf_err read_campaigns(struct rf_db *db, struct seen *seen, size_t *count,
                                  struct rf_error *error) {
    struct rf_rows *rows;
    *count = 0;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT id, name, state, coalesce (stalled, 0) FROM campaign"
                                  " WHERE (state = 'running' AND finished IS NULL)"
                                  " OR stalled IS NOT NULL ORDER BY id LIMIT ?",
                                  "i", (int64_t)CAMPAIGNS_MOST);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK) {
        enum rf_campaign_state state = RF_CAMPAIGN_LOADING;
        struct seen *one = &seen[(*count)++];
        one->id = rf_rows_number(rows, 0);
        rf_plan_copy(one->name, sizeof one->name, rf_rows_text(rows, 1));
        (void)rf_campaign_state_parse(rf_rows_text(rows, 2), &state);
        one->running = state == RF_CAMPAIGN_RUNNING;
        one->stalled = rf_rows_number(rows, 3);
    }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

// FNV-1a: it only has to differ when the counts do.
static uint64_t mix(uint64_t hash, const char *text) {
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (hash ^ 0xFF) * UINT64_C(1099511628211);
}

static uint64_t mix_number(uint64_t hash, int64_t number) {
    for (int i = 0; i < 8; i++)
        hash = (hash ^ (uint64_t)((number >> (8 * i)) & 0xFF)) * UINT64_C(1099511628211);
    return hash;
}

struct counts {
    uint64_t signature; // of what has come to an end
    int64_t running;    // contacts in progress
    int64_t calls;      // of those: that are on the telephone
};

// What came to its end, be it a contact or a call. A contact that is begun and put off again, as
// each test during an outage is, has not moved.
static bool is_progress(enum rf_contact_state state, const char *reason) {
    enum rf_unreached how;
    return state == RF_CONTACT_DONE || state == RF_CONTACT_SET_ASIDE ||
           (state == RF_CONTACT_WAIT_RETRY && rf_unreached_parse(reason, &how));
}

static void mix_row(struct counts *counts, const struct rf_rows *row) {
    for (int column = 0; column < 3; column++)
        counts->signature = mix(counts->signature, rf_rows_text(row, column));
    counts->signature = mix_number(counts->signature, rf_rows_number(row, 3));
}

static enum rf_err read_counts(struct rf_db *db, int64_t campaign, struct counts *counts,
                               struct rf_error *error) {
    struct rf_rows *rows;
    *counts = (struct counts){.signature = UINT64_C(14695981039346656037)};
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT state, coalesce (outcome, ''), coalesce (reason, ''),"
                                  " CAST (sum (count) AS BIGINT) FROM campaign_count"
                                  " WHERE campaign = ? GROUP BY state, outcome, reason"
                                  " HAVING sum (count) <> 0 ORDER BY state, outcome, reason",
                                  "i", campaign);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK) {
        enum rf_contact_state state = RF_CONTACT_NEW;
        (void)rf_contact_state_parse(rf_rows_text(rows, 0), &state);
        if (is_progress(state, rf_rows_text(rows, 2)))
            mix_row(counts, rows);
        if (rf_contact_running(state))
            counts->running += rf_rows_number(rows, 3);
        if (state == RF_CONTACT_FOLLOW)
            counts->calls += rf_rows_number(rows, 3);
    }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

static enum rf_err count_due(struct rf_db *db, int64_t campaign, struct rf_utc now, int64_t most,
                             int64_t *due, struct rf_error *error) {
    return rf_db_number(db, error, due,
                        "SELECT count (*) FROM (SELECT 1 FROM contact WHERE campaign = ?"
                        " AND " RF_SCHEMA_QUEUED " AND step IN (0, 1, 2) AND due <= ? LIMIT ?)"
                        " AS these",
                        "iii", campaign, now.ns, most);
}

// Contacts are due; nobody is on the telephone, which may take long; and if none is in progress, no
// campaign of a higher priority has all places.
static enum rf_err look_closer(struct rf_db *db, const struct seen *seen,
                               const struct counts *counts, struct rf_utc now, bool *may_move,
                               struct rf_error *error) {
    int64_t due = 0;
    *may_move = false;
    if (counts->calls > 0)
        return RF_OK;
    enum rf_err err = count_due(db, seen->id, now, 1, &due, error);
    *may_move = due > 0;
    if (err != RF_OK || due == 0 || counts->running > 0)
        return err;
    char name[96];
    err = rf_report_behind(db, seen->id, now, name, sizeof name, error);
    *may_move = err == RF_ERR_NOT_FOUND;
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

// Whether we are the one who tells it: no other has done so meanwhile.
static enum rf_err mark(struct rf_db *db, const struct seen *seen, int64_t since, bool *ours,
                        struct rf_error *error) {
    enum rf_err err =
        since != 0
            ? rf_db_run(db, error,
                        "UPDATE campaign SET stalled = ? WHERE id = ? AND stalled IS NULL", "ii",
                        since, seen->id)
            : rf_db_run(db, error,
                        "UPDATE campaign SET stalled = NULL WHERE id = ? AND stalled IS NOT NULL",
                        "i", seen->id);
    *ours = err == RF_OK && rf_db_changes(db) == 1;
    return err;
}

static enum rf_err tell(struct rf_db *db, char *text, struct rf_error *error) {
    enum rf_err err = rf_notice_store(db, text, error);
    free(text);
    return err;
}

static enum rf_err tell_stands(struct rf_stall_job *job, struct rf_db *db, const struct seen *seen,
                               int64_t running, struct rf_duration stood, struct rf_error *error) {
    const struct rf_utc since = {rf_ns_sub(job->now.ns, stood.ns)};
    bool ours;
    int64_t due = 0;
    enum rf_err err = mark(db, seen, since.ns, &ours, error);
    if (err != RF_OK || !ours)
        return err;
    job->told = true;
    err = count_due(db, seen->id, job->now, DUE_MOST, &due, error);
    return err == RF_OK
               ? tell(db, rf_notice_stalled(seen->name, since, due, running, job->now), error)
               : err;
}

static enum rf_err tell_moves(struct rf_stall_job *job, struct rf_db *db, const struct seen *seen,
                              struct rf_error *error) {
    bool ours;
    enum rf_err err = mark(db, seen, 0, &ours, error);
    if (err != RF_OK || !ours)
        return err;
    job->told = true;
    struct rf_duration held = rf_utc_since(job->now, (struct rf_utc){seen->stalled});
    return tell(db, rf_notice_moving(seen->name, held, job->now), error);
}

static enum rf_err look(struct rf_stall_job *job, struct rf_db *db, const struct seen *seen,
                        struct rf_error *error) {
    struct rf_stall_look look = {.campaign = seen->id, .told = seen->stalled != 0};
    enum rf_stall_verdict verdict;
    struct rf_duration stood;
    struct counts counts = {0};
    enum rf_err err = RF_OK;
    if (seen->running) {
        err = read_counts(db, seen->id, &counts, error);
        look.signature = counts.signature;
        if (err == RF_OK)
            err = look_closer(db, seen, &counts, job->now, &look.may_move, error);
    }
    if (err == RF_OK)
        err = rf_stall_look(&job->stall, &look, job->limit, job->instant, &verdict, &stood, error);
    if (err != RF_OK || verdict == RF_STALL_NOTHING)
        return err;
    return verdict == RF_STALL_STANDS ? tell_stands(job, db, seen, counts.running, stood, error)
                                      : tell_moves(job, db, seen, error);
}

enum rf_err rf_stall_run(struct rf_store_job *store_job, struct rf_db *db, struct rf_error *error) {
    struct rf_stall_job *job = (struct rf_stall_job *)store_job;
    struct seen *seen = calloc(CAMPAIGNS_MOST, sizeof *seen);
    size_t count = 0;
    job->told = false;
    enum rf_err err = seen ? read_campaigns(db, seen, &count, error)
                           : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    for (size_t i = 0; err == RF_OK && i < count; i++)
        err = look(job, db, &seen[i], error);
    if (err == RF_OK)
        rf_stall_round(&job->stall);
    free(seen);
    return err;
}
