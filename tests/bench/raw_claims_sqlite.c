// The reference for claims: a queue of contacts in plain SQL, straight into SQLite, with an index
// of what is due and nothing else. Each claim is one statement and one commit.
//   raw_claims_sqlite FILE CONTACTS BATCH WARMUP
// A sample is one claim; per_second counts contacts.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "raw_claims.h"
#include "samples.h"

static void check(sqlite3 *db, int code) {
    if (code == SQLITE_OK || code == SQLITE_DONE)
        return;
    fprintf(stderr, "%s\n", sqlite3_errmsg(db));
    exit(1);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement;
    check(db, sqlite3_prepare_v2(db, sql, -1, &statement, NULL));
    return statement;
}

static void fill(sqlite3 *db, size_t contacts) {
    check(db, sqlite3_exec(db, RAW_CLAIMS_TABLE("INTEGER PRIMARY KEY"), NULL, NULL, NULL));
    check(db, sqlite3_exec(db, "BEGIN", NULL, NULL, NULL));
    sqlite3_stmt *row = prepare(db, RAW_CLAIMS_ROW("?1"));
    for (size_t i = 0; i < contacts; i++) {
        sqlite3_bind_int64(row, 1, (sqlite3_int64)i);
        check(db, sqlite3_step(row));
        check(db, sqlite3_reset(row));
    }
    sqlite3_finalize(row);
    check(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
}

// The contacts that it got; each column of each is read.
static size_t claim(sqlite3 *db, sqlite3_stmt *statement, size_t *bytes) {
    size_t got = 0;
    int code;
    check(db, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        got++;
        for (int column = 0; column < sqlite3_column_count(statement); column++) {
            (void)sqlite3_column_text(statement, column);
            *bytes += (size_t)sqlite3_column_bytes(statement, column);
        }
    }
    check(db, code);
    check(db, sqlite3_reset(statement));
    check(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
    return got;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: raw_claims_sqlite FILE CONTACTS BATCH WARMUP\n");
        return 2;
    }
    size_t contacts = samples_number(argv[2], "CONTACTS"), batch = samples_number(argv[3], "BATCH");
    size_t warmup = samples_number(argv[4], "WARMUP");
    sqlite3 *db;
    check(NULL, sqlite3_open(argv[1], &db));
    // As the store has them: what is committed survives a loss of power.
    check(db, sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", NULL, NULL,
                           NULL));
    fill(db, contacts);
    sqlite3_stmt *statement = prepare(db, RAW_CLAIMS_CLAIM("?1", ""));
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)batch);
    struct samples samples;
    samples_init(&samples, warmup, contacts / batch - warmup);
    samples.each = batch;
    for (int done = 0; !done;) {
        int64_t began = samples_now();
        size_t got = claim(db, statement, &samples.bytes);
        done = samples_end(&samples, began, got == batch);
    }
    samples_print(&samples);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    samples_fini(&samples);
    return 0;
}
