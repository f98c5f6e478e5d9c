// Statements on their way to the server (libpq's pipeline mode): one whose answer nobody waits for
// costs no way there and back, which takes longer than most statements.
#include "store/postgres_parts.h"

static bool good(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

enum rf_err rf_postgres_send(struct rf_postgres *postgres,
                             const struct rf_postgres_statement *statement,
                             struct rf_error *error) {
    PGconn *connection = postgres->connection;
    int sent = connection && PQenterPipelineMode(connection);
    if (sent && statement->name)
        sent = PQsendQueryPrepared(connection, statement->name, statement->count, statement->values,
                                   statement->lengths, statement->formats, 0);
    else if (sent)
        sent = PQsendQueryParams(connection, statement->sql, statement->count, statement->types,
                                 statement->values, statement->lengths, statement->formats, 0);
    if (!sent)
        return rf_postgres_fail(postgres, NULL, error);
    postgres->pending++;
    return RF_OK;
}

enum rf_err rf_postgres_send_text(struct rf_postgres *postgres, const char *sql,
                                  struct rf_error *error) {
    const struct rf_postgres_statement statement = {.sql = sql};
    return rf_postgres_send(postgres, &statement, error);
}

// The server is told that this is all; false: it cannot be, and the connection is given up.
static bool end_pipeline(struct rf_postgres *postgres, struct rf_error *error) {
    if (PQpipelineSync(postgres->connection) == 1)
        return true;
    (void)rf_postgres_fail(postgres, NULL, error);
    rf_postgres_drop(postgres);
    return false;
}

// Of a statement's results rf_postgres_answer gives the last one, and passes over the marks of
// rf_postgres_later on its way.
static enum rf_err read_all(struct rf_postgres *postgres, size_t count, size_t renewal,
                            PGresult **last, struct rf_error *error) {
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < count && rf_postgres_up(postgres); i++) {
        PGresult *result = rf_postgres_answer(postgres, 1);
        if (err != RF_OK) { // it failed or was skipped, too
            PQclear(result);
            continue;
        }
        PQclear(*last);
        *last = result;
        if (!good(result))
            err = rf_postgres_fail(postgres, result, error);
        else if (i + 1 == renewal)
            err = rf_postgres_renewed(postgres, result, error);
    }
    if (err == RF_OK && !rf_postgres_up(postgres))
        err = rf_postgres_fail(postgres, NULL, error);
    return err;
}

// Reads the end of the pipeline. Without one, as when memory is short, results would be taken for
// those of other statements.
static enum rf_err leave_pipeline(struct rf_postgres *postgres, struct rf_error *error) {
    if (!rf_postgres_up(postgres))
        return RF_OK;
    PGresult *end = rf_postgres_answer(postgres, 1);
    bool ended = PQresultStatus(end) == PGRES_PIPELINE_SYNC;
    PQclear(end);
    if (ended && PQexitPipelineMode(postgres->connection) == 1)
        return RF_OK;
    (void)rf_postgres_fail(postgres, NULL, error);
    rf_postgres_drop(postgres);
    return RF_ERR_IO;
}

enum rf_err rf_postgres_settle(struct rf_postgres *postgres, PGresult **last,
                               struct rf_error *error) {
    size_t count = postgres->pending, renewal = postgres->renewal;
    struct rf_error own = {0};
    postgres->pending = postgres->renewal = 0;
    *last = NULL;
    if (!postgres->connection || PQpipelineStatus(postgres->connection) == PQ_PIPELINE_OFF)
        return RF_OK;
    if (!end_pipeline(postgres, error))
        return RF_ERR_IO;
    enum rf_err err = read_all(postgres, count, renewal, last, error);
    enum rf_err left = leave_pipeline(postgres, &own);
    if (err != RF_OK || left == RF_OK)
        return err;
    *error = own;
    return left;
}

enum rf_err rf_postgres_settled(struct rf_postgres *postgres, struct rf_error *error) {
    PGresult *last;
    enum rf_err err = rf_postgres_settle(postgres, &last, error);
    PQclear(last);
    return err;
}
