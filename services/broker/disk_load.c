// What a broker finds at its start.
#include <sqlite3.h>

#include "disk_parts.h"
#include "disk_schema.h"
#include "store/sql.h"

static enum rf_err take_start(sqlite3_stmt *row, const struct rf_disk_taker *taker) {
    return taker->start(taker->arg, rf_sql_text(row, 0), sqlite3_column_int64(row, 1));
}

static enum rf_err take_stream(sqlite3_stmt *row, const struct rf_disk_taker *taker) {
    return taker->stream(taker->arg, sqlite3_column_int64(row, 0), rf_sql_text(row, 1),
                         sqlite3_column_int64(row, 2), rf_sql_text(row, 3),
                         sqlite3_column_int64(row, 4));
}

static enum rf_err take_value(sqlite3_stmt *row, const struct rf_disk_taker *taker) {
    const char *json = rf_sql_text(row, 2);
    return taker->value(taker->arg, rf_sql_text(row, 0), sqlite3_column_int64(row, 1), json,
                        (size_t)sqlite3_column_bytes(row, 2), sqlite3_column_int64(row, 3));
}

static enum rf_err take_event(sqlite3_stmt *row, const struct rf_disk_taker *taker) {
    const void *frame = sqlite3_column_blob(row, 2);
    return taker->event(taker->arg, sqlite3_column_int64(row, 0), rf_sql_text(row, 1), frame,
                        (size_t)sqlite3_column_bytes(row, 2));
}

static enum rf_err give_rows(sqlite3_stmt *statement, const struct rf_disk_taker *taker,
                             enum rf_err (*take)(sqlite3_stmt *row,
                                                 const struct rf_disk_taker *taker),
                             struct rf_error *error) {
    enum rf_err err;
    while ((err = rf_sql_step(statement, error)) == RF_OK) {
        err = take(statement, taker);
        if (err != RF_OK)
            return rf_error_set(error, err, "database: a row cannot be used (%s)",
                                rf_err_name(err));
    }
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

static enum rf_err give(struct rf_disk *disk, const char *query, int64_t limit,
                        const struct rf_disk_taker *taker,
                        enum rf_err (*take)(sqlite3_stmt *row, const struct rf_disk_taker *taker),
                        struct rf_error *error) {
    sqlite3_stmt *statement;
    enum rf_err err = rf_sql_query(disk->db, error, &statement, query, "i", limit);
    if (err == RF_OK)
        err = give_rows(statement, taker, take, error);
    sqlite3_finalize(statement);
    return err;
}

enum rf_err rf_disk_load(struct rf_disk *disk, int64_t tail, const struct rf_disk_taker *taker,
                         struct rf_error *error) {
    const int64_t all = -1;
    enum rf_err err = give(disk,
                           "SELECT id, reached FROM starts WHERE number <"
                           " (SELECT max(number) FROM starts) LIMIT ?",
                           all, taker, take_start, error);
    if (err == RF_OK)
        err = give(disk, "SELECT id, name, last, owner, heard FROM streams ORDER BY heard LIMIT ?",
                   all, taker, take_stream, error);
    if (err == RF_OK)
        err = give(disk, "SELECT key, version, value, expires FROM state LIMIT ?", all, taker,
                   take_value, error);
    if (err == RF_OK)
        err = give(disk,
                   "SELECT n, topic, frame FROM events WHERE n >= coalesce((SELECT n FROM events"
                   " ORDER BY n DESC LIMIT 1 OFFSET ?), 0) ORDER BY n",
                   tail - 1, taker, take_event, error);
    return err == RF_OK ? RF_OK : rf_disk_schema_mend(disk->path, disk->db, err, error);
}
