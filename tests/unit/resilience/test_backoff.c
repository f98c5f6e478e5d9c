#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "resilience/backoff.h"

static void the_waits_are_the_policys_and_then_max_delay(void **state) {
    (void)state;
    struct rf_retry_policy policy = RF_RETRY_POLICY_DEFAULT;
    struct rf_rng rng = {1};
    policy.jitter = RF_JITTER_NONE;
    const int64_t seconds[] = {5, 10, 20, 60, 60, 60};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++)
        assert_int_equal(rf_backoff_wait(&policy, (int64_t)i, &rng).ns, seconds[i] * RF_NS_PER_S);
    assert_int_equal(rf_backoff_wait(&policy, INT64_MAX, &rng).ns, 60 * RF_NS_PER_S);
    policy.max_retries = 0;
    assert_int_equal(rf_backoff_wait(&policy, 0, &rng).ns, 60 * RF_NS_PER_S);
}

static void every_jitter_stays_within_its_bounds_and_is_never_nothing_at_the_end(void **state) {
    (void)state;
    const enum rf_jitter jitters[] = {RF_JITTER_FRACTION, RF_JITTER_FULL, RF_JITTER_EQUAL,
                                      RF_JITTER_DECORRELATED};
    struct rf_rng rng = {7};
    for (size_t j = 0; j < sizeof jitters / sizeof jitters[0]; j++) {
        struct rf_retry_policy policy = RF_RETRY_POLICY_DEFAULT;
        policy.jitter = jitters[j];
        for (int64_t failures = 0; failures < 10000; failures++) {
            int64_t wait = rf_backoff_wait(&policy, failures, &rng).ns;
            assert_true(wait >= 0 && wait <= policy.max_delay.ns * 6 / 5);
            if (failures >= policy.max_retries)
                assert_true(wait >= policy.max_delay.ns / 2 && wait <= policy.max_delay.ns);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_waits_are_the_policys_and_then_max_delay),
        cmocka_unit_test(every_jitter_stays_within_its_bounds_and_is_never_nothing_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
