// The reference for the journal: rows as it has them, straight into SQLite, so many a transaction.
//   raw_sqlite FILE SYNC SIZE GROUP WARMUP COUNT     SYNC: normal, full
// A sample is one transaction; per_second counts rows.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples.h"

static void check(sqlite3 *db, int code) {
    if (code == SQLITE_OK || code == SQLITE_DONE)
        return;
    fprintf(stderr, "%s\n", sqlite3_errmsg(db));
    exit(1);
}

static sqlite3 *open_db(const char *file, const char *sync) {
    sqlite3 *db;
    char pragma[64];
    check(NULL, sqlite3_open(file, &db));
    snprintf(pragma, sizeof pragma, "PRAGMA synchronous = %s", sync);
    check(db, sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL));
    check(db, sqlite3_exec(db, pragma, NULL, NULL, NULL));
    check(db, sqlite3_exec(db,
                           "CREATE TABLE event (n INTEGER PRIMARY KEY, stream INTEGER, seq INTEGER,"
                           " ts INTEGER, topic TEXT, frame BLOB)",
                           NULL, NULL, NULL));
    return db;
}

static void insert(sqlite3 *db, sqlite3_stmt *row, const void *frame, size_t size) {
    static int64_t n;
    n++;
    sqlite3_bind_int64(row, 1, n);
    sqlite3_bind_int64(row, 2, 1);
    sqlite3_bind_int64(row, 3, n);
    sqlite3_bind_int64(row, 4, 1700000000000000000 + n);
    sqlite3_bind_text(row, 5, "bench.event/load", -1, SQLITE_STATIC);
    sqlite3_bind_blob(row, 6, frame, (int)size, SQLITE_STATIC);
    check(db, sqlite3_step(row));
    check(db, sqlite3_reset(row));
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: raw_sqlite FILE SYNC SIZE GROUP WARMUP COUNT\n");
        return 2;
    }
    size_t size = samples_number(argv[3], "SIZE"), group = samples_number(argv[4], "GROUP");
    size_t warmup = samples_number(argv[5], "WARMUP") / group;
    size_t count = samples_number(argv[6], "COUNT") / group;
    sqlite3 *db = open_db(argv[1], argv[2]);
    sqlite3_stmt *row;
    check(db,
          sqlite3_prepare_v2(db, "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)", -1, &row, NULL));
    void *frame = calloc(1, size);
    struct samples samples;
    samples_init(&samples, warmup > 0 ? warmup : 1, count > 0 ? count : 1);
    samples.each = group;
    for (int done = 0; !done;) {
        int64_t began = samples_now();
        check(db, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
        for (size_t i = 0; i < group; i++)
            insert(db, row, frame, size);
        check(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
        done = samples_end(&samples, began, 1);
    }
    samples_print(&samples);
    sqlite3_finalize(row);
    sqlite3_close(db);
    samples_fini(&samples);
    free(frame);
    return 0;
}
