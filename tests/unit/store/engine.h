// The database that a test runs against: SQLite, or the PostgreSQL server that RF_TEST_POSTGRES
// names (tests/integration/postgres.py starts one).
#ifndef TESTS_STORE_ENGINE_H
#define TESTS_STORE_ENGINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/migrate.h"
#include "store/postgres.h"
#include "store/sqlite.h"

#define ENGINE_PLACE_SIZE 256

static inline const char *engine_url(void) {
    return getenv("RF_TEST_POSTGRES");
}

static inline bool engine_is_postgres(void) {
    return engine_url() != NULL;
}

static inline void engine_must(enum rf_err err, const struct rf_error *error) {
    if (err != RF_OK)
        fail_msg("%s", error->message);
}

static inline void engine_script(struct rf_db *db, const char *sql) {
    struct rf_error error = {0};
    engine_must(db->driver->script(db, sql, &error), &error);
}

// A place for a database of this test's own, empty: a path, or a URL with a schema of its own.
static inline void engine_fresh(char *place) {
    static int count;
    if (!engine_is_postgres()) {
        snprintf(place, ENGINE_PLACE_SIZE, "/tmp/rf-store-%d-%d.db", (int)getpid(), count++);
        return;
    }
    char sql[128];
    struct rf_db *db;
    struct rf_error error = {0};
    engine_must(rf_postgres_open(engine_url(), NULL, &db, &error), &error);
    snprintf(sql, sizeof sql, "CREATE SCHEMA t%d_%d", (int)getpid(), count);
    engine_script(db, sql);
    rf_db_close(&db);
    snprintf(place, ENGINE_PLACE_SIZE, "%s&options=-csearch_path%%3Dt%d_%d", engine_url(),
             (int)getpid(), count++);
}

static inline enum rf_err engine_try(const char *place, struct rf_db **db, struct rf_error *error) {
    return engine_is_postgres() ? rf_postgres_open(place, NULL, db, error)
                                : rf_sqlite_open(place, db, error);
}

static inline struct rf_db *engine_open(const char *place) {
    struct rf_db *db;
    struct rf_error error = {0};
    engine_must(engine_try(place, &db, &error), &error);
    return db;
}

static inline void engine_remove(const char *place) {
    const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; !engine_is_postgres() && i < sizeof suffixes / sizeof *suffixes; i++) {
        char name[ENGINE_PLACE_SIZE + 8];
        snprintf(name, sizeof name, "%s%s", place, suffixes[i]);
        unlink(name);
    }
}

#endif
