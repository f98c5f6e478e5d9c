#include "shift.h"

#include "campaigns/schema.h"
#include "reopen.h"
#include "store/db.h"
#include "store/member.h"

// Ids of attempts ascend with the time.
static enum rf_err find_step(struct rf_shift *shift, struct rf_db *db, struct rf_error *error) {
    int64_t last = 0;
    enum rf_err err =
        rf_db_number(db, error, &last, "SELECT created FROM attempt ORDER BY id DESC LIMIT 1", "");
    shift->step = (struct rf_clock_steps){0};
    if (err == RF_OK && rf_ns_sub(last, shift->now.ns) >= RF_NS_PER_S)
        shift->step.all = shift->step.back = rf_ns(rf_ns_sub(shift->now.ns, last));
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

static enum rf_err move_waits(const struct rf_shift *shift, struct rf_db *db,
                              struct rf_error *error) {
    return rf_db_run(db, error,
                     "UPDATE contact SET due = due + ? WHERE " RF_SCHEMA_QUEUED
                     " AND state IN ('waiting.retry', 'waiting.breaker')"
                     " AND (owner = ? OR ? = 1)",
                     "iii", shift->step.all.ns, rf_member_of(db), (int64_t)shift->alone);
}

static enum rf_err move_attempts(const struct rf_shift *shift, struct rf_db *db,
                                 struct rf_error *error) {
    int64_t all = shift->step.all.ns, back = shift->step.back.ns; // as rf_dial_clock_set
    return rf_db_run(db, error,
                     "UPDATE attempt SET send_before = send_before + ?,"
                     " proven_after = proven_after + ?, created = created + ? WHERE " RF_SCHEMA_OPEN
                     " AND contact IN (SELECT id FROM contact"
                     "  WHERE " RF_SCHEMA_RUNNING " AND owner = ?)",
                     "iiii", all, all, back, rf_member_of(db));
}

enum rf_err rf_shift_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_shift *shift = (struct rf_shift *)job;
    enum rf_err err = shift->at_start ? find_step(shift, db, error) : RF_OK;
    if (err != RF_OK || (shift->step.all.ns == 0 && shift->step.back.ns == 0))
        return err;
    err = move_waits(shift, db, error);
    if (err == RF_OK && !shift->at_start) // else rf_dial_distrust does better
        err = move_attempts(shift, db, error);
    int64_t all = shift->step.all.ns, size = all < 0 ? -all : all;
    return err == RF_OK && size >= RF_SHIFT_REOPENS.ns ? rf_reopen_note_all(db, error) : err;
}
