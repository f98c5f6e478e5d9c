#include "campaigns/backup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/file.h"
#include "base/file_copy.h"
#include "campaigns/schema.h"
#include "config/config.h"
#include "store/copy.h"
#include "store/driver.h"
#include "store/member.h"
#include "store/migrate.h"
#include "store/replace.h"
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

// ---- making one ----

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
    if (err != RF_OK)
        rf_error_prefix(error, "the copy: ");
    sqlite3_close(db);
    return err;
}

enum rf_err rf_backup_make(const char *path, const char *out, struct rf_utc now, int64_t *bytes,
                           struct rf_error *error) {
    char part[NAME_SIZE];
    struct stat file;
    if (lstat(out, &file) == 0)
        return rf_error_set(error, RF_ERR_CONFLICT, "%s is there already: give a new name", out);
    (void)snprintf(part, sizeof part, "%s.part", out);
    enum rf_err err = rf_store_copy(path, part, error);
    if (err == RF_OK)
        err = mark_copy(part, now, error);
    if (err == RF_OK && rename(part, out) != 0)
        err = rf_error_set(error, RF_ERR_IO, "%s: %s", out, strerror(errno));
    if (err == RF_OK)
        err = rf_file_sync_folder(out, error);
    if (err == RF_OK)
        *bytes = stat(out, &file) == 0 ? file.st_size : 0;
    else
        (void)unlink(part);
    return err;
}

// ---- putting it back ----

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

enum rf_err rf_backup_prepare(const char *part, struct rf_utc now,
                              struct rf_backup_restored *restored, struct rf_error *error) {
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

// What is wrong is wrong with the file that was given, not with our copy of it.
static void drop_name(const char *part, struct rf_error *error) {
    size_t length = strlen(part);
    char *at = strstr(error->message, part);
    if (at && strncmp(at + length, ": ", 2) == 0)
        memmove(at, at + length + 2, strlen(at + length + 2) + 1);
}

// A pipe or a device would be read for ever.
static enum rf_err check_file(const char *file, struct rf_error *error) {
    struct stat status;
    if (stat(file, &status) != 0)
        return rf_error_set(error, errno == ENOENT ? RF_ERR_NOT_FOUND : RF_ERR_IO, "%s: %s", file,
                            strerror(errno));
    if (S_ISDIR(status.st_mode))
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s is a folder: give the file that ringfence campaign backup has made;"
                            " a folder of ringfence backup is put back by ringfence restore",
                            file);
    return S_ISREG(status.st_mode)
               ? RF_OK
               : rf_error_set(error, RF_ERR_INVALID, "%s is no file to read from", file);
}

enum rf_err rf_backup_restore(const char *path, const char *file, struct rf_utc now,
                              struct rf_backup_restored *restored, struct rf_error *error) {
    char part[NAME_SIZE];
    int lock_fd = -1;
    *restored = (struct rf_backup_restored){0};
    (void)snprintf(part, sizeof part, "%s" RF_STORE_RESTORING, path);
    enum rf_err err = check_file(file, error);
    if (err == RF_OK)
        err = rf_folder_make_of(path, 0700, error); // a new host has none yet
    if (err == RF_OK)
        err = rf_store_lock(path, &lock_fd, error);
    if (err != RF_OK)
        return err;
    rf_store_drop_part(part, path);
    err = rf_file_copy(file, part, 0600, NULL, error);
    if (err == RF_OK && (err = rf_backup_prepare(part, now, restored, error)) != RF_OK) {
        drop_name(part, error);
        rf_error_prefix(error, "%s: ", file);
    }
    if (err == RF_OK)
        err = rf_file_sync_folder(part, error);
    if (err == RF_OK)
        err = rf_store_replace(part, path, now, restored->aside, error);
    // While there is no database it keeps the next start from making an empty one.
    rf_store_drop_part(part, path);
    close(lock_fd);
    return err;
}
