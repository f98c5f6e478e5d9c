// Pages of the journal read back from a real file: found, filtered and bounded; and the thread that
// does it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "page_query.h"
#include "reader.h"

static char folder[64], path[96];
static struct rf_disk *disk;
static int64_t position;
static struct rf_page_query query;

static int setup(void **state) {
    (void)state;
    struct rf_error error;
    struct rf_disk_found found;
    snprintf(folder, sizeof folder, "/tmp/rf-reader-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/broker.db", folder);
    position = 0;
    struct rf_disk_limits limits = {0};
    return rf_disk_open(folder, RF_DISK_SYNC_NORMAL, &limits, &disk, &found, &error) == RF_OK ? 0
                                                                                              : -1;
}

static int teardown(void **state) {
    (void)state;
    char command[96];
    rf_page_query_close(&query);
    rf_disk_close(&disk);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); // NOLINT(bugprone-command-processor,cert-env33-c): our own path
}

static void put(int64_t n, int64_t at, const char *topic, const void *frame, size_t size) {
    rf_disk_put(disk, &(struct rf_record){.type = RF_RECORD_EVENT,
                                          .position = ++position,
                                          .number = n,
                                          .at = at,
                                          .name = topic,
                                          .body = frame,
                                          .body_size = size});
}

// Its frame is its number as text.
static void put_event(int64_t n, int64_t at, const char *topic) {
    char frame[32];
    put(n, at, topic, frame, (size_t)snprintf(frame, sizeof frame, "%lld", (long long)n));
}

static void written(void) {
    struct rf_error error;
    assert_int_equal(rf_disk_start(disk, &error), RF_OK);
    rf_disk_finish(disk);
    assert_int_equal(rf_page_query_open(&query, path, &error), RF_OK);
}

static void sql(const char *text) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static struct rf_page *page_of(struct rf_journal_read read, const char *prefix, int64_t upto) {
    struct rf_peer peer = {.identity_size = 1};
    read.rid = "7";
    read.prefixes = (struct rf_strs){&prefix, prefix != NULL ? 1 : 0};
    if (read.limit == 0)
        read.limit = 10000;
    struct rf_page *page = rf_page_new(&peer, &read, upto);
    assert_non_null(page);
    return page;
}

static void find(struct rf_page *page) {
    struct rf_error error = {0};
    bool done = false;
    while (!done) {
        (void)!rf_page_query_step(&query, page, &done, &error);
        assert_string_equal(error.message, "");
    }
}

static void assert_page(struct rf_page *page, const char *numbers, int64_t scanned,
                        int64_t trimmed) {
    char text[256] = "";
    for (size_t i = 0; i < page->count; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%.*s", i > 0 ? " " : "",
                 (int)page->frames[i].size, (const char *)page->frames[i].data);
    assert_false(page->failed);
    assert_string_equal(text, numbers);
    assert_int_equal(page->scanned, scanned);
    assert_int_equal(page->trimmed, trimmed);
    rf_page_destroy(&page);
}

static void check(struct rf_journal_read read, const char *prefix, int64_t upto,
                  const char *numbers, int64_t scanned, int64_t trimmed) {
    struct rf_page *page = page_of(read, prefix, upto);
    find(page);
    assert_page(page, numbers, scanned, trimmed);
}

// Numbers have holes, as they do after a broker that was killed.
static void write_some(void) {
    put_event(1, 100, "a.x/1");
    put_event(2, 200, "b.x/1");
    put_event(3, 200, "a.y/1");
    put_event(1000, 300, "a.x/2");
    put_event(1001, 300, "b.x/2");
    put_event(1002, 400, "a.x/3");
    written();
}

static void a_page_begins_after_a_number_and_ends_where_the_core_was_told(void **state) {
    (void)state;
    write_some();
    check((struct rf_journal_read){0}, NULL, 1002, "1 2 3 1000 1001 1002", 1002, 0);
    check((struct rf_journal_read){.after = 2}, NULL, 1001, "3 1000 1001", 1001, 0);
    check((struct rf_journal_read){.after = 3}, NULL, 999, "", 999, 0);
    check((struct rf_journal_read){.after = 1002}, NULL, 1002, "", 1002, 0);
    check((struct rf_journal_read){.limit = 2}, NULL, 1002, "1 2", 2, 0);
    check((struct rf_journal_read){.bytes = 5}, NULL, 1002, "1 2 3", 3, 0);
    check((struct rf_journal_read){.bytes = 6, .after = 2}, NULL, 1002, "3 1000", 1000, 0);
    check((struct rf_journal_read){.bytes = 1, .after = 3}, NULL, 1002, "1000", 1000, 0);
}

static void a_filter_hides_no_gap(void **state) {
    (void)state;
    write_some();
    check((struct rf_journal_read){0}, "a.", 1002, "1 3 1000 1002", 1002, 0);
    check((struct rf_journal_read){.limit = 2}, "a.", 1002, "1 3", 3, 0);
    check((struct rf_journal_read){.after = 3, .limit = 1}, "b.", 1002, "1001", 1002, 0);
    check((struct rf_journal_read){.after = 3}, "c.", 1002, "", 1002, 0);
}

static void a_time_is_found_in_the_order_of_the_numbers(void **state) {
    (void)state;
    write_some();
    check((struct rf_journal_read){.since = 1}, NULL, 1002, "1 2 3 1000 1001 1002", 1002, 0);
    check((struct rf_journal_read){.since = 200}, NULL, 1002, "2 3 1000 1001 1002", 1002, 0);
    check((struct rf_journal_read){.since = 201}, "a.", 1002, "1000 1002", 1002, 0);
    check((struct rf_journal_read){.since = 300}, NULL, 1000, "1000", 1000, 0);
    check((struct rf_journal_read){.since = 401}, NULL, 1002, "", 1002, 0);
    check((struct rf_journal_read){.since = 100, .after = 1000}, NULL, 1002, "1001 1002", 1002, 0);
}

static void the_newest_are_those_that_match(void **state) {
    (void)state;
    write_some();
    check((struct rf_journal_read){.newest = 1}, NULL, 1002, "1002", 1002, 0);
    check((struct rf_journal_read){.newest = 2}, "b.", 1002, "2 1001", 1002, 0);
    check((struct rf_journal_read){.newest = 2}, "b.", 1000, "2", 1000, 0);
    check((struct rf_journal_read){.newest = 3}, "a.", 1002, "3 1000 1002", 1002, 0);
    check((struct rf_journal_read){.newest = 1000}, "c.", 1002, "", 1002, 0);
    // The later of the places counts.
    check((struct rf_journal_read){.newest = 100, .since = 300}, "a.", 1002, "1000 1002", 1002, 0);
    check((struct rf_journal_read){.newest = 1, .since = 100}, "a.", 1002, "1002", 1002, 0);
    check((struct rf_journal_read){.newest = 100, .after = 1000}, "a.", 1002, "1002", 1002, 0);
}

static void what_was_trimmed_is_told_to_who_asked_for_it(void **state) {
    (void)state;
    write_some();
    sql("DELETE FROM events WHERE n <= 500; UPDATE marks SET trimmed = 500");
    check((struct rf_journal_read){0}, NULL, 1002, "1000 1001 1002", 1002, 500);
    check((struct rf_journal_read){.after = 499, .limit = 1}, NULL, 1002, "1000", 1000, 500);
    check((struct rf_journal_read){.after = 500}, NULL, 1002, "1000 1001 1002", 1002, 0);
    check((struct rf_journal_read){.since = 300}, NULL, 1002, "1000 1001 1002", 1002, 500);
    check((struct rf_journal_read){.since = 301}, NULL, 1002, "1002", 1002, 0);
    check((struct rf_journal_read){.newest = 3}, NULL, 1002, "1000 1001 1002", 1002, 0);
    check((struct rf_journal_read){.newest = 4}, NULL, 1002, "1000 1001 1002", 1002, 500);
}

static void retention_may_have_gone_beyond_what_the_core_was_told(void **state) {
    (void)state;
    write_some();
    sql("DELETE FROM events WHERE n <= 1001; UPDATE marks SET trimmed = 1001");
    check((struct rf_journal_read){.after = 1}, NULL, 1000, "", 1001, 1001);
}

static int trim_before_events_are_read(unsigned what, void *done, void *statement, void *sql_text) {
    (void)what;
    (void)statement;
    if (strstr(sql_text, "frame") == NULL || *(bool *)done)
        return 0;
    *(bool *)done = true;
    sql("DELETE FROM events WHERE n <= 500; UPDATE marks SET trimmed = 500");
    return 0;
}

static void retention_at_the_same_time_makes_no_hole_that_is_not_told(void **state) {
    (void)state;
    write_some();
    bool trimmed = false;
    sqlite3_trace_v2(query.db, SQLITE_TRACE_STMT, trim_before_events_are_read, &trimmed);
    check((struct rf_journal_read){.after = 1}, NULL, 1002, "2 3 1000 1001 1002", 1002, 0);
    assert_true(trimmed);
    check((struct rf_journal_read){.after = 1}, NULL, 1002, "1000 1001 1002", 1002, 500);
}

// What was counted before may be gone as well.
static void retention_between_two_steps_of_a_search_is_told(void **state) {
    (void)state;
    const int64_t last = 2 * RF_PAGE_SCAN;
    struct rf_error error;
    bool done;
    for (int64_t n = 1; n < last; n++)
        put_event(n, n, "a.x/1");
    put_event(last, last, "rare.x/1");
    written();
    struct rf_page *page = page_of((struct rf_journal_read){.newest = 2}, "rare.", last);
    assert_int_equal(rf_page_query_step(&query, page, &done, &error), RF_OK);
    assert_false(done);
    sql("DELETE FROM events WHERE n <= 500; UPDATE marks SET trimmed = 500");
    find(page);
    assert_page(page, "", 500 + RF_PAGE_SCAN, 500); // and the next page has the rare one
}

static void a_page_is_bounded_in_bytes_but_one_event_always_fits(void **state) {
    (void)state;
    size_t size = RF_PAGE_BYTES / 2;
    char *frame = malloc(4 * size);
    assert_non_null(frame);
    memset(frame, 'x', 4 * size);
    put(1, 1, "a.x/1", frame, 4 * size);
    for (int64_t n = 2; n <= 5; n++)
        put(n, n, "a.x/1", frame, size - 1);
    free(frame);
    written();
    static const size_t counts[] = {1, 2, 2};
    int64_t after = 0;
    for (size_t i = 0; i < 3; i++) {
        struct rf_page *page = page_of((struct rf_journal_read){.after = after}, NULL, 5);
        find(page);
        assert_int_equal(page->count, counts[i]);
        after = page->scanned;
        rf_page_destroy(&page);
    }
    assert_int_equal(after, 5);
}

// Rare events far back: each step is short, and nothing is passed over.
static void a_long_way_is_made_in_steps(void **state) {
    (void)state;
    const int64_t last = 5 * RF_PAGE_SCAN;
    put_event(1, 1, "rare.x/1");
    for (int64_t n = 2; n < last; n++)
        put_event(n, n, "a.x/1");
    put_event(last, last, "rare.x/2");
    written();
    struct rf_page *page = page_of((struct rf_journal_read){.newest = 2}, "rare.", last);
    struct rf_error error;
    bool done = false;
    int steps = 0;
    for (; !done; steps++)
        assert_int_equal(rf_page_query_step(&query, page, &done, &error), RF_OK);
    assert_int_equal(steps, 5); // the last of them made the page as well
    assert_page(page, "1", RF_PAGE_SCAN, 0);
    char text[64];
    snprintf(text, sizeof text, "%lld", (long long)last);
    int64_t after = RF_PAGE_SCAN;
    for (int i = 2; i <= 5; i++) {
        check((struct rf_journal_read){.after = after}, "rare.", last, i == 5 ? text : "",
              after + RF_PAGE_SCAN, 0);
        after += RF_PAGE_SCAN;
    }
}

// ---- the thread ----

static struct rf_page *wait_page(struct rf_reader *reader) {
    struct rf_page *page;
    while ((page = rf_reader_take(reader)) == NULL) {
        struct pollfd bell = {.fd = rf_reader_event(reader), .events = POLLIN};
        assert_int_equal(poll(&bell, 1, 30000), 1);
    }
    return page;
}

static void a_long_search_holds_up_no_other_page(void **state) {
    (void)state;
    for (int64_t n = 1; n <= 5 * RF_PAGE_SCAN; n++)
        put_event(n, n, "a.x/1");
    written();
    struct rf_reader *reader;
    struct rf_error error;
    struct rf_page *slow =
        page_of((struct rf_journal_read){.newest = 1}, "rare.", 5 * RF_PAGE_SCAN);
    struct rf_page *quick = page_of((struct rf_journal_read){.limit = 2}, NULL, 5 * RF_PAGE_SCAN);
    assert_int_equal(rf_reader_start(path, &reader, &error), RF_OK);
    rf_reader_ask(reader, slow);
    rf_reader_ask(reader, quick);
    struct rf_page *first = wait_page(reader);
    assert_ptr_equal(first, quick);
    assert_page(first, "1 2", 2, 0);
    struct rf_page *second = wait_page(reader);
    assert_ptr_equal(second, slow);
    assert_page(second, "", RF_PAGE_SCAN, 0);
    rf_reader_stop(&reader);
    assert_null(reader);
}

// How many pages the bell stands for (proc(5), fdinfo of an eventfd).
static int64_t rung(const struct rf_reader *reader) {
    char name[64], line[128];
    long long count = -1;
    snprintf(name, sizeof name, "/proc/self/fdinfo/%d", rf_reader_event(reader));
    FILE *info = fopen(name, "r");
    assert_non_null(info);
    while (fgets(line, sizeof line, info) != NULL)
        (void)!sscanf(line, "eventfd-count: %llx", &count);
    fclose(info);
    return count;
}

static void the_bell_rings_until_the_last_page_is_taken(void **state) {
    (void)state;
    struct rf_reader *reader;
    struct rf_error error;
    write_some();
    assert_int_equal(rf_reader_start(path, &reader, &error), RF_OK);
    for (int i = 0; i < 3; i++)
        rf_reader_ask(reader, page_of((struct rf_journal_read){0}, NULL, 3));
    while (rung(reader) < 3)
        usleep(1000);
    for (int i = 0; i < 3; i++) {
        struct pollfd bell = {.fd = rf_reader_event(reader), .events = POLLIN};
        assert_int_equal(poll(&bell, 1, 0), 1);
        struct rf_page *page = rf_reader_take(reader);
        assert_page(page, "1 2 3", 3, 0);
    }
    assert_null(rf_reader_take(reader));
    assert_int_equal(rung(reader), 0);
    rf_reader_stop(&reader);
}

static void a_database_that_cannot_be_read_fails_the_page_and_not_the_next(void **state) {
    (void)state;
    struct rf_reader *reader;
    struct rf_error error;
    char elsewhere[128];
    write_some();
    snprintf(elsewhere, sizeof elsewhere, "%s.away", path);
    rf_page_query_close(&query);
    rf_disk_close(&disk); // its WAL file is gone with it
    assert_int_equal(rename(path, elsewhere), 0);
    assert_int_equal(rf_reader_start(path, &reader, &error), RF_OK);
    rf_reader_ask(reader, page_of((struct rf_journal_read){0}, NULL, 3));
    struct rf_page *page = wait_page(reader);
    assert_true(page->failed);
    assert_int_not_equal(strlen(page->why), 0);
    rf_page_destroy(&page);
    assert_int_equal(rename(elsewhere, path), 0);
    rf_reader_ask(reader, page_of((struct rf_journal_read){0}, NULL, 3));
    assert_page(wait_page(reader), "1 2 3", 3, 0);
    rf_reader_stop(&reader);
}

static void pages_that_nobody_takes_are_freed_with_the_reader(void **state) {
    (void)state;
    struct rf_reader *reader;
    struct rf_error error;
    write_some();
    assert_int_equal(rf_reader_start(path, &reader, &error), RF_OK);
    for (int i = 0; i < 100; i++)
        rf_reader_ask(reader, page_of((struct rf_journal_read){0}, "a.", 1002));
    rf_page_destroy(&(struct rf_page *){wait_page(reader)});
    rf_reader_stop(&reader);
    rf_reader_stop(&reader);
}

#define READER_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        READER_TEST(a_page_begins_after_a_number_and_ends_where_the_core_was_told),
        READER_TEST(a_filter_hides_no_gap),
        READER_TEST(a_time_is_found_in_the_order_of_the_numbers),
        READER_TEST(the_newest_are_those_that_match),
        READER_TEST(what_was_trimmed_is_told_to_who_asked_for_it),
        READER_TEST(retention_may_have_gone_beyond_what_the_core_was_told),
        READER_TEST(retention_at_the_same_time_makes_no_hole_that_is_not_told),
        READER_TEST(retention_between_two_steps_of_a_search_is_told),
        READER_TEST(a_page_is_bounded_in_bytes_but_one_event_always_fits),
        READER_TEST(a_long_way_is_made_in_steps),
        READER_TEST(a_long_search_holds_up_no_other_page),
        READER_TEST(the_bell_rings_until_the_last_page_is_taken),
        READER_TEST(a_database_that_cannot_be_read_fails_the_page_and_not_the_next),
        READER_TEST(pages_that_nobody_takes_are_freed_with_the_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
