#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_bench.h"

static int set_up(void **state) {
    *state = bench_new();
    return 0;
}

static int tear_down(void **state) {
    bench_destroy(*state);
    return 0;
}

static void says(const char *text, const char *part) {
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static void fail_contact(struct bench *bench, const char *contact) {
    bench_event(bench, "contact.set_aside", contact,
                "{'reason': 'retries_exhausted', 'provider': 'x', 'step': 'speech'}");
}

static void defer_contact(struct bench *bench, const char *contact) {
    bench_event(bench, "contact.deferred", contact, "{'provider': 'x', 'reason': 'breaker_open'}");
}

// ---- one incident, one thread ----

static void an_incident_is_opened_and_resolved_with_its_length_and_its_cost(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_expect(bench, "opened breaker/x");
    assert_string_equal(bench_last(bench)->id, "E1");
    for (int i = 0; i < 12; i++)
        defer_contact(bench, i % 2 == 0 ? "c-1" : "c-2");
    defer_contact(bench, "c-3");
    fail_contact(bench, "c-4");
    bench_wait(bench, 130);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_expect(bench, "opened breaker/x, resolved breaker/x");
    const struct rf_alert *resolved = bench_last(bench);
    assert_string_equal(resolved->thread, "E1");
    assert_string_equal(resolved->severity, "error");
    says(resolved->title, "Circuit breaker of x closed after 2 min");
    says(resolved->text, "It lasted:  2 min, since 2025-11-24 10:48:00 UTC\n");
    says(resolved->text, "It cost:    3 contacts deferred, 1 set aside; 1 alerts that follow from "
                         "it are not told by themselves\n");
    says(resolved->text, "go on.\n");
    says(resolved->payload, "\"contacts_deferred\":3");
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

static void incident_26_what_is_open_survives_a_kill(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "x", "{}");
    defer_contact(bench, "c-1");
    bench_kill(bench);
    defer_contact(bench, "c-1");
    defer_contact(bench, "c-2");
    bench_kill(bench);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_expect(bench, "opened breaker/x, resolved breaker/x");
    assert_string_equal(bench_last(bench)->thread, "E1");
    says(bench_last(bench)->text, "2 contacts deferred");
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
        fail_contact(bench, contact);
        bench->now += 0.001;
    }
    bench_wait(bench, 120);
    bench_expect(bench, "opened contact/spring/retries_exhausted/x, "
                        "updated contact/spring/retries_exhausted/x");
    says(bench_last(bench)->title, "Retries exhausted: 10000 contacts of spring set aside");
    says(bench_last(bench)->text, "Concerns:   10000: c-0, c-1, c-2, c-3, c-4, c-5, c-6, c-7, c-8, "
                                  "c-9 and 9990 more\n");
}

static void a_single_failure_is_told_within_seconds(void **state) {
    struct bench *bench = *state;
    fail_contact(bench, "c-1");
    bench_expect(bench, "");
    bench_wait(bench, 3);
    bench_expect(bench, "opened contact/spring/retries_exhausted/x");
    assert_string_equal(bench_last(bench)->id, "E1");
    assert_string_equal(bench_last(bench)->title, "Retries exhausted: contact c-1 set aside");
    bench_wait(bench, 7200); // and ends by quiet, without a word
    bench_expect(bench, "opened contact/spring/retries_exhausted/x");
    assert_int_equal(bench->engine.count, 0);
}

static void each_default_rule_names_what_and_what_to_do(void **state) {
    (void)state;
    const struct {
        const char *type, *subject, *data, *incident, *title, *advice;
    } cases[] = {
        {"breaker.opened", "elevenlabs", "{}", "breaker/elevenlabs",
         "Circuit breaker of elevenlabs opened", "called after its recovery"},
        {"contact.set_aside", "s-7", "{'reason': 'interrupted'}", "contact/spring/interrupted/-",
         "Interrupted too often: contact s-7 set aside", "see in its log"},
        {"contact.set_aside", "s-7", "{'reason': 'call_lost', 'provider': 'twilio'}",
         "contact/spring/call_lost/twilio", "Call lost sight of: contact s-7 set aside", "own log"},
        {"contact.set_aside", "s-7", "{'reason': 'call_unknown'}", "contact/spring/call_unknown/-",
         "Not known whether called: contact s-7 set aside", "refuses to list"},
        {"contact.set_aside", "s-7", "{'reason': 'permanent.auth'}",
         "contact/spring/permanent.auth/-", "Permanent failure: contact s-7 set aside",
         "provider's key"},
        {"contact.set_aside", "s-7", "{'reason': 'permanent.quota'}",
         "contact/spring/permanent.quota/-", "Permanent failure: contact s-7 set aside", "quota"},
        {"contact.set_aside", "s-7", "{'reason': 'permanent.config'}",
         "contact/spring/permanent.config/-", "Permanent failure: contact s-7 set aside",
         "geo permissions"},
        {"contact.set_aside", "s-7", "{'reason': 'permanent.invalid'}",
         "contact/spring/permanent.invalid/-", "Permanent failure: contact s-7 set aside",
         "such as the number"},
        {"provider.down", "twilio", "{}", "provider/twilio", "Provider twilio is down",
         "status page"},
        {"process.lost", "logger-01J", "{'service': 'logger'}", "process/logger-01J",
         "Process logger-01J is lost", "Start the process"},
        {"mark.set", "twilio", "{'class': 'permanent.auth'}", "mark/twilio",
         "Provider twilio is unusable", "Check the provider's key"},
        {"mark.set", "openai", "{'class': 'permanent.quota'}", "mark/openai",
         "Provider openai is unusable", "credit or quota"},
        {"mark.set", "openai", "{'class': 'permanent.config'}", "mark/openai",
         "Provider openai is unusable", "section of the configuration"},
        {"mark.set", "openai", "{'class': 'rate_limited'}", "mark/openai",
         "Provider openai is unusable", "mark clear"},
        {"key.set_aside", "twilio", "{'key': '0123abcd'}", "key/twilio/0123abcd",
         "A key of provider twilio is set aside", "other keys are used"},
        {"worker.ejected", "gateway-1", "{'provider': 'elevenlabs'}", "worker/gateway-1/elevenlabs",
         "Gateway gateway-1 is kept from elevenlabs", "way to the provider"},
        {"journal.trimmed", "alerter", "{}", "journal/alerter",
         "Events may be lost: alerter has a gap", "journal.max_age"},
        {"journal.replaced", "alerter", "{}", "journal/alerter",
         "Events may be lost: alerter has a gap", "backup brought back"},
        {"sink.failed", "sheets", "{'message': 'HTTP 403'}", "sink/sheets",
         "Log sink sheets cannot be written", "disk full"},
        {"channel.down", "a", "{'message': '550'}", "channel/a", "Alerts no longer reach channel a",
         "ringfence alert test a"},
        {"queue.stalled", "spring", "{'due': 12}", "queue/spring",
         "Campaign spring stands still: 12 contacts are due", "ringfence campaign status spring"},
        {"disk.low", "/var", "{'host': 'h1'}", "disk/h1//var", "Disk nearly full: /var",
         "Make room"},
        {"certificate.expiring", "openai", "{'left_ns': 5}", "certificate/openai",
         "The certificate of openai is near its end", "renew"},
        {"certificate.expiring", "openai", "{'left_ns': -5}", "certificate/openai",
         "The certificate of openai has expired", "renew"},
        {"campaign.finished", "spring", "{'done': 8, 'set_aside': 2, 'total': 10}",
         "campaign/spring", "Campaign spring finished: 8 of 10 done, 2 set aside",
         "campaign export spring"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench *bench = bench_new();
        bench_event(bench, cases[i].type, cases[i].subject, cases[i].data);
        bench_wait(bench, 60);
        assert_int_equal(bench->told_count, 1);
        const struct rf_alert *alert = bench_last(bench);
        assert_string_equal(alert->title, cases[i].title);
        assert_string_equal(alert->incident, cases[i].incident);
        assert_string_equal(alert->id, "E1");
        assert_string_equal(alert->thread, "E1");
        assert_int_equal(alert->kind, RF_NOTICE_OPENED);
        assert_int_equal(alert->n, 1);
        says(alert->text, cases[i].advice);
        says(alert->text, "When:       2025-11-24 10:48:00 UTC\n");
        says(alert->text, "Campaign:   spring\n");
        bench_destroy(bench);
    }
}

static void each_default_rule_that_has_a_counterpart_is_resolved_by_it(void **state) {
    (void)state;
    const struct {
        const char *on, *end, *subject, *data, *title;
    } cases[] = {
        {"breaker.opened", "breaker.closed", "x", "{}", "Circuit breaker of x closed after "},
        {"breaker.opened", "breaker.reset", "x", "{}", "Circuit breaker of x closed after "},
        {"provider.down", "provider.up", "x", "{'from': 'down'}", "Provider x is up again after "},
        {"worker.ejected", "worker.readmitted", "g", "{'provider': 'x'}",
         "Gateway g gets calls of x again after "},
        {"mark.set", "mark.cleared", "x", "{'class': 'permanent.auth'}",
         "Provider x is usable again after "},
        {"key.set_aside", "key.cleared", "x", "{'key': 'ab'}",
         "A key of provider x is in use again, or gone after "},
        {"sink.failed", "sink.recovered", "x", "{}", "Log sink x is written again after "},
        {"channel.down", "channel.up", "a", "{}", "Alerts reach channel a again after "},
        {"queue.stalled", "queue.moving", "s", "{'due': 2}", "Campaign s moves again after "},
        {"disk.low", "disk.ok", "/d", "{'host': 'h'}", "Disk has room again: /d after "},
        {"certificate.expiring", "certificate.valid", "x", "{'left_ns': 1}",
         "The certificate of x is renewed after "},
        {"process.lost", "process.ready", "logger-1", "{'service': 'logger'}",
         "Process logger-1 is replaced: another logger is ready after "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench *bench = bench_new();
        bench_event(bench, cases[i].on, cases[i].subject, cases[i].data);
        bench_wait(bench, 100);
        bench_event(bench, cases[i].end, cases[i].subject, cases[i].data);
        assert_int_equal(bench->told_count, 2);
        assert_int_equal(bench_last(bench)->kind, RF_NOTICE_RESOLVED);
        says(bench_last(bench)->title, cases[i].title);
        assert_string_equal(bench_last(bench)->id, "E2");
        assert_string_equal(bench_last(bench)->thread, "E1");
        bench_destroy(bench);
    }
}

static void what_is_no_news_for_people_is_not_told(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "contact.set_aside", "c", "{'reason': 'cancelled'}");
    bench_event(bench, "contact.set_aside", "c", "{}");
    bench_event(bench, "contact.set_aside", "c", "{'reason': 'permanent.auth', 'mark_made': true}");
    bench_event(bench, "breaker.opened", "x", "{'mode': 'observe'}");
    bench_event(bench, "breaker.opened", "x", "{'mode': 'observe', 'force': 'none'}");
    bench_event(bench, "key.cleared", "x", "{}");
    bench_event(bench, "breaker.half_open", "x", "{}");
    bench_event(bench, "retry.exhausted", "x", "{}");
    bench_event(bench, "alert.sent", "a", "{}");
    bench_event(bench, "alert.failed", "a", "{'final': true}");
    bench_event(bench, "channel.up", "a", "{}");
    bench_event(bench, "contact.done", "c", "{}");
    bench_event(bench, "breaker.opened.not", "x", "{}");
    bench_event(bench, "", "x", "{}");
    bench_wait(bench, 3600);
    bench_expect(bench, "");
    bench_event(bench, "breaker.opened", "x", "{'mode': 'observe', 'force': 'open'}");
    bench_expect(bench, "opened breaker/x");
}

static void a_dead_channel_is_told_on_the_others(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "channel.down", "b", "{'message': '550'}");
    assert_int_equal(bench_last(bench)->channels, 5);
    bench_event(bench, "channel.up", "b", "{}");
    assert_int_equal(bench_last(bench)->channels, 5);
    bench_expect(bench, "opened channel/b, resolved channel/b");
}

static void a_process_that_was_replaced_before_it_was_missed_is_resolved_at_once(void **state) {
    struct bench *bench = *state;
    bench->now = 100;
    bench_event(bench, "process.ready", "logger-2", "{'service': 'logger'}");
    bench_event(bench, "process.ready", "broker-2", "{'service': 'broker'}");
    bench_kill(bench);
    bench->now = 105;
    char data[96];
    snprintf(data, sizeof data, "{'service': 'logger', 'last_change': %lld}",
             (long long)(START + 99 * RF_NS_PER_S));
    bench_event(bench, "process.lost", "logger-1", data);
    bench_expect(bench, "opened process/logger-1, resolved process/logger-1");
    bench_event(bench, "process.lost", "logger-2", data); // that one replaced only one
    assert_int_equal(bench_count(bench, "resolved", "process/logger-2"), 0);
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
    says(bench_last(bench)->text, "In hand:    by Ada: provider is on it\n");
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
    says(bench->told[3].title, "Flapping: ");
}

static void what_opens_again_much_later_is_another_story(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_wait(bench, 301);
    bench_event(bench, "breaker.opened", "x", "{}");
    assert_string_equal(bench_last(bench)->thread, "E3");
}

// ---- inhibition ----

static void incident_38_an_open_breaker_swallows_what_follows_from_it(void **state) {
    struct bench *bench = *state;
    char contact[16];
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "provider.down", "x", "{}");
    for (int i = 0; i < 50; i++) {
        snprintf(contact, sizeof contact, "c-%d", i);
        fail_contact(bench, contact);
    }
    bench_wait(bench, 300);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_wait(bench, 30);
    bench_event(bench, "provider.up", "x", "{'from': 'down'}");
    bench_wait(bench, 3600);
    bench_expect(bench, "opened breaker/x, resolved breaker/x");
    says(bench_last(bench)->text, "51 alerts that follow from it");
    says(bench_last(bench)->text, "50 set aside");
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

static void other_providers_are_not_swallowed(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "y", "{}");
    fail_contact(bench, "c-1");
    bench_wait(bench, 10);
    bench_expect(bench, "opened breaker/y, opened contact/spring/retries_exhausted/x");
}

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
    says(bench->told[0].title, "4 providers are down together");
    for (int i = 0; i < 3; i++)
        bench_event(bench, "provider.up", providers[i], "{'from': 'down'}");
    assert_int_equal(bench_last(bench)->kind, RF_NOTICE_RESOLVED);
    bench_wait(bench, 61); // who is still down is told by itself
    assert_string_equal(bench_last(bench)->incident, "provider/elevenlabs");
}

static void two_providers_that_fail_are_told_each(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "provider.down", "openai", "{}");
    bench_event(bench, "provider.down", "openai-tts", "{}");
    bench_event(bench, "provider.down", "twilio", "{}");
    bench_wait(bench, 60);
    assert_int_equal(bench_count(bench, "opened", NULL), 3);
}

// ---- storms ----

static void ten_thousand_different_incidents_are_three_notices_with_right_counts(void **state) {
    struct bench *bench = *state;
    char campaign[24];
    bench->paged = true;
    for (int i = 0; i < 10000; i++) {
        snprintf(campaign, sizeof campaign, "p-%d", i);
        bench_event(bench, "key.set_aside", campaign, "{'key': 'ab'}");
        bench->now += 0.001;
    }
    bench_tick(bench);
    bench_wait(bench, 120);
    assert_int_equal(bench->told_count, 3);
    assert_int_equal(bench_last(bench)->kind, RF_NOTICE_DIGEST);
    assert_string_equal(bench_last(bench)->title, "9998 incidents: 9998 open, 0 over");
    says(bench_last(bench)->text, "9998 key: 9998 open, 0 over");
    says(bench_last(bench)->text, "and 9958 more");
    assert_true(strlen(bench_last(bench)->text) < 8000);
    for (int i = 0; i < 10000; i++) {
        snprintf(campaign, sizeof campaign, "p-%d", i);
        bench_event(bench, "key.cleared", campaign, "{'key': 'ab'}");
        bench->now += 0.001;
    }
    bench_tick(bench);
    bench_wait(bench, 120);
    assert_int_equal(bench->told_count, 6);
    assert_string_equal(bench_last(bench)->title, "9998 incidents: 0 open, 9998 over");
}

static void a_few_incidents_a_minute_are_told_each(void **state) {
    struct bench *bench = *state;
    char name[8];
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "p-%d", i);
        bench_event(bench, "breaker.opened", name, "{}");
        bench_wait(bench, i % 3 == 0 ? 1 : 15);
    }
    assert_int_equal(bench_count(bench, "opened", NULL), 12);
    assert_int_equal(bench->told_count, 12);
}

static void a_storm_that_goes_on_is_told_each_minute(void **state) {
    struct bench *bench = *state;
    char name[16];
    for (int i = 0; i < 180; i++) {
        snprintf(name, sizeof name, "p-%d", i);
        bench_event(bench, "breaker.opened", name, "{}");
        bench_wait(bench, 1);
    }
    bench_wait(bench, 30);
    size_t digests = bench_count(bench, "digest", NULL);
    assert_in_range(digests, 2, 4);
    assert_true(bench->told_count < 20);
}

static void incident_35_a_digest_is_bounded_and_counts_what_it_leaves_out(void **state) {
    struct bench *bench = *state;
    char name[400];
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "%d-", i);
        memset(name + strlen(name), 'x', 300);
        name[310] = '\0';
        bench_event(bench, "breaker.opened", name, "{}");
    }
    bench_wait(bench, 120);
    assert_int_equal(bench_last(bench)->kind, RF_NOTICE_DIGEST);
    assert_true(strlen(bench_last(bench)->text) < 16384);
    says(bench_last(bench)->text, "498 breaker: 498 open");
    says(bench_last(bench)->text, "and 458 more");
}

static void a_storm_on_some_channels_is_none_on_the_others(void **state) {
    struct bench *bench = *state;
    bench->rules[0] =
        (struct rf_config_alert_rule){.name = "keys", .on = "key.set_aside", .channels = "a"};
    bench->config.rules.count = 1;
    for (int i = 0; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof name, "p-%d", i);
        bench_event(bench, "key.set_aside", name, "{}");
    }
    bench_wait(bench, 5);
    bench_event(bench, "breaker.opened", "x", "{}"); // of all channels: waits for channel a
    bench_wait(bench, 60);
    assert_int_equal(bench_count(bench, "digest", NULL), 2);
    unsigned channels = 0;
    for (size_t i = 0; i < bench->told_count; i++)
        if (bench->told[i].kind == RF_NOTICE_DIGEST)
            channels |= bench->told[i].channels;
    assert_int_equal(channels, 7);
}

// ---- silences and quiet hours ----

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
    says(digest->text, "- Circuit breaker of x opened, 2025-11-24 22:48:00 UTC: over after 10 min");
    says(digest->text, "- Provider y is unusable");
}

// ---- a user's rules ----

static void a_rule_can_want_several_events_in_a_time(void **state) {
    struct bench *bench = *state;
    bench->rules[0] = (struct rf_config_alert_rule){.name = "retries",
                                                    .on = "retry.scheduled",
                                                    .where = "class=transient",
                                                    .count = 3,
                                                    .within = rf_seconds(60),
                                                    .severity = "warning",
                                                    .title = "{subject} is retried often"};
    bench->config.rules.count = 1;
    for (int i = 0; i < 5; i++) {
        bench_event(bench, "retry.scheduled", "x", "{'class': 'transient'}");
        bench_wait(bench, 40);
    }
    bench_event(bench, "retry.scheduled", "x", "{'class': 'rate_limited'}");
    bench_expect(bench, "");
    bench_kill(bench);
    bench_event(bench, "retry.scheduled", "x", "{'class': 'transient'}");
    bench_kill(bench);
    bench_event(bench, "retry.scheduled", "x", "{'class': 'transient'}");
    bench_expect(bench, "opened retries/x");
    assert_string_equal(bench_last(bench)->title, "x is retried often");
    assert_string_equal(bench_last(bench)->severity, "warning");
}

static void a_rule_can_want_it_to_last(void **state) {
    struct bench *bench = *state;
    bench->rules[0] = (struct rf_config_alert_rule){.name = "long",
                                                    .on = "breaker.opened",
                                                    .resolve = "breaker.closed",
                                                    .lasting = rf_seconds(120)};
    bench->config.rules.count = 1;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_wait(bench, 119);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_wait(bench, 600);
    bench_expect(bench, "");
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_wait(bench, 121);
    bench_expect(bench, "opened long/x");
}

static void a_rule_can_drop_what_the_built_in_ones_tell(void **state) {
    struct bench *bench = *state;
    bench->rules[0] = (struct rf_config_alert_rule){
        .name = "no", .on = "breaker.*", .where = "subject=x|y", .drop = true};
    bench->config.rules.count = 1;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "breaker.opened", "z", "{}");
    bench_expect(bench, "opened breaker/z");
}

static void an_incident_whose_rule_is_gone_ends_by_quiet(void **state) {
    struct bench *bench = *state;
    bench->rules[0] = (struct rf_config_alert_rule){.name = "mine", .on = "breaker.opened"};
    bench->config.rules.count = 1;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench->config.rules.count = 0;
    bench_wait(bench, 3700);
    bench_expect(bench, "opened mine/x, resolved mine/x");
    assert_string_equal(bench_last(bench)->title, "Over: Circuit breaker of x opened after 0.0 s");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_incident_is_opened_and_resolved_with_its_length_and_its_cost),
        TEST(incident_22_one_resolve_and_nothing_fires_behind_it),
        TEST(incident_23_no_end_is_told_without_a_beginning),
        TEST(incident_26_what_is_open_survives_a_kill),
        TEST(news_of_an_incident_comes_no_more_often_than_its_interval),
        TEST(contacts_that_fail_alike_are_one_incident_with_right_counts),
        TEST(a_single_failure_is_told_within_seconds),
        TEST(each_default_rule_names_what_and_what_to_do),
        TEST(each_default_rule_that_has_a_counterpart_is_resolved_by_it),
        TEST(what_is_no_news_for_people_is_not_told),
        TEST(a_dead_channel_is_told_on_the_others),
        TEST(a_process_that_was_replaced_before_it_was_missed_is_resolved_at_once),
        TEST(what_is_open_is_told_again_until_somebody_has_it_in_hand),
        TEST(what_nobody_acknowledges_is_escalated_once),
        TEST(incident_24_a_provider_that_flaps_is_told_a_few_times),
        TEST(incident_39_flapping_does_not_put_the_reminder_off),
        TEST(what_opens_again_much_later_is_another_story),
        TEST(incident_38_an_open_breaker_swallows_what_follows_from_it),
        TEST(what_is_still_there_after_its_inhibitor_is_told_then),
        TEST(other_providers_are_not_swallowed),
        TEST(incident_25_providers_that_fail_together_are_one_incident_of_our_own_side),
        TEST(two_providers_that_fail_are_told_each),
        TEST(ten_thousand_different_incidents_are_three_notices_with_right_counts),
        TEST(a_few_incidents_a_minute_are_told_each),
        TEST(a_storm_that_goes_on_is_told_each_minute),
        TEST(incident_35_a_digest_is_bounded_and_counts_what_it_leaves_out),
        TEST(a_storm_on_some_channels_is_none_on_the_others),
        TEST(a_silence_holds_what_fires_and_not_the_end_of_what_was_told),
        TEST(incident_48_a_silence_is_looked_at_again_at_both_its_ends),
        TEST(a_silence_that_is_taken_back_tells_at_once),
        TEST(quiet_hours_keep_all_but_the_gravest_and_tell_it_as_one),
        TEST(a_rule_can_want_several_events_in_a_time),
        TEST(a_rule_can_want_it_to_last),
        TEST(a_rule_can_drop_what_the_built_in_ones_tell),
        TEST(an_incident_whose_rule_is_gone_ends_by_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
