#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/trace_context.h"
#include "trace_events.h"

static json_t *step(const char *name, const char *call, int64_t took, json_t *attempts) {
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o}", "step", name, "call", call, "provider",
                     "openai", "worker", "service-gateway-1", "took_ns",
                     (json_int_t)(took * 1000000), "attempts", attempts);
}

static json_t *failed(const char *call, const char *reason, int64_t took, json_t *attempts) {
    json_t *data = step("script", call, took, attempts);
    json_object_set_new(data, "reason", json_string(reason));
    json_object_set_new(data, "message", json_string("in words"));
    return data;
}

static void assert_below(const json_t *span, const json_t *parent) {
    assert_string_equal(word(span, "parentSpanId"), word(parent, "spanId"));
    assert_string_equal(word(span, "traceId"), TRACE);
}

static int code_of(const json_t *span) {
    const json_t *status = json_object_get(span, "status");
    return (int)json_integer_value(json_object_get(status, "code"));
}

static void a_contacts_work_is_one_tree(void **state) {
    (void)state;
    struct world w;
    char name[17];
    world_begin(&w, 10);
    tell(&w, "contact.started", "info", 0, json_pack("{}"));
    json_t *two = json_pack("[o, o]", attempt("openai", 503, "transient", 15, 35, 0),
                            attempt("openai", 200, "ok", 250, 40, 200));
    tell(&w, "contact.step", "info", 300, step("script", "c1", 290, two));
    tell(&w, "contact.step", "info", 400,
         json_pack("{s:s, s:s, s:I, s:s, s:[o]}", "step", "dial", "call", "c2", "took_ns",
                   (json_int_t)50000000, "sid", "CA1", "attempts",
                   attempt("twilio", 201, "ok", 352, 48, 0)));
    tell(&w, "contact.done", "info", 900,
         json_pack("{s:s, s:s}", "outcome", "completed", "sid", "CA1"));
    const json_t *root = span(&w, "contact"), *script = span(&w, "step script");
    const json_t *call = span(&w, "call script"), *wait = span(&w, "wait backoff");
    assert_int_equal(json_array_size(w.entries), 10);
    assert_string_equal(word(root, "parentSpanId"), "");
    assert_string_equal(word(root, "spanId"), rf_span_of_contact(TRACE, name));
    assert_int_equal(began(root), 0);
    assert_int_equal(ended(root), 900);
    assert_string_equal(attribute(root, "ringfence.outcome"), "completed");
    assert_string_equal(attribute(root, "ringfence.contact"), "spring-7");
    assert_below(script, root);
    assert_int_equal(began(script), 10);
    assert_int_equal(ended(script), 300);
    assert_below(call, script);
    assert_string_equal(attribute(call, "ringfence.served_by"), "provider");
    assert_below(wait, call);
    assert_int_equal(began(wait), 50);
    assert_int_equal(ended(wait), 250);
    assert_below(span(&w, "step dial"), root);
    assert_below(span(&w, "attempt twilio"), span(&w, "call dial"));
    assert_below(span(&w, "follow"), root);
    assert_int_equal(began(span(&w, "follow")), 400);
    assert_int_equal(ended(span(&w, "follow")), 900);
    assert_int_equal(code_of(root) + code_of(script) + code_of(call), 0);
    world_end(&w);
}

static void
an_attempt_has_its_answer_its_place_and_the_name_that_its_request_carried(void **state) {
    (void)state;
    struct world w;
    char name[17];
    world_begin(&w, 10);
    json_t *refused = attempt("openai", 429, "rate_limited", 5, 10, 0);
    json_object_set_new(refused, "message", json_string("slowly"));
    json_t *silent = attempt("openai", 0, "transient", 500, 10, 480);
    json_object_set_new(silent, "code", json_string("timeout"));
    tell(&w, "contact.set_aside", "error", 520,
         failed("c1", "retries_exhausted", 520, json_pack("[o, o]", refused, silent)));
    assert_int_equal(spans(&w, "attempt openai"), 2);
    const json_t *first = json_object_get(json_array_get(w.entries, 2), "item");
    const json_t *second = json_object_get(json_array_get(w.entries, 4), "item");
    assert_string_equal(word(first, "spanId"),
                        rf_span_of_attempt(TRACE, "c1", "openai", MS(5), name));
    assert_string_equal(attribute(first, "http.response.status_code"), "429");
    assert_string_equal(attribute(first, "error.type"), "429");
    assert_string_equal(attribute(first, "gen_ai.provider.name"), "openai");
    assert_string_equal(attribute(first, "http.request.resend_count"), "");
    assert_string_equal(word(json_object_get(first, "status"), "message"), "slowly");
    assert_int_equal(json_integer_value(json_object_get(first, "kind")), 3);
    assert_string_equal(attribute(second, "error.type"), "timeout");
    assert_string_equal(attribute(second, "http.response.status_code"), "");
    assert_string_equal(attribute(second, "http.request.resend_count"), "1");
    assert_string_equal(attribute(span(&w, "wait rate_limited"), "ringfence.provider"), "openai");
    const json_t *root = span(&w, "contact");
    assert_int_equal(code_of(root), 2);
    assert_string_equal(word(json_object_get(root, "status"), "message"), "in words");
    assert_string_equal(attribute(root, "error.type"), "retries_exhausted");
    assert_int_equal(began(root), 0); // nobody told of its start
    assert_string_equal(json_string_value(json_object_get(json_array_get(w.entries, 2), "origin")),
                        "service-gateway-1");
    world_end(&w);
}

static void
of_two_hedged_attempts_the_later_one_is_the_hedge_and_the_loser_did_not_fail(void **state) {
    (void)state;
    struct world w;
    world_begin(&w, 10);
    json_t *loser = attempt("openai", 0, "local", 10, 200, 0);
    json_object_set_new(loser, "code", json_string("cancelled"));
    tell(&w, "contact.step", "info", 220,
         step("script", "c1", 220,
              json_pack("[o, o]", attempt("openai", 200, "ok", 150, 60, 0), loser)));
    const json_t *first = json_object_get(json_array_get(w.entries, 2), "item");
    const json_t *wait = json_object_get(json_array_get(w.entries, 3), "item");
    const json_t *second = json_object_get(json_array_get(w.entries, 4), "item");
    assert_string_equal(word(first, "name"), "wait turn"); // the 10 ms before the first
    assert_int_equal(began(wait), 10);
    assert_string_equal(attribute(wait, "ringfence.hedge"), "");
    assert_int_equal(code_of(wait), 0);
    assert_int_equal(began(second), 150);
    assert_string_equal(attribute(second, "ringfence.hedge"), "true");
    assert_int_equal(json_array_size(w.entries), 5);
    world_end(&w);
}

static void whoever_served_it_instead_and_whatever_needed_no_request_is_said(void **state) {
    (void)state;
    struct world w;
    world_begin(&w, 10);
    tell(&w, "contact.started", "info", 0, json_pack("{}"));
    tell(&w, "fallback.used", "warning", 5,
         json_pack("{s:s, s:s}", "call", "c1", "instead_of", "elevenlabs"));
    tell(&w, "contact.step", "info", 10, step("script", "c1", 10, json_array()));
    tell(&w, "contact.step", "info", 20, step("speech", "c2", 10, json_array()));
    assert_string_equal(attribute(span(&w, "call script"), "ringfence.fallback_from"),
                        "elevenlabs");
    assert_string_equal(attribute(span(&w, "call speech"), "ringfence.fallback_from"), "");
    assert_string_equal(attribute(span(&w, "call speech"), "ringfence.served_by"), "cache");
    json_t *local = step("dial", "c3", 10, json_array());
    json_object_set_new(local, "provider", json_string("template"));
    tell(&w, "contact.step", "info", 30, local);
    assert_string_equal(attribute(span(&w, "call dial"), "ringfence.served_by"), "local");
    world_end(&w);
}

static void a_contact_waits_until_its_next_call_begins(void **state) {
    (void)state;
    struct world w;
    world_begin(&w, 10);
    tell(&w, "contact.started", "info", 0, json_pack("{}"));
    tell(&w, "contact.deferred", "warning", 10, failed("c1", "breaker_open", 8, json_array()));
    tell(&w, "contact.step", "info", 5000, step("script", "c2", 100, json_array()));
    const json_t *wait = span(&w, "wait breaker_open");
    assert_int_equal(began(wait), 10);
    assert_int_equal(ended(wait), 4900);
    assert_string_equal(attribute(wait, "ringfence.provider"), "openai");
    assert_int_equal(spans(&w, "step script"), 2);
    // That it is night is no failure, and no call was made.
    json_t *night = json_pack("{s:s, s:s, s:[]}", "step", "dial", "reason", "window", "attempts");
    tell(&w, "contact.deferred", "info", 5000, night);
    tell(&w, "contact.set_aside", "info", 9000,
         json_pack("{s:s, s:s, s:[]}", "step", "dial", "reason", "cancelled", "attempts"));
    assert_int_equal(ended(span(&w, "wait window")), 9000);
    assert_int_equal(code_of(span(&w, "contact")), 0);
    assert_string_equal(attribute(span(&w, "contact"), "ringfence.reason"), "cancelled");
    assert_int_equal(spans(&w, "step dial"), 0);
    world_end(&w);
}

static void a_call_that_ended_unheard_ends_its_trace_and_questions_are_no_steps(void **state) {
    (void)state;
    struct world w;
    world_begin(&w, 10);
    tell(&w, "contact.step", "info", 100,
         json_pack("{s:s, s:s, s:s, s:s, s:[o]}", "step", "dial", "call", "q1", "operation",
                   "find_call", "sid", "CA1", "attempts", attempt("twilio", 200, "ok", 90, 5, 0)));
    assert_int_equal(json_array_size(w.entries), 0);
    tell(&w, "contact.deferred", "info", 700,
         json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:[o]}", "step", "dial", "call", "q2",
                   "operation", "call_status", "sid", "CA1", "status", "busy", "calls", 1,
                   "attempts", attempt("twilio", 200, "ok", 690, 5, 0)));
    assert_int_equal(json_array_size(w.entries), 2);
    assert_int_equal(began(span(&w, "follow")), 100);
    assert_string_equal(attribute(span(&w, "contact"), "ringfence.outcome"), "busy");
    world_end(&w);
}

static json_t *doubted(int64_t dialled) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:[]}", "step", "dial", "call", "q1",
                     "operation", "find_call", "provider", "twilio", "dial", "d1", "dialled",
                     (json_int_t)MS(dialled), "attempts");
}

static void a_dial_in_doubt_is_a_span_until_it_is_known_what_became_of_it(void **state) {
    (void)state;
    static const struct {
        const char *type, *severity, *outcome;
        int code;
    } cases[] = {{"contact.step", "info", "found", 0},
                 {"contact.deferred", "warning", "absent", 0},
                 {"contact.set_aside", "error", "unknown", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w;
        world_begin(&w, 10);
        tell(&w, "contact.started", "info", 0, json_pack("{}"));
        tell(&w, "contact.deferred", "warning", 100,
             json_pack("{s:s, s:s}", "reason", "backoff", "provider", "twilio"));
        json_t *data = doubted(300);
        if (i == 0)
            json_object_set_new(data, "sid", json_string("CA1"));
        if (i == 2)
            json_object_set_new(data, "reason", json_string("call_unknown"));
        tell(&w, cases[i].type, cases[i].severity, 5000, data);
        const json_t *doubt = span(&w, "dial in doubt");
        assert_int_equal(began(doubt), 300);
        assert_int_equal(ended(doubt), 5000);
        assert_int_equal(ended(span(&w, "wait backoff")), 300); // the wait was over by then
        assert_string_equal(attribute(doubt, "ringfence.outcome"), cases[i].outcome);
        assert_string_equal(attribute(doubt, "ringfence.call"), "d1");
        assert_string_equal(attribute(doubt, "ringfence.sid"), i == 0 ? "CA1" : "");
        assert_int_equal(code_of(doubt), cases[i].code);
        assert_int_equal(spans(&w, "step dial"), 0);
        if (i == 2)
            assert_below(doubt, span(&w, "contact"));
        world_end(&w);
    }
}

static void events_that_come_late_or_twice_make_no_second_root(void **state) {
    (void)state;
    struct world w;
    world_begin(&w, 10);
    tell(&w, "contact.started", "info", 0, json_pack("{}"));
    tell(&w, "contact.done", "info", 900, json_pack("{s:s}", "outcome", "completed"));
    tell(&w, "contact.done", "info", 900, json_pack("{s:s}", "outcome", "completed"));
    tell(&w, "contact.started", "info", 0, json_pack("{}"));
    tell(&w, "contact.step", "info", 300, step("script", "c1", 290, json_array()));
    assert_int_equal(spans(&w, "contact"), 1);
    assert_below(span(&w, "step script"), span(&w, "contact"));
    assert_null(w.traces.open.open.first);
    // Nor do those of no trace, or that are no contact's.
    tell_of(&w, NULL, "contact.done", "info", 1000, json_pack("{}"));
    tell_of(&w, "order 17", "contact.done", "info", 1000, json_pack("{}"));
    tell_of(&w, "5bf92f3577b34da6a3ce929d0e0e4736", "fallback.used", "warning", 1, json_pack("{}"));
    tell_of(&w, "6bf92f3577b34da6a3ce929d0e0e4736", "breaker.opened", "error", 1, json_pack("{}"));
    assert_int_equal(w.traces.open.map.count, 1);
    world_end(&w);
}

static void whoever_is_tried_again_goes_on_below_the_root(void **state) {
    (void)state;
    struct world w;
    world_begin(&w, 10);
    tell(&w, "contact.set_aside", "error", 100,
         failed("c1", "retries_exhausted", 90, json_array()));
    const json_t *root = span(&w, "contact");
    tell(&w, "contact.started", "info", 5000, json_pack("{}"));
    tell(&w, "contact.done", "info", 6000, json_pack("{s:s}", "outcome", "completed"));
    assert_int_equal(spans(&w, "contact"), 2);
    const json_t *again = json_object_get(json_array_get(w.entries, 3), "item");
    assert_below(again, root);
    assert_string_not_equal(word(again, "spanId"), word(root, "spanId"));
    assert_int_equal(began(again), 5000);
    assert_string_equal(attribute(again, "ringfence.run"), "2");
    world_end(&w);
}

// They are of two processes, and of two of their clocks.
static void a_call_begins_no_later_than_its_first_attempt(void **state) {
    (void)state;
    struct world w;
    world_begin(&w, 10);
    tell(&w, "contact.step", "info", 300,
         step("script", "c1", 100, json_pack("[o]", attempt("openai", 200, "ok", 198, 50, 0))));
    assert_int_equal(began(span(&w, "call script")), 198);
    assert_int_equal(began(span(&w, "step script")), 198);
    world_end(&w);
}

// A page that is given a second time, from where the first time had begun.
static void the_same_events_make_the_same_spans(void **state) {
    (void)state;
    json_t *lives[2];
    for (int life = 0; life < 2; life++) {
        struct world w;
        world_begin(&w, 10);
        tell(&w, "contact.started", "info", 0, json_pack("{}"));
        tell(&w, "contact.deferred", "warning", 10, failed("c1", "breaker_open", 8, json_array()));
        tell(&w, "contact.step", "info", 300,
             step("script", "c2", 200,
                  json_pack("[o, o]", attempt("openai", 500, "transient", 110, 5, 0),
                            attempt("anthropic", 200, "ok", 200, 90, 0))));
        tell(&w, "contact.done", "info", 900, json_pack("{s:s}", "outcome", "completed"));
        lives[life] = json_incref(w.entries);
        world_end(&w);
    }
    assert_true(json_equal(lives[0], lives[1]));
    json_decref(lives[0]);
    json_decref(lives[1]);
}

static void of_more_contacts_than_it_may_keep_the_oldest_is_told_as_unfinished(void **state) {
    (void)state;
    struct world w;
    const int many = 100000, most = 1000;
    world_begin(&w, (size_t)most);
    for (int i = 0; i < many; i++) {
        char trace[40];
        snprintf(trace, sizeof trace, "%032x", i + 1);
        tell_of(&w, trace, "contact.started", "info", i, json_pack("{}"));
        assert_in_range(w.traces.open.map.count, 0, most);
    }
    assert_int_equal(w.traces.given_up, many - most);
    assert_int_equal(json_array_size(w.entries), many - most);
    const json_t *first = json_object_get(json_array_get(w.entries, 0), "item");
    assert_string_equal(attribute(first, "ringfence.unfinished"), "true");
    assert_string_equal(word(first, "traceId"), "00000000000000000000000000000001");
    world_end(&w);
}

static void whoever_is_at_the_end_goes_before_whoever_is_not(void **state) {
    (void)state;
    struct world w;
    world_begin(&w, 2);
    tell_of(&w, "00000000000000000000000000000001", "contact.started", "info", 1, json_pack("{}"));
    tell_of(&w, "00000000000000000000000000000002", "contact.done", "info", 2, json_pack("{}"));
    tell_of(&w, "00000000000000000000000000000003", "contact.started", "info", 3, json_pack("{}"));
    assert_int_equal(w.traces.given_up, 0);
    assert_null(rf_open_traces_find(&w.traces.open, "00000000000000000000000000000002"));
    assert_non_null(rf_open_traces_find(&w.traces.open, "00000000000000000000000000000001"));
    world_end(&w);
}

static void garbage_makes_spans_or_none_but_no_harm(void **state) {
    (void)state;
    struct world w;
    world_begin(&w, 10);
    json_t *odd[] = {json_pack("{s:i, s:[i, n, {}, {s:I, s:I}, {s:i}]}", "call", 7, "attempts", 1,
                               "began", (json_int_t)INT64_MAX, "took_ns", (json_int_t)INT64_MAX,
                               "began", -1),
                     json_pack("{s:s, s:s}", "call", "c", "attempts", "none"),
                     json_pack("{s:s, s:I}", "call", "c", "took_ns", (json_int_t)INT64_MAX),
                     json_pack("{s:s, s:[{s:i, s:I}]}", "call", "c", "attempts", "provider", 5,
                               "began", (json_int_t)5),
                     json_array()};
    static const char *const types[] = {"contact.step", "contact.deferred", "contact.set_aside",
                                        "contact.done"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        for (size_t t = 0; t < 4; t++)
            tell(&w, types[t], NULL, (int64_t)(i * 4 + t), json_incref(odd[i]));
        json_decref(odd[i]);
    }
    const json_t *entry;
    size_t i;
    json_array_foreach(w.entries, i, entry)
        assert_true(ended(json_object_get(entry, "item")) >= began(json_object_get(entry, "item")));
    world_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contacts_work_is_one_tree),
        cmocka_unit_test(an_attempt_has_its_answer_its_place_and_the_name_that_its_request_carried),
        cmocka_unit_test(
            of_two_hedged_attempts_the_later_one_is_the_hedge_and_the_loser_did_not_fail),
        cmocka_unit_test(whoever_served_it_instead_and_whatever_needed_no_request_is_said),
        cmocka_unit_test(a_contact_waits_until_its_next_call_begins),
        cmocka_unit_test(a_call_that_ended_unheard_ends_its_trace_and_questions_are_no_steps),
        cmocka_unit_test(a_dial_in_doubt_is_a_span_until_it_is_known_what_became_of_it),
        cmocka_unit_test(events_that_come_late_or_twice_make_no_second_root),
        cmocka_unit_test(whoever_is_tried_again_goes_on_below_the_root),
        cmocka_unit_test(a_call_begins_no_later_than_its_first_attempt),
        cmocka_unit_test(the_same_events_make_the_same_spans),
        cmocka_unit_test(of_more_contacts_than_it_may_keep_the_oldest_is_told_as_unfinished),
        cmocka_unit_test(whoever_is_at_the_end_goes_before_whoever_is_not),
        cmocka_unit_test(garbage_makes_spans_or_none_but_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
