#include "store/migrate.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash_point.h"
#include "base/file.h"
#include "store/driver.h"
#include "store/sql.h"

// A person's sqlite3 shell may hold the file for a moment; our thread can wait for it.
#define BUSY_TIMEOUT_MS 5000

// By which a person sees whose file it is ("RFDB").
#define APPLICATION "1380336706"

enum rf_err rf_store_lock(const char *path, int *lock_fd, struct rf_error *error) {
    char name[PATH_MAX];
    int length = snprintf(name, sizeof name, "%s.lock", path);
    if (length < 0 || (size_t)length >= sizeof name)
        return rf_error_set(error, RF_ERR_INVALID, "%s: path too long", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return rf_error_set(error, RF_ERR_IO, "%s: %s", name, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int cause = errno;
        close(fd);
        if (cause == EWOULDBLOCK)
            return rf_error_set(error, RF_ERR_CONFLICT,
                                "%s is in use by another process: stop that one first, as two must "
                                "not share a store",
                                path);
        return rf_error_set(error, RF_ERR_IO, "%s: %s", name, strerror(cause));
    }
    *lock_fd = fd;
    return RF_OK;
}

// WAL is not to be had on every file system; without it readers would hold up our commits.
static enum rf_err set_wal(sqlite3 *db, struct rf_error *error) {
    sqlite3_stmt *statement;
    enum rf_err err = rf_sql_query(db, error, &statement, "PRAGMA journal_mode = WAL", "");
    if (err != RF_OK)
        return err;
    err = rf_sql_step(statement, error);
    const char *mode = err == RF_OK ? rf_sql_text(statement, 0) : NULL;
    if (err == RF_OK && (!mode || strcmp(mode, "wal") != 0))
        err = rf_error_set(error, RF_ERR_IO, "the file system allows no write-ahead log (%s)",
                           mode ? mode : "none");
    sqlite3_finalize(statement);
    return err;
}

// A new file is whole as soon as it is there, so that an empty one can only be a damaged one.
// SQLite gives its other files the mode of this one.
static enum rf_err create(const char *path, struct rf_error *error) {
    sqlite3 *db = NULL;
    sqlite3_int64 size = 0;
    unsigned char *bytes = NULL;
    if (sqlite3_open(":memory:", &db) == SQLITE_OK &&
        sqlite3_exec(db, "PRAGMA application_id = " APPLICATION, NULL, NULL, NULL) == SQLITE_OK)
        bytes = sqlite3_serialize(db, "main", &size, 0);
    enum rf_err err = bytes ? rf_file_replace(path, bytes, (size_t)size, error)
                            : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    sqlite3_free(bytes);
    sqlite3_close(db);
    return err;
}

// SQLite takes a file that is empty, or that is gone, for a new database, and throws away what its
// write-ahead log has.
static enum rf_err prepare(const char *path, struct rf_error *error) {
    struct stat file, log;
    char name[PATH_MAX];
    (void)snprintf(name, sizeof name, "%s-wal", path);
    bool missing = stat(path, &file) != 0;
    if (missing && errno != ENOENT)
        return rf_error_set(error, RF_ERR_IO, "%s: %s", path, strerror(errno));
    if (!missing && file.st_size == 0)
        return rf_error_set(error, RF_ERR_DAMAGED, "%s: it is empty", path);
    if (!missing)
        return RF_OK;
    if (stat(name, &log) == 0 && log.st_size > 0)
        return rf_error_set(error, RF_ERR_DAMAGED, "%s: it is gone, though %s is there", path,
                            name);
    (void)snprintf(name, sizeof name, "%s" RF_STORE_RESTORING, path);
    if (stat(name, &log) == 0)
        return rf_error_set(error, RF_ERR_DAMAGED,
                            "%s: it is gone: a restore was broken off, of which %s is left: give it"
                            " again",
                            path, name);
    return create(path, error);
}

bool rf_store_unclean(const char *path) {
    struct stat log;
    char name[PATH_MAX];
    (void)snprintf(name, sizeof name, "%s-wal", path);
    return stat(name, &log) == 0 && log.st_size > 0;
}

enum rf_err rf_store_check(sqlite3 *db, struct rf_error *error) {
    sqlite3_stmt *statement;
    enum rf_err err = rf_sql_query(db, error, &statement, "PRAGMA quick_check (1)", "");
    if (err != RF_OK)
        return err;
    err = rf_sql_step(statement, error);
    const char *told = err == RF_OK ? rf_sql_text(statement, 0) : NULL;
    if (told && strcmp(told, "ok") != 0)
        err = rf_error_set(error, RF_ERR_DAMAGED, "database: %.*s", (int)strcspn(told, "\n"), told);
    sqlite3_finalize(statement);
    return err;
}

enum rf_err rf_store_database(const char *path, sqlite3 **db, struct rf_error *error) {
    *db = NULL;
    enum rf_err err = prepare(path, error);
    if (err != RF_OK)
        return err;
    if (sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, NULL) !=
        SQLITE_OK) {
        err = *db ? rf_sql_fail(*db, error) : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        goto cleanup;
    }
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_busy_timeout(*db, BUSY_TIMEOUT_MS);
    if ((err = set_wal(*db, error)) != RF_OK)
        goto cleanup;
    if ((err = rf_sql_run(*db, error, "PRAGMA synchronous = FULL", "")) != RF_OK)
        goto cleanup;
    // What a statement would undo is kept in memory while it runs: in a file, where it is by
    // default, each page that a statement changes is written one time more.
    if ((err = rf_sql_run(*db, error, "PRAGMA temp_store = MEMORY", "")) != RF_OK)
        goto cleanup;
    err = rf_sql_run(*db, error, "PRAGMA foreign_keys = ON", "");
cleanup:
    if (err != RF_OK) {
        rf_error_prefix(error, "%s: ", path);
        sqlite3_close(*db);
        *db = NULL;
    }
    return err;
}

static enum rf_err version_of(struct rf_db *db, int64_t *version, struct rf_error *error) {
    return rf_db_number(db, error, version, "SELECT version FROM schema_version", "");
}

// One transaction of a migration; number 0 makes the table of the version.
static enum rf_err migrate_in(struct rf_db *db, const struct rf_migration *migration,
                              struct rf_error *error) {
    int64_t version = 0;
    if (migration->number == 0)
        return db->driver->script(db, migration->sql, error);
    enum rf_err err = version_of(db, &version, error);
    // Another program may have been faster.
    if (err != RF_OK || version >= migration->number)
        return err;
    err = db->driver->script(db, migration->sql, error);
    if (err == RF_OK)
        err = rf_db_run(db, error, "UPDATE schema_version SET version = ?", "i",
                        (int64_t)migration->number);
    RF_CRASH_POINT(store, migration_written);
    return err;
}

static enum rf_err migrate_one(struct rf_db *db, const struct rf_migration *migration,
                               struct rf_error *error) {
    enum rf_err err = db->driver->begin_schema(db, error);
    if (err == RF_OK)
        err = migrate_in(db, migration, error);
    if (err == RF_OK)
        err = db->driver->commit(db, error);
    if (err != RF_OK) {
        rf_error_prefix(error, "migration %d: ", migration->number);
        db->driver->rollback(db);
    }
    return err;
}

enum rf_err rf_db_migrate(struct rf_db *db, const struct rf_migration *migrations, size_t count,
                          struct rf_error *error) {
    static const char table[] =
        "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL);"
        "INSERT INTO schema_version SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM schema_version);";
    static const struct rf_migration none = {0, table};
    int64_t version = 0;
    enum rf_err err = migrate_one(db, &none, error);
    if (err == RF_OK)
        err = version_of(db, &version, error);
    if (err != RF_OK)
        return err;
    if (version > (int64_t)count)
        return rf_error_set(error, RF_ERR_INVALID,
                            "schema version %lld is later than %zu, the last that this program"
                            " knows: run the newer program, or restore an older copy",
                            (long long)version, count);
    for (size_t i = 0; err == RF_OK && i < count; i++) {
        assert(migrations[i].number == (int)i + 1);
        if (migrations[i].number > version)
            err = migrate_one(db, &migrations[i], error);
    }
    return err;
}
