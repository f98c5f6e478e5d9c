#include "store/member.h"

#include <stdio.h>

#include "base/clock.h"
#include "store/driver.h"
#include "store/lease.h"

#define KEPT 1000

int64_t rf_member_of(const struct rf_db *db) {
    return db->member;
}

// A session that is stopped in a transaction holds locks for no longer than its lease.
static enum rf_err bound_transactions(struct rf_db *db, struct rf_duration term,
                                      struct rf_error *error) {
    char ms[24];
    (void)snprintf(ms, sizeof ms, "%lld", (long long)rf_duration_ms(term));
    return rf_db_run(db, error,
                     "SELECT ?"
                     " /*! , set_config ('idle_in_transaction_session_timeout', $1, false) */",
                     "t", ms);
}

enum rf_err rf_member_join(struct rf_db *db, const char *name, struct rf_duration term,
                           struct rf_error *error) {
    int64_t id = 0;
    struct rf_instant asked = rf_clock_now();
    enum rf_err err = rf_db_number(db, error, &id,
                                   "INSERT INTO member (name, alive_until)"
                                   " VALUES (?, ? /*! + " RF_MEMBER_NOW " */) RETURNING id",
                                   "ti", name, term.ns);
    // Of those who were here once, the last ones tell a person who it was.
    if (err == RF_OK)
        err = rf_db_run(db, error, "DELETE FROM member WHERE gone = 1 AND id < ?", "i", id - KEPT);
    if (err == RF_OK && term.ns > 0)
        err = bound_transactions(db, term, error);
    if (err == RF_OK && term.ns == 0)
        err = rf_db_run(db, error, "UPDATE member SET gone = 1 WHERE id <> ?", "i", id);
    if (err != RF_OK)
        return err;
    db->member = id;
    db->term = term;
    db->lease_end = term.ns > 0 ? rf_lease_end(asked, term).ns : INT64_MAX;
    return RF_OK;
}

enum rf_err rf_member_expire(struct rf_db *db, struct rf_error *error) {
    if (db->term.ns == 0 || !rf_lease_may_judge(db->connected, rf_clock_now(), db->term))
        return RF_OK;
    return rf_db_run(db, error,
                     "UPDATE member SET gone = 1 WHERE id IN (SELECT id FROM member"
                     " WHERE gone = 0 AND id <> ?"
                     " /*! AND alive_until < " RF_MEMBER_NOW " FOR UPDATE SKIP LOCKED */)",
                     "i", db->member);
}

enum rf_err rf_member_leave(struct rf_db *db, struct rf_error *error) {
    enum rf_err err =
        rf_db_run(db, error, "UPDATE member SET gone = 1 WHERE id = ?", "i", db->member);
    if (err == RF_OK)
        db->member = 0;
    return err;
}
