// Statements and their rows. A statement is prepared when its text is first seen on a connection.
// All rows of a result are in memory at once, so who may meet many asks for them in pages.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/dialect.h"
#include "store/postgres_parts.h"

// pg_type.dat of PostgreSQL.
#define OID_BOOL   16
#define OID_BYTEA  17
#define OID_INT8   20
#define OID_TEXT   25
#define OID_FLOAT8 701

#define SQL_MAX    8192
#define NUMBER_MAX 32

// Bytes as they were, of a column that came in text form; in the list of their rows.
struct unescaped {
    struct unescaped *next;
    unsigned char *bytes;
};

struct result {
    struct rf_rows rows;
    PGresult *result;
    int row; // -1: before the first
    struct unescaped *unescaped;
};

static const struct result *of(const struct rf_rows *rows) {
    return (const struct result *)rows;
}

// Parameters as libpq takes them.
struct parameters {
    Oid types[RF_DB_VALUES_MAX];
    const char *values[RF_DB_VALUES_MAX];
    int lengths[RF_DB_VALUES_MAX];
    int formats[RF_DB_VALUES_MAX];
    char numbers[RF_DB_VALUES_MAX][NUMBER_MAX];
};

static void set_parameter(struct parameters *all, int i, const struct rf_db_value *value) {
    all->formats[i] = 0;
    all->lengths[i] = 0;
    all->values[i] = all->numbers[i];
    switch (value->type) {
    case 'i':
        all->types[i] = OID_INT8;
        (void)snprintf(all->numbers[i], NUMBER_MAX, "%lld", (long long)value->integer);
        break;
    case 'r':
        all->types[i] = OID_FLOAT8;
        (void)snprintf(all->numbers[i], NUMBER_MAX, "%.17g", value->real);
        break;
    case 't':
        all->types[i] = OID_TEXT;
        all->values[i] = value->text;
        break;
    default:
        all->types[i] = OID_BYTEA;
        all->values[i] = value->bytes;
        all->lengths[i] = (int)value->size;
        all->formats[i] = 1;
    }
}

static int find_kept(const struct rf_postgres *postgres, const char *sql) {
    for (size_t i = 0; i < postgres->kept_count; i++)
        if (strcmp(postgres->kept[i], sql) == 0)
            return (int)i;
    return -1;
}

// Prepares a new text; the place it got, or -1 if it is not kept (then `text` is ready to run).
static enum rf_err prepare(struct rf_postgres *postgres, const char *sql, int count,
                           const struct parameters *parameters, char *text, int *place,
                           struct rf_error *error) {
    int wanted;
    *place = -1;
    enum rf_err err = rf_postgres_settled(postgres, error);
    if (err != RF_OK)
        return err;
    if (!rf_dialect_postgres(sql, text, SQL_MAX, &wanted))
        return rf_error_set(error, RF_ERR_INVALID, "database: a statement is too long");
    assert(wanted == count);
    if (postgres->kept_count == RF_POSTGRES_KEPT)
        return RF_OK;
    char *copy = strdup(sql);
    if (!copy)
        return RF_OK;
    char name[16];
    (void)snprintf(name, sizeof name, "s%zu", postgres->kept_count);
    PGresult *result = rf_postgres_answer(
        postgres, PQsendPrepare(postgres->connection, name, text, count, parameters->types));
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        err = rf_postgres_fail(postgres, result, error);
    PQclear(result);
    if (err == RF_OK) {
        *place = (int)postgres->kept_count;
        postgres->kept[postgres->kept_count++] = copy;
    } else {
        free(copy);
    }
    return err;
}

enum rf_err rf_postgres_send_kept(struct rf_postgres *postgres, const char *sql,
                                  const struct rf_db_value *values, int count,
                                  struct rf_error *error) {
    struct parameters all;
    char text[SQL_MAX], name[16];
    for (int i = 0; i < count; i++)
        set_parameter(&all, i, &values[i]);
    int place = find_kept(postgres, sql);
    enum rf_err err = place < 0 ? prepare(postgres, sql, count, &all, text, &place, error) : RF_OK;
    if (err != RF_OK)
        return err;
    (void)snprintf(name, sizeof name, "s%d", place);
    const struct rf_postgres_statement statement = {.name = place < 0 ? NULL : name,
                                                    .sql = text,
                                                    .count = count,
                                                    .types = all.types,
                                                    .values = all.values,
                                                    .lengths = all.lengths,
                                                    .formats = all.formats};
    return rf_postgres_send(postgres, &statement, error);
}

static enum rf_err ask(struct rf_postgres *postgres, const char *sql,
                       const struct rf_db_value *values, int count, PGresult **result,
                       struct rf_error *error) {
    *result = NULL;
    enum rf_err err = postgres->opening ? rf_postgres_send_opening(postgres, error) : RF_OK;
    if (err == RF_OK)
        err = rf_postgres_send_kept(postgres, sql, values, count, error);
    if (err == RF_OK)
        err = rf_postgres_settle(postgres, result, error);
    if (err != RF_OK) {
        PQclear(*result);
        *result = NULL;
    }
    return err;
}

enum rf_err rf_postgres_query(struct rf_db *db, const char *sql, const struct rf_db_value *values,
                              int count, struct rf_rows **rows, struct rf_error *error) {
    struct rf_postgres *postgres = (struct rf_postgres *)db;
    struct result *out = calloc(1, sizeof *out);
    PGresult *result;
    if (!out)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    bool first = postgres->opening;
    enum rf_err err = ask(postgres, sql, values, count, &result, error);
    // A server that was restarted while we were idle is noticed only now.
    if (err != RF_OK && first && !rf_postgres_up(postgres) &&
        (err = rf_postgres_connect(postgres, error)) == RF_OK) {
        postgres->opening = true;
        err = ask(postgres, sql, values, count, &result, error);
    }
    if (err != RF_OK) {
        free(out);
        return err;
    }
    if (strncmp(PQcmdStatus(result), "SELECT", strlen("SELECT")) != 0)
        db->changes = strtoll(PQcmdTuples(result), NULL, 10);
    *out = (struct result){.rows.db = db, .result = result, .row = -1};
    *rows = &out->rows;
    return RF_OK;
}

enum rf_err rf_postgres_later(struct rf_db *db, const char *sql, const struct rf_db_value *values,
                              int count, struct rf_error *error) {
    struct rf_postgres *postgres = (struct rf_postgres *)db;
    enum rf_err err = rf_postgres_open_now(postgres, error);
    if (err == RF_OK)
        err = rf_postgres_send_kept(postgres, sql, values, count, error);
    // Where nothing says that it may wait for us the server waits without a timeout, and with its
    // locks. In a transaction that ends nothing: what follows a failed statement fails.
    if (err == RF_OK && PQpipelineSync(postgres->connection) != 1)
        err = rf_postgres_fail(postgres, NULL, error);
    return err;
}

static void free_unescaped(struct result *result) {
    while (result->unescaped) {
        struct unescaped *first = result->unescaped;
        result->unescaped = first->next;
        PQfreemem(first->bytes);
        free(first);
    }
}

enum rf_err rf_postgres_next(struct rf_rows *rows, struct rf_error *error) {
    (void)error;
    struct result *result = (struct result *)rows;
    free_unescaped(result);
    if (result->row + 1 >= PQntuples(result->result))
        return RF_ERR_NOT_FOUND;
    result->row++;
    return RF_OK;
}

bool rf_postgres_null(const struct rf_rows *rows, int column) {
    return PQgetisnull(of(rows)->result, of(rows)->row, column) == 1;
}

const char *rf_postgres_text(const struct rf_rows *rows, int column) {
    return rf_postgres_null(rows, column) ? NULL
                                          : PQgetvalue(of(rows)->result, of(rows)->row, column);
}

int64_t rf_postgres_number(const struct rf_rows *rows, int column) {
    const char *text = rf_postgres_text(rows, column);
    if (text && PQftype(of(rows)->result, column) == OID_BOOL)
        return text[0] == 't';
    return text ? strtoll(text, NULL, 10) : 0;
}

const void *rf_postgres_bytes(const struct rf_rows *rows, int column, size_t *size) {
    struct result *result = (struct result *)(uintptr_t)rows;
    const char *text = rf_postgres_text(rows, column);
    *size = 0;
    struct unescaped *unescaped = text ? calloc(1, sizeof *unescaped) : NULL;
    if (!unescaped)
        return NULL;
    unescaped->bytes = PQunescapeBytea((const unsigned char *)text, size);
    unescaped->next = result->unescaped;
    result->unescaped = unescaped;
    return *size > 0 ? unescaped->bytes : NULL;
}

void rf_postgres_end(struct rf_rows *rows) {
    struct result *result = (struct result *)rows;
    free_unescaped(result);
    PQclear(result->result);
    free(result);
}
