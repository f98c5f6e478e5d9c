#include "disk_schema.h"

#include <stdio.h>

#include "base/clock.h"
#include "store/migrate.h"
#include "store/sql.h"

// Numbers that a power loss can have taken with `sync: normal`: all since the last checkpoint,
// which comes every few thousand pages. After an end that was not in order they are passed over, so
// that none is given twice.
#define PASSED_OVER INT64_C(1000000)

// A place that was given at a start before these is known by the order of their ids (lineage.h).
#define STARTS_KEPT 10000

// Starts: of a broker on this database, with the last number that was given before the next one.
// Marks: `last`, the newest event's number, or a later one that was passed over; `trimmed`, all
// events up to it are gone; `version`, the newest of a value; `in_order`, whether the last broker
// ended so; `journal`, the id of this one.
static const struct rf_migration migrations[] = {
    {1, "CREATE TABLE events (n INTEGER PRIMARY KEY, at INTEGER NOT NULL, topic TEXT NOT NULL,"
        " frame BLOB NOT NULL);"
        "CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
        " last INTEGER NOT NULL, heard INTEGER NOT NULL);"
        "CREATE TABLE state (key TEXT PRIMARY KEY, version INTEGER NOT NULL, value TEXT NOT NULL,"
        " expires INTEGER NOT NULL);"
        "CREATE TABLE marks (last INTEGER NOT NULL, trimmed INTEGER NOT NULL,"
        " version INTEGER NOT NULL, in_order INTEGER NOT NULL);"
        "INSERT INTO marks VALUES (0, 0, 0, 1);"},
    // Of the events: how many there were up to the number `counted` (disk_retention.c).
    {2, "ALTER TABLE marks ADD COLUMN events INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE marks ADD COLUMN counted INTEGER NOT NULL DEFAULT 0;"},
    {3, "ALTER TABLE marks ADD COLUMN journal TEXT NOT NULL DEFAULT '';"
        "CREATE TABLE starts (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
        " reached INTEGER NOT NULL);"},
    // Whose a stream is (stream_book.h): of one that is older, whoever opens it first.
    {4, "ALTER TABLE streams ADD COLUMN owner TEXT NOT NULL DEFAULT '?';"},
};

#define MEND                                                                                       \
    "bring back a copy of it, or move it away together with its -wal and -shm: the journal then "  \
    "begins anew, without the events that were in it"

enum rf_err rf_disk_schema_mend(const char *path, sqlite3 *db, enum rf_err err,
                                struct rf_error *error) {
    if (!rf_sql_damaged(db)) {
        rf_error_prefix(error, "%s: ", path);
        return err;
    }
    return rf_error_set(error, RF_ERR_INVALID, "%s: %s; " MEND, path, sqlite3_errmsg(db));
}

static enum rf_err set_up(sqlite3 *db, struct rf_error *error) {
    enum rf_err err =
        rf_store_migrate(db, migrations, sizeof migrations / sizeof *migrations, error);
    // Checkpoints are ours: after the loop was told of the commit.
    if (err == RF_OK)
        err = rf_sql_run(db, error, "PRAGMA wal_autocheckpoint = 0", "");
    if (err == RF_OK)
        err = rf_sql_run(db, error, "PRAGMA journal_size_limit = 67108864", "");
    return err;
}

static enum rf_err read_marks(sqlite3 *db, struct rf_disk_found *found, bool *in_order,
                              struct rf_error *error) {
    sqlite3_stmt *statement;
    enum rf_err err = rf_sql_query(
        db, error, &statement,
        "SELECT max(last, trimmed, coalesce((SELECT max(n) FROM events), 0)), trimmed, version,"
        " in_order,"
        " coalesce((SELECT max(id) FROM streams), 0),"
        " coalesce((SELECT at FROM events ORDER BY n DESC LIMIT 1), 0), journal FROM marks",
        "");
    if (err == RF_OK)
        err = rf_sql_step(statement, error);
    if (err == RF_ERR_NOT_FOUND)
        err = rf_error_set(error, RF_ERR_INVALID, "database: its marks are missing");
    if (err == RF_OK) {
        *found = (struct rf_disk_found){
            .last = sqlite3_column_int64(statement, 0),
            .trimmed = sqlite3_column_int64(statement, 1),
            .version = sqlite3_column_int64(statement, 2),
            .stream = sqlite3_column_int64(statement, 4),
            .at = sqlite3_column_int64(statement, 5),
        };
        *in_order = sqlite3_column_int64(statement, 3) != 0;
        snprintf(found->journal, sizeof found->journal, "%s", rf_sql_text(statement, 6));
    }
    sqlite3_finalize(statement);
    return err;
}

// The start before this one has come to number `reached`.
static enum rf_err add_start(sqlite3 *db, int64_t reached, const char *start,
                             struct rf_error *error) {
    enum rf_err err = rf_sql_run(
        db, error, "UPDATE starts SET reached = ? WHERE number = (SELECT max(number) FROM starts)",
        "i", reached);
    if (err == RF_OK)
        err = rf_sql_run(db, error, "INSERT INTO starts (id, reached) VALUES (?, 0)", "t", start);
    if (err == RF_OK)
        err = rf_sql_run(db, error,
                         "DELETE FROM starts WHERE number < (SELECT max(number) FROM starts) - ?",
                         "i", (int64_t)STARTS_KEPT);
    return err;
}

static enum rf_err write_start(sqlite3 *db, struct rf_disk_found *found, bool in_order,
                               struct rf_error *error) {
    int64_t reached = found->last;
    rf_ulid_new(rf_clock_utc(), found->start);
    if (found->journal[0] == '\0')
        rf_ulid_new(rf_clock_utc(), found->journal);
    if (!in_order) {
        found->last += PASSED_OVER;
        found->version += PASSED_OVER;
    }
    enum rf_err err =
        rf_sql_run(db, error, "UPDATE marks SET last = ?, version = ?, in_order = 0, journal = ?",
                   "iit", found->last, found->version, found->journal);
    return err == RF_OK ? add_start(db, reached, found->start, error) : err;
}

// Written with FULL, whatever the configuration says: what is passed over must stay so, and a start
// is known before anyone is told of it.
static enum rf_err begin(sqlite3 *db, struct rf_disk_found *found, struct rf_error *error) {
    bool in_order = true;
    enum rf_err err = rf_sql_run(db, error, "BEGIN IMMEDIATE", "");
    if (err != RF_OK)
        return err;
    err = read_marks(db, found, &in_order, error);
    if (err == RF_OK)
        err = write_start(db, found, in_order, error);
    if (err == RF_OK)
        err = rf_sql_run(db, error, "COMMIT", "");
    if (err != RF_OK) // the caller closes it, which undoes what was begun
        return err;
    // The WAL file begins anew, unless somebody reads the database just now.
    (void)!sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return err;
}

enum rf_err rf_disk_schema_open(const char *path, enum rf_disk_sync sync, sqlite3 **db,
                                struct rf_disk_found *found, struct rf_error *error) {
    enum rf_err err = rf_store_database(path, db, error);
    if (err == RF_ERR_DAMAGED)
        return rf_error_set(error, RF_ERR_INVALID, "%s: damaged, or no database; " MEND, path);
    if (err != RF_OK)
        return err;
    err = set_up(*db, error);
    if (err == RF_OK)
        err = begin(*db, found, error);
    if (err == RF_OK && sync == RF_DISK_SYNC_NORMAL)
        err = rf_sql_run(*db, error, "PRAGMA synchronous = NORMAL", "");
    if (err != RF_OK)
        err = rf_disk_schema_mend(path, *db, err, error);
    return err;
}

void rf_disk_schema_close(sqlite3 **db, bool in_order) {
    if (*db == NULL)
        return;
    // If this fails, numbers are passed over at the next start, which is right as well.
    if (in_order) {
        (void)!sqlite3_exec(*db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
        (void)!sqlite3_exec(*db, "UPDATE marks SET in_order = 1", NULL, NULL, NULL);
    }
    sqlite3_close(*db);
    *db = NULL;
}
