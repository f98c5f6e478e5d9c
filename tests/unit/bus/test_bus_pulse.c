#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bus/pulse.h"

static struct rf_instant at(int64_t seconds) {
    return (struct rf_instant){seconds * RF_NS_PER_S};
}

static struct rf_pulse started(void) {
    struct rf_pulse pulse;
    rf_pulse_init(&pulse, rf_seconds(3), at(0));
    return pulse;
}

static void the_first_answer_connects(void **state) {
    (void)state;
    struct rf_pulse pulse = started();
    assert_false(pulse.connected);
    assert_int_equal(rf_pulse_heard(&pulse, "b1", true, at(1)), RF_PULSE_CAME);
    assert_true(pulse.connected);
    assert_int_equal(rf_pulse_heard(&pulse, "b1", false, at(2)), RF_PULSE_SAME);
}

static void silence_beyond_the_limit_is_told_once(void **state) {
    (void)state;
    struct rf_pulse pulse = started();
    rf_pulse_heard(&pulse, "b1", true, at(1));
    assert_false(rf_pulse_silent(&pulse, at(4)));
    struct rf_instant just_after = {at(4).ns + 1};
    assert_true(rf_pulse_silent(&pulse, just_after));
    assert_false(pulse.connected);
    assert_false(rf_pulse_silent(&pulse, at(100)));
    assert_int_equal(rf_pulse_heard(&pulse, "b1", false, at(101)), RF_PULSE_CAME);
}

static void another_broker_is_a_change_even_without_a_silence(void **state) {
    (void)state;
    struct rf_pulse pulse = started();
    rf_pulse_heard(&pulse, "b1", true, at(1));
    assert_int_equal(rf_pulse_heard(&pulse, "b2", false, at(2)), RF_PULSE_CHANGED);
}

// Incident 21: the connection is restored below us, and the worker never says READY again.
static void a_broker_that_forgot_us_is_a_change(void **state) {
    (void)state;
    struct rf_pulse pulse = started();
    rf_pulse_heard(&pulse, "b1", true, at(1));
    assert_int_equal(rf_pulse_heard(&pulse, "b1", true, at(2)), RF_PULSE_CHANGED);
}

static void waiting_is_told_after_one_second_and_then_every_thirty(void **state) {
    (void)state;
    struct rf_pulse pulse = started();
    struct rf_instant just_before = {at(1).ns - 1};
    assert_false(rf_pulse_waiting(&pulse, just_before));
    assert_true(rf_pulse_waiting(&pulse, at(1)));
    assert_false(rf_pulse_waiting(&pulse, at(30)));
    assert_true(rf_pulse_waiting(&pulse, at(31)));
    rf_pulse_heard(&pulse, "b1", true, at(32));
    assert_false(rf_pulse_waiting(&pulse, at(100)));
    assert_true(rf_pulse_silent(&pulse, at(100)));
    assert_false(rf_pulse_waiting(&pulse, at(100)));
    assert_true(rf_pulse_waiting(&pulse, at(101)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_answer_connects),
        cmocka_unit_test(silence_beyond_the_limit_is_told_once),
        cmocka_unit_test(another_broker_is_a_change_even_without_a_silence),
        cmocka_unit_test(a_broker_that_forgot_us_is_a_change),
        cmocka_unit_test(waiting_is_told_after_one_second_and_then_every_thirty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
