#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "skew.h"

static const struct rf_duration most = {30 * RF_NS_PER_S};
static const struct rf_instant now = {INT64_C(5000) * RF_NS_PER_S};

static bool decide(struct health_skew *skew, enum health_skew_status *from) {
    return health_skew_decide(skew, most, now, (struct rf_utc){77}, from);
}

static void it_is_off_by_the_median_of_two_vendors_or_more(void **state) {
    (void)state;
    static const struct {
        int64_t said_s[5];
        size_t count;
        enum health_skew_status status;
        int64_t ahead_s;
    } cases[] = {
        {{90}, 1, HEALTH_SKEW_UNKNOWN, 0},
        {{90, 80}, 2, HEALTH_SKEW_OFF, 80},
        {{-90, -80}, 2, HEALTH_SKEW_OFF, -80},
        {{90, 0}, 2, HEALTH_SKEW_RIGHT, 0}, // one of two is wrong, and nobody knows which
        {{90, -90}, 2, HEALTH_SKEW_RIGHT, 0},
        {{3600, 1, 0}, 3, HEALTH_SKEW_RIGHT, 1}, // one provider's own fault
        {{-3600, 40, 41}, 3, HEALTH_SKEW_OFF, 40},
        {{40, 3600, 41, -3600}, 4, HEALTH_SKEW_OFF, 40},
        {{30, 30, 30, 30, 30}, 5, HEALTH_SKEW_RIGHT, 30}, // not more than is allowed
        {{31, 31, 31, 31, 31}, 5, HEALTH_SKEW_OFF, 31},
    };
    static const char *const vendors[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct health_skew skew = {0};
        enum health_skew_status from;
        for (size_t k = 0; k < cases[i].count; k++)
            health_skew_heard(&skew, vendors[k], rf_seconds(cases[i].said_s[k]), now);
        assert_int_equal(decide(&skew, &from), cases[i].status != HEALTH_SKEW_UNKNOWN);
        assert_int_equal(from, HEALTH_SKEW_UNKNOWN);
        assert_int_equal(skew.status, cases[i].status);
        assert_int_equal(skew.ahead.ns / RF_NS_PER_S, cases[i].ahead_s);
        assert_int_equal(skew.since.ns, cases[i].status != HEALTH_SKEW_UNKNOWN ? 77 : 0);
    }
}

static void a_vendor_has_one_word_its_latest_and_not_for_ever(void **state) {
    (void)state;
    struct health_skew skew = {0};
    enum health_skew_status from;
    health_skew_heard(&skew, "a", rf_seconds(90), now);
    health_skew_heard(&skew, "a", rf_seconds(91), now); // openai and openai-tts
    assert_false(decide(&skew, &from));
    struct rf_instant old = rf_instant_add(now, rf_ns(-HEALTH_SKEW_FRESH.ns - 1));
    health_skew_heard(&skew, "b", rf_seconds(90), old);
    assert_false(decide(&skew, &from));
    health_skew_heard(&skew, "b", rf_seconds(90), now);
    assert_true(decide(&skew, &from));
    health_skew_heard(&skew, "a", rf_seconds(0), now);
    assert_true(decide(&skew, &from));
    assert_int_equal(from, HEALTH_SKEW_OFF);
    assert_int_equal(skew.status, HEALTH_SKEW_RIGHT);
}

static void around_its_bound_it_does_not_flap(void **state) {
    (void)state;
    struct health_skew skew = {0};
    enum health_skew_status from;
    static const struct {
        int64_t said_ms;
        bool told;
    } looks[] = {{30001, true}, {29500, false}, {30001, false}, {27001, false},
                 {26999, true}, {30000, false}, {30001, true}};
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        health_skew_heard(&skew, "a", rf_ns(looks[i].said_ms * RF_NS_PER_MS), now);
        health_skew_heard(&skew, "b", rf_ns(looks[i].said_ms * RF_NS_PER_MS), now);
        assert_int_equal(decide(&skew, &from), looks[i].told);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_off_by_the_median_of_two_vendors_or_more),
        cmocka_unit_test(a_vendor_has_one_word_its_latest_and_not_for_ever),
        cmocka_unit_test(around_its_bound_it_does_not_flap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
