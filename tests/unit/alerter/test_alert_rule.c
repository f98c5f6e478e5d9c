#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/rows.h"
#include "engine_bench.h"

// ---- the built-in rules ----

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
        {"clock.off", "h1", "{'way': 'fast'}", "clock/h1", "The clock of h1 is wrong: too fast",
         "timedatectl"},
        {"forecast.short", "elevenlabs", "{'unserved': 40}", "forecast/elevenlabs",
         "The credit of elevenlabs will leave about 40 contacts unserved", "Add credit"},
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
        bench_says(alert->text, cases[i].advice);
        bench_says(alert->text, "When:       2025-11-24 10:48:00 UTC\n");
        bench_says(alert->text, "Campaign:   spring\n");
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
        {"clock.off", "clock.right", "h1", "{'way': 'slow'}",
         "The clock of h1 is right again after "},
        {"forecast.short", "forecast.enough", "x", "{'unserved': 1}",
         "The credit of x lasts again after "},
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
        bench_says(bench_last(bench)->title, cases[i].title);
        assert_string_equal(bench_last(bench)->id, "E2");
        assert_string_equal(bench_last(bench)->thread, "E1");
        bench_destroy(bench);
    }
}

static void each_built_in_rule_says_what_a_user_may_say(void **state) {
    (void)state;
    for (size_t i = 0; i < rf_alert_rule_count; i++) {
        const struct rf_config_alert_rule *rule = &rf_alert_rules[i];
        const char *problem = rf_config_alert_rule_items.problem(rule);
        // Made by the engine, of no event.
        if (problem != NULL && strcmp(rule->name, "own-side") != 0)
            fail_msg("%s: %s", rule->name, problem);
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

static void
what_ended_by_quiet_while_its_rule_was_gone_is_told_when_the_rule_is_back(void **state) {
    struct bench *bench = *state;
    struct rf_hours hours = {.days = 127, .from = 22 * 60, .to = 31 * 60};
    bench->config.quiet = (struct rf_config_quiet){
        .hours = {.items = &hours, .count = 1}, .time_zone = "UTC", .below = "critical"};
    bench->rules[0] = (struct rf_config_alert_rule){
        .name = "mine", .on = "breaker.opened", .resolve = "breaker.closed"};
    bench->config.rules.count = 1;
    bench->now = 11.0 * 3600; // 21:48
    bench_event(bench, "breaker.opened", "x", "{}");
    bench->config.rules.count = 0;
    bench_wait(bench, 2.0 * 3600); // it ends at 22:48
    bench->config.rules.count = 1;
    bench_kill(bench);
    bench_expect(bench, "opened mine/x");
    bench_wait(bench, 8.0 * 3600);
    bench_expect(bench, "opened mine/x, resolved mine/x");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BENCH_TEST(each_default_rule_names_what_and_what_to_do),
        BENCH_TEST(each_default_rule_that_has_a_counterpart_is_resolved_by_it),
        BENCH_TEST(each_built_in_rule_says_what_a_user_may_say),
        BENCH_TEST(what_is_no_news_for_people_is_not_told),
        BENCH_TEST(a_dead_channel_is_told_on_the_others),
        BENCH_TEST(a_process_that_was_replaced_before_it_was_missed_is_resolved_at_once),
        BENCH_TEST(a_rule_can_want_several_events_in_a_time),
        BENCH_TEST(a_rule_can_want_it_to_last),
        BENCH_TEST(a_rule_can_drop_what_the_built_in_ones_tell),
        BENCH_TEST(an_incident_whose_rule_is_gone_ends_by_quiet),
        BENCH_TEST(what_ended_by_quiet_while_its_rule_was_gone_is_told_when_the_rule_is_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
