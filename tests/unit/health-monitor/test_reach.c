#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reach.h"

#define FALL 2

static struct rf_instant at_s(int64_t seconds) {
    return (struct rf_instant){seconds * RF_NS_PER_S};
}

struct bench {
    struct health_reach reaches[4];
    size_t count;
    struct health_own_side own;
};

static struct bench bench_of(size_t count) {
    return (struct bench){.reaches = {{.vendor = "elevenlabs"},
                                      {.vendor = "openai"},
                                      {.vendor = "openai"},
                                      {.vendor = "twilio"}},
                          .count = count};
}

// A probe of provider `at` ends; true: what is thought of our own side changed.
static bool seen(struct bench *bench, int64_t second, size_t at, enum health_sign sign) {
    health_reach_seen(&bench->reaches[at], sign, at_s(second));
    return health_own_side_look(&bench->own, bench->reaches, bench->count, FALL, at_s(second),
                                (struct rf_utc){second});
}

static enum health_blame blame(const struct bench *bench, size_t at) {
    return health_reach_blame(bench->reaches, bench->count, at);
}

static void all_answer(struct bench *bench, int64_t second) {
    for (size_t i = 0; i < bench->count; i++)
        assert_false(seen(bench, second, i, HEALTH_SIGN_ANSWER));
}

static void silence_is_nobodys_until_another_vendor_was_asked(void **state) {
    (void)state;
    struct bench bench = bench_of(4);
    all_answer(&bench, 10);
    assert_false(seen(&bench, 20, 0, HEALTH_SIGN_MUTE));
    assert_int_equal(blame(&bench, 0), HEALTH_BLAME_UNDECIDED);
    assert_false(seen(&bench, 22, 0, HEALTH_SIGN_MUTE));
    assert_int_equal(blame(&bench, 0), HEALTH_BLAME_UNDECIDED);
    assert_false(seen(&bench, 23, 3, HEALTH_SIGN_ANSWER));
    assert_int_equal(blame(&bench, 0), HEALTH_BLAME_PROVIDER);
    assert_false(bench.own.failed);
}

static void incident_25_when_no_vendor_answers_it_is_our_own_side(void **state) {
    (void)state;
    struct bench bench = bench_of(4);
    all_answer(&bench, 10);
    assert_false(seen(&bench, 20, 0, HEALTH_SIGN_MUTE));
    assert_false(seen(&bench, 21, 1, HEALTH_SIGN_MUTE));
    assert_false(seen(&bench, 22, 0, HEALTH_SIGN_MUTE));
    assert_false(seen(&bench, 23, 2, HEALTH_SIGN_MUTE));
    // Only now the last vendor was asked.
    assert_true(seen(&bench, 24, 3, HEALTH_SIGN_MUTE));
    assert_true(bench.own.failed);
    assert_string_equal(bench.own.what, "network");
    assert_int_equal(bench.own.since_utc.ns, 24);
    assert_false(seen(&bench, 30, 1, HEALTH_SIGN_MUTE));
    assert_true(seen(&bench, 40, 3, HEALTH_SIGN_ANSWER));
    assert_false(bench.own.failed);
    // A word on how it was, also while it is well again.
    assert_string_equal(bench.own.what, "network");
}

static void one_silent_answer_of_each_is_not_enough(void **state) {
    (void)state;
    struct bench bench = bench_of(4);
    all_answer(&bench, 10);
    for (size_t i = 0; i < 4; i++)
        assert_false(seen(&bench, 20, i, HEALTH_SIGN_MUTE));
    assert_true(seen(&bench, 22, 2, HEALTH_SIGN_MUTE));
}

static void an_answer_of_any_kind_shows_that_the_way_is_there(void **state) {
    (void)state;
    struct bench bench = bench_of(4);
    all_answer(&bench, 10);
    for (int64_t second = 20; second < 60; second += 2) {
        assert_false(seen(&bench, second, 0, HEALTH_SIGN_MUTE));
        assert_false(seen(&bench, second, 1, HEALTH_SIGN_MUTE));
        assert_false(seen(&bench, second, 2, HEALTH_SIGN_MUTE));
        assert_false(seen(&bench, second + 1, 3, HEALTH_SIGN_ANSWER)); // 503, say
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(blame(&bench, i), HEALTH_BLAME_PROVIDER);
}

static void no_name_of_any_is_dns(void **state) {
    (void)state;
    struct bench bench = bench_of(4);
    all_answer(&bench, 10);
    for (size_t i = 0; i < 4; i++)
        assert_false(seen(&bench, 20, i, HEALTH_SIGN_NAME));
    assert_true(seen(&bench, 22, 0, HEALTH_SIGN_NAME));
    assert_string_equal(bench.own.what, "dns");
}

static void one_vendor_alone_has_nobody_to_be_compared_with(void **state) {
    (void)state;
    struct bench bench = bench_of(1);
    assert_true(health_reach_alone(bench.reaches, 1));
    for (int64_t second = 20; second < 40; second++) {
        assert_false(seen(&bench, second, 0, HEALTH_SIGN_MUTE));
        assert_int_equal(blame(&bench, 0), HEALTH_BLAME_PROVIDER);
    }
    assert_false(health_reach_alone(bench_of(2).reaches, 2));
}

static void another_address_of_a_vendor_that_answers_shows_the_way_too(void **state) {
    (void)state;
    struct bench bench = {
        .reaches = {{.vendor = "openai"}, {.vendor = "openai"}, {.vendor = "twilio"}}, .count = 3};
    all_answer(&bench, 10);
    assert_false(seen(&bench, 20, 0, HEALTH_SIGN_MUTE));
    assert_false(seen(&bench, 20, 2, HEALTH_SIGN_MUTE));
    assert_false(seen(&bench, 21, 1, HEALTH_SIGN_ANSWER));
    assert_false(seen(&bench, 22, 0, HEALTH_SIGN_MUTE));
    assert_int_equal(blame(&bench, 0), HEALTH_BLAME_PROVIDER);
    assert_int_equal(blame(&bench, 2), HEALTH_BLAME_PROVIDER);
}

static void what_is_forgotten_blames_nobody(void **state) {
    (void)state;
    struct bench bench = bench_of(4);
    all_answer(&bench, 10);
    for (int64_t second = 20; second < 24; second++)
        for (size_t i = 0; i < 4; i++)
            (void)seen(&bench, second, i, HEALTH_SIGN_MUTE);
    assert_true(bench.own.failed);
    assert_true(seen(&bench, 30, 0, HEALTH_SIGN_ANSWER));
    health_reach_forget(bench.reaches, 4);
    assert_false(seen(&bench, 31, 1, HEALTH_SIGN_MUTE));
    assert_int_equal(bench.reaches[1].mute, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_nobodys_until_another_vendor_was_asked),
        cmocka_unit_test(incident_25_when_no_vendor_answers_it_is_our_own_side),
        cmocka_unit_test(one_silent_answer_of_each_is_not_enough),
        cmocka_unit_test(an_answer_of_any_kind_shows_that_the_way_is_there),
        cmocka_unit_test(no_name_of_any_is_dns),
        cmocka_unit_test(one_vendor_alone_has_nobody_to_be_compared_with),
        cmocka_unit_test(another_address_of_a_vendor_that_answers_shows_the_way_too),
        cmocka_unit_test(what_is_forgotten_blames_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
