// Transactions. Each is opened together with its first statement, by writing its number into our
// row of the table of members, as long as nobody has taken our place: one statement that renews the
// lease, refuses what comes too late, and lets us find out later what became of a COMMIT whose
// answer was lost.
#include "store/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/lease.h"
#include "store/member.h"
#include "store/postgres_parts.h"

// Any number that no other program takes for its own.
#define SCHEMA_LOCK "7285011463"

static struct rf_postgres *of(struct rf_db *db) {
    return (struct rf_postgres *)db;
}

static enum rf_err run(struct rf_postgres *postgres, const char *sql, struct rf_error *error) {
    PGresult *result;
    enum rf_err err = rf_postgres_exec(postgres, sql, &result, error);
    PQclear(result);
    return err;
}

static bool alive(const struct rf_db *db) {
    const struct rf_postgres *postgres = (const struct rf_postgres *)db;
    if (!rf_postgres_up(postgres))
        return false;
    if (postgres->opening || postgres->pending > 0)
        return true;
    PGTransactionStatusType status = PQtransactionStatus(postgres->connection);
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

static void rollback(struct rf_db *db) {
    struct rf_error error;
    struct rf_postgres *postgres = of(db);
    postgres->opening = false;
    (void)rf_postgres_settled(postgres, &error);
    if (!alive(db) || run(postgres, "ROLLBACK", &error) == RF_OK)
        return;
    rf_log(RF_LOG_WARNING, "a transaction cannot be rolled back: %s", error.message);
    rf_postgres_drop(postgres);
}

static enum rf_err send_renewal(struct rf_postgres *postgres, struct rf_error *error) {
    const struct rf_db *db = &postgres->db;
    postgres->ours = false;
    const struct rf_db_value values[] = {{.type = 'i', .integer = postgres->number},
                                         {.type = 'i', .integer = db->term.ns},
                                         {.type = 'i', .integer = db->member}};
    enum rf_err err =
        rf_postgres_send_kept(postgres,
                              "UPDATE member SET number = ?, alive_until = " RF_MEMBER_NOW " + ?"
                              " WHERE id = ? AND gone = 0",
                              values, 3, error);
    if (err == RF_OK)
        postgres->renewal = postgres->pending;
    return err;
}

static enum rf_err taken_over(struct rf_error *error) {
    return rf_error_set(error, RF_ERR_IO,
                        "the lease on the store has ended, and another orchestrator has taken"
                        " over");
}

enum rf_err rf_postgres_renewed(struct rf_postgres *postgres, const PGresult *result,
                                struct rf_error *error) {
    postgres->ours = strcmp(PQcmdTuples((PGresult *)(uintptr_t)result), "1") == 0;
    if (postgres->ours)
        return RF_OK;
    postgres->db.lost = true;
    return taken_over(error);
}

enum rf_err rf_postgres_send_opening(struct rf_postgres *postgres, struct rf_error *error) {
    postgres->opening = false;
    postgres->number++;
    postgres->asked = rf_clock_now();
    enum rf_err err = rf_postgres_send_text(postgres, "BEGIN", error);
    postgres->ours = postgres->db.member == 0;
    if (err == RF_OK && !postgres->ours)
        err = send_renewal(postgres, error);
    return err;
}

static enum rf_err try_open(struct rf_postgres *postgres, struct rf_error *error) {
    enum rf_err err = rf_postgres_up(postgres) ? RF_OK : rf_postgres_connect(postgres, error);
    if (err == RF_OK)
        err = rf_postgres_send_opening(postgres, error);
    if (err == RF_OK)
        err = rf_postgres_settled(postgres, error);
    if (err != RF_OK)
        rollback(&postgres->db);
    return err;
}

enum rf_err rf_postgres_open_now(struct rf_postgres *postgres, struct rf_error *error) {
    if (!postgres->opening)
        return RF_OK;
    bool was_up = rf_postgres_up(postgres);
    enum rf_err err = try_open(postgres, error);
    if (err != RF_OK && was_up && !rf_postgres_up(postgres))
        err = try_open(postgres, error);
    return err;
}

static enum rf_err begin(struct rf_db *db, struct rf_error *error) {
    struct rf_postgres *postgres = of(db);
    if (db->lost)
        return taken_over(error);
    enum rf_err err = rf_postgres_up(postgres) ? RF_OK : rf_postgres_connect(postgres, error);
    postgres->opening = err == RF_OK;
    return err;
}

static enum rf_err begin_schema(struct rf_db *db, struct rf_error *error) {
    enum rf_err err = begin(db, error);
    if (err == RF_OK)
        err = rf_postgres_open_now(of(db), error);
    if (err == RF_OK)
        err = run(of(db), "SELECT pg_advisory_xact_lock (" SCHEMA_LOCK ")", error);
    if (err != RF_OK)
        rollback(db);
    return err;
}

static enum rf_err script(struct rf_db *db, const char *sql, struct rf_error *error) {
    enum rf_err err = rf_postgres_open_now(of(db), error);
    return err == RF_OK ? run(of(db), sql, error) : err;
}

static enum rf_err mark(struct rf_db *db, struct rf_error *error) {
    enum rf_err err = rf_postgres_open_now(of(db), error);
    return err == RF_OK ? rf_postgres_send_text(of(db), "SAVEPOINT job", error) : err;
}

static void undo(struct rf_db *db) {
    struct rf_error error;
    (void)rf_postgres_settled(of(db), &error);
    if (!alive(db) || run(of(db), "ROLLBACK TO job", &error) == RF_OK)
        return;
    rf_log(RF_LOG_ERROR, "a failed job cannot be rolled back: %s", error.message);
    rf_postgres_drop(of(db));
}

static enum rf_err release(struct rf_db *db, struct rf_error *error) {
    enum rf_err err = rf_postgres_send_text(of(db), "RELEASE job", error);
    return err == RF_OK ? rf_postgres_settled(of(db), error) : err;
}

// The server said itself that it did not commit, and goes on.
static bool refused(const struct rf_postgres *postgres, const PGresult *result) {
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return rf_postgres_up(postgres) && severity && strcmp(severity, "ERROR") == 0;
}

// A transaction that took long has used up its renewal, and as soon as it is over another could
// judge: it ends with one more.
static enum rf_err renew_again(struct rf_postgres *postgres, struct rf_error *error) {
    struct rf_instant now = rf_clock_now();
    if (postgres->db.member == 0 ||
        rf_instant_before(now, rf_lease_renew_at(postgres->asked, postgres->db.term)))
        return RF_OK;
    enum rf_err err = send_renewal(postgres, error);
    if (err == RF_OK)
        err = rf_postgres_settled(postgres, error);
    if (err == RF_OK)
        postgres->asked = now;
    return err;
}

// COMMIT goes behind all that was sent; if one of those fails the server does not carry it out.
static enum rf_err send_commit(struct rf_postgres *postgres, PGresult **result,
                               struct rf_error *error) {
    *result = NULL;
    enum rf_err err = rf_postgres_send_text(postgres, "COMMIT", error);
    return err == RF_OK ? rf_postgres_settle(postgres, result, error) : err;
}

static enum rf_err commit(struct rf_db *db, struct rf_error *error) {
    struct rf_postgres *postgres = of(db);
    PGresult *result;
    enum rf_err err = rf_postgres_open_now(postgres, error);
    if (err == RF_OK && postgres->renewal != 0) // its statement could not be sent
        err = rf_postgres_settled(postgres, error);
    // What came behind the renewal was carried out all the same.
    if (err == RF_OK && !postgres->ours)
        err = db->lost ? taken_over(error)
                       : rf_error_set(error, RF_ERR_IO, "database: the lease was not renewed");
    if (err == RF_OK)
        err = renew_again(postgres, error);
    if (err != RF_OK)
        return err;
    err = send_commit(postgres, &result, error);
    if (err != RF_OK && !refused(postgres, result))
        err = rf_postgres_committed(postgres, error);
    else if (err == RF_OK && strcmp(PQcmdStatus(result), "COMMIT") != 0)
        err = rf_error_set(error, RF_ERR_IO, "database: the transaction was rolled back");
    PQclear(result);
    if (err == RF_OK && db->member != 0)
        db->lease_end = rf_lease_end(postgres->asked, db->term).ns;
    return err;
}

static void close_database(struct rf_db *db) {
    struct rf_postgres *postgres = of(db);
    PQfinish(postgres->connection);
    for (size_t i = 0; i < postgres->kept_count; i++)
        free(postgres->kept[i]);
    if (postgres->password)
        explicit_bzero(postgres->password, strlen(postgres->password));
    free(postgres->password);
    free(postgres->url);
    free(postgres);
}

static const struct rf_driver driver = {
    .query = rf_postgres_query,
    .later = rf_postgres_later,
    .next = rf_postgres_next,
    .number = rf_postgres_number,
    .text = rf_postgres_text,
    .bytes = rf_postgres_bytes,
    .null = rf_postgres_null,
    .end = rf_postgres_end,
    .script = script,
    .begin = begin,
    .begin_schema = begin_schema,
    .mark = mark,
    .undo = undo,
    .release = release,
    .alive = alive,
    .commit = commit,
    .rollback = rollback,
    .close = close_database,
};

enum rf_err rf_postgres_open(const char *url, const char *password, struct rf_db **db,
                             struct rf_error *error) {
    *db = NULL;
    char *message = NULL;
    PQconninfoOption *options = PQconninfoParse(url, &message);
    if (!options) {
        (void)rf_error_set(error, RF_ERR_CONFIG, "the store's URL: %.*s",
                           message ? (int)strcspn(message, "\n") : 0, message ? message : "");
        PQfreemem(message);
        return RF_ERR_CONFIG;
    }
    PQconninfoFree(options);
    struct rf_postgres *postgres = calloc(1, sizeof *postgres);
    if (!postgres)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    postgres->db.driver = &driver;
    postgres->db.lease_end = INT64_MAX;
    postgres->url = strdup(url);
    postgres->password = password ? strdup(password) : NULL;
    enum rf_err err = postgres->url && (!password || postgres->password)
                          ? rf_postgres_connect(postgres, error)
                          : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (err == RF_OK)
        *db = &postgres->db;
    else
        close_database(&postgres->db);
    return err;
}
