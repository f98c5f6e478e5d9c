// The connection: made, lost, made anew, and what is to be asked then.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/postgres_parts.h"
#include "store/postgres_reach.h"

// The parameters of a connection besides the URL's: an answer that does not come is noticed.
#define CONNECT_TIMEOUT_S "5"
#define TCP_TIMEOUT_MS    "10000"

#define SILENT "it does not answer any more: is the server stopped, or its machine away?"

// What the server only mentions, such as a table that exists already.
static void ignore_notice(void *arg, const char *message) {
    (void)arg;
    (void)message;
}

bool rf_postgres_up(const struct rf_postgres *postgres) {
    return postgres->connection && PQstatus(postgres->connection) == CONNECTION_OK;
}

void rf_postgres_drop(struct rf_postgres *postgres) {
    PQfinish(postgres->connection);
    postgres->connection = NULL;
}

// What libpq or the server says, on one line.
static void one_line(const char *message, char *out, size_t size) {
    size_t used = 0;
    for (; *message && used + 1 < size; message++, used++) {
        out[used] = *message;
        if (*message == '\n' || *message == '\t')
            out[used] = ' ';
    }
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
}

// The classes of SQLSTATE that tell what is to be done about it (PostgreSQL, appendix A).
static enum rf_err code_of(const char *state) {
    static const struct {
        const char *begins;
        enum rf_err code;
    } codes[] = {
        {"22", RF_ERR_INVALID},    // data exception: not UTF-8, out of range
        {"54", RF_ERR_INVALID},    // program limit exceeded
        {"23502", RF_ERR_IO},      // not null violation: no matter of another row
        {"23", RF_ERR_CONFLICT},   // integrity constraint violation
        {"53200", RF_ERR_NOMEM},   // out of memory
        {"40001", RF_ERR_BUSY},    // serialization failure
        {"40P01", RF_ERR_BUSY},    // deadlock detected
        {"55P03", RF_ERR_TIMEOUT}, // lock not available
    };
    for (size_t i = 0; state && i < sizeof codes / sizeof *codes; i++)
        if (strncmp(state, codes[i].begins, strlen(codes[i].begins)) == 0)
            return codes[i].code;
    return RF_ERR_IO;
}

enum rf_err rf_postgres_fail(const struct rf_postgres *postgres, const PGresult *result,
                             struct rf_error *error) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    char message[RF_ERROR_MESSAGE_SIZE];
    if (!primary)
        primary = postgres->connection ? PQerrorMessage(postgres->connection) : SILENT;
    one_line(primary, message, sizeof message);
    if (state && strcmp(state, "55P03") == 0)
        return rf_error_set(error, RF_ERR_TIMEOUT, "database: locked by another program: %.400s",
                            message);
    return rf_error_set(error, code_of(state), "database: %.400s", message);
}

enum rf_err rf_postgres_exec(struct rf_postgres *postgres, const char *sql, PGresult **result,
                             struct rf_error *error) {
    *result = NULL;
    enum rf_err before = rf_postgres_settled(postgres, error);
    if (before != RF_OK)
        return before;
    *result = rf_postgres_answer(postgres, PQsendQuery(postgres->connection, sql));
    ExecStatusType status = PQresultStatus(*result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        return RF_OK;
    enum rf_err err = rf_postgres_fail(postgres, *result, error);
    PQclear(*result);
    *result = NULL;
    return err;
}

// With NULL at their ends; the password comes last, if there is one.
#define KEYS                                                                                       \
    "dbname", "connect_timeout", "tcp_user_timeout", "keepalives_idle", "keepalives_interval",     \
        "keepalives_count", "target_session_attrs", "application_name"
#define VALUES(url)                                                                                \
    (url), CONNECT_TIMEOUT_S, TCP_TIMEOUT_MS, "5", "2", "3", "read-write", "ringfence"

static PGconn *dial(const struct rf_postgres *postgres) {
    const char *const keys[] = {KEYS, postgres->password ? "password" : NULL, NULL};
    const char *const values[] = {VALUES(postgres->url), postgres->password, NULL};
    return PQconnectdbParams(keys, values, 1);
}

PGconn *rf_postgres_dial_begin(const char *url, const char *password) {
    const char *const keys[] = {KEYS, password ? "password" : NULL, NULL};
    const char *const values[] = {VALUES(url), password, NULL};
    return PQconnectStartParams(keys, values, 1);
}

static PGPing ping(const char *url) {
    const char *const keys[] = {KEYS, NULL};
    const char *const values[] = {VALUES(url), NULL};
    return PQpingParams(keys, values, 1);
}

bool rf_postgres_ping(const struct rf_postgres *postgres) {
    return ping(postgres->url) == PQPING_OK;
}

bool rf_postgres_options_valid(const char *url) {
    return ping(url) != PQPING_NO_ATTEMPT;
}

// A session that was stopped in a transaction lets go of its locks after the lease; nobody waits
// for a lock for ever; and what is committed stays committed.
static enum rf_err set_up(struct rf_postgres *postgres, struct rf_error *error) {
    char sql[640];
    int64_t term_ms = rf_duration_ms(postgres->db.term);
    (void)snprintf(sql, sizeof sql,
                   "SET idle_in_transaction_session_timeout = %lld; SET lock_timeout = 5000;"
                   " SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;"
                   " SELECT set_config ('synchronous_commit', 'on', false)"
                   "  WHERE current_setting ('synchronous_commit') = 'off';"
                   " SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid ()",
                   (long long)(term_ms > 0 ? term_ms : 60000));
    PGresult *result;
    enum rf_err err = rf_postgres_exec(postgres, sql, &result, error);
    if (err == RF_OK) {
        // libpq forgets the first as soon as the connection is lost.
        (void)snprintf(postgres->pid, sizeof postgres->pid, "%s", PQgetvalue(result, 0, 0));
        (void)snprintf(postgres->session, sizeof postgres->session, "%s", PQgetvalue(result, 0, 1));
    }
    PQclear(result);
    return err;
}

static void hold_off(struct rf_postgres *postgres, const struct rf_error *error) {
    struct rf_duration wait = rf_retry_backoff(&rf_postgres_connecting, postgres->failures++);
    postgres->next_try = rf_instant_add(rf_clock_now(), wait);
    if (!postgres->away && postgres->db.connected.ns != 0)
        rf_log(RF_LOG_ERROR, "the store's database is away, trying again: %s",
               error ? error->message : "");
    postgres->away = true;
}

enum rf_err rf_postgres_connect(struct rf_postgres *postgres, struct rf_error *error) {
    struct rf_error own;
    if (!error)
        error = &own;
    if (rf_instant_before(rf_clock_now(), postgres->next_try))
        return rf_error_set(error, RF_ERR_IO, "database: away, trying again soon");
    PQfinish(postgres->connection);
    for (size_t i = 0; i < postgres->kept_count; i++)
        free(postgres->kept[i]);
    postgres->kept_count = 0;
    postgres->pending = postgres->renewal = 0;
    postgres->connection = dial(postgres);
    if (!postgres->connection)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    PQsetNoticeProcessor(postgres->connection, ignore_notice, NULL);
    // rf_postgres_answer waits, not libpq.
    (void)PQsetnonblocking(postgres->connection, 1);
    enum rf_err err = rf_postgres_up(postgres) ? set_up(postgres, error)
                                               : rf_postgres_fail(postgres, NULL, error);
    if (err != RF_OK) {
        hold_off(postgres, error);
        rf_postgres_drop(postgres);
        return RF_ERR_IO;
    }
    if (postgres->away && postgres->db.connected.ns != 0)
        rf_log(RF_LOG_INFO, "the store's database is back");
    postgres->away = false;
    postgres->failures = 0;
    postgres->next_try = (struct rf_instant){0};
    postgres->db.connected = rf_clock_now();
    return RF_OK;
}

// ---- a COMMIT without an answer ----

// Ends the old session, should it still be there, and reads the number that our row has after its
// end: the row is locked by the transaction until that is committed or rolled back.
static enum rf_err ask(struct rf_postgres *postgres, const char *pid, const char *session,
                       int64_t *number, struct rf_error *error) {
    char sql[320];
    PGresult *result;
    (void)snprintf(sql, sizeof sql,
                   "SELECT pg_terminate_backend (pid) FROM pg_stat_activity"
                   " WHERE pid = %s AND backend_start = '%s'",
                   pid, session);
    enum rf_err err = rf_postgres_exec(postgres, sql, &result, error);
    PQclear(result);
    if (err != RF_OK)
        return err;
    (void)snprintf(sql, sizeof sql, "SELECT number FROM member WHERE id = %lld FOR UPDATE",
                   (long long)postgres->db.member);
    err = rf_postgres_exec(postgres, sql, &result, error);
    if (err == RF_OK)
        *number = PQntuples(result) == 1 ? strtoll(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return err;
}

enum rf_err rf_postgres_committed(struct rf_postgres *postgres, struct rf_error *error) {
    char pid[sizeof postgres->pid], session[sizeof postgres->session];
    memcpy(pid, postgres->pid, sizeof pid);
    memcpy(session, postgres->session, sizeof session);
    if (postgres->db.member == 0)
        return rf_error_set(error, RF_ERR_IO,
                            "database: lost at a commit, whose outcome is"
                            " unknown");
    rf_log(RF_LOG_WARNING, "the connection was lost at a commit: asking what became of it");
    rf_postgres_drop(postgres);
    while (!postgres->db.closing) {
        int64_t number;
        enum rf_err err = RF_OK;
        if (!rf_postgres_up(postgres))
            err = rf_postgres_connect(postgres, error);
        if (err == RF_OK)
            err = ask(postgres, pid, session, &number, error);
        if (err == RF_OK && number == postgres->number)
            return RF_OK;
        if (err == RF_OK)
            return rf_error_set(error, RF_ERR_IO, "database: lost before a commit");
        rf_clock_pause(rf_ms(50));
    }
    return rf_error_set(error, RF_ERR_IO, "database: lost at a commit, whose outcome is unknown");
}
