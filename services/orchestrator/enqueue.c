#include "enqueue.h"

#include "campaigns/schema.h"
#include "record.h"
#include "store/member.h"

enum rf_err rf_enqueue_some(struct rf_db *db, int64_t campaign, int64_t most, struct rf_utc now,
                            bool *more, struct rf_error *error) {
    // Due by any clock.
    enum rf_err err =
        rf_db_run(db, error,
                  "UPDATE contact SET state = 'scheduled', due = 0, owner = ?"
                  " WHERE id IN (SELECT id FROM contact WHERE campaign = ?"
                  "  AND " RF_SCHEMA_UNENDED "  AND state = 'new' ORDER BY id LIMIT ?)",
                  "iii", rf_member_of(db), campaign, most);
    *more = err == RF_OK && rf_db_changes(db) == most;
    int64_t starting = *more ? rf_member_of(db) : 0;
    if (err == RF_OK)
        err =
            rf_db_run(db, error, "UPDATE campaign SET starting = ? WHERE id = ? AND starting <> ?",
                      "iii", starting, campaign, starting);
    // A campaign without contacts has nothing to wait for.
    return err == RF_OK && !*more ? rf_record_finish(db, campaign, now, error) : err;
}

enum rf_err rf_enqueue_left(struct rf_db *db, int64_t most, struct rf_utc now, bool *more,
                            struct rf_error *error) {
    int64_t campaign = 0;
    enum rf_err err =
        rf_db_number(db, error, &campaign,
                     "SELECT id FROM campaign WHERE state = 'running' AND starting <> 0"
                     " AND (starting = ? OR " RF_MEMBER_ORPHANED(
                         "campaign.starting") ") ORDER BY id LIMIT 1"
                                              " /*! FOR NO KEY UPDATE SKIP LOCKED */",
                     "i", rf_member_of(db));
    *more = err == RF_OK;
    if (err == RF_ERR_NOT_FOUND)
        return RF_OK;
    bool of_this;
    return err == RF_OK ? rf_enqueue_some(db, campaign, most, now, &of_this, error) : err;
}
