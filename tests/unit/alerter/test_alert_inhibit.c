#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_bench.h"

// ---- inhibition ----

static void incident_38_an_open_breaker_swallows_what_follows_from_it(void **state) {
    struct bench *bench = *state;
    char contact[16];
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "provider.down", "x", "{}");
    for (int i = 0; i < 50; i++) {
        snprintf(contact, sizeof contact, "c-%d", i);
        bench_fail_contact(bench, contact);
    }
    bench_wait(bench, 300);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_wait(bench, 30);
    bench_event(bench, "provider.up", "x", "{'from': 'down'}");
    bench_wait(bench, 3600);
    bench_expect(bench, "opened breaker/x, resolved breaker/x");
    bench_says(bench_last(bench)->text, "51 alerts that follow from it");
    bench_says(bench_last(bench)->text, "50 set aside");
}

static void what_is_still_there_after_its_inhibitor_is_told_then(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "provider.down", "x", "{}");
    bench_wait(bench, 300);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_kill(bench);
    bench_wait(bench, 59);
    bench_expect(bench, "opened breaker/x, resolved breaker/x");
    bench_wait(bench, 2);
    bench_expect(bench, "opened breaker/x, resolved breaker/x, opened provider/x");
}

static void what_is_held_back_names_its_holder_until_that_one_ends(void **state) {
    struct bench *bench = *state;
    char breaker[RF_ALERT_ID_SIZE], provider[RF_ALERT_ID_SIZE];
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "provider.down", "x", "{}");
    memcpy(breaker, bench->engine.first->id, sizeof breaker);
    memcpy(provider, bench->engine.last->id, sizeof provider);
    for (int life = 0; life < 2; life++) { // as it was, and as it was stored
        const struct rf_incident *holder = rf_engine_holder(&bench->engine, "provider/x", provider);
        assert_non_null(holder);
        assert_string_equal(holder->fingerprint, "breaker/x");
        assert_null(rf_engine_holder(&bench->engine, "breaker/x", breaker));
        assert_null(rf_engine_holder(&bench->engine, "provider/x", "an earlier one"));
        assert_null(rf_engine_holder(&bench->engine, "provider/y", provider));
        bench_kill(bench);
    }
    bench_event(bench, "breaker.closed", "x", "{}");
    assert_null(rf_engine_holder(&bench->engine, "provider/x", provider));
}

static void who_was_told_already_is_held_back_by_nobody(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "provider.down", "x", "{}");
    bench_wait(bench, 300);
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_expect(bench, "opened provider/x, opened breaker/x");
    assert_null(rf_engine_holder(&bench->engine, "provider/x", bench->engine.first->id));
}

static void other_providers_are_not_swallowed(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "y", "{}");
    bench_fail_contact(bench, "c-1");
    bench_wait(bench, 10);
    bench_expect(bench, "opened breaker/y, opened contact/spring/retries_exhausted/x");
}

// ---- our own side ----

static void
incident_25_providers_that_fail_together_are_one_incident_of_our_own_side(void **state) {
    struct bench *bench = *state;
    const char *const providers[] = {"openai", "openai-tts", "twilio", "elevenlabs"};
    for (int i = 0; i < 4; i++) {
        bench_event(bench, "provider.down", providers[i], "{}");
        bench_wait(bench, 3);
    }
    bench_wait(bench, 600);
    assert_int_equal(bench_count(bench, "opened", NULL), 1);
    assert_string_equal(bench->told[0].incident, "own-side");
    assert_string_equal(bench->told[0].severity, "critical");
    bench_says(bench->told[0].title, "4 providers are down together");
    for (int i = 0; i < 3; i++)
        bench_event(bench, "provider.up", providers[i], "{'from': 'down'}");
    assert_int_equal(bench_last(bench)->kind, RF_NOTICE_RESOLVED);
    bench_wait(bench, 61); // who is still down is told by itself
    assert_string_equal(bench_last(bench)->incident, "provider/elevenlabs");
}

// x is down for long; what goes down later, each alone, is no reason to blame our own side when
// there is news of x.
static void news_of_an_old_outage_bring_no_later_ones_together(void **state) {
    struct bench *bench = *state;
    const char *const names[] = {"x", "y", "z"};
    for (int i = 0; i < 3; i++) {
        bench_event(bench, "provider.down", names[i], "{}");
        bench_wait(bench, 600);
    }
    bench_event(bench, "provider.down", "x", "{}");
    bench_wait(bench, 60);
    assert_int_equal(bench_count(bench, "opened", "own-side"), 0);
    assert_int_equal(bench_count(bench, "opened", NULL), 3);
}

static void incident_25_who_fails_together_is_known_in_any_order_of_the_events(void **state) {
    struct bench *bench = *state;
    const char *const names[] = {"x", "y", "z"};
    for (int i = 0; i < 3; i++) {
        bench->late = i == 0 ? 0 : 10 - i; // the first one heard of happened last
        bench_event(bench, "provider.down", names[i], "{}");
    }
    bench_wait(bench, 60);
    bench_expect(bench, "opened own-side");
}

// Longer than an outage waits for others that may come with it.
static void a_storm_that_holds_our_own_side_holds_the_providers_no_less(void **state) {
    struct bench *bench = *state;
    const char *const names[] = {"x", "y", "z"};
    char name[8];
    for (int i = 0; i < 33; i++) {
        snprintf(name, sizeof name, "b-%d", i);
        bench_event(bench, "breaker.opened", name, "{}");
        for (int k = 0; i == 5 && k < 3; k++)
            bench_event(bench, "provider.down", names[k], "{}");
        bench_wait(bench, 2);
    }
    bench_wait(bench, 60);
    bench_says(bench->told[2].text, "down together");
    for (size_t i = 0; i < bench->told_count; i++)
        assert_null(strstr(bench->told[i].text, "Provider "));
}

static void two_providers_that_fail_are_told_each(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "provider.down", "openai", "{}");
    bench_event(bench, "provider.down", "openai-tts", "{}");
    bench_event(bench, "provider.down", "twilio", "{}");
    bench_wait(bench, 60);
    assert_int_equal(bench_count(bench, "opened", NULL), 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BENCH_TEST(incident_38_an_open_breaker_swallows_what_follows_from_it),
        BENCH_TEST(what_is_still_there_after_its_inhibitor_is_told_then),
        BENCH_TEST(what_is_held_back_names_its_holder_until_that_one_ends),
        BENCH_TEST(who_was_told_already_is_held_back_by_nobody),
        BENCH_TEST(other_providers_are_not_swallowed),
        BENCH_TEST(incident_25_providers_that_fail_together_are_one_incident_of_our_own_side),
        BENCH_TEST(news_of_an_old_outage_bring_no_later_ones_together),
        BENCH_TEST(incident_25_who_fails_together_is_known_in_any_order_of_the_events),
        BENCH_TEST(a_storm_that_holds_our_own_side_holds_the_providers_no_less),
        BENCH_TEST(two_providers_that_fail_are_told_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
