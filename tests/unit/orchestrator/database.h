// A database in memory with the orchestrator's schema, for tests that carry out the jobs' work
// themselves.
#ifndef TESTS_ORCHESTRATOR_DATABASE_H
#define TESTS_ORCHESTRATOR_DATABASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema.h"
#include "store/migrate.h"
#include "store/sqlite.h"

static inline struct rf_db *database_open(void) {
    struct rf_db *db;
    struct rf_error error = {0};
    if (rf_sqlite_open(":memory:", &db, &error) != RF_OK ||
        rf_db_migrate(db, rf_schema_migrations, rf_schema_migration_count, &error) != RF_OK)
        fail_msg("%s", error.message);
    return db;
}

// Carries out statements as a person at a database shell would.
static inline enum rf_err database_exec(struct rf_db *db, const char *sql) {
    struct rf_error error;
    return db->driver->script(db, sql, &error);
}

static inline int64_t database_number(struct rf_db *db, const char *sql) {
    struct rf_error error = {0};
    int64_t value = 0;
    if (rf_db_number(db, &error, &value, sql, "") != RF_OK)
        fail_msg("%s: %s", sql, error.message);
    return value;
}

// Carries out a job as the store does: whole, or not at all.
static inline enum rf_err database_do(struct rf_db *db, struct rf_store_job *job,
                                      struct rf_error *error) {
    assert_int_equal(db->driver->begin(db, error), RF_OK);
    enum rf_err err = job->run(job, db, error);
    if (err == RF_OK)
        err = db->driver->commit(db, error);
    else
        db->driver->rollback(db);
    return err;
}

#endif
