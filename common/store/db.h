// A database as the run() of a store's jobs sees it: SQL in one line, whichever database it is.
// The SQL is one text for all of them: `?` for each parameter; `ON CONFLICT`, `RETURNING` and
// `count (*) FILTER (WHERE ...)`; texts compared for equality only; no functions of one database.
#ifndef RF_STORE_DB_H
#define RF_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>

struct rf_db;
struct rf_rows;

// In `types` each letter is one parameter: 'i' an int64_t, 'r' a double, 't' a text (const char *;
// NULL is NULL), 'b' bytes (const void * and size_t; NULL is NULL). Texts and bytes must live until
// the rows are ended. 32 parameters at most.
#define RF_DB_PARAMETERS_MAX 32

// rf_db_run: carries out one statement; rows that it gives are thrown away. Errors: RF_ERR_CONFLICT
// for a constraint (a row that is there already, a forbidden transition), RF_ERR_INVALID for a
// value that it never takes (text that is not UTF-8, in PostgreSQL), RF_ERR_BUSY for a deadlock
// with another transaction, RF_ERR_TIMEOUT for a lock that another held for too long, RF_ERR_NOMEM,
// RF_ERR_DAMAGED, and RF_ERR_IO for all others.
RF_NODISCARD enum rf_err rf_db_run(struct rf_db *db, struct rf_error *error, const char *sql,
                                   const char *types, ...);

// rf_db_changes: the rows that the last rf_db_run inserted, updated or deleted.
int64_t rf_db_changes(const struct rf_db *db);

// rf_db_later: carries out one statement without waiting for what becomes of it; an error may be
// that of a statement that follows, or of the transaction's end. For what nobody asks the result
// of: rf_db_changes is undefined behind it.
RF_NODISCARD enum rf_err rf_db_later(struct rf_db *db, struct rf_error *error, const char *sql,
                                     const char *types, ...);

// rf_db_query: a statement ready for rf_rows_next; the caller ends it by rf_rows_end, also after an
// error (then it is NULL).
RF_NODISCARD enum rf_err rf_db_query(struct rf_db *db, struct rf_error *error,
                                     struct rf_rows **rows, const char *sql, const char *types,
                                     ...);

// rf_db_number: the first column of the first row of a query; RF_ERR_NOT_FOUND without a row.
RF_NODISCARD enum rf_err rf_db_number(struct rf_db *db, struct rf_error *error, int64_t *value,
                                      const char *sql, const char *types, ...);

// A parameter of a statement; `type` is one of the letters above.
struct rf_db_value {
    char type;
    union {
        int64_t integer;
        double real;
        const char *text; // NULL: NULL
        const void *bytes;
    };
    size_t size; // of bytes
};

// A statement that says the same of several rows: `head`, then `each` so many times with commas
// between, then `tail`. A statement has a price of its own, which they share.
struct rf_db_many {
    const char *head, *each, *tail;
    int fixed; // parameters of the head
    int width; // and of each row
};
#define RF_DB_MANY_MAX   32  // rows in one statement
#define RF_DB_VALUES_MAX 256 // parameters in one

// rf_db_many_part: into how large a statement the first of `left` rows go: a few sizes only, as
// each is a text that is kept prepared.
size_t rf_db_many_part(size_t left);

// rf_db_query_many, rf_db_later_many: as above, of `count` rows as rf_db_many_part allows; `values`
// are those of the head, then those of each row.
RF_NODISCARD enum rf_err rf_db_query_many(struct rf_db *db, struct rf_error *error,
                                          struct rf_rows **rows, const struct rf_db_many *many,
                                          const struct rf_db_value *values, size_t count);
RF_NODISCARD enum rf_err rf_db_later_many(struct rf_db *db, struct rf_error *error,
                                          const struct rf_db_many *many,
                                          const struct rf_db_value *values, size_t count);

// rf_rows_next: the next row: RF_OK, or RF_ERR_NOT_FOUND after the last (error is not filled), or
// an error.
RF_NODISCARD enum rf_err rf_rows_next(struct rf_rows *rows, struct rf_error *error);

// rf_rows_number: a column as an integer; 0 when it is NULL. A truth value is 1 or 0.
int64_t rf_rows_number(const struct rf_rows *rows, int column);

// rf_rows_text: the text of a column, NULL when it is NULL; valid until the next row.
const char *rf_rows_text(const struct rf_rows *rows, int column);

// rf_rows_bytes: the bytes of a column and their number, NULL when it is NULL or empty; valid until
// the next row.
const void *rf_rows_bytes(const struct rf_rows *rows, int column, size_t *size);

// rf_rows_null: whether a column is NULL.
bool rf_rows_null(const struct rf_rows *rows, int column);

// rf_rows_end: ends the query and nulls the pointer. NULL is fine.
void rf_rows_end(struct rf_rows **rows);

#endif
