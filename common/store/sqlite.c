// Statements are kept prepared by their text, as preparing costs several times what a small one
// takes to run.
#include "store/sqlite.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/log.h"
#include "store/migrate.h"
#include "store/sql.h"

// Statements kept; a program has fewer texts than that.
#define KEPT 128

struct statement {
    struct rf_rows rows;
    sqlite3_stmt *handle;
    bool busy;   // between query and end
    bool passes; // not kept: freed by end
};

struct sqlite {
    struct rf_db db;
    sqlite3 *handle;
    int lock_fd;
    struct statement *kept[KEPT];
    size_t next; // the place that is given to a new text when all are taken
};

static struct sqlite *of(struct rf_db *db) {
    return (struct sqlite *)db;
}

static const struct statement *statement_of(const struct rf_rows *rows) {
    return (const struct statement *)rows;
}

static void statement_free(struct statement *statement) {
    sqlite3_finalize(statement->handle);
    free(statement);
}

static enum rf_err statement_new(struct sqlite *db, const char *sql, struct statement **out,
                                 struct rf_error *error) {
    struct statement *statement = calloc(1, sizeof *statement);
    *out = NULL;
    if (!statement)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    statement->rows.db = &db->db;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &statement->handle, NULL) != SQLITE_OK) {
        free(statement);
        return rf_sql_fail(db->handle, error);
    }
    *out = statement;
    return RF_OK;
}

// A place for a statement to be kept; NULL if all are in use.
static struct statement **place_for(struct sqlite *db) {
    for (size_t i = 0; i < KEPT; i++)
        if (!db->kept[i])
            return &db->kept[i];
    for (size_t i = 0; i < KEPT; i++) {
        struct statement **place = &db->kept[db->next++ % KEPT];
        if (!(*place)->busy) {
            statement_free(*place);
            *place = NULL;
            return place;
        }
    }
    return NULL;
}

// The statement of a text: a kept one that is not in use, or a new one.
static enum rf_err find(struct sqlite *db, const char *sql, struct statement **out,
                        struct rf_error *error) {
    for (size_t i = 0; i < KEPT && db->kept[i]; i++) {
        if (!db->kept[i]->busy && strcmp(sqlite3_sql(db->kept[i]->handle), sql) == 0) {
            *out = db->kept[i];
            return RF_OK;
        }
    }
    enum rf_err err = statement_new(db, sql, out, error);
    if (!*out)
        return err;
    // Some pragmas act when they are prepared.
    bool pragma = strncasecmp(sql, "PRAGMA", strlen("PRAGMA")) == 0;
    struct statement **place = pragma ? NULL : place_for(db);
    if (place)
        *place = *out;
    else
        (*out)->passes = true;
    return RF_OK;
}

static int bind(sqlite3_stmt *handle, int place, const struct rf_db_value *value) {
    switch (value->type) {
    case 'i':
        return sqlite3_bind_int64(handle, place, value->integer);
    case 'r':
        return sqlite3_bind_double(handle, place, value->real);
    case 't':
        return sqlite3_bind_text(handle, place, value->text, -1, SQLITE_STATIC);
    default:
        return sqlite3_bind_blob64(handle, place, value->bytes, value->size, SQLITE_STATIC);
    }
}

static void end(struct rf_rows *rows) {
    struct statement *statement = (struct statement *)rows;
    if (statement->passes) {
        statement_free(statement);
        return;
    }
    sqlite3_reset(statement->handle);
    sqlite3_clear_bindings(statement->handle);
    statement->busy = false;
}

static enum rf_err query(struct rf_db *base, const char *sql, const struct rf_db_value *values,
                         int count, struct rf_rows **rows, struct rf_error *error) {
    struct sqlite *db = of(base);
    struct statement *statement = NULL;
    enum rf_err err = find(db, sql, &statement, error);
    if (!statement)
        return err;
    statement->busy = true;
    for (int i = 0; i < count; i++) {
        if (bind(statement->handle, i + 1, &values[i]) != SQLITE_OK) {
            err = rf_sql_fail(db->handle, error);
            end(&statement->rows);
            return err;
        }
    }
    *rows = &statement->rows;
    return RF_OK;
}

static enum rf_err next(struct rf_rows *rows, struct rf_error *error) {
    sqlite3 *handle = of(rows->db)->handle;
    switch (sqlite3_step(statement_of(rows)->handle)) {
    case SQLITE_ROW:
        return RF_OK;
    case SQLITE_DONE:
        rows->db->changes = sqlite3_changes64(handle);
        return RF_ERR_NOT_FOUND;
    default:
        return rf_sql_fail(handle, error);
    }
}

static int64_t number(const struct rf_rows *rows, int column) {
    return sqlite3_column_int64(statement_of(rows)->handle, column);
}

static const char *text(const struct rf_rows *rows, int column) {
    return (const char *)sqlite3_column_text(statement_of(rows)->handle, column);
}

static const void *bytes(const struct rf_rows *rows, int column, size_t *size) {
    sqlite3_stmt *handle = statement_of(rows)->handle;
    const void *start = sqlite3_column_blob(handle, column);
    *size = (size_t)sqlite3_column_bytes(handle, column);
    return start;
}

static bool null(const struct rf_rows *rows, int column) {
    return sqlite3_column_type(statement_of(rows)->handle, column) == SQLITE_NULL;
}

static enum rf_err script(struct rf_db *db, const char *sql, struct rf_error *error) {
    sqlite3 *handle = of(db)->handle;
    return sqlite3_exec(handle, sql, NULL, NULL, NULL) == SQLITE_OK ? RF_OK
                                                                    : rf_sql_fail(handle, error);
}

static enum rf_err begin(struct rf_db *db, struct rf_error *error) {
    return rf_db_run(db, error, "BEGIN IMMEDIATE", "");
}

static bool alive(const struct rf_db *db) {
    return !sqlite3_get_autocommit(((const struct sqlite *)db)->handle);
}

static enum rf_err mark(struct rf_db *db, struct rf_error *error) {
    return rf_db_run(db, error, "SAVEPOINT job", "");
}

static void undo(struct rf_db *db) {
    struct rf_error error;
    if (alive(db) && rf_db_run(db, &error, "ROLLBACK TO job", "") != RF_OK)
        rf_log(RF_LOG_ERROR, "a failed job cannot be rolled back: %s", error.message);
}

static enum rf_err release(struct rf_db *db, struct rf_error *error) {
    return rf_db_run(db, error, "RELEASE job", "");
}

static enum rf_err commit(struct rf_db *db, struct rf_error *error) {
    enum rf_err err = rf_sql_in_place(of(db)->handle, error);
    return err == RF_OK ? rf_db_run(db, error, "COMMIT", "") : err;
}

static void rollback(struct rf_db *db) {
    if (alive(db))
        sqlite3_exec(of(db)->handle, "ROLLBACK", NULL, NULL, NULL);
}

static void close_database(struct rf_db *base) {
    struct sqlite *db = of(base);
    for (size_t i = 0; i < KEPT; i++)
        if (db->kept[i])
            statement_free(db->kept[i]);
    if (db->handle && sqlite3_close(db->handle) != SQLITE_OK)
        rf_log(RF_LOG_WARNING, "closing the store: %s", sqlite3_errmsg(db->handle));
    if (db->lock_fd >= 0)
        close(db->lock_fd);
    free(db);
}

static const struct rf_driver driver = {
    .query = query,
    .next = next,
    .number = number,
    .text = text,
    .bytes = bytes,
    .null = null,
    .end = end,
    .script = script,
    .begin = begin,
    .begin_schema = begin,
    .mark = mark,
    .undo = undo,
    .release = release,
    .alive = alive,
    .commit = commit,
    .rollback = rollback,
    .close = close_database,
};

static enum rf_err open_memory(struct sqlite *db, struct rf_error *error) {
    if (sqlite3_open(":memory:", &db->handle) != SQLITE_OK)
        return db->handle ? rf_sql_fail(db->handle, error)
                          : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    return rf_db_run(&db->db, error, "PRAGMA foreign_keys = ON", "");
}

enum rf_err rf_sqlite_open(const char *path, struct rf_db **out, struct rf_error *error) {
    *out = NULL;
    struct sqlite *db = calloc(1, sizeof *db);
    if (!db)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    db->db.driver = &driver;
    db->db.lease_end = INT64_MAX;
    db->lock_fd = -1;
    enum rf_err err;
    if (strcmp(path, ":memory:") == 0) {
        err = open_memory(db, error);
    } else {
        err = rf_store_lock(path, &db->lock_fd, error);
        bool unclean = rf_store_unclean(path);
        if (err == RF_OK)
            err = rf_store_database(path, &db->handle, error);
        if (err == RF_OK && unclean && (err = rf_store_check(db->handle, error)) != RF_OK)
            rf_error_prefix(error, "%s: ", path);
    }
    if (err == RF_OK)
        *out = &db->db;
    else
        close_database(&db->db);
    return err;
}

sqlite3 *rf_sqlite_handle(struct rf_db *db) {
    return of(db)->handle;
}

// ---- for those who use SQLite without a store ----

enum rf_err rf_store_migrate(sqlite3 *handle, const struct rf_migration *migrations, size_t count,
                             struct rf_error *error) {
    struct sqlite *db = calloc(1, sizeof *db);
    if (!db)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    db->db.driver = &driver;
    db->handle = handle;
    db->lock_fd = -1;
    enum rf_err err = rf_db_migrate(&db->db, migrations, count, error);
    // Rolling back has wiped out SQLite's last error, by which the caller tells a damaged file.
    if (err != RF_OK)
        sqlite3_exec(handle, "SELECT version FROM schema_version", NULL, NULL, NULL);
    db->handle = NULL; // it is the caller's
    close_database(&db->db);
    return err;
}
