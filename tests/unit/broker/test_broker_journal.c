#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "journal.h"

#define ALL ((struct rf_journal_limits){.events = 100, .bytes = 1000000, .scan = 1000})

static const struct rf_journal_entry *entries[100];

static struct rf_journal_found find(const struct rf_journal *journal, int64_t after,
                                    const char *prefix, struct rf_journal_limits limits) {
    struct rf_journal_found found = {.entries = entries};
    rf_journal_find(journal, after, &prefix, prefix != NULL ? 1 : 0, &limits, &found);
    return found;
}

static void append(struct rf_journal *journal, int64_t n, const char *topic) {
    char frame[64];
    int size = snprintf(frame, sizeof frame, "frame %lld", (long long)n);
    assert_int_equal(rf_journal_append(journal, n, n, topic, frame, (size_t)size), RF_OK);
    rf_journal_keep(journal);
}

static void a_page_holds_what_came_after_the_number_in_order(void **state) {
    (void)state;
    struct rf_journal journal;
    rf_journal_init(&journal, 10, 100000, 0, 0);
    for (int64_t n = 1; n <= 5; n++)
        append(&journal, n, "breaker.opened/x");
    struct rf_journal_found page = find(&journal, 2, NULL, ALL);
    assert_int_equal(page.count, 3);
    assert_int_equal(page.entries[0]->n, 3);
    assert_memory_equal(page.entries[0]->frame, "frame 3", 7);
    assert_int_equal(page.entries[2]->n, 5);
    assert_int_equal(page.scanned, 5);
    assert_int_equal(find(&journal, 5, NULL, ALL).count, 0);
    rf_journal_fini(&journal);
}

static void a_filter_hides_no_gap(void **state) {
    (void)state;
    struct rf_journal journal;
    rf_journal_init(&journal, 100, 100000, 0, 0);
    for (int64_t n = 1; n <= 9; n++)
        append(&journal, n, n % 3 == 0 ? "breaker.opened/x" : "contact.done/y");
    // The page is full at 3: it must not claim to have scanned beyond 5, where the next match is 6.
    struct rf_journal_limits one = ALL;
    one.events = 1;
    struct rf_journal_found page = find(&journal, 0, "breaker.", one);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.entries[0]->n, 3);
    assert_int_equal(page.scanned, 5);
    // Without any match everything is scanned, and the reader is told so.
    page = find(&journal, 0, "nothing.", ALL);
    assert_int_equal(page.count, 0);
    assert_int_equal(page.scanned, 9);
    rf_journal_fini(&journal);
}

static void pages_in_a_row_find_each_match_once_whatever_the_limits(void **state) {
    (void)state;
    const struct rf_journal_limits limits[] = {
        {.events = 1, .bytes = 1000, .scan = 1000},
        {.events = 100, .bytes = 1, .scan = 1000},
        {.events = 100, .bytes = 1000, .scan = 1},
        {.events = 7, .bytes = 30, .scan = 5},
    };
    struct rf_journal journal;
    rf_journal_init(&journal, 100, 100000, 0, 0);
    for (int64_t n = 1; n <= 60; n++)
        append(&journal, n, n % 4 == 0 ? "a.b/c" : "d.e/f");
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        int64_t after = 0, expected = 4;
        while (after < 60) {
            struct rf_journal_found page = find(&journal, after, "a.", limits[i]);
            for (size_t k = 0; k < page.count; k++, expected += 4)
                assert_int_equal(page.entries[k]->n, expected);
            assert_true(page.scanned > after);
            after = page.scanned;
        }
        assert_int_equal(expected, 64);
    }
    rf_journal_fini(&journal);
}

static void beyond_the_bounds_the_oldest_go(void **state) {
    (void)state;
    struct rf_journal journal;
    rf_journal_init(&journal, 3, 100000, 0, 0);
    for (int64_t n = 1; n <= 5; n++)
        append(&journal, n, "t/x");
    assert_int_equal(journal.dropped, 2);
    assert_int_equal(rf_journal_first(&journal), 3);
    assert_int_equal(journal.trimmed, 2);
    assert_int_equal(find(&journal, 2, NULL, ALL).count, 3);
    rf_journal_fini(&journal);
}

static void the_bound_on_bytes_counts_what_an_entry_costs_and_keeps_the_newest(void **state) {
    (void)state;
    struct rf_journal journal;
    char frame[1000] = {0};
    rf_journal_init(&journal, 100, 2500, 0, 0);
    for (int64_t n = 1; n <= 10; n++) {
        assert_int_equal(rf_journal_append(&journal, n, n, "t/x", frame, sizeof frame), RF_OK);
        rf_journal_keep(&journal);
        assert_true(journal.bytes <= 2500);
    }
    assert_int_equal(journal.count, 2);
    char huge[4000] = {0};
    assert_int_equal(rf_journal_append(&journal, 11, 11, "t/x", huge, sizeof huge), RF_OK);
    rf_journal_keep(&journal);
    assert_int_equal(journal.count, 1);
    assert_int_equal(rf_journal_first(&journal), 11);
    rf_journal_fini(&journal);
}

static void the_ring_turns_many_times(void **state) {
    (void)state;
    struct rf_journal journal;
    rf_journal_init(&journal, 300, 1000000, 0, 0);
    for (int64_t n = 1; n <= 2000; n++)
        append(&journal, n, "t/x");
    assert_int_equal(journal.count, 300);
    struct rf_journal_found page = find(&journal, 1990, NULL, ALL);
    assert_int_equal(page.count, 10);
    assert_memory_equal(page.entries[9]->frame, "frame 2000", 10);
    rf_journal_fini(&journal);
}

static void after_a_restart_all_earlier_numbers_count_as_gone(void **state) {
    (void)state;
    struct rf_journal journal;
    rf_journal_init(&journal, 10, 100000, 1000, 1000);
    assert_int_equal(rf_journal_first(&journal), 1001);
    assert_int_equal(journal.trimmed, 1000);
    append(&journal, 1001, "t/x");
    assert_int_equal(find(&journal, 1000, NULL, ALL).count, 1);
    rf_journal_fini(&journal);
}

static void what_waits_for_the_disk_is_shown_to_nobody_and_not_dropped(void **state) {
    (void)state;
    struct rf_journal journal;
    rf_journal_init(&journal, 3, 100000, 0, 0);
    append(&journal, 1, "t/x");
    for (int64_t n = 2; n <= 50; n++)
        assert_int_equal(rf_journal_append(&journal, 100 + n, n, "t/x", "f", 1), RF_OK);
    assert_int_equal(journal.count, 50);
    assert_int_equal(journal.last, 50);
    struct rf_journal_found page = find(&journal, 0, NULL, ALL);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.scanned, 1);
    assert_int_equal(find(&journal, 1, NULL, ALL).count, 0);
    assert_int_equal(rf_journal_waiting(&journal)->position, 102);
    size_t bytes = journal.waiting_bytes;
    for (int64_t n = 2; n <= 40; n++)
        rf_journal_keep(&journal);
    assert_int_equal(journal.durable, 40);
    assert_int_equal(journal.waiting_bytes, bytes / 49 * 10);
    // The bounds are for what is kept.
    assert_int_equal(journal.count, 10 + 3);
    for (int64_t n = 41; n <= 50; n++)
        rf_journal_keep(&journal);
    assert_null(rf_journal_waiting(&journal));
    assert_int_equal(journal.count, 3);
    assert_int_equal(journal.trimmed, 47);
    rf_journal_fini(&journal);
}

static void restored_events_are_there_and_one_too_many_tells_of_older_ones(void **state) {
    (void)state;
    struct rf_journal journal;
    for (int64_t oldest = 7; oldest <= 8; oldest++) {
        rf_journal_init(&journal, 3, 100000, 1000010, 2);
        for (int64_t n = oldest; n <= 10; n++)
            assert_int_equal(rf_journal_restore(&journal, n, "t/x", "f", 1), RF_OK);
        assert_int_equal(journal.count, 3);
        assert_int_equal(rf_journal_first(&journal), 8);
        // Only up to number 2 everything is gone for good; 3 to 7 may be on disk.
        assert_int_equal(journal.trimmed, oldest == 8 ? 2 : 7);
        // What was passed over at the start holds nothing.
        assert_int_equal(find(&journal, 10, NULL, ALL).scanned, 1000010);
        rf_journal_fini(&journal);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_holds_what_came_after_the_number_in_order),
        cmocka_unit_test(a_filter_hides_no_gap),
        cmocka_unit_test(pages_in_a_row_find_each_match_once_whatever_the_limits),
        cmocka_unit_test(beyond_the_bounds_the_oldest_go),
        cmocka_unit_test(the_bound_on_bytes_counts_what_an_entry_costs_and_keeps_the_newest),
        cmocka_unit_test(the_ring_turns_many_times),
        cmocka_unit_test(what_waits_for_the_disk_is_shown_to_nobody_and_not_dropped),
        cmocka_unit_test(restored_events_are_there_and_one_too_many_tells_of_older_ones),
        cmocka_unit_test(after_a_restart_all_earlier_numbers_count_as_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
