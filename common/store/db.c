#include "store/db.h"

#include <assert.h>
#include <stdarg.h>

#include "store/driver.h"

static int collect(const char *types, va_list *args, struct rf_db_value *values) {
    int count = 0;
    for (; types[count]; count++) {
        assert(count < RF_DB_PARAMETERS_MAX);
        struct rf_db_value *value = &values[count];
        value->type = types[count];
        switch (value->type) {
        case 'i':
            value->integer = va_arg(*args, int64_t);
            break;
        case 'r':
            value->real = va_arg(*args, double);
            break;
        case 't':
            value->text = va_arg(*args, const char *);
            break;
        case 'b':
            value->bytes = va_arg(*args, const void *);
            value->size = va_arg(*args, size_t);
            break;
        default:
            assert(value->type == 0); // an unknown letter
        }
    }
    return count;
}

static enum rf_err query(struct rf_db *db, struct rf_error *error, struct rf_rows **rows,
                         const char *sql, const char *types, va_list *args) {
    struct rf_db_value values[RF_DB_PARAMETERS_MAX];
    *rows = NULL;
    int count = collect(types, args, values);
    return db->driver->query(db, sql, values, count, rows, error);
}

enum rf_err rf_db_query(struct rf_db *db, struct rf_error *error, struct rf_rows **rows,
                        const char *sql, const char *types, ...) {
    va_list args;
    va_start(args, types);
    enum rf_err err = query(db, error, rows, sql, types, &args);
    va_end(args);
    return err;
}

enum rf_err rf_rows_finish(struct rf_rows *rows, struct rf_error *error) {
    enum rf_err err;
    do {
        err = rf_rows_next(rows, error);
    } while (err == RF_OK);
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

static enum rf_err run(struct rf_db *db, const char *sql, const struct rf_db_value *values,
                       int count, struct rf_error *error) {
    struct rf_rows *rows;
    enum rf_err err = db->driver->query(db, sql, values, count, &rows, error);
    return err == RF_OK ? rf_rows_finish(rows, error) : err;
}

enum rf_err rf_db_run(struct rf_db *db, struct rf_error *error, const char *sql, const char *types,
                      ...) {
    struct rf_db_value values[RF_DB_PARAMETERS_MAX];
    va_list args;
    va_start(args, types);
    int count = collect(types, &args, values);
    va_end(args);
    return run(db, sql, values, count, error);
}

enum rf_err rf_db_send(struct rf_db *db, const char *sql, const struct rf_db_value *values,
                       int count, struct rf_error *error) {
    return db->driver->later ? db->driver->later(db, sql, values, count, error)
                             : run(db, sql, values, count, error);
}

enum rf_err rf_db_later(struct rf_db *db, struct rf_error *error, const char *sql,
                        const char *types, ...) {
    struct rf_db_value values[RF_DB_PARAMETERS_MAX];
    va_list args;
    va_start(args, types);
    int count = collect(types, &args, values);
    va_end(args);
    return rf_db_send(db, sql, values, count, error);
}

int64_t rf_db_changes(const struct rf_db *db) {
    return db->changes;
}

enum rf_err rf_db_number(struct rf_db *db, struct rf_error *error, int64_t *value, const char *sql,
                         const char *types, ...) {
    struct rf_rows *rows;
    va_list args;
    va_start(args, types);
    enum rf_err err = query(db, error, &rows, sql, types, &args);
    va_end(args);
    if (err != RF_OK)
        return err;
    err = rf_rows_next(rows, error);
    if (err == RF_OK)
        *value = rf_rows_number(rows, 0);
    else if (err == RF_ERR_NOT_FOUND)
        (void)rf_error_set(error, err, "database: no row");
    rf_rows_end(&rows);
    return err;
}

enum rf_err rf_rows_next(struct rf_rows *rows, struct rf_error *error) {
    return rows->db->driver->next(rows, error);
}

int64_t rf_rows_number(const struct rf_rows *rows, int column) {
    return rows->db->driver->number(rows, column);
}

const char *rf_rows_text(const struct rf_rows *rows, int column) {
    return rows->db->driver->text(rows, column);
}

const void *rf_rows_bytes(const struct rf_rows *rows, int column, size_t *size) {
    return rows->db->driver->bytes(rows, column, size);
}

bool rf_rows_null(const struct rf_rows *rows, int column) {
    return rows->db->driver->null(rows, column);
}

void rf_rows_end(struct rf_rows **rows) {
    if (!*rows)
        return;
    (*rows)->db->driver->end(*rows);
    *rows = NULL;
}

void rf_db_close(struct rf_db **db) {
    if (!*db)
        return;
    (*db)->driver->close(*db);
    *db = NULL;
}
