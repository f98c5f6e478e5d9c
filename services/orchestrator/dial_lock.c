#include "dial_lock.h"

// Any number that no other program takes for its own.
#define LOCK "7285011464"

enum rf_err rf_dial_lock_share(struct rf_db *db, struct rf_error *error) {
    return rf_db_run(db, error, "SELECT 1 /*! , pg_advisory_xact_lock_shared (" LOCK ") */", "");
}

enum rf_err rf_dial_lock_shut(struct rf_db *db, struct rf_error *error) {
    return rf_db_run(db, error, "SELECT 1 /*! , pg_advisory_xact_lock (" LOCK ") */", "");
}
