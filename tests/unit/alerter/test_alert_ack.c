// An acknowledgement, told to the channels whose receivers have incidents of their own.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine_bench.h"

#define PAGER 4U // channel c

// bench_set_up gave it channels without such a receiver.
static struct bench *with_pager(void **state) {
    struct bench *bench = *state;
    bench->acks = PAGER;
    bench->engine.setup.acks = PAGER;
    return bench;
}

static void ack(struct bench *bench, const char *id, int64_t at) {
    rf_engine_ack(&bench->engine, id, "Ada", "on it", (struct rf_utc){START + at});
    bench_tick(bench);
}

static void it_goes_behind_the_opening_in_its_thread_to_those_who_want_to_know(void **state) {
    struct bench *bench = with_pager(state);
    bench_event(bench, "breaker.opened", "x", "{}");
    ack(bench, "E1", 1);
    bench_expect(bench, "opened breaker/x, acknowledged breaker/x");
    const struct rf_alert *opened = &bench->told[0], *acked = bench_last(bench);
    assert_int_equal(opened->channels, 7);
    assert_int_equal(acked->channels, PAGER);
    assert_string_equal(acked->thread, opened->id);
    assert_string_equal(acked->id, "E1-1");
    assert_true(acked->order > opened->order);
    bench_says(acked->text, "In hand:    by Ada: on it\n");
}

static void it_is_told_once_whatever_is_heard_again_and_over_a_kill(void **state) {
    struct bench *bench = with_pager(state);
    bench_event(bench, "breaker.opened", "x", "{}");
    ack(bench, "E1", 1);
    ack(bench, "E1", 1);
    bench_kill(bench);
    ack(bench, "E1", 1);
    bench_wait(bench, 3600);
    bench_expect(bench, "opened breaker/x, acknowledged breaker/x");
    ack(bench, "E1", 2); // another person, later
    assert_int_equal(bench_count(bench, "acknowledged", "breaker/x"), 2);
}

static void a_kill_before_it_is_told_does_not_lose_it(void **state) {
    struct bench *bench = with_pager(state);
    bench_event(bench, "breaker.opened", "x", "{}");
    rf_engine_ack(&bench->engine, "E1", "Ada", "on it", (struct rf_utc){START + 1});
    bench_kill(bench);
    bench_tick(bench);
    bench_expect(bench, "opened breaker/x, acknowledged breaker/x");
}

static void of_what_nobody_heard_of_it_waits_for_the_opening(void **state) {
    struct bench *bench = with_pager(state);
    bench_silence(bench, "s1", "{'match': {'subject': 'x'}, 'from': 0, 'until': 7200}");
    bench_event(bench, "breaker.opened", "x", "{}");
    ack(bench, "E1", 1);
    bench_expect(bench, "");
    bench_silence(bench, "s1", NULL);
    bench_expect(bench, "opened breaker/x, acknowledged breaker/x");
}

static void neither_a_silence_nor_a_storm_holds_it_and_it_takes_no_ones_room(void **state) {
    struct bench *bench = with_pager(state);
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "breaker.opened", "y", "{}"); // there is room for no third one
    bench_event(bench, "breaker.opened", "z", "{}");
    bench_silence(bench, "s1", "{'match': {'subject': 'x'}, 'from': 0, 'until': 7200}");
    ack(bench, "E1", 1);
    bench_expect(bench, "opened breaker/x, opened breaker/y, acknowledged breaker/x");
    bench_wait(bench, 11);
    bench_expect(bench, "opened breaker/x, opened breaker/y, acknowledged breaker/x, opened "
                        "breaker/z");
}

static void what_is_over_or_interests_nobody_is_not_told(void **state) {
    struct bench *bench = with_pager(state);
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "breaker.closed", "x", "{}");
    ack(bench, "E1", 1);
    bench_expect(bench, "opened breaker/x, resolved breaker/x");
    bench_wait(bench, 60);
    bench->engine.setup.acks = 0;
    bench_event(bench, "breaker.opened", "y", "{}");
    ack(bench, "E3", 1);
    bench->engine.setup.acks = PAGER; // a channel that came later
    bench_wait(bench, 60);
    bench_expect(bench, "opened breaker/x, resolved breaker/x, opened breaker/y");
}

static void reminders_do_not_come_back_by_it(void **state) {
    struct bench *bench = with_pager(state);
    bench_event(bench, "breaker.opened", "x", "{}");
    ack(bench, "E1", 1);
    bench_wait(bench, 24.0 * 3600);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_expect(bench, "opened breaker/x, acknowledged breaker/x, resolved breaker/x");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BENCH_TEST(it_goes_behind_the_opening_in_its_thread_to_those_who_want_to_know),
        BENCH_TEST(it_is_told_once_whatever_is_heard_again_and_over_a_kill),
        BENCH_TEST(a_kill_before_it_is_told_does_not_lose_it),
        BENCH_TEST(of_what_nobody_heard_of_it_waits_for_the_opening),
        BENCH_TEST(neither_a_silence_nor_a_storm_holds_it_and_it_takes_no_ones_room),
        BENCH_TEST(what_is_over_or_interests_nobody_is_not_told),
        BENCH_TEST(reminders_do_not_come_back_by_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
