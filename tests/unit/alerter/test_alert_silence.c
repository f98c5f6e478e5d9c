#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_bench.h"

static void a_silence_holds_what_fires_and_not_the_end_of_what_was_told(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_silence(bench, "s1", "{'match': {'incident': 'breaker/*'}, 'from': 0, 'until': 600}");
    bench_event(bench, "breaker.opened", "y", "{}");
    bench_event(bench, "breaker.opened", "z", "{}");
    bench_event(bench, "provider.down", "w", "{}");
    bench_wait(bench, 60);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_event(bench, "breaker.closed", "y", "{}");
    bench_expect(bench, "opened breaker/x, opened provider/w, resolved breaker/x");
}

static void incident_48_a_silence_is_looked_at_again_at_both_its_ends(void **state) {
    struct bench *bench = *state;
    bench_silence(bench, "s1", "{'match': {'subject': 'x'}, 'from': 3600, 'until': 7200}");
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_expect(bench, "opened breaker/x");
    bench_wait(bench, 3700);
    bench_event(bench, "breaker.opened", "x", "{'reopened': true}");
    bench_event(bench, "mark.set", "x", "{'class': 'permanent.auth'}");
    bench_wait(bench, 3400);
    bench_expect(bench, "opened breaker/x");
    bench_wait(bench, 200);
    bench_expect(bench, "opened breaker/x, updated breaker/x, opened mark/x");
}

static void a_silence_that_is_taken_back_tells_at_once(void **state) {
    struct bench *bench = *state;
    bench_silence(bench, "s1", "{'match': {'rule': 'breaker'}, 'from': 0, 'until': 7200}");
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_expect(bench, "");
    bench_silence(bench, "s1", NULL);
    bench_expect(bench, "opened breaker/x");
}

static void quiet_hours_keep_all_but_the_gravest_and_tell_it_as_one(void **state) {
    struct bench *bench = *state;
    struct rf_hours hours = {.days = 127, .from = 22 * 60, .to = 31 * 60};
    bench->config.quiet = (struct rf_config_quiet){
        .hours = {.items = &hours, .count = 1}, .time_zone = "UTC", .below = "critical"};
    bench->now = 12.0 * 3600; // 22:48
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_wait(bench, 600);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_event(bench, "mark.set", "y", "{'class': 'permanent.auth'}");
    bench_expect(bench, "");
    bench_event(bench, "process.lost", "logger-1", "{'service': 'logger'}");
    bench_expect(bench, "opened process/logger-1");
    bench_kill(bench);
    bench_wait(bench, 8.0 * 3600);
    assert_int_equal(bench_count(bench, "digest", NULL), 0);
    bench_wait(bench, 1800); // 07:00 is over
    assert_int_equal(bench_count(bench, "digest", NULL), 1);
    const struct rf_alert *digest = NULL;
    for (size_t i = 0; i < bench->told_count; i++)
        digest = bench->told[i].kind == RF_NOTICE_DIGEST ? &bench->told[i] : digest;
    assert_string_equal(digest->title, "2 incidents: 1 open, 1 over");
    bench_says(digest->text,
               "- Circuit breaker of x opened, 2025-11-24 22:48:00 UTC: over after 10 min");
    bench_says(digest->text, "- Provider y is unusable");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_silence_holds_what_fires_and_not_the_end_of_what_was_told),
        BENCH_TEST(incident_48_a_silence_is_looked_at_again_at_both_its_ends),
        BENCH_TEST(a_silence_that_is_taken_back_tells_at_once),
        BENCH_TEST(quiet_hours_keep_all_but_the_gravest_and_tell_it_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
