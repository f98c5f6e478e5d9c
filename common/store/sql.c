#include "store/sql.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

enum rf_err rf_sql_fail(sqlite3 *db, struct rf_error *error) {
    enum rf_err code = RF_ERR_IO;
    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_CONSTRAINT:
        // What must not be missing is no matter of another row.
        if (sqlite3_extended_errcode(db) != SQLITE_CONSTRAINT_NOTNULL)
            code = RF_ERR_CONFLICT;
        break;
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
        code = RF_ERR_INVALID;
        break;
    case SQLITE_NOMEM:
        code = RF_ERR_NOMEM;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        code = RF_ERR_DAMAGED;
        break;
    case SQLITE_FULL:
        return rf_error_set(error, code, "database: %s: make room for %s", sqlite3_errmsg(db),
                            sqlite3_db_filename(db, "main"));
    case SQLITE_BUSY:
        return rf_error_set(error, code, "database: locked by another program's transaction");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        if (sqlite3_system_errno(db) != 0)
            return rf_error_set(error, code, "database: %s (%s)", sqlite3_errmsg(db),
                                strerror(sqlite3_system_errno(db)));
        break;
    default:
        break;
    }
    return rf_error_set(error, code, "database: %s", sqlite3_errmsg(db));
}

enum rf_err rf_sql_in_place(sqlite3 *db, struct rf_error *error) {
    int moved = 0;
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || !moved)
        return RF_OK;
    return rf_error_set(
        error, RF_ERR_IO,
        "database: %s was moved, deleted or replaced while it is in use: put it back,"
        " or start this process anew",
        sqlite3_db_filename(db, "main"));
}

bool rf_sql_damaged(sqlite3 *db) {
    int code = sqlite3_errcode(db) & 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

static enum rf_err query(sqlite3 *db, struct rf_error *error, sqlite3_stmt **statement,
                         const char *sql, const char *types, va_list *args) {
    *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, statement, NULL) != SQLITE_OK)
        return rf_sql_fail(db, error);
    int rc = SQLITE_OK;
    for (int i = 0; types[i] && rc == SQLITE_OK; i++) {
        switch (types[i]) {
        case 'i':
            rc = sqlite3_bind_int64(*statement, i + 1, va_arg(*args, int64_t));
            break;
        case 'r':
            rc = sqlite3_bind_double(*statement, i + 1, va_arg(*args, double));
            break;
        case 't':
            rc = sqlite3_bind_text(*statement, i + 1, va_arg(*args, const char *), -1,
                                   SQLITE_STATIC);
            break;
        default:
            assert(types[i] == 0); // an unknown letter
        }
    }
    if (rc == SQLITE_OK)
        return RF_OK;
    enum rf_err err = rf_sql_fail(db, error);
    sqlite3_finalize(*statement);
    *statement = NULL;
    return err;
}

enum rf_err rf_sql_query(sqlite3 *db, struct rf_error *error, sqlite3_stmt **statement,
                         const char *sql, const char *types, ...) {
    va_list args;
    va_start(args, types);
    enum rf_err err = query(db, error, statement, sql, types, &args);
    va_end(args);
    return err;
}

enum rf_err rf_sql_step(sqlite3_stmt *statement, struct rf_error *error) {
    switch (sqlite3_step(statement)) {
    case SQLITE_ROW:
        return RF_OK;
    case SQLITE_DONE:
        return RF_ERR_NOT_FOUND;
    default:
        return rf_sql_fail(sqlite3_db_handle(statement), error);
    }
}

enum rf_err rf_sql_run(sqlite3 *db, struct rf_error *error, const char *sql, const char *types,
                       ...) {
    sqlite3_stmt *statement;
    va_list args;
    va_start(args, types);
    enum rf_err err = query(db, error, &statement, sql, types, &args);
    va_end(args);
    if (err != RF_OK)
        return err;
    do {
        err = rf_sql_step(statement, error);
    } while (err == RF_OK);
    sqlite3_finalize(statement);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

enum rf_err rf_sql_int(sqlite3 *db, struct rf_error *error, int64_t *value, const char *sql,
                       const char *types, ...) {
    sqlite3_stmt *statement;
    va_list args;
    va_start(args, types);
    enum rf_err err = query(db, error, &statement, sql, types, &args);
    va_end(args);
    if (err != RF_OK)
        return err;
    err = rf_sql_step(statement, error);
    if (err == RF_OK)
        *value = sqlite3_column_int64(statement, 0);
    else if (err == RF_ERR_NOT_FOUND)
        (void)rf_error_set(error, err, "database: no row");
    sqlite3_finalize(statement);
    return err;
}

const char *rf_sql_text(sqlite3_stmt *statement, int column) {
    return (const char *)sqlite3_column_text(statement, column);
}
