#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <ringfence/histogram.h>

#include "random.h"

static void an_empty_histogram_and_times_out_of_its_range(void **state) {
    (void)state;
    struct rf_histogram histogram = {0};
    assert_int_equal(rf_histogram_percentile(&histogram, 0.5).ns, 0);
    rf_histogram_record(&histogram, rf_ns(INT64_MIN));
    assert_true(rf_histogram_percentile(&histogram, 0.0).ns < 100 * RF_NS_PER_US);
    rf_histogram_record(&histogram, rf_ns(INT64_MAX));
    assert_int_equal(rf_histogram_percentile(&histogram, 1.0).ns, INT64_C(1) << 42);
    assert_true(rf_histogram_percentile(&histogram, 0.5).ns < 100 * RF_NS_PER_US);
}

static void the_end_of_a_bucket_is_where_the_next_begins(void **state) {
    (void)state;
    for (int i = 0; i < RF_HISTOGRAM_BUCKETS; i++) {
        struct rf_histogram histogram = {0};
        rf_histogram_record(&histogram, rf_ns(rf_histogram_end(i).ns - 1));
        assert_int_equal(histogram.counts[i], 1);
    }
}

static void every_boundary_of_the_histogram_is_told_too_high_by_a_32nd_at_most(void **state) {
    (void)state;
    for (int bits = 16; bits < 42; bits++)
        for (int64_t sub = 32; sub < 64; sub++)
            for (int64_t off = -1; off <= 1; off++) {
                int64_t ns = (sub << (bits - 5)) + off;
                if (ns < INT64_C(1) << 16)
                    continue;
                struct rf_histogram histogram = {0};
                rf_histogram_record(&histogram, rf_ns(ns));
                int64_t told = rf_histogram_percentile(&histogram, 0.5).ns;
                assert_true(told > ns && told - ns <= ns / 32);
            }
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

// The model: all of them, sorted.
static void random_percentiles_agree_with_a_sorted_list(void **state) {
    (void)state;
    struct test_random random = {20261124};
    for (int round = 0; round < 1000; round++) {
        struct rf_histogram histogram = {0};
        int64_t all[500], count = 1 + test_random_below(&random, 500);
        for (int64_t i = 0; i < count; i++) {
            all[i] = 100000 + test_random_below(&random, INT64_C(1) << (12 + round % 28));
            rf_histogram_record(&histogram, rf_ns(all[i]));
        }
        qsort(all, (size_t)count, sizeof all[0], ascending);
        for (int64_t rank = 1; rank <= count; rank += 1 + count / 10) {
            double share = ((double)rank - 0.5) / (double)count;
            int64_t told = rf_histogram_percentile(&histogram, share).ns;
            assert_true(told > all[rank - 1] && told - all[rank - 1] <= all[rank - 1] / 32);
        }
    }
}

static void histograms_add_up_to_the_histogram_of_all(void **state) {
    (void)state;
    struct test_random random = {20261129};
    struct rf_histogram parts[4] = {0}, sum = {0}, all = {0};
    for (int i = 0; i < 10000; i++) {
        struct rf_duration took = rf_ns(test_random_below(&random, INT64_C(1) << (10 + i % 34)));
        rf_histogram_record(&parts[i % 4], took);
        rf_histogram_record(&all, took);
    }
    for (int i = 0; i < 4; i++)
        rf_histogram_merge(&sum, &parts[i]);
    assert_memory_equal(&sum, &all, sizeof all);
}

static void a_full_bucket_stays_full_and_the_count_stays_right(void **state) {
    (void)state;
    struct rf_histogram histogram = {0}, other = {0};
    assert_true(rf_histogram_add(&histogram, 7, UINT32_MAX - 1));
    assert_false(rf_histogram_add(&histogram, 7, 2));
    assert_true(rf_histogram_add(&other, 7, 5));
    assert_true(rf_histogram_add(&other, 8, 3));
    rf_histogram_merge(&histogram, &other);
    assert_int_equal(histogram.counts[7], UINT32_MAX);
    assert_int_equal(histogram.count, INT64_C(1) * UINT32_MAX + 3);
}

static void no_bucket_outside_of_it_takes_a_count(void **state) {
    (void)state;
    struct rf_histogram histogram = {0};
    assert_false(rf_histogram_add(&histogram, -1, 1));
    assert_false(rf_histogram_add(&histogram, RF_HISTOGRAM_BUCKETS, 1));
    assert_false(rf_histogram_add(&histogram, 0, -1));
    assert_false(rf_histogram_add(&histogram, INT64_MIN, INT64_MAX));
    assert_int_equal(histogram.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_histogram_and_times_out_of_its_range),
        cmocka_unit_test(the_end_of_a_bucket_is_where_the_next_begins),
        cmocka_unit_test(every_boundary_of_the_histogram_is_told_too_high_by_a_32nd_at_most),
        cmocka_unit_test(random_percentiles_agree_with_a_sorted_list),
        cmocka_unit_test(histograms_add_up_to_the_histogram_of_all),
        cmocka_unit_test(a_full_bucket_stays_full_and_the_count_stays_right),
        cmocka_unit_test(no_bucket_outside_of_it_takes_a_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
