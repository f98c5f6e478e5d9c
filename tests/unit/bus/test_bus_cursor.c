#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bus/cursor.h"

static struct rf_instant at(int64_t seconds) {
    return (struct rf_instant){seconds * RF_NS_PER_S};
}

static bool page(struct rf_cursor *cursor, size_t count, int64_t scanned, int64_t last,
                 int64_t trimmed) {
    struct rf_journal_page it = {
        .events = {NULL, count}, .scanned = scanned, .last = last, .trimmed = trimmed};
    return rf_cursor_page(cursor, &it);
}

// A cursor that has read up to `scanned`, has credit and knows of nothing newer.
static struct rf_cursor idle(uint64_t scanned) {
    struct rf_cursor cursor;
    rf_cursor_init(&cursor, scanned, NULL);
    rf_cursor_asked(&cursor, at(0));
    page(&cursor, 0, (int64_t)scanned, (int64_t)scanned, 0);
    return cursor;
}

static void the_first_page_is_asked_for_at_once(void **state) {
    (void)state;
    struct rf_cursor cursor;
    rf_cursor_init(&cursor, 5, NULL);
    assert_true(rf_cursor_wants(&cursor, at(0)));
    rf_cursor_asked(&cursor, at(0));
    assert_false(rf_cursor_wants(&cursor, at(1)));
}

static void an_empty_page_that_moves_nothing_is_not_told(void **state) {
    (void)state;
    struct rf_cursor cursor;
    rf_cursor_init(&cursor, 5, NULL);
    rf_cursor_asked(&cursor, at(0));
    assert_false(page(&cursor, 0, 5, 5, 0));
    assert_false(rf_cursor_wants(&cursor, at(1)));
}

static void a_filter_that_only_moves_the_cursor_is_told(void **state) {
    (void)state;
    struct rf_cursor cursor = idle(5);
    rf_cursor_rung(&cursor);
    rf_cursor_asked(&cursor, at(1));
    assert_true(page(&cursor, 0, 9, 9, 0));
}

static void no_page_is_asked_for_without_credit(void **state) {
    (void)state;
    struct rf_cursor cursor = idle(5);
    rf_cursor_rung(&cursor);
    rf_cursor_asked(&cursor, at(1));
    assert_true(page(&cursor, 3, 8, 20, 0));
    assert_false(rf_cursor_wants(&cursor, at(2)));
    rf_cursor_next(&cursor);
    assert_true(rf_cursor_wants(&cursor, at(2)));
}

static void the_doorbell_while_a_page_is_under_way_is_not_forgotten(void **state) {
    (void)state;
    struct rf_cursor cursor = idle(5);
    rf_cursor_rung(&cursor);
    rf_cursor_asked(&cursor, at(1));
    rf_cursor_rung(&cursor);
    page(&cursor, 1, 6, 6, 0);
    rf_cursor_next(&cursor);
    assert_true(rf_cursor_wants(&cursor, at(1)));
}

// A pipe that drops for ever.
static void incident_49_a_doorbell_that_never_rings_is_replaced_by_the_heartbeat(void **state) {
    (void)state;
    struct rf_cursor cursor = idle(5);
    rf_cursor_tip(&cursor, 5, NULL);
    assert_false(rf_cursor_wants(&cursor, at(1)));
    rf_cursor_tip(&cursor, 6, NULL);
    assert_true(rf_cursor_wants(&cursor, at(1)));
}

static void a_page_that_does_not_come_is_asked_for_again(void **state) {
    (void)state;
    struct rf_cursor cursor = idle(5);
    rf_cursor_rung(&cursor);
    rf_cursor_asked(&cursor, at(10));
    assert_false(rf_cursor_wants(&cursor, at(14)));
    assert_true(rf_cursor_wants(&cursor, at(15)));
}

// A slow line may still carry the answers to the questions before.
static void each_time_it_is_asked_for_later(void **state) {
    (void)state;
    static const int64_t asked_at[] = {0, 5, 15, 35, 55};
    struct rf_cursor cursor;
    rf_cursor_init(&cursor, 5, NULL);
    for (size_t i = 0; i < sizeof asked_at / sizeof *asked_at; i++) {
        assert_true(i == 0 || !rf_cursor_wants(&cursor, at(asked_at[i] - 1)));
        assert_true(rf_cursor_wants(&cursor, at(asked_at[i])));
        rf_cursor_asked(&cursor, at(asked_at[i]));
    }
    page(&cursor, 0, 9, 20, 0);
    rf_cursor_next(&cursor);
    rf_cursor_asked(&cursor, at(60));
    assert_true(rf_cursor_wants(&cursor, at(65)));
}

static void after_a_reconnect_the_lost_page_is_asked_for_again(void **state) {
    (void)state;
    struct rf_cursor cursor = idle(5);
    rf_cursor_rung(&cursor);
    rf_cursor_asked(&cursor, at(10));
    rf_cursor_reconnected(&cursor);
    assert_true(rf_cursor_wants(&cursor, at(10)));
}

static void a_journal_that_ends_before_the_cursor_is_asked_about(void **state) {
    (void)state;
    struct rf_cursor cursor = idle(500);
    rf_cursor_tip(&cursor, 10, NULL);
    assert_true(rf_cursor_wants(&cursor, at(1)));
}

// Its numbers may have come further than ours since.
static void another_journal_is_asked_about_whatever_its_numbers(void **state) {
    (void)state;
    struct rf_cursor cursor;
    rf_cursor_init(&cursor, 500, "J.1");
    rf_cursor_asked(&cursor, at(0));
    struct rf_journal_page same = {.scanned = 500, .last = 500, .journal = "J.1"};
    assert_false(rf_cursor_page(&cursor, &same));
    rf_cursor_tip(&cursor, 500, "J.1");
    assert_false(rf_cursor_wants(&cursor, at(1)));
    rf_cursor_tip(&cursor, 500, "J.2");
    assert_true(rf_cursor_wants(&cursor, at(1)));
    // It is the same journal after a restart of its broker: nothing to tell.
    rf_cursor_asked(&cursor, at(1));
    same.journal = "J.2";
    assert_false(rf_cursor_page(&cursor, &same));
    assert_string_equal(cursor.journal, "J.2");
    rf_cursor_tip(&cursor, 500, "J.2");
    assert_false(rf_cursor_wants(&cursor, at(2)));
}

static void a_page_of_another_journal_takes_the_cursor_there_and_is_told(void **state) {
    (void)state;
    struct rf_cursor cursor;
    rf_cursor_init(&cursor, 500, "J.1");
    rf_cursor_asked(&cursor, at(0));
    struct rf_journal_page other = {.journal = "K.1", .other = true};
    assert_true(rf_cursor_page(&cursor, &other)); // of an empty one
    assert_int_equal(cursor.scanned, 0);
    assert_string_equal(cursor.journal, "K.1");
}

static void a_place_of_before_gets_its_journal(void **state) {
    (void)state;
    struct rf_cursor cursor;
    rf_cursor_init(&cursor, 500, NULL);
    rf_cursor_asked(&cursor, at(0));
    struct rf_journal_page same = {.scanned = 500, .last = 500, .journal = "J.1"};
    assert_true(rf_cursor_page(&cursor, &same));
    assert_string_equal(cursor.journal, "J.1");
    rf_cursor_next(&cursor);
    rf_cursor_rung(&cursor);
    rf_cursor_asked(&cursor, at(1));
    assert_false(rf_cursor_page(&cursor, &same));
}

static void an_empty_journal_says_nothing_about_the_cursor(void **state) {
    (void)state;
    struct rf_cursor cursor = idle(500);
    rf_cursor_tip(&cursor, 0, NULL);
    assert_int_equal(cursor.scanned, 500);
    assert_false(rf_cursor_wants(&cursor, at(1)));
}

static void trimmed_events_are_told_even_without_events(void **state) {
    (void)state;
    struct rf_cursor cursor = idle(5);
    rf_cursor_rung(&cursor);
    rf_cursor_asked(&cursor, at(1));
    assert_true(page(&cursor, 0, 5, 100, 90));
}

// Each is a broker on another data directory; the first is one whose newest number was not known
// when it welcomed us.
static void a_page_that_ends_before_the_cursor_begins_the_numbers_anew(void **state) {
    (void)state;
    struct rf_cursor cursor = idle(500);
    rf_cursor_rung(&cursor);
    rf_cursor_asked(&cursor, at(1));
    assert_true(page(&cursor, 3, 3, 4, 0));
    assert_int_equal(cursor.scanned, 3);
    rf_cursor_next(&cursor);
    assert_true(rf_cursor_wants(&cursor, at(1)));
    rf_cursor_asked(&cursor, at(1));
    assert_true(page(&cursor, 1, 4, 4, 0));
    rf_cursor_next(&cursor);
    assert_false(rf_cursor_wants(&cursor, at(1)));
}

static void an_empty_page_of_an_empty_journal_keeps_the_cursor(void **state) {
    (void)state;
    struct rf_cursor cursor = idle(500);
    rf_cursor_rung(&cursor);
    rf_cursor_asked(&cursor, at(1));
    assert_false(page(&cursor, 0, 0, 0, 0));
    assert_int_equal(cursor.scanned, 500);
}

static void the_first_page_tells_the_place_that_was_sought(void **state) {
    (void)state;
    struct rf_cursor cursor;
    rf_cursor_init(&cursor, 0, NULL);
    rf_cursor_seek(&cursor);
    assert_true(rf_cursor_wants(&cursor, at(0)));
    rf_cursor_asked(&cursor, at(0));
    rf_cursor_reconnected(&cursor);
    assert_true(cursor.sought); // the page is lost: it has to be sought again
    rf_cursor_tip(&cursor, 900, NULL);
    rf_cursor_asked(&cursor, at(1));
    assert_true(page(&cursor, 0, 800, 900, 0));
    assert_false(cursor.sought);
    assert_int_equal(cursor.scanned, 800);
    rf_cursor_next(&cursor);
    assert_true(rf_cursor_wants(&cursor, at(1)));
}

static void a_place_that_moves_nothing_is_told_all_the_same(void **state) {
    (void)state;
    struct rf_cursor cursor;
    rf_cursor_init(&cursor, 0, NULL);
    rf_cursor_seek(&cursor);
    rf_cursor_asked(&cursor, at(0));
    assert_true(page(&cursor, 0, 0, 0, 0));
}

static void it_is_behind_until_the_broker_has_said_that_there_is_no_more(void **state) {
    (void)state;
    struct rf_cursor cursor;
    struct rf_instant now = {0};
    rf_cursor_init(&cursor, 0, NULL);
    assert_true(rf_cursor_behind(&cursor)); // nobody was asked yet
    rf_cursor_asked(&cursor, now);
    assert_true(rf_cursor_behind(&cursor)); // and nobody answered
    assert_true(page(&cursor, 500, 500, 700, 0));
    assert_true(rf_cursor_behind(&cursor)); // there are 200 more
    rf_cursor_next(&cursor);
    rf_cursor_asked(&cursor, now);
    assert_true(page(&cursor, 200, 700, 700, 0));
    assert_false(rf_cursor_behind(&cursor));
    rf_cursor_rung(&cursor); // as a draining process does
    assert_true(rf_cursor_behind(&cursor));
    rf_cursor_next(&cursor);
    rf_cursor_asked(&cursor, now);
    assert_false(page(&cursor, 0, 700, 700, 0));
    assert_false(rf_cursor_behind(&cursor));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_behind_until_the_broker_has_said_that_there_is_no_more),
        cmocka_unit_test(the_first_page_is_asked_for_at_once),
        cmocka_unit_test(an_empty_page_that_moves_nothing_is_not_told),
        cmocka_unit_test(a_filter_that_only_moves_the_cursor_is_told),
        cmocka_unit_test(no_page_is_asked_for_without_credit),
        cmocka_unit_test(the_doorbell_while_a_page_is_under_way_is_not_forgotten),
        cmocka_unit_test(incident_49_a_doorbell_that_never_rings_is_replaced_by_the_heartbeat),
        cmocka_unit_test(a_page_that_does_not_come_is_asked_for_again),
        cmocka_unit_test(each_time_it_is_asked_for_later),
        cmocka_unit_test(after_a_reconnect_the_lost_page_is_asked_for_again),
        cmocka_unit_test(a_journal_that_ends_before_the_cursor_is_asked_about),
        cmocka_unit_test(another_journal_is_asked_about_whatever_its_numbers),
        cmocka_unit_test(a_page_of_another_journal_takes_the_cursor_there_and_is_told),
        cmocka_unit_test(a_place_of_before_gets_its_journal),
        cmocka_unit_test(an_empty_journal_says_nothing_about_the_cursor),
        cmocka_unit_test(trimmed_events_are_told_even_without_events),
        cmocka_unit_test(a_page_that_ends_before_the_cursor_begins_the_numbers_anew),
        cmocka_unit_test(an_empty_page_of_an_empty_journal_keeps_the_cursor),
        cmocka_unit_test(the_first_page_tells_the_place_that_was_sought),
        cmocka_unit_test(a_place_that_moves_nothing_is_told_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
