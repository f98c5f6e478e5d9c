#include "store/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store/migrate.h"
#include "store/sql.h"

#define BUSY_TIMEOUT_MS 10000

bool rf_store_is_database(const char *path) {
    static const char magic[] = "SQLite format 3"; // with its NUL
    char head[sizeof magic];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is = fd >= 0 && read(fd, head, sizeof head) == (ssize_t)sizeof head &&
              memcmp(head, magic, sizeof head) == 0;
    if (fd >= 0)
        close(fd);
    return is;
}

static enum rf_err open_to_read(const char *path, sqlite3 **db, struct rf_error *error) {
    struct stat file;
    if (stat(path, &file) != 0)
        return rf_error_set(error, RF_ERR_IO, "%s: %s", path, strerror(errno));
    // A reader of a database with a write-ahead log writes the index of that.
    if (sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return *db ? rf_sql_fail(*db, error) : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_busy_timeout(*db, BUSY_TIMEOUT_MS);
    return RF_OK;
}

static enum rf_err copy_into(sqlite3 *db, const char *out, struct rf_error *error) {
    char *sql = sqlite3_mprintf("VACUUM INTO %Q", out);
    enum rf_err err =
        sql ? rf_sql_run(db, error, sql, "") : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    sqlite3_free(sql);
    return err;
}

static enum rf_err make_empty(const char *out, struct rf_error *error) {
    int fd = open(out, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return rf_error_set(error, RF_ERR_IO, "%s: %s", out, strerror(errno));
    close(fd);
    return RF_OK;
}

static enum rf_err check_copy(const char *out, struct rf_error *error) {
    sqlite3 *db = NULL;
    enum rf_err err = sqlite3_open_v2(out, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK
                          ? rf_store_check(db, error)
                      : db ? rf_sql_fail(db, error)
                           : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    sqlite3_close(db);
    if (err != RF_OK)
        rf_error_prefix(error, "the copy: ");
    return err;
}

static enum rf_err sync_copy(const char *out, struct rf_error *error) {
    int fd = open(out, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int cause = errno;
    if (fd >= 0)
        close(fd);
    return ok ? RF_OK : rf_error_set(error, RF_ERR_IO, "%s: %s", out, strerror(cause));
}

enum rf_err rf_store_copy(const char *path, const char *out, struct rf_error *error) {
    // An empty file is taken for a new database, and keeps its mode.
    enum rf_err err = make_empty(out, error);
    if (err != RF_OK)
        return err;
    sqlite3 *db = NULL;
    err = open_to_read(path, &db, error);
    if (err == RF_OK && (err = copy_into(db, out, error)) == RF_OK)
        err = check_copy(out, error);
    // Which of the two disks it is SQLite does not tell.
    if (err == RF_ERR_IO && db)
        rf_error_prefix(error, "%s, copied to %s: ", path, out);
    else if (err != RF_OK && db)
        rf_error_prefix(error, "%s: ", path);
    sqlite3_close(db);
    if (err == RF_OK)
        err = sync_copy(out, error);
    if (err != RF_OK)
        (void)unlink(out);
    return err;
}
