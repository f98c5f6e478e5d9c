#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "stream_book.h"

static const struct rf_instant start = {0};
static const struct rf_stream_claim claim = {.owner = RF_STREAM_KEYLESS};

static int64_t opened(struct rf_stream_book *book, const char *name, int64_t next, int64_t at) {
    struct rf_stream_row *row;
    bool moved;
    assert_int_equal(
        rf_stream_book_open(book, name, next, &claim, (struct rf_instant){at}, &row, &moved),
        RF_OK);
    assert_false(moved);
    return row->last;
}

static void an_unknown_stream_may_begin_anywhere_and_a_known_one_keeps_its_place(void **state) {
    (void)state;
    struct rf_stream_book book;
    rf_stream_book_init(&book, rf_seconds(60), 0, NULL, NULL);
    assert_int_equal(opened(&book, "outbox", 18, 0), 17);
    rf_stream_row_advance(rf_stream_book_find(&book, "outbox"), 18);
    // Opened again, whatever the publisher believes.
    assert_int_equal(opened(&book, "outbox", 5, 0), 18);
    assert_int_equal(opened(&book, "outbox", 99, 0), 18);
    rf_stream_book_fini(&book);
}

static void an_event_is_new_known_or_after_a_gap(void **state) {
    (void)state;
    struct rf_stream_book book;
    rf_stream_book_init(&book, rf_seconds(60), 0, NULL, NULL);
    assert_null(rf_stream_book_find(&book, "s"));
    opened(&book, "s", 10, 0);
    const struct {
        int64_t seq;
        enum rf_stream_verdict verdict;
    } cases[] = {
        {1, RF_STREAM_DUPLICATE}, {9, RF_STREAM_DUPLICATE},   {10, RF_STREAM_NEW},
        {11, RF_STREAM_GAP},      {INT64_MAX, RF_STREAM_GAP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rf_stream_row *row = rf_stream_book_find(&book, "s");
        assert_int_equal(rf_stream_row_check(row, cases[i].seq), cases[i].verdict);
        assert_int_equal(row->last, 9);
    }
    rf_stream_book_fini(&book);
}

static void a_skip_goes_forward_only(void **state) {
    (void)state;
    struct rf_stream_book book;
    rf_stream_book_init(&book, rf_seconds(60), 0, NULL, NULL);
    opened(&book, "s", 1, 0);
    struct rf_stream_row *row = rf_stream_book_find(&book, "s");
    rf_stream_row_advance(row, 5);
    rf_stream_row_advance(row, 3);
    assert_int_equal(rf_stream_row_check(row, 6), RF_STREAM_NEW);
    assert_int_equal(row->last, 5);
    rf_stream_book_fini(&book);
}

static void an_idle_row_is_forgotten_at_exactly_the_limit(void **state) {
    (void)state;
    struct rf_stream_book book;
    struct rf_instant when;
    rf_stream_book_init(&book, rf_ns(100), 0, NULL, NULL);
    assert_false(rf_stream_book_wake(&book, &when));
    opened(&book, "old", 1, 0);
    opened(&book, "busy", 1, 0);
    rf_stream_book_hear(&book, rf_stream_book_find(&book, "busy"), (struct rf_instant){50});
    assert_true(rf_stream_book_wake(&book, &when));
    assert_int_equal(when.ns, 100);
    rf_stream_book_expire(&book, (struct rf_instant){99});
    assert_int_equal(book.rows.count, 2);
    rf_stream_book_expire(&book, (struct rf_instant){100});
    assert_int_equal(book.rows.count, 1);
    assert_null(rf_stream_book_find(&book, "old"));
    assert_true(rf_stream_book_wake(&book, &when));
    assert_int_equal(when.ns, 150);
    rf_stream_book_fini(&book);
}

static void beyond_the_bound_the_longest_idle_stream_is_forgotten(void **state) {
    (void)state;
    struct rf_stream_book book;
    char name[32];
    rf_stream_book_init(&book, rf_seconds(60), 0, NULL, NULL);
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
    struct rf_stream_row *row;
    bool moved;
    rf_stream_book_init(&book, rf_seconds(60), 0, NULL, NULL);
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(rf_stream_book_open(&book, "", 1, &claim, start, &row, &moved),
                     RF_ERR_INVALID);
    assert_int_equal(rf_stream_book_open(&book, name, 1, &claim, start, &row, &moved),
                     RF_ERR_INVALID);
    assert_int_equal(rf_stream_book_open(&book, "s", 0, &claim, start, &row, &moved),
                     RF_ERR_INVALID);
    name[RF_STREAM_NAME_BYTES] = '\0';
    assert_int_equal(rf_stream_book_open(&book, name, 1, &claim, start, &row, &moved), RF_OK);
    rf_stream_book_fini(&book);
}

static int64_t forgotten_number;

static void note_forgotten(void *arg, const struct rf_stream_row *row) {
    (void)arg;
    forgotten_number = row->number;
}

static void
a_restored_row_goes_on_where_it_was_and_grows_old_as_if_nothing_had_happened(void **state) {
    (void)state;
    struct rf_stream_book book;
    struct rf_instant when;
    rf_stream_book_init(&book, rf_ns(100), 7, note_forgotten, NULL);
    assert_int_equal(
        rf_stream_book_restore(&book, 3, "outbox", 41, RF_STREAM_KEYLESS, (struct rf_instant){-90}),
        RF_OK);
    assert_int_equal(opened(&book, "new", 1, 0), 0);
    // Numbers of rows go on behind all that the disk has seen.
    assert_int_equal(rf_stream_book_find(&book, "new")->number, 8);
    assert_true(rf_stream_book_wake(&book, &when));
    assert_int_equal(when.ns, 10);
    assert_int_equal(opened(&book, "outbox", 1, 5), 41);
    rf_stream_book_expire(&book, (struct rf_instant){104});
    assert_int_equal(forgotten_number, 8);
    rf_stream_book_expire(&book, (struct rf_instant){105});
    assert_int_equal(forgotten_number, 3);
    assert_int_equal(book.rows.count, 0);
    rf_stream_book_fini(&book);
}

static void a_takeover_keeps_the_bound_of_its_owner_and_a_restart_forgets_nothing(void **state) {
    (void)state;
    struct rf_stream_book book;
    struct rf_stream_row *row;
    char name[32];
    bool moved;
    rf_stream_book_init(&book, rf_seconds(60), 5000, NULL, NULL);
    for (int i = 0; i <= RF_STREAM_BOOK_OF_ONE; i++) {
        snprintf(name, sizeof name, "s%d", i);
        assert_int_equal(rf_stream_book_restore(&book, i + 1, name, 1, i == 0 ? "b" : "a", start),
                         RF_OK);
    }
    const struct rf_stream_claim admin = {.owner = "a", .takes = true};
    assert_int_equal(rf_stream_book_open(&book, "s0", 1, &admin, start, &row, &moved), RF_OK);
    assert_true(moved);
    assert_int_equal(row->owner->count, RF_STREAM_BOOK_OF_ONE);
    assert_int_equal(book.forgotten, 1);
    assert_ptr_equal(rf_stream_book_find(&book, "s0"), row);
    assert_null(rf_stream_book_find(&book, "s1"));
    // As a broker of before wrote it.
    assert_int_equal(rf_stream_book_restore(&book, 2, "s1", 1, "a", start), RF_OK);
    assert_int_equal(book.forgotten, 1);
    rf_stream_book_fini(&book);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_stream_may_begin_anywhere_and_a_known_one_keeps_its_place),
        cmocka_unit_test(an_event_is_new_known_or_after_a_gap),
        cmocka_unit_test(a_skip_goes_forward_only),
        cmocka_unit_test(an_idle_row_is_forgotten_at_exactly_the_limit),
        cmocka_unit_test(beyond_the_bound_the_longest_idle_stream_is_forgotten),
        cmocka_unit_test(
            a_restored_row_goes_on_where_it_was_and_grows_old_as_if_nothing_had_happened),
        cmocka_unit_test(a_takeover_keeps_the_bound_of_its_owner_and_a_restart_forgets_nothing),
        cmocka_unit_test(names_have_1_to_255_bytes_and_numbers_begin_with_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
