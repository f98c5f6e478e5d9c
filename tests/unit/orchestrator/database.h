// A database of its own with the orchestrator's schema, for tests that carry out the jobs' work
// themselves: in memory, or a schema of the PostgreSQL server that RF_TEST_POSTGRES names
// (tests/integration/postgres.py starts one).
#ifndef TESTS_ORCHESTRATOR_DATABASE_H
#define TESTS_ORCHESTRATOR_DATABASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "campaigns/schema.h"
#include "control.h"
#include "store/member.h"
#include "store/migrate.h"
#include "store/postgres.h"
#include "store/sqlite.h"
#include "takeover.h"

static inline bool database_is_postgres(void) {
    return getenv("RF_TEST_POSTGRES") != NULL;
}

// Another connection to the database of the last database_open, of PostgreSQL.
static inline struct rf_db *database_connect(bool fresh) {
    static int count;
    char url[256], sql[64];
    struct rf_db *db;
    struct rf_error error = {0};
    const char *server = getenv("RF_TEST_POSTGRES");
    count += fresh;
    snprintf(url, sizeof url, "%s&options=-csearch_path%%3Dt%d_%d", server, (int)getpid(), count);
    snprintf(sql, sizeof sql, "CREATE SCHEMA t%d_%d", (int)getpid(), count);
    if (rf_postgres_open(url, NULL, &db, &error) != RF_OK ||
        (fresh && db->driver->script(db, sql, &error) != RF_OK))
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

// Orders something of a campaign; the contacts that it has, or -1 if there is none.
static inline int64_t database_order(struct rf_db *db, const char *campaign,
                                     enum rf_campaign_order order, struct rf_utc now) {
    struct rf_error error = {0};
    struct rf_control control = {
        .campaign = (char *)campaign, .order = order, .now = now, .most = RF_CONTROL_MOST};
    control.job.run = rf_control_order_run;
    enum rf_err err = database_do(db, &control.job, &error);
    int64_t total = json_integer_value(json_object_get(control.result, "total"));
    json_decref(control.result);
    if (err != RF_OK && err != RF_ERR_NOT_FOUND)
        fail_msg("%s", error.message);
    return err == RF_OK ? total : -1;
}

// Begins another life of the orchestrator, whose life before has ended.
static inline void database_live(struct rf_db *db) {
    struct rf_error error = {0};
    struct rf_takeover_open open = {.job.run = rf_takeover_open_run};
    struct rf_duration term = database_is_postgres() ? rf_seconds(3600) : rf_ns(0);
    db->member = 0;
    if (database_is_postgres())
        assert_int_equal(database_exec(db, "UPDATE member SET gone = 1"), RF_OK);
    assert_int_equal(db->driver->begin(db, &error), RF_OK);
    if (rf_member_join(db, "test", term, &error) != RF_OK)
        fail_msg("%s", error.message);
    assert_int_equal(db->driver->commit(db, &error), RF_OK);
    if (database_do(db, &open.job, &error) != RF_OK)
        fail_msg("%s", error.message);
}

static inline struct rf_db *database_open(void) {
    struct rf_db *db;
    struct rf_error error = {0};
    if (database_is_postgres())
        db = database_connect(true);
    else if (rf_sqlite_open(":memory:", &db, &error) != RF_OK)
        fail_msg("%s", error.message);
    if (rf_db_migrate(db, database_is_postgres() ? rf_schema_postgres : rf_schema_migrations,
                      rf_schema_migration_count, &error) != RF_OK)
        fail_msg("%s", error.message);
    database_live(db);
    return db;
}

#endif
