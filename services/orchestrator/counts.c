#include "counts.h"

#include <stddef.h>

#include "store/member.h"

#define MEMBERS_MOST 16 // at once

// Who is gone writes no more, so that its rows stay as they are read; another who folds them too
// waits, and finds none.
static enum rf_err fold(struct rf_db *db, int64_t owner, struct rf_error *error) {
    enum rf_err err = rf_db_run(db, error,
                                "SELECT count FROM campaign_count WHERE owner = ?"
                                " ORDER BY campaign, state, outcome, reason /*! FOR UPDATE */",
                                "i", owner);
    if (err == RF_OK)
        err = rf_db_run(db, error,
                        "INSERT INTO campaign_count AS k"
                        " (campaign, owner, state, outcome, reason, count)"
                        " SELECT campaign, 0, state, outcome, reason, count FROM campaign_count"
                        "  WHERE owner = ? AND count <> 0"
                        "  ORDER BY campaign, state, outcome, reason"
                        " ON CONFLICT (campaign, state, outcome, reason, owner)"
                        " DO UPDATE SET count = k.count + excluded.count",
                        "i", owner);
    return err == RF_OK
               ? rf_db_run(db, error, "DELETE FROM campaign_count WHERE owner = ?", "i", owner)
               : err;
}

enum rf_err rf_counts_fold(struct rf_db *db, struct rf_error *error) {
    int64_t owners[MEMBERS_MOST];
    size_t count = 0;
    struct rf_rows *rows;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT DISTINCT owner FROM campaign_count WHERE owner <> 0"
                    " AND " RF_MEMBER_ORPHANED("campaign_count.owner") " ORDER BY owner LIMIT ?",
                    "i", (int64_t)MEMBERS_MOST);
    if (err != RF_OK)
        return err;
    while ((err = rf_rows_next(rows, error)) == RF_OK && count < MEMBERS_MOST)
        owners[count++] = rf_rows_number(rows, 0);
    rf_rows_end(&rows);
    err = err == RF_ERR_NOT_FOUND ? RF_OK : err;
    for (size_t i = 0; err == RF_OK && i < count; i++)
        err = fold(db, owners[i], error);
    return err;
}
