// Transactions. Each begins by writing its number into our row of the table of members, as long as
// nobody has taken our place: one statement that renews the lease, refuses what comes too late, and
// lets us find out later what became of a COMMIT whose answer was lost.
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
    PGTransactionStatusType status = PQtransactionStatus(postgres->connection);
    return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

static void rollback(struct rf_db *db) {
    struct rf_error error;
    if (alive(db) && run(of(db), "ROLLBACK", &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "a transaction cannot be rolled back: %s", error.message);
}

// The statement that renews the lease, behind the words of `before`.
static void renewal(const struct rf_postgres *postgres, const char *before, char *sql,
                    size_t size) {
    (void)snprintf(sql, size,
                   "%sUPDATE member SET number = %lld, alive_until = " RF_MEMBER_NOW " + %lld"
                   " WHERE id = %lld AND gone = 0",
                   before, (long long)postgres->number, (long long)postgres->db.term.ns,
                   (long long)postgres->db.member);
}

static enum rf_err try_begin(struct rf_postgres *postgres, struct rf_error *error) {
    struct rf_db *db = &postgres->db;
    if (!rf_postgres_up(postgres)) {
        enum rf_err err = rf_postgres_connect(postgres, error);
        if (err != RF_OK)
            return err;
    }
    char sql[320];
    PGresult *result;
    postgres->number++;
    postgres->asked = rf_clock_now();
    renewal(postgres, "BEGIN; ", sql, sizeof sql);
    enum rf_err err = rf_postgres_exec(postgres, db->member == 0 ? "BEGIN" : sql, &result, error);
    bool ours = err == RF_OK && (db->member == 0 || strcmp(PQcmdTuples(result), "1") == 0);
    PQclear(result);
    if (err == RF_OK && !ours) {
        db->lost = true;
        err = rf_error_set(error, RF_ERR_IO,
                           "the lease on the store has ended, and another orchestrator has taken"
                           " over");
    }
    if (err != RF_OK)
        rollback(db);
    return err;
}

static enum rf_err begin(struct rf_db *db, struct rf_error *error) {
    struct rf_postgres *postgres = of(db);
    bool was_up = rf_postgres_up(postgres);
    enum rf_err err = try_begin(postgres, error);
    // A server that was restarted while we were idle is noticed only now.
    if (err != RF_OK && was_up && !rf_postgres_up(postgres))
        err = try_begin(postgres, error);
    return err;
}

static enum rf_err begin_schema(struct rf_db *db, struct rf_error *error) {
    enum rf_err err = begin(db, error);
    if (err == RF_OK)
        err = run(of(db), "SELECT pg_advisory_xact_lock (" SCHEMA_LOCK ")", error);
    if (err != RF_OK)
        rollback(db);
    return err;
}

static enum rf_err script(struct rf_db *db, const char *sql, struct rf_error *error) {
    return run(of(db), sql, error);
}

static enum rf_err mark(struct rf_db *db, struct rf_error *error) {
    return run(of(db), "SAVEPOINT job", error);
}

static void undo(struct rf_db *db) {
    struct rf_error error;
    if (alive(db) && run(of(db), "ROLLBACK TO job", &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "a failed job cannot be rolled back: %s", error.message);
}

static enum rf_err release(struct rf_db *db, struct rf_error *error) {
    return run(of(db), "RELEASE job", error);
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
    char sql[320];
    renewal(postgres, "", sql, sizeof sql);
    enum rf_err err = run(postgres, sql, error);
    if (err == RF_OK)
        postgres->asked = now;
    return err;
}

static enum rf_err commit(struct rf_db *db, struct rf_error *error) {
    struct rf_postgres *postgres = of(db);
    enum rf_err renewed = renew_again(postgres, error);
    if (renewed != RF_OK)
        return renewed;
    PGresult *result = rf_postgres_answer(postgres, PQsendQuery(postgres->connection, "COMMIT"));
    enum rf_err err = RF_OK;
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        err = rf_postgres_fail(postgres, result, error);
        if (!refused(postgres, result))
            err = rf_postgres_committed(postgres, error);
    } else if (strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        err = rf_error_set(error, RF_ERR_IO, "database: the transaction was rolled back");
    }
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
