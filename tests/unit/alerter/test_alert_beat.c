#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "heartbeat.h"

static void nothing_is_sent_while_we_do_not_work_and_that_is_told_once(void **state) {
    (void)state;
    struct rf_beat beat = {0};
    enum rf_beat_news news;
    assert_true(rf_beat_due(&beat, NULL, &news));
    assert_int_equal(news, RF_BEAT_SAME);
    assert_false(rf_beat_due(&beat, "the broker is away", &news));
    assert_int_equal(news, RF_BEAT_FAILS);
    assert_false(rf_beat_due(&beat, "the disk is full", &news));
    assert_int_equal(news, RF_BEAT_SAME);
    assert_true(rf_beat_due(&beat, NULL, &news));
    assert_int_equal(news, RF_BEAT_WORKS);
    assert_true(rf_beat_due(&beat, NULL, &news));
    assert_int_equal(news, RF_BEAT_SAME);
}

static void a_receiver_that_does_not_take_it_is_told_once_and_when_it_does(void **state) {
    (void)state;
    struct rf_beat beat = {0};
    static const struct {
        bool taken;
        enum rf_beat_news news;
    } steps[] = {{true, RF_BEAT_SAME},  {false, RF_BEAT_FAILS}, {false, RF_BEAT_SAME},
                 {true, RF_BEAT_WORKS}, {true, RF_BEAT_SAME},   {false, RF_BEAT_FAILS}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        assert_int_equal(rf_beat_heard(&beat, steps[i].taken), steps[i].news);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_sent_while_we_do_not_work_and_that_is_told_once),
        cmocka_unit_test(a_receiver_that_does_not_take_it_is_told_once_and_when_it_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
