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
#include "store/sql.h"

static inline sqlite3 *database_open(void) {
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = 0; i < rf_schema_migration_count; i++)
        if (sqlite3_exec(db, rf_schema_migrations[i].sql, NULL, NULL, NULL) != SQLITE_OK)
            fail_msg("migration: %s", sqlite3_errmsg(db));
    return db;
}

static inline int64_t database_number(sqlite3 *db, const char *sql) {
    struct rf_error error = {0};
    int64_t value = 0;
    if (rf_sql_int(db, &error, &value, sql, "") != RF_OK)
        fail_msg("%s: %s", sql, error.message);
    return value;
}

// Carries out a job as the store does: whole, or not at all.
static inline enum rf_err database_do(sqlite3 *db, struct rf_store_job *job,
                                      struct rf_error *error) {
    assert_int_equal(sqlite3_exec(db, "SAVEPOINT job", NULL, NULL, NULL), SQLITE_OK);
    enum rf_err err = job->run(job, db, error);
    if (err != RF_OK)
        assert_int_equal(sqlite3_exec(db, "ROLLBACK TO job", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "RELEASE job", NULL, NULL, NULL), SQLITE_OK);
    return err;
}

#endif
