#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_bench.h"

// ---- one incident, one thread ----

static void an_incident_is_opened_and_resolved_with_its_length_and_its_cost(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_expect(bench, "opened breaker/x");
    assert_string_equal(bench_last(bench)->id, "E1");
    for (int i = 0; i < 12; i++)
        bench_defer_contact(bench, i % 2 == 0 ? "c-1" : "c-2");
    bench_defer_contact(bench, "c-3");
    bench_fail_contact(bench, "c-4");
    bench_wait(bench, 130);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_expect(bench, "opened breaker/x, resolved breaker/x");
    const struct rf_alert *resolved = bench_last(bench);
    assert_string_equal(resolved->thread, "E1");
    assert_string_equal(resolved->severity, "error");
    bench_says(resolved->title, "Circuit breaker of x closed after 2 min");
    bench_says(resolved->text, "It lasted:  2 min, since 2025-11-24 10:48:00 UTC\n");
    bench_says(resolved->text,
               "It cost:    3 contacts deferred, 1 set aside; 1 alerts that follow from "
               "it are not told by themselves\n");
    bench_says(resolved->text, "go on.\n");
    bench_says(resolved->payload, "\"contacts_deferred\":3");
}

static void incident_22_one_resolve_and_nothing_fires_behind_it(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "breaker.closed", "x", "{}");
    for (int i = 0; i < 5; i++) {
        bench_event(bench, "breaker.closed", "x", "{}");
        bench_kill(bench);
        bench_wait(bench, 5.0 * 3600);
    }
    bench_expect(bench, "opened breaker/x, resolved breaker/x");
}

static void incident_23_no_end_is_told_without_a_beginning(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "provider.up", "x", "{'from': 'down'}");
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_event(bench, "mark.cleared", "x", "{}");
    bench_wait(bench, 3600);
    bench_expect(bench, "");
}

static void incident_23_who_heard_of_the_beginning_hears_of_the_end_and_nobody_else(void **state) {
    struct bench *bench = *state;
    bench->rules[0] = (struct rf_config_alert_rule){
        .name = "mine", .on = "breaker.opened", .resolve = "breaker.closed", .channels = "a"};
    bench->config.rules.count = 1;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "breaker.opened", "y", "{}");
    bench->rules[0].channels = "b,c"; // a reload
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_kill(bench);
    bench_wait(bench, 20);
    bench_event(bench, "breaker.opened", "y", "{'reopened': true}");
    bench_wait(bench, 900);
    assert_int_equal(bench_last(bench)->channels, 6);
    bench_event(bench, "breaker.closed", "y", "{}");
    bench_expect(bench, "opened mine/x, opened mine/y, resolved mine/x, updated mine/y, "
                        "resolved mine/y");
    assert_int_equal(bench->told[2].channels, 1);
    assert_int_equal(bench_last(bench)->channels, 7);
}

static void incident_26_what_is_open_survives_a_kill(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_defer_contact(bench, "c-1");
    bench_kill(bench);
    bench_defer_contact(bench, "c-1");
    bench_defer_contact(bench, "c-2");
    bench_kill(bench);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_expect(bench, "opened breaker/x, resolved breaker/x");
    assert_string_equal(bench_last(bench)->thread, "E1");
    bench_says(bench_last(bench)->text, "2 contacts deferred");
}

static void news_of_an_incident_comes_no_more_often_than_its_interval(void **state) {
    struct bench *bench = *state;
    for (int i = 0; i < 60; i++) { // half-open failed again, each 30 s
        bench_event(bench, "breaker.opened", "x", "{'reopened': true}");
        bench_wait(bench, 30);
    }
    // After 1, 2, 4, 8 and 16 minutes, counted from the notice before.
    assert_int_equal(bench_count(bench, "opened", NULL), 1);
    assert_int_equal(bench_count(bench, "updated", "breaker/x"), 4);
    assert_int_equal(bench->told_count, 5);
    assert_string_equal(bench_last(bench)->thread, "E1");
}

// ---- contacts ----

static void contacts_that_fail_alike_are_one_incident_with_right_counts(void **state) {
    struct bench *bench = *state;
    char contact[16];
    for (int i = 0; i < 10000; i++) {
        snprintf(contact, sizeof contact, "c-%d", i);
        bench_fail_contact(bench, contact);
        bench->now += 0.001;
    }
    bench_wait(bench, 120);
    bench_expect(bench, "opened contact/spring/retries_exhausted/x, "
                        "updated contact/spring/retries_exhausted/x");
    bench_says(bench_last(bench)->title, "Retries exhausted: 10000 contacts of spring set aside");
    bench_says(bench_last(bench)->text,
               "Concerns:   10000: c-0, c-1, c-2, c-3, c-4, c-5, c-6, c-7, c-8, "
               "c-9 and 9990 more\n");
}

static void a_single_failure_is_told_within_seconds(void **state) {
    struct bench *bench = *state;
    bench_fail_contact(bench, "c-1");
    bench_expect(bench, "");
    bench_wait(bench, 3);
    bench_expect(bench, "opened contact/spring/retries_exhausted/x");
    assert_string_equal(bench_last(bench)->id, "E1");
    assert_string_equal(bench_last(bench)->title, "Retries exhausted: contact c-1 set aside");
    bench_wait(bench, 7200); // and ends by quiet, without a word
    bench_expect(bench, "opened contact/spring/retries_exhausted/x");
    assert_int_equal(bench->engine.count, 0);
}

// ---- reminders, escalation, acknowledgement ----

static void what_is_open_is_told_again_until_somebody_has_it_in_hand(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_wait(bench, 8.5 * 3600);
    bench_expect(bench, "opened breaker/x, reminder breaker/x, reminder breaker/x");
    assert_string_equal(bench_last(bench)->id, "E1-2");
    rf_engine_ack(&bench->engine, "E1", "Ada", "provider is on it", (struct rf_utc){START + 1});
    bench_wait(bench, 24.0 * 3600);
    assert_int_equal(bench->told_count, 3);
    bench_event(bench, "breaker.closed", "x", "{}");
    assert_int_equal(bench_last(bench)->kind, RF_NOTICE_RESOLVED);
    bench_says(bench_last(bench)->text, "In hand:    by Ada: provider is on it\n");
}

static void what_nobody_acknowledges_is_escalated_once(void **state) {
    struct bench *bench = *state;
    bench->rules[0] = (struct rf_config_alert_rule){.name = "mine",
                                                    .on = "breaker.opened",
                                                    .resolve = "breaker.closed",
                                                    .channels = "a",
                                                    .escalate_after = rf_seconds(600),
                                                    .escalate_channels = "b,c"};
    bench->config.rules.count = 1;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "breaker.opened", "y", "{}");
    assert_int_equal(bench_last(bench)->channels, 1);
    rf_engine_ack(&bench->engine, "E2", "Ada", "", (struct rf_utc){START + 1});
    bench_wait(bench, 3600);
    bench_expect(bench, "opened mine/x, opened mine/y, escalated mine/x");
    assert_int_equal(bench_last(bench)->channels, 7);
    bench_event(bench, "breaker.closed", "x", "{}");
    assert_int_equal(bench_last(bench)->channels, 7); // who was called hears that it is over
}

// ---- flapping ----

static void incident_24_a_provider_that_flaps_is_told_a_few_times(void **state) {
    struct bench *bench = *state;
    bench->config.own_side.providers = 0;
    for (int i = 0; i < 200; i++) {
        bench_event(bench, "provider.down", "x", "{}");
        bench_wait(bench, 30);
        bench_event(bench, "provider.up", "x", "{'from': 'down'}");
        bench_wait(bench, 30);
    }
    bench_wait(bench, 600);
    assert_int_equal(bench_last(bench)->kind, RF_NOTICE_RESOLVED);
    assert_true(bench->told_count < 16);
    for (size_t i = 0; i < bench->told_count; i++)
        assert_string_equal(bench->told[i].thread, "E1");
}

static void incident_39_flapping_does_not_put_the_reminder_off(void **state) {
    struct bench *bench = *state;
    for (int i = 0; i < 300; i++) {
        bench_event(bench, "breaker.opened", "x", "{}");
        bench_wait(bench, 60);
        bench_event(bench, "breaker.closed", "x", "{}");
        bench_wait(bench, 60);
    }
    // Ten hours: after four and after eight, whatever else was told.
    assert_int_equal(bench_count(bench, "reminder", "breaker/x"), 2);
    assert_true(bench->told_count < 20);
    bench_wait(bench, 600);
    assert_int_equal(bench_last(bench)->kind, RF_NOTICE_RESOLVED);
    bench_says(bench->told[3].title, "Flapping: ");
}

static void incident_24_two_long_outages_in_a_row_are_no_flapping(void **state) {
    struct bench *bench = *state;
    for (int i = 0; i < 2; i++) {
        bench_event(bench, "breaker.opened", "x", "{}");
        bench_wait(bench, 3600);
        bench_event(bench, "breaker.closed", "x", "{}");
        bench_wait(bench, 60);
    }
    bench_expect(bench, "opened breaker/x, resolved breaker/x, opened breaker/x, "
                        "resolved breaker/x");
}

static void what_opens_again_much_later_is_another_story(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_wait(bench, 301);
    bench_event(bench, "breaker.opened", "x", "{}");
    assert_string_equal(bench_last(bench)->thread, "E3");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BENCH_TEST(an_incident_is_opened_and_resolved_with_its_length_and_its_cost),
        BENCH_TEST(incident_22_one_resolve_and_nothing_fires_behind_it),
        BENCH_TEST(incident_23_no_end_is_told_without_a_beginning),
        BENCH_TEST(incident_23_who_heard_of_the_beginning_hears_of_the_end_and_nobody_else),
        BENCH_TEST(incident_26_what_is_open_survives_a_kill),
        BENCH_TEST(news_of_an_incident_comes_no_more_often_than_its_interval),
        BENCH_TEST(contacts_that_fail_alike_are_one_incident_with_right_counts),
        BENCH_TEST(a_single_failure_is_told_within_seconds),
        BENCH_TEST(what_is_open_is_told_again_until_somebody_has_it_in_hand),
        BENCH_TEST(what_nobody_acknowledges_is_escalated_once),
        BENCH_TEST(incident_24_a_provider_that_flaps_is_told_a_few_times),
        BENCH_TEST(incident_39_flapping_does_not_put_the_reminder_off),
        BENCH_TEST(incident_24_two_long_outages_in_a_row_are_no_flapping),
        BENCH_TEST(what_opens_again_much_later_is_another_story),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
