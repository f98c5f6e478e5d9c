#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/line_queue.h"

static const struct rf_instant began = {1000 * RF_NS_PER_S};

static struct rf_instant after_ms(int64_t ms) {
    return rf_instant_add(began, rf_ms(ms));
}

static bool put(struct rf_line_queue *queue, int64_t ms, const char *text) {
    return rf_line_queue_put(queue, after_ms(ms), (struct rf_utc){ms}, RF_LOG_WARNING, text);
}

static void expect(struct rf_line_queue *queue, const char *text, int64_t at, int64_t left_out) {
    struct rf_line *line = rf_line_queue_take(queue);
    assert_non_null(line);
    assert_string_equal(line->text, text);
    assert_int_equal(line->size, strlen(text));
    assert_int_equal(line->at.ns, at);
    assert_int_equal(line->level, RF_LOG_WARNING);
    assert_int_equal(line->left_out, left_out);
    free(line);
}

static void lines_come_out_in_order_with_their_time(void **state) {
    (void)state;
    struct rf_line_queue queue;
    rf_line_queue_init(&queue, 0, 1, began);
    assert_null(rf_line_queue_take(&queue));
    assert_true(put(&queue, 1, "first"));
    assert_true(put(&queue, 2, ""));
    expect(&queue, "first", 1, 0);
    assert_true(put(&queue, 3, "third"));
    expect(&queue, "", 2, 0);
    expect(&queue, "third", 3, 0);
    assert_null(rf_line_queue_take(&queue));
    assert_int_equal(queue.count, 0);
    assert_int_equal(queue.bytes, 0);
    rf_line_queue_fini(&queue);
}

static void a_storm_leaves_its_burst_and_then_its_rate_and_counts_the_rest(void **state) {
    (void)state;
    struct rf_line_queue queue;
    int64_t taken = 0, left_out = 0;
    rf_line_queue_init(&queue, 10, 50, began);
    for (int64_t ms = 0; ms < 10000; ms++)
        taken += put(&queue, ms, "storm");
    // 50 at once, and 10 a second in the 10 seconds.
    assert_in_range(taken, 149, 151);
    struct rf_line *line;
    int64_t lines = 0;
    while ((line = rf_line_queue_take(&queue)) != NULL) {
        assert_int_equal(lines < 50 ? 0 : 1, line->left_out > 0);
        left_out += line->left_out;
        lines++;
        free(line);
    }
    assert_int_equal(lines, taken);
    left_out += rf_line_queue_told(&queue);
    assert_int_equal(lines + left_out, 10000);
    assert_int_equal(rf_line_queue_told(&queue), 0);
    rf_line_queue_fini(&queue);
}

static void without_a_rate_only_its_size_bounds_it_and_the_first_lines_stay(void **state) {
    (void)state;
    struct rf_line_queue queue;
    char text[32];
    rf_line_queue_init(&queue, 0, 1, began);
    for (size_t i = 0; i < RF_LINE_QUEUE_LINES + 5; i++) {
        snprintf(text, sizeof text, "line %zu", i);
        assert_int_equal(put(&queue, 0, text), i < RF_LINE_QUEUE_LINES);
    }
    expect(&queue, "line 0", 0, 0);
    assert_true(put(&queue, 0, "later"));
    for (size_t i = 1; i < RF_LINE_QUEUE_LINES; i++)
        free(rf_line_queue_take(&queue));
    expect(&queue, "later", 0, 5);
    rf_line_queue_fini(&queue);
}

static void long_lines_are_bounded_by_their_bytes(void **state) {
    (void)state;
    struct rf_line_queue queue;
    static char text[2001];
    size_t taken = 0;
    memset(text, 'x', sizeof text - 1);
    rf_line_queue_init(&queue, 0, 1, began);
    while (put(&queue, 0, text))
        taken++;
    assert_int_equal(taken, RF_LINE_QUEUE_BYTES / 2000);
    assert_true(queue.bytes <= RF_LINE_QUEUE_BYTES);
    assert_int_equal(rf_line_queue_told(&queue), 1);
    rf_line_queue_fini(&queue);
}

static void a_rate_may_be_changed_while_lines_wait(void **state) {
    (void)state;
    struct rf_line_queue queue;
    rf_line_queue_init(&queue, 0, 1, began);
    for (int i = 0; i < 20; i++)
        assert_true(put(&queue, 0, "free"));
    rf_line_queue_limit(&queue, 1, 1, after_ms(0));
    assert_true(put(&queue, 0, "the one token"));
    assert_false(put(&queue, 1, "too soon"));
    assert_true(put(&queue, 1100, "a second later"));
    assert_int_equal(queue.count, 22);
    rf_line_queue_fini(&queue);
    assert_int_equal(queue.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_out_in_order_with_their_time),
        cmocka_unit_test(a_storm_leaves_its_burst_and_then_its_rate_and_counts_the_rest),
        cmocka_unit_test(without_a_rate_only_its_size_bounds_it_and_the_first_lines_stay),
        cmocka_unit_test(long_lines_are_bounded_by_their_bytes),
        cmocka_unit_test(a_rate_may_be_changed_while_lines_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
