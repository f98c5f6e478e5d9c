// A folder, a disk in it, and what is put there and found again: for the tests of the disk against
// a real file.
#ifndef RF_TEST_DISK_BENCH_H
#define RF_TEST_DISK_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "disk.h"

extern char folder[]; // of this test
extern struct rf_disk *disk;
extern struct rf_disk_found found;
extern int64_t position; // of the last record
extern const struct rf_disk_limits no_limits;

// make_folder, remove_folder: set-up and tear-down of each test; the disk is closed first.
int make_folder(void **state);
int remove_folder(void **state);

// open_disk: with its thread. load: without it, with all that is there: the newest `tail` events
// are counted, and with `each` listed too. Returns it as text.
void open_disk(void);
const char *load(int64_t tail, bool each);
extern int64_t events_found, last_event, last_seq;
extern char starts_found[]; // a line each

void put(struct rf_record record);
void put_event(int64_t n, int64_t stream, int64_t seq);
void put_stream(int64_t stream, const char *name, int64_t seq);
void put_value(const char *key, int64_t version, const char *json, int64_t expires);

// next_progress: false if none is told of within the time. await_written: of all that was put.
bool next_progress(struct rf_disk_progress *progress, int wait_ms);
void await_written(void);

// run_sql: on the closed database.
void run_sql(const char *sql);

#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

#endif
