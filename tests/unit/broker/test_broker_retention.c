// What leaves the database, against a real file.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ringfence/time.h>

#include "disk_retention.h"
#include "disk_schema.h"
#include "store/sql.h"

#define NOBODY INT64_MAX // spares nothing
#define MIB    INT64_C(1048576)

static char folder[64], path[96];
static sqlite3 *db;
static struct rf_disk_found found;
static struct rf_disk_retention retention;

static void open_database(void) {
    struct rf_error error;
    if (rf_disk_schema_open(path, RF_DISK_SYNC_NORMAL, &db, &found, &error) != RF_OK)
        fail_msg("%s", error.message);
}

static int setup(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/rf-retention-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/broker.db", folder);
    open_database();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    char command[96];
    rf_disk_retention_close(&retention);
    rf_disk_schema_close(&db, true);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); // NOLINT(bugprone-command-processor,cert-env33-c): our own path
}

static void begin(struct rf_disk_limits limits) {
    struct rf_error error;
    if (rf_disk_retention_open(&retention, db, &limits, &error) != RF_OK)
        fail_msg("%s", error.message);
}

// Events `first` to `last`, each taken at the time that is its number, with frames of `size` bytes.
static void insert(int64_t first, int64_t last, int64_t size) {
    struct rf_error error;
    if (rf_sql_run(db, &error,
                   "WITH RECURSIVE r(n) AS (SELECT ? UNION ALL SELECT n + 1 FROM r WHERE n < ?)"
                   " INSERT INTO events SELECT n, n, 'a.b/c', randomblob(?) FROM r",
                   "iii", first, last, size) != RF_OK)
        fail_msg("%s", error.message);
}

static void take(int64_t first, int64_t last, int64_t size) {
    insert(first, last, size);
    rf_disk_retention_took(&retention, last - first + 1, last);
}

static int64_t ask(const char *sql) {
    struct rf_error error;
    int64_t value;
    if (rf_sql_int(db, &error, &value, sql, "") != RF_OK)
        fail_msg("%s", error.message);
    return value;
}

// Until there is no more to delete. Returns the steps that it took.
static int settle(int64_t now, int64_t spare) {
    struct rf_error error;
    int steps = 0;
    do {
        steps++;
        if (rf_disk_retention_step(&retention, now, spare, &error) != RF_OK)
            fail_msg("%s", error.message);
    } while (retention.behind);
    assert_int_equal(retention.events, ask("SELECT count(*) FROM events"));
    assert_int_equal(retention.trimmed, ask("SELECT trimmed FROM marks"));
    return steps;
}

static void assert_there(int64_t first, int64_t last) {
    assert_int_equal(ask("SELECT min(n) FROM events"), first);
    assert_int_equal(ask("SELECT max(n) FROM events"), last);
    assert_int_equal(ask("SELECT count(*) FROM events"), last - first + 1);
    assert_int_equal(retention.trimmed, first - 1);
}

static void events_of_the_largest_age_stay_and_older_ones_go(void **state) {
    (void)state;
    begin((struct rf_disk_limits){.max_age_ns = 100});
    take(1, 50, 10);
    settle(101, NOBODY);
    assert_there(1, 50);
    settle(131, NOBODY);
    assert_there(31, 50);
    settle(1000, NOBODY);
    assert_int_equal(retention.events, 0);
    assert_int_equal(retention.trimmed, 50);
}

static void the_oldest_go_when_there_are_too_many(void **state) {
    (void)state;
    begin((struct rf_disk_limits){.max_events = 20});
    take(1, 20, 10);
    settle(0, NOBODY);
    assert_there(1, 20);
    take(21, 25, 10);
    settle(0, NOBODY);
    assert_there(6, 25);
}

// Numbers that a killed broker left out are no events.
static void holes_in_the_numbers_do_not_count(void **state) {
    (void)state;
    begin((struct rf_disk_limits){.max_events = 20});
    take(1, 10, 10);
    take(1000001, 1000010, 10);
    settle(0, NOBODY);
    assert_int_equal(retention.events, 20);
    assert_int_equal(retention.trimmed, 0);
}

static void the_count_goes_on_behind_a_kill(void **state) {
    (void)state;
    begin((struct rf_disk_limits){.max_events = 20});
    take(1, 30, 10);
    settle(0, NOBODY);
    take(31, 35, 10); // and nothing is written down of it
    rf_disk_retention_close(&retention);
    rf_disk_schema_close(&db, false);
    open_database();
    begin((struct rf_disk_limits){.max_events = 20});
    assert_int_equal(retention.events, 25);
    assert_int_equal(retention.trimmed, 10);
    assert_int_equal(retention.last, 35);
    settle(0, NOBODY);
    assert_there(16, 35);
}

// Whether the broker was killed or ended in order: subscribers hold the numbers of what is gone.
static void no_number_is_given_again_when_all_events_have_gone(void **state) {
    (void)state;
    for (int64_t first = 1, in_order = 0; in_order <= 1; in_order++) {
        begin((struct rf_disk_limits){.max_age_ns = 1});
        take(first, first + 49, 10);
        settle(INT64_MAX, NOBODY);
        int64_t trimmed = retention.trimmed;
        assert_int_equal(retention.events, 0);
        assert_int_equal(trimmed, first + 49);
        rf_disk_retention_close(&retention);
        rf_disk_schema_close(&db, in_order != 0);
        open_database();
        assert_true(found.last >= trimmed);
        first = found.last + 1;
    }
}

static void the_count_is_written_down_from_time_to_time(void **state) {
    (void)state;
    begin((struct rf_disk_limits){.max_events = 1000000});
    take(1, 70000, 1);
    settle(0, NOBODY);
    assert_int_equal(ask("SELECT events FROM marks"), 70000);
    assert_int_equal(ask("SELECT counted FROM marks"), 70000);
}

static void what_a_durable_subscriber_has_not_taken_is_spared(void **state) {
    (void)state;
    begin((struct rf_disk_limits){.max_age_ns = 1, .max_events = 1});
    take(1, 50, 10);
    settle(1000, 30);
    assert_there(31, 50);
    settle(1000, 30);
    assert_there(31, 50);
    settle(1000, 45);
    assert_there(46, 50);
}

static void size_goes_before_a_durable_subscriber(void **state) {
    (void)state;
    begin((struct rf_disk_limits){.max_bytes = 4 * MIB});
    take(1, 1000, 10000);
    settle(0, 0);
    assert_true(retention.used <= 4 * MIB);
    assert_true(retention.used > 3 * MIB); // no more than had to
    assert_there(retention.trimmed + 1, 1000);
}

static void a_step_is_bounded_in_events_and_in_bytes(void **state) {
    (void)state;
    struct rf_error error;
    begin((struct rf_disk_limits){.max_events = 1});
    // Twice as many as are fresh, up to a bound; what is left goes in smaller steps.
    take(1, RF_RETENTION_STEP_MOST + 3 * RF_RETENTION_STEP_EVENTS + 1, 10);
    assert_int_equal(rf_disk_retention_step(&retention, 0, NOBODY, &error), RF_OK);
    assert_true(retention.behind);
    assert_int_equal(retention.trimmed, RF_RETENTION_STEP_MOST);
    assert_int_equal(settle(0, NOBODY), 3);
    take(10001, 10020, RF_RETENTION_STEP_BYTES / 4);
    assert_int_equal(rf_disk_retention_step(&retention, 0, NOBODY, &error), RF_OK);
    assert_true(retention.behind);
    assert_int_equal(retention.trimmed, 10004);
}

static int64_t file_size(void) {
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    return file.st_size;
}

// Freed pages are used again: the file does not follow what went through it.
static void the_file_stays_as_large_as_it_may_be(void **state) {
    (void)state;
    const int64_t bound = 8 * MIB;
    begin((struct rf_disk_limits){.max_bytes = bound});
    int64_t n = 0;
    for (int group = 0; group < 200; group++) { // 40 MiB in all
        take(n + 1, n + 100, 1500 + group % 7 * 300);
        n += 100;
        settle(0, NOBODY);
    }
    assert_int_equal(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL),
                     SQLITE_OK);
    print_message("file %lld, used %lld, events %lld\n", (long long)file_size(),
                  (long long)retention.used, (long long)retention.events);
    assert_true(retention.used > bound - MIB);
    assert_true(file_size() < bound + MIB);
}

static void without_limits_nothing_goes(void **state) {
    (void)state;
    begin((struct rf_disk_limits){0});
    take(1, 100, 10);
    assert_int_equal(settle(INT64_MAX, NOBODY), 1);
    assert_there(1, 100);
}

// As when the disk is full: nothing has changed, and the next step does it.
static void a_step_that_fails_changes_nothing(void **state) {
    (void)state;
    struct rf_error error;
    begin((struct rf_disk_limits){.max_events = 1});
    take(1, 3 * RF_RETENTION_STEP_EVENTS, 10);
    sqlite3 *other;
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(db, 0), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(rf_disk_retention_step(&retention, 0, NOBODY, &error), RF_OK);
    assert_false(retention.behind);
    assert_int_equal(retention.trimmed, 0);
    assert_int_equal(retention.events, 3 * RF_RETENTION_STEP_EVENTS);
    sqlite3_close(other);
    settle(0, NOBODY);
    assert_there(3 * RF_RETENTION_STEP_EVENTS, 3 * RF_RETENTION_STEP_EVENTS);
}

#define RETENTION_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        RETENTION_TEST(events_of_the_largest_age_stay_and_older_ones_go),
        RETENTION_TEST(the_oldest_go_when_there_are_too_many),
        RETENTION_TEST(holes_in_the_numbers_do_not_count),
        RETENTION_TEST(the_count_goes_on_behind_a_kill),
        RETENTION_TEST(no_number_is_given_again_when_all_events_have_gone),
        RETENTION_TEST(the_count_is_written_down_from_time_to_time),
        RETENTION_TEST(what_a_durable_subscriber_has_not_taken_is_spared),
        RETENTION_TEST(size_goes_before_a_durable_subscriber),
        RETENTION_TEST(a_step_is_bounded_in_events_and_in_bytes),
        RETENTION_TEST(the_file_stays_as_large_as_it_may_be),
        RETENTION_TEST(without_limits_nothing_goes),
        RETENTION_TEST(a_step_that_fails_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
