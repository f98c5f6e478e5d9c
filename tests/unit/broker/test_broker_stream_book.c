#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "stream_book.h"

static const struct rf_instant start = {0};

static int64_t opened(struct rf_stream_book *book, const char *name, int64_t next, int64_t at) {
    int64_t last = -1;
    assert_int_equal(rf_stream_book_open(book, name, next, (struct rf_instant){at}, &last), RF_OK);
    return last;
}

static void an_unknown_stream_may_begin_anywhere_and_a_known_one_keeps_its_place(void **state) {
    (void)state;
    struct rf_stream_book book;
    rf_stream_book_init(&book, rf_seconds(60));
    assert_int_equal(opened(&book, "outbox", 18, 0), 17);
    assert_true(rf_stream_book_advance(&book, "outbox", 18, start));
    // Opened again, whatever the publisher believes.
    assert_int_equal(opened(&book, "outbox", 5, 0), 18);
    assert_int_equal(opened(&book, "outbox", 99, 0), 18);
    rf_stream_book_fini(&book);
}

static void an_event_is_new_known_or_after_a_gap(void **state) {
    (void)state;
    struct rf_stream_book book;
    int64_t last;
    rf_stream_book_init(&book, rf_seconds(60));
    assert_int_equal(rf_stream_book_check(&book, "s", 1, start, &last), RF_STREAM_CLOSED);
    opened(&book, "s", 10, 0);
    const struct {
        int64_t seq;
        enum rf_stream_verdict verdict;
    } cases[] = {
        {1, RF_STREAM_DUPLICATE}, {9, RF_STREAM_DUPLICATE},   {10, RF_STREAM_NEW},
        {11, RF_STREAM_GAP},      {INT64_MAX, RF_STREAM_GAP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(rf_stream_book_check(&book, "s", cases[i].seq, start, &last),
                         cases[i].verdict);
        assert_int_equal(last, 9);
    }
    rf_stream_book_fini(&book);
}

static void a_skip_goes_forward_only(void **state) {
    (void)state;
    struct rf_stream_book book;
    int64_t last;
    rf_stream_book_init(&book, rf_seconds(60));
    assert_false(rf_stream_book_advance(&book, "s", 5, start));
    opened(&book, "s", 1, 0);
    assert_true(rf_stream_book_advance(&book, "s", 5, start));
    assert_true(rf_stream_book_advance(&book, "s", 3, start));
    assert_int_equal(rf_stream_book_check(&book, "s", 6, start, &last), RF_STREAM_NEW);
    assert_int_equal(last, 5);
    rf_stream_book_fini(&book);
}

static void an_idle_row_is_forgotten_at_exactly_the_limit(void **state) {
    (void)state;
    struct rf_stream_book book;
    struct rf_instant when;
    int64_t last;
    rf_stream_book_init(&book, rf_ns(100));
    assert_false(rf_stream_book_wake(&book, &when));
    opened(&book, "old", 1, 0);
    opened(&book, "busy", 1, 0);
    rf_stream_book_check(&book, "busy", 1, (struct rf_instant){50}, &last);
    assert_true(rf_stream_book_wake(&book, &when));
    assert_int_equal(when.ns, 100);
    rf_stream_book_expire(&book, (struct rf_instant){99});
    assert_int_equal(book.rows.count, 2);
    rf_stream_book_expire(&book, (struct rf_instant){100});
    assert_int_equal(book.rows.count, 1);
    assert_int_equal(rf_stream_book_check(&book, "old", 1, (struct rf_instant){100}, &last),
                     RF_STREAM_CLOSED);
    assert_true(rf_stream_book_wake(&book, &when));
    assert_int_equal(when.ns, 150);
    rf_stream_book_fini(&book);
}

static void beyond_the_bound_the_longest_idle_stream_is_forgotten(void **state) {
    (void)state;
    struct rf_stream_book book;
    char name[32];
    rf_stream_book_init(&book, rf_seconds(60));
    for (int i = 0; i < RF_STREAM_BOOK_MAX; i++) {
        snprintf(name, sizeof name, "s%d", i);
        opened(&book, name, 1, i);
    }
    opened(&book, "s0", 1, RF_STREAM_BOOK_MAX); // heard of again: no longer the oldest
    opened(&book, "one-more", 1, RF_STREAM_BOOK_MAX + 1);
    assert_int_equal(book.rows.count, RF_STREAM_BOOK_MAX);
    assert_int_equal(book.forgotten, 1);
    assert_non_null(rf_map_find_text(&book.rows, "s0"));
    assert_null(rf_map_find_text(&book.rows, "s1"));
    rf_stream_book_fini(&book);
}

static void names_have_1_to_255_bytes_and_numbers_begin_with_1(void **state) {
    (void)state;
    struct rf_stream_book book;
    char name[RF_STREAM_NAME_BYTES + 2];
    int64_t last;
    rf_stream_book_init(&book, rf_seconds(60));
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(rf_stream_book_open(&book, "", 1, start, &last), RF_ERR_INVALID);
    assert_int_equal(rf_stream_book_open(&book, name, 1, start, &last), RF_ERR_INVALID);
    assert_int_equal(rf_stream_book_open(&book, "s", 0, start, &last), RF_ERR_INVALID);
    name[RF_STREAM_NAME_BYTES] = '\0';
    assert_int_equal(rf_stream_book_open(&book, name, 1, start, &last), RF_OK);
    rf_stream_book_fini(&book);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_stream_may_begin_anywhere_and_a_known_one_keeps_its_place),
        cmocka_unit_test(an_event_is_new_known_or_after_a_gap),
        cmocka_unit_test(a_skip_goes_forward_only),
        cmocka_unit_test(an_idle_row_is_forgotten_at_exactly_the_limit),
        cmocka_unit_test(beyond_the_bound_the_longest_idle_stream_is_forgotten),
        cmocka_unit_test(names_have_1_to_255_bytes_and_numbers_begin_with_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
