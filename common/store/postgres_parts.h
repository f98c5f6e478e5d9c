// What the parts of the PostgreSQL driver share. Private to them.
#ifndef RF_STORE_POSTGRES_PARTS_H
#define RF_STORE_POSTGRES_PARTS_H

#include <libpq-fe.h>

#include "store/driver.h"

// Statements kept prepared; a program has fewer texts than that, and what comes then is not kept.
#define RF_POSTGRES_KEPT 128

struct rf_postgres {
    struct rf_db db;
    char *url, *password;
    PGconn *connection; // NULL: not yet
    struct rf_instant next_try;
    int64_t failures;             // to connect, in a row
    bool away;                    // it was told that the server is away
    char pid[16], session[64];    // of the server's process, and when that began, in its words
    bool opening;                 // BEGIN is sent with the first statement
    size_t pending;               // statements sent whose results were not read
    size_t renewal;               // which of them renews the lease, from 1; 0: none
    bool ours;                    // the lease was renewed in this transaction
    int64_t number;               // of the transaction under way
    struct rf_instant asked;      // when its renewal of the lease was asked for
    char *kept[RF_POSTGRES_KEPT]; // texts; the statement of the first is named s0
    size_t kept_count;
};

// rf_postgres_connect: makes a new connection, if one may be tried again already. Prepared
// statements are forgotten.
RF_NODISCARD enum rf_err rf_postgres_connect(struct rf_postgres *postgres, struct rf_error *error);

// rf_postgres_dial_begin: begins a connection that PQconnectPoll goes on with; `password` may be
// NULL. As PQconnectStartParams.
PGconn *rf_postgres_dial_begin(const char *url, const char *password);

// rf_postgres_options_valid: whether libpq would even try a connection to this URL. False also
// while memory is short.
bool rf_postgres_options_valid(const char *url);

// rf_postgres_answer: after a PQsend... that returned `sent`: the last result of what was sent,
// which the caller clears. NULL: it could not be sent, or the server was given up, as it has said
// nothing for 10 s and does not answer a new connection either; then the connection is closed.
PGresult *rf_postgres_answer(struct rf_postgres *postgres, int sent);

// ---- the pipeline ----

struct rf_postgres_statement {
    const char *name; // under which it was prepared; NULL: not
    const char *sql;  // if it was not
    int count;        // parameters, as libpq takes them
    const Oid *types;
    const char *const *values;
    const int *lengths, *formats;
};

// rf_postgres_send: sends a statement; what became of it is told by rf_postgres_settle.
RF_NODISCARD enum rf_err rf_postgres_send(struct rf_postgres *postgres,
                                          const struct rf_postgres_statement *statement,
                                          struct rf_error *error);

// rf_postgres_send_text: likewise one without parameters.
RF_NODISCARD enum rf_err rf_postgres_send_text(struct rf_postgres *postgres, const char *sql,
                                               struct rf_error *error);

// rf_postgres_settle: reads the results of all that was sent. Fails by the first that failed: the
// server carried out none that came behind it. `last` is that one's result or else the last one's,
// perhaps NULL; the caller clears it.
RF_NODISCARD enum rf_err rf_postgres_settle(struct rf_postgres *postgres, PGresult **last,
                                            struct rf_error *error);

// rf_postgres_settled: likewise, for who does not want a result.
enum rf_err rf_postgres_settled(struct rf_postgres *postgres, struct rf_error *error);

// ---- the beginning of a transaction ----

// rf_postgres_open_now: begins the transaction now, if that was put off. A connection that was lost
// while we were idle is made anew.
RF_NODISCARD enum rf_err rf_postgres_open_now(struct rf_postgres *postgres, struct rf_error *error);

// rf_postgres_send_opening: likewise by rf_postgres_send.
RF_NODISCARD enum rf_err rf_postgres_send_opening(struct rf_postgres *postgres,
                                                  struct rf_error *error);

// rf_postgres_renewed: whether our lease was renewed; if not, the store is lost.
RF_NODISCARD enum rf_err rf_postgres_renewed(struct rf_postgres *postgres, const PGresult *result,
                                             struct rf_error *error);

// rf_postgres_ping: whether the server answers a new connection, within 5 s.
bool rf_postgres_ping(const struct rf_postgres *postgres);

// rf_postgres_drop: gives the connection up; what was not committed is rolled back.
void rf_postgres_drop(struct rf_postgres *postgres);

// rf_postgres_up: whether the connection was in order when it was last used.
bool rf_postgres_up(const struct rf_postgres *postgres);

// rf_postgres_exec: statements without parameters, behind all that was sent before; the result is
// the last one's and cleared by PQclear. An error clears it.
RF_NODISCARD enum rf_err rf_postgres_exec(struct rf_postgres *postgres, const char *sql,
                                          PGresult **result, struct rf_error *error);

// rf_postgres_fail: fills `error` from what the server said and returns its code. `result` may be
// NULL.
enum rf_err rf_postgres_fail(const struct rf_postgres *postgres, const PGresult *result,
                             struct rf_error *error);

// rf_postgres_committed: after a COMMIT whose answer was lost: connects again and asks what became
// of the transaction, until that is known (RF_OK, or RF_ERR_IO: it was not carried out) or nobody
// waits for it any more.
RF_NODISCARD enum rf_err rf_postgres_committed(struct rf_postgres *postgres,
                                               struct rf_error *error);

// The rows of the driver.

// rf_postgres_send_kept: sends a statement, which is kept prepared.
RF_NODISCARD enum rf_err rf_postgres_send_kept(struct rf_postgres *postgres, const char *sql,
                                               const struct rf_db_value *values, int count,
                                               struct rf_error *error);
enum rf_err rf_postgres_query(struct rf_db *db, const char *sql, const struct rf_db_value *values,
                              int count, struct rf_rows **rows, struct rf_error *error);
enum rf_err rf_postgres_later(struct rf_db *db, const char *sql, const struct rf_db_value *values,
                              int count, struct rf_error *error);
enum rf_err rf_postgres_next(struct rf_rows *rows, struct rf_error *error);
int64_t rf_postgres_number(const struct rf_rows *rows, int column);
const char *rf_postgres_text(const struct rf_rows *rows, int column);
const void *rf_postgres_bytes(const struct rf_rows *rows, int column, size_t *size);
bool rf_postgres_null(const struct rf_rows *rows, int column);
void rf_postgres_end(struct rf_rows *rows);

#endif
