// What a database has to be able to do to be a store. Private to the store and its tests.
#ifndef RF_STORE_DRIVER_H
#define RF_STORE_DRIVER_H

#include <stdatomic.h>

#include <ringfence/time.h>

#include "store/db.h"

struct rf_driver {
    // A statement with its parameters; see rf_db_query; at most
    // RF_DB_VALUES_MAX of them.
    enum rf_err (*query)(struct rf_db *db, const char *sql, const struct rf_db_value *values,
                         int count, struct rf_rows **rows, struct rf_error *error);
    // NULL: query, and it is finished; see rf_db_later.
    enum rf_err (*later)(struct rf_db *db, const char *sql, const struct rf_db_value *values,
                         int count, struct rf_error *error);
    enum rf_err (*next)(struct rf_rows *rows, struct rf_error *error);
    int64_t (*number)(const struct rf_rows *rows, int column);
    const char *(*text)(const struct rf_rows *rows, int column);
    const void *(*bytes)(const struct rf_rows *rows, int column, size_t *size);
    bool (*null)(const struct rf_rows *rows, int column);
    void (*end)(struct rf_rows *rows);

    // Several statements of a migration, in a transaction.
    enum rf_err (*script)(struct rf_db *db, const char *sql, struct rf_error *error);

    // A transaction of several jobs, and a job in it. `begin`, or its first statement, or `commit`
    // without one, fails if we have joined and another has taken our place (then db->lost is set).
    // `commit` returns only when it is known what became of the transaction, or when nobody waits
    // for it (db->closing). `begin_schema` is one in which no other program changes the schema.
    enum rf_err (*begin)(struct rf_db *db, struct rf_error *error);
    enum rf_err (*begin_schema)(struct rf_db *db, struct rf_error *error);
    enum rf_err (*mark)(struct rf_db *db, struct rf_error *error);
    void (*undo)(struct rf_db *db); // all since the mark
    enum rf_err (*release)(struct rf_db *db, struct rf_error *error);
    // False: the database gave up the whole transaction (disk full, connection lost).
    bool (*alive)(const struct rf_db *db);
    enum rf_err (*commit)(struct rf_db *db, struct rf_error *error);
    void (*rollback)(struct rf_db *db);

    void (*close)(struct rf_db *db);
};

// Embedded, first, in each driver's own; rows likewise.
struct rf_db {
    const struct rf_driver *driver;
    int64_t changes;
    int64_t member;          // as which we have joined (member.h); 0: not
    struct rf_duration term; // of our lease; 0: it does not end
    struct rf_instant connected;
    // What the loop's thread may see as well.
    _Atomic int64_t lease_end; // struct rf_instant; INT64_MAX: never
    atomic_bool lost;          // another has taken our place
    atomic_bool closing;       // nobody waits for an answer any more
};

struct rf_rows {
    struct rf_db *db;
};

// rf_db_send: a statement that nobody waits for; see rf_db_later.
RF_NODISCARD enum rf_err rf_db_send(struct rf_db *db, const char *sql,
                                    const struct rf_db_value *values, int count,
                                    struct rf_error *error);

// rf_rows_finish: goes through what a statement gives, which nobody wants, and ends it.
RF_NODISCARD enum rf_err rf_rows_finish(struct rf_rows *rows, struct rf_error *error);

// rf_db_close: closes the database and nulls the pointer. NULL is fine.
void rf_db_close(struct rf_db **db);

#endif
