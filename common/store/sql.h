// SQL in one line: prepare, bind, step. For the run() of store jobs.
#ifndef RF_STORE_SQL_H
#define RF_STORE_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include <ringfence/error.h>

// In `types` each letter is one parameter: 'i' an int64_t, 't' a text (const char *; NULL is NULL),
// 'r' a double. Texts must live until the statement is finalized.

// rf_sql_run: carries out one statement that gives no rows.
RF_NODISCARD enum rf_err rf_sql_run(sqlite3 *db, struct rf_error *error, const char *sql,
                                    const char *types, ...);

// rf_sql_query: a statement bound and ready to step by rf_sql_step; the caller ends it by
// sqlite3_finalize, also after an error (then it is NULL).
RF_NODISCARD enum rf_err rf_sql_query(sqlite3 *db, struct rf_error *error, sqlite3_stmt **statement,
                                      const char *sql, const char *types, ...);

// rf_sql_step: the next row: RF_OK, or RF_ERR_NOT_FOUND after the last (error is not filled), or an
// error.
RF_NODISCARD enum rf_err rf_sql_step(sqlite3_stmt *statement, struct rf_error *error);

// rf_sql_int: the first column of the first row of a query; RF_ERR_NOT_FOUND without a row.
RF_NODISCARD enum rf_err rf_sql_int(sqlite3 *db, struct rf_error *error, int64_t *value,
                                    const char *sql, const char *types, ...);

// rf_sql_text: the text of a column, NULL when it is NULL; valid until the next step.
const char *rf_sql_text(sqlite3_stmt *statement, int column);

// rf_sql_fail: fills `error` from the database's last error and returns its code: a constraint is
// RF_ERR_CONFLICT, a value that it never takes RF_ERR_INVALID, out of memory RF_ERR_NOMEM, a
// damaged file, or one that is no database, RF_ERR_DAMAGED, all others RF_ERR_IO.
enum rf_err rf_sql_fail(sqlite3 *db, struct rf_error *error);

// rf_sql_in_place: RF_ERR_IO if the file was moved, deleted or replaced while it is open: what is
// written goes nowhere then. To be asked before each commit. Costs a stat(2).
RF_NODISCARD enum rf_err rf_sql_in_place(sqlite3 *db, struct rf_error *error);

// rf_sql_damaged: whether the last error was that the file is damaged, or no database at all.
bool rf_sql_damaged(sqlite3 *db);

#endif
