#include "campaigns/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "campaigns/schema.h"
#include "config/config.h"
#include "store/driver.h"
#include "store/member.h"
#include "store/migrate.h"
#include "store/sql.h"
#include "store/sqlite.h"

#define NAME_SIZE (PATH_MAX + 64)

enum rf_err rf_backup_store_path(const struct rf_config *config, char *out, size_t size,
                                 struct rf_error *error) {
    int length = snprintf(out, size, "%s/orchestrator/campaign.db", config->state_dir);
    if (length < 0 || (size_t)length >= size)
        return rf_error_set(error, RF_ERR_CONFIG, "state_dir is too long");
    return RF_OK;
}

// What was written of the file, and its name, are on the disk when this returns.
static enum rf_err sync_file(const char *path, int flags, struct rf_error *error) {
    int fd = open(path, flags | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int cause = errno;
    if (fd >= 0)
        close(fd);
    return ok ? RF_OK : rf_error_set(error, RF_ERR_IO, "%s: %s", path, strerror(cause));
}

// What names the folder of `path` has.
static enum rf_err sync_names(const char *path, struct rf_error *error) {
    char folder[NAME_SIZE];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    return sync_file(slash ? folder : ".", O_RDONLY | O_DIRECTORY, error);
}

static enum rf_err name_it(const char *from, const char *to, struct rf_error *error) {
    if (rename(from, to) != 0)
        return rf_error_set(error, RF_ERR_IO, "%s: %s", to, strerror(errno));
    return sync_names(to, error);
}

// ---- making one ----

static enum rf_err copy_into(sqlite3 *db, const char *part, struct rf_error *error) {
    char *sql = sqlite3_mprintf("VACUUM INTO %Q", part);
    enum rf_err err =
        sql ? rf_sql_run(db, error, sql, "") : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    sqlite3_free(sql);
    return err;
}

// So that it is known for what it is when it is put back.
static enum rf_err mark_copy(const char *part, struct rf_utc now, struct rf_error *error) {
    sqlite3 *db = NULL;
    enum rf_err err = RF_OK;
    if (sqlite3_open_v2(part, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        err = db ? rf_sql_fail(db, error) : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (err == RF_OK)
        err = rf_sql_run(db, error, "DELETE FROM copy", "");
    if (err == RF_OK)
        err = rf_sql_run(db, error, "INSERT INTO copy (made) VALUES (?)", "i", now.ns);
    if (err == RF_OK)
        err = rf_store_check(db, error);
    if (err != RF_OK)
        rf_error_prefix(error, "the copy: ");
    sqlite3_close(db);
    return err;
}

static enum rf_err open_to_read(const char *path, sqlite3 **db, struct rf_error *error) {
    struct stat file;
    if (stat(path, &file) != 0)
        return rf_error_set(error, RF_ERR_IO, "%s: %s", path, strerror(errno));
    // A reader of a database with a write-ahead log writes the index of that.
    if (sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return *db ? rf_sql_fail(*db, error) : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_busy_timeout(*db, 10000);
    return RF_OK;
}

enum rf_err rf_backup_make(const char *path, const char *out, struct rf_utc now, int64_t *bytes,
                           struct rf_error *error) {
    char part[NAME_SIZE];
    struct stat file;
    if (lstat(out, &file) == 0)
        return rf_error_set(error, RF_ERR_CONFLICT, "%s is there already: give a new name", out);
    (void)snprintf(part, sizeof part, "%s.part", out);
    // An empty file is taken for a new database, and keeps its mode.
    int fd = open(part, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return rf_error_set(error, RF_ERR_IO, "%s: %s", part, strerror(errno));
    close(fd);
    sqlite3 *db = NULL;
    enum rf_err err = open_to_read(path, &db, error);
    if (err == RF_OK && (err = copy_into(db, part, error)) != RF_OK)
        rf_error_prefix(error, "%s: ", path);
    sqlite3_close(db);
    if (err == RF_OK)
        err = mark_copy(part, now, error);
    if (err == RF_OK)
        err = sync_file(part, O_RDONLY, error);
    if (err == RF_OK)
        err = name_it(part, out, error);
    if (err == RF_OK)
        *bytes = stat(out, &file) == 0 ? file.st_size : 0;
    else
        (void)unlink(part);
    return err;
}

// ---- putting it back ----

static enum rf_err copy_file(const char *from, const char *to, struct rf_error *error) {
    char buffer[65536];
    ssize_t got = 0;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return rf_error_set(error, RF_ERR_IO, "%s: %s", from, strerror(errno));
    int out = open(to, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    bool ok = out >= 0;
    while (ok && (got = read(in, buffer, sizeof buffer)) > 0)
        for (ssize_t done = 0, put; ok && done < got; done += put)
            ok = (put = write(out, buffer + done, (size_t)(got - done))) > 0;
    int cause = errno;
    close(in);
    if (out >= 0)
        close(out);
    const char *which = ok ? from : to; // a folder can be opened, and not be read
    return ok && got == 0 ? RF_OK
                          : rf_error_set(error, RF_ERR_IO, "%s: %s", which, strerror(cause));
}

enum rf_err rf_backup_mark(struct rf_db *db, struct rf_utc now, struct rf_backup_restored *restored,
                           struct rf_error *error) {
    // Taken away first: of several who begin at once one marks it, and the others find it marked.
    enum rf_err err =
        rf_db_number(db, error, &restored->made.ns, "DELETE FROM copy RETURNING made", "");
    if (err == RF_OK)
        err = rf_db_run(db, error,
                        "UPDATE campaign SET state = 'paused', changed = ? WHERE state = 'running'",
                        "i", now.ns);
    if (err == RF_OK) {
        restored->paused = rf_db_changes(db);
        err = rf_db_run(db, error,
                        "UPDATE contact SET ask_since = CASE WHEN ask_since > 0 THEN ask_since"
                        " ELSE ? END WHERE state <> 'done'",
                        "i", restored->made.ns);
    }
    // New events go into a new stream: the broker has those that came after the copy.
    if (err == RF_OK) {
        restored->contacts = rf_db_changes(db);
        err = rf_db_run(db, error,
                        "UPDATE stream SET open = 0 WHERE " RF_MEMBER_ORPHANED("stream.owner"), "");
    }
    return err == RF_OK ? rf_db_run(db, error, "INSERT INTO restored (made, at) VALUES (?, ?)",
                                    "ii", restored->made.ns, now.ns)
                        : err;
}

enum rf_err rf_backup_ask(struct rf_db *db, int64_t campaign, int64_t after, struct rf_utc now,
                          struct rf_error *error) {
    int64_t made = 0;
    enum rf_err err =
        rf_db_number(db, error, &made, "SELECT coalesce (min (made), 0) FROM restored WHERE at > ?",
                     "i", rf_utc_add(now, rf_ns(-RF_BACKUP_ASKS.ns)).ns);
    if (err != RF_OK || made == 0)
        return err;
    return rf_db_run(db, error, "UPDATE contact SET ask_since = ? WHERE id > ? AND campaign = ?",
                     "iii", made, after, campaign);
}

// The copy, made fit to be used, in its own file.
static enum rf_err prepare(const char *part, struct rf_utc now, struct rf_backup_restored *restored,
                           struct rf_error *error) {
    struct rf_db *db = NULL;
    enum rf_err err = rf_sqlite_open(part, &db, error);
    if (err == RF_OK)
        err = rf_store_check(rf_sqlite_handle(db), error);
    if (err == RF_OK)
        err = rf_db_migrate(db, rf_schema_migrations, rf_schema_migration_count, error);
    if (err == RF_OK)
        err = db->driver->begin(db, error);
    if (err == RF_OK && (err = rf_backup_mark(db, now, restored, error)) == RF_OK)
        err = db->driver->commit(db, error);
    if (err == RF_ERR_NOT_FOUND)
        err = rf_error_set(error, RF_ERR_INVALID,
                           "it is no copy that ringfence campaign backup has made");
    if (db && err != RF_OK)
        db->driver->rollback(db);
    rf_db_close(&db); // with it the log goes into the file
    return err;
}

static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
#define FILES 3 // of a database; the lock stays where it is

// Moves files of a database to other names, the first `count` of them, `count` being how many when
// it returns; or back in the other order. The file itself goes first and comes back last: where it
// is missing a restore was broken off.
static enum rf_err move_files(const char *from, const char *to, bool back, size_t *count,
                              struct rf_error *error) {
    char old[NAME_SIZE + 8], fresh[NAME_SIZE + 8];
    size_t files = *count;
    for (*count = 0; *count < files; ++*count) {
        const char *suffix = suffixes[back ? files - 1 - *count : *count];
        (void)snprintf(old, sizeof old, "%s%s", from, suffix);
        (void)snprintf(fresh, sizeof fresh, "%s%s", to, suffix);
        if (rename(old, fresh) != 0 && errno != ENOENT)
            return rf_error_set(error, RF_ERR_IO, "%s: %s", fresh, strerror(errno));
    }
    return RF_OK;
}

static bool exists(const char *path) {
    struct stat file;
    return stat(path, &file) == 0;
}

// The copy `part` takes the place of the database, or all is as it was. Between the first and the
// last of these names `part` tells that a restore is under way (RF_STORE_RESTORING).
static enum rf_err exchange(const char *part, const char *path, struct rf_utc now,
                            struct rf_backup_restored *restored, struct rf_error *error) {
    struct rf_error untold;
    size_t moved = FILES;
    char when[32], aside[sizeof restored->aside];
    time_t second = now.ns / RF_NS_PER_S;
    struct tm date;
    (void)strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", gmtime_r(&second, &date));
    (void)snprintf(aside, sizeof aside, "%s.before-%s", path, when);
    bool there = exists(path);
    enum rf_err err = move_files(path, aside, false, &moved, error);
    if (err == RF_OK && rename(part, path) != 0)
        err = rf_error_set(error, RF_ERR_IO, "%s: %s", path, strerror(errno));
    if (err != RF_OK) {
        (void)move_files(aside, path, true, &moved, &untold);
        return err;
    }
    if (there)
        (void)snprintf(restored->aside, sizeof restored->aside, "%s", aside);
    return sync_names(path, error);
}

static void remove_files(const char *path, size_t from) {
    char name[NAME_SIZE + 8];
    for (size_t i = from; i < sizeof suffixes / sizeof *suffixes; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
}

// What is wrong is wrong with the file that was given, not with our copy of it.
static void drop_name(const char *part, struct rf_error *error) {
    size_t length = strlen(part);
    char *at = strstr(error->message, part);
    if (at && strncmp(at + length, ": ", 2) == 0)
        memmove(at, at + length + 2, strlen(at + length + 2) + 1);
}

enum rf_err rf_backup_restore(const char *path, const char *file, struct rf_utc now,
                              struct rf_backup_restored *restored, struct rf_error *error) {
    char part[NAME_SIZE];
    int lock_fd = -1;
    *restored = (struct rf_backup_restored){0};
    (void)snprintf(part, sizeof part, "%s" RF_STORE_RESTORING, path);
    enum rf_err err = rf_store_lock(path, &lock_fd, error);
    if (err != RF_OK)
        return err;
    remove_files(part, 1);
    err = copy_file(file, part, error);
    if (err == RF_OK && (err = prepare(part, now, restored, error)) != RF_OK) {
        drop_name(part, error);
        rf_error_prefix(error, "%s: ", file);
    }
    if (err == RF_OK)
        err = sync_file(part, O_RDONLY, error);
    if (err == RF_OK)
        err = sync_names(part, error);
    if (err == RF_OK)
        err = exchange(part, path, now, restored, error);
    // While there is no database it keeps the next start from making an empty one.
    remove_files(part, exists(path) ? 0 : 1);
    close(lock_fd);
    return err;
}
