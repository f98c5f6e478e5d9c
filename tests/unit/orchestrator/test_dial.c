#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dial.h"
#include "follow.h"

#define S RF_NS_PER_S

static const struct rf_rules rules = {
    .play = true,
    .defer_delay = {30 * S},
    .send_margin = {20 * S},
    .http_timeout = {15 * S},
    .list_lag = {5 * S},
    .clock_skew = {2 * S},
    .poll_initial = {1 * S},
    .poll_max = {5 * S},
    .lost_after = {600 * S},
    .max_attempts = 3,
};

// A contact whose dial was stored at 1000 s and is in doubt: nothing is proven before 1042 s.
static struct rf_contact doubtful(void) {
    struct rf_contact contact = {
        .row = 1, .state = RF_CONTACT_ASK, .step = RF_STEP_DIAL, .phone = (char *)"+12025550100"};
    rf_dial_begin(&contact.dial, "01J", &rules, (struct rf_utc){1000 * S});
    contact.dial.state = RF_DIAL_UNKNOWN;
    return contact;
}

static struct rf_plan asked(struct rf_contact *contact, json_t *calls, int64_t at_s) {
    json_t *result = json_pack("{s:o}", "calls", calls);
    const struct rf_call_reply reply = {
        .ok = true, .class = "ok", .result = result, .provider = "twilio"};
    struct rf_plan plan;
    rf_dial_asked(contact, &contact->dial, &reply, &rules, (struct rf_utc){at_s * S},
                  rf_seconds(at_s - 1000), (struct rf_utc){at_s * S}, &plan);
    json_decref(result);
    return plan;
}

static struct rf_plan asked_by(struct rf_contact *contact, const char *calls, int64_t wall_s,
                               int64_t known_s, const struct rf_rules *by) {
    json_t *result = json_pack("{s:o}", "calls", json_loads(calls, 0, NULL));
    const struct rf_call_reply reply = {
        .ok = true, .class = "ok", .result = result, .provider = "twilio"};
    struct rf_plan plan;
    rf_dial_asked(contact, &contact->dial, &reply, by, (struct rf_utc){wall_s * S},
                  rf_seconds(known_s), (struct rf_utc){wall_s * S}, &plan);
    json_decref(result);
    return plan;
}

static void an_attempt_begins_as_an_intent_with_its_last_moment(void **state) {
    (void)state;
    struct rf_dial dial;
    rf_dial_begin(&dial, "01JABC", &rules, (struct rf_utc){1000 * S});
    assert_int_equal(dial.state, RF_DIAL_INTENT);
    assert_string_equal(dial.id, "01JABC");
    assert_int_equal(dial.created.ns, 1000 * S);
    assert_int_equal(dial.send_before.ns, 1020 * S);
    assert_string_equal(dial.sid, "");
    assert_int_equal(rf_dial_ask_at(&dial, &rules).ns, (1020 + 15 + 5 + 2) * S);
    assert_int_equal(rf_dial_created_after(&dial, &rules).ns, 997 * S);
}

static void incident_44_a_call_that_is_found_is_adopted_and_followed(void **state) {
    (void)state;
    struct rf_contact contact = doubtful();
    json_t *calls = json_pack("[{s:s,s:s,s:I}]", "sid", "CA9", "status", "ringing", "created",
                              (json_int_t)(1001 * S));
    struct rf_plan plan = asked(&contact, calls, 1010); // adoption needs no proof
    assert_int_equal(plan.to, RF_CONTACT_FOLLOW);
    assert_int_equal(plan.dial, RF_DIAL_PLACED);
    assert_string_equal(plan.sid, "CA9");
    assert_string_equal(plan.status, "ringing");
}

static void absence_before_the_margins_are_over_proves_nothing(void **state) {
    (void)state;
    struct rf_contact contact = doubtful();
    for (int64_t at = 1001; at < 1042; at += 10) {
        struct rf_plan plan = asked(&contact, json_array(), at);
        assert_int_equal(plan.to, RF_CONTACT_ASK);
        assert_int_equal(plan.dial, RF_DIAL_NONE);
        assert_int_equal(plan.due.ns, 1042 * S);
    }
    assert_int_equal(contact.dial.absences, 0);
}

static void two_absences_a_list_lag_apart_prove_it_and_allow_a_new_dial(void **state) {
    (void)state;
    struct rf_contact contact = doubtful();
    struct rf_plan plan = asked(&contact, json_array(), 1042);
    assert_int_equal(plan.to, RF_CONTACT_ASK);
    assert_int_equal(plan.due.ns, 1047 * S);
    plan = asked(&contact, json_array(), 1046);
    assert_int_equal(plan.to, RF_CONTACT_ASK);
    assert_int_equal(plan.due.ns, 1047 * S);
    plan = asked(&contact, json_array(), 1047);
    assert_int_equal(plan.to, RF_CONTACT_DIAL);
    assert_int_equal(plan.dial, RF_DIAL_ABSENT);
    assert_int_equal(plan.redials, 1);
}

static void an_answer_proves_only_what_was_so_when_it_was_asked(void **state) {
    (void)state;
    struct rf_contact contact = doubtful();
    const struct rf_call_reply nothing = {
        .ok = true, .class = "ok", .result = json_pack("{s:[]}", "calls")};
    struct rf_plan plan;
    // Asked before the margins were over, answered long after.
    rf_dial_asked(&contact, &contact.dial, &nothing, &rules, (struct rf_utc){1041 * S},
                  rf_seconds(1041 - 1000), (struct rf_utc){1060 * S}, &plan);
    assert_int_equal(plan.to, RF_CONTACT_ASK);
    assert_int_equal(contact.dial.absences, 0);
    assert_int_equal(plan.due.ns, 1060 * S);
    // A first proof; the second was asked too early after it.
    rf_dial_asked(&contact, &contact.dial, &nothing, &rules, (struct rf_utc){1060 * S},
                  rf_seconds(1060 - 1000), (struct rf_utc){1061 * S}, &plan);
    assert_int_equal(contact.dial.absences, 1);
    rf_dial_asked(&contact, &contact.dial, &nothing, &rules, (struct rf_utc){1065 * S},
                  rf_seconds(1065 - 1000), (struct rf_utc){1080 * S}, &plan);
    assert_int_equal(contact.dial.absences, 1);
    assert_int_equal(plan.to, RF_CONTACT_ASK);
    rf_dial_asked(&contact, &contact.dial, &nothing, &rules, (struct rf_utc){1080 * S},
                  rf_seconds(1080 - 1000), (struct rf_utc){1080 * S}, &plan);
    assert_int_equal(plan.to, RF_CONTACT_DIAL);
    json_decref(nothing.result);
}

static void a_call_that_shows_at_the_second_asking_is_adopted(void **state) {
    (void)state;
    struct rf_contact contact = doubtful();
    (void)asked(&contact, json_array(), 1042);
    struct rf_plan plan = asked(&contact, json_pack("[{s:s}]", "sid", "CA2"), 1047);
    assert_int_equal(plan.to, RF_CONTACT_FOLLOW);
    assert_string_equal(plan.sid, "CA2");
}

static void a_list_that_cannot_be_read_proves_nothing_however_often(void **state) {
    (void)state;
    struct rf_contact contact = doubtful();
    json_t *odd = json_pack("{s:[{s:s}]}", "calls", "status", "ringing");
    json_t *none = json_object();
    const struct rf_call_reply replies[] = {
        {.class = "local", .code = "breaker_open"},
        {.class = "local", .code = "no_worker", .sent = "no"},
        {.class = "permanent.auth", .mark_made = true},
        {.class = "permanent.invalid"},
        {.class = "transient", .exhausted = true},
        {.ok = true, .class = "ok"},
        {.ok = true, .class = "ok", .result = none},
        {.ok = true, .class = "ok", .result = odd}, // a call without a sid is there
    };
    for (int64_t at = 2000; at < 4000; at += 100)
        for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
            struct rf_plan plan;
            rf_dial_asked(&contact, &contact.dial, &replies[i], &rules, (struct rf_utc){at * S},
                          rf_seconds(at - 1000), (struct rf_utc){at * S}, &plan);
            assert_int_equal(plan.to, RF_CONTACT_ASK);
            assert_int_equal(plan.dial, RF_DIAL_NONE);
            assert_int_equal(plan.due.ns, (at + 5) * S);
        }
    assert_int_equal(contact.dial.absences, 0);
    json_decref(odd);
    json_decref(none);
}

static struct rf_plan answered(struct rf_contact *contact, const struct rf_call_reply *reply,
                               int64_t at_s) {
    struct rf_plan plan;
    rf_dial_asked(contact, &contact->dial, reply, &rules, (struct rf_utc){at_s * S},
                  rf_seconds(at_s - 1000), (struct rf_utc){at_s * S}, &plan);
    return plan;
}

static void
a_provider_that_refuses_the_question_for_long_is_asked_no_more_and_it_is_told(void **state) {
    (void)state;
    const struct rf_call_reply denied = {
        .class = "permanent.invalid", .code = "20404", .message = "not found"};
    const struct rf_call_reply open = {.class = "local", .code = "breaker_open"};
    struct rf_contact contact = doubtful();
    assert_int_equal(answered(&contact, &denied, 1100).to, RF_CONTACT_ASK);
    assert_int_equal(answered(&contact, &denied, 1699).to, RF_CONTACT_ASK);
    assert_int_equal(asked(&contact, json_array(), 1700).to, RF_CONTACT_ASK); // it listed after all
    assert_int_equal(contact.dial.absences, 1);
    assert_int_equal(answered(&contact, &denied, 1701).to, RF_CONTACT_ASK);
    assert_int_equal(answered(&contact, &open, 2400).to, RF_CONTACT_ASK); // says nothing of it
    struct rf_plan plan = answered(&contact, &denied, 2401);
    assert_int_equal(plan.to, RF_CONTACT_SET_ASIDE);
    assert_int_equal(plan.dial, RF_DIAL_ENDED);
    assert_int_equal(plan.class, RF_CLASS_AMBIGUOUS);
    assert_string_equal(plan.reason, "call_unknown");
    assert_string_equal(plan.message, "not found");
}

static void a_refused_question_ends_nothing_while_the_dial_may_still_be_sent(void **state) {
    (void)state;
    const struct rf_call_reply denied = {.class = "permanent.invalid", .code = "20404"};
    struct rf_rules hasty = rules;
    hasty.lost_after = rf_seconds(1);
    struct rf_contact contact = doubtful();
    for (int64_t at = 1001; at <= 1042; at++) {
        struct rf_plan plan;
        rf_dial_asked(&contact, &contact.dial, &denied, &hasty, (struct rf_utc){at * S},
                      rf_seconds(at - 1000), (struct rf_utc){at * S}, &plan);
        assert_int_equal(plan.to, at < 1042 ? RF_CONTACT_ASK : RF_CONTACT_SET_ASIDE);
    }
}

static void a_number_whose_dials_vanish_every_time_is_set_aside(void **state) {
    (void)state;
    struct rf_contact contact = doubtful();
    contact.redials = rules.max_attempts - 1;
    (void)asked(&contact, json_array(), 1042);
    struct rf_plan plan = asked(&contact, json_array(), 1047);
    assert_int_equal(plan.to, RF_CONTACT_SET_ASIDE);
    assert_int_equal(plan.dial, RF_DIAL_ABSENT);
    assert_string_equal(plan.reason, "retries_exhausted");
    assert_non_null(strstr(plan.message, "3 dials"));
}

static void deaths_of_ours_before_a_dial_are_counted_apart_and_come_to_an_end(void **state) {
    (void)state;
    assert_true(rf_dial_interrupted("restarted"));
    assert_true(rf_dial_interrupted("worker_lost"));
    assert_false(rf_dial_interrupted("ambiguous"));
    assert_false(rf_dial_interrupted("deadline_exceeded"));
    assert_false(rf_dial_interrupted("restored"));
    assert_false(rf_dial_interrupted(NULL));
    struct rf_plan plan = {0};
    for (int64_t deaths = 1; deaths <= RF_DIAL_INTERRUPTIONS; deaths++) {
        struct rf_contact contact = doubtful();
        contact.dial.interrupted = true;
        contact.redials = rules.max_attempts - 1; // one more that was sent would be the last
        contact.interruptions = deaths - 1;
        (void)asked(&contact, json_array(), 1042);
        plan = asked(&contact, json_array(), 1047);
        assert_int_equal(plan.to,
                         deaths < RF_DIAL_INTERRUPTIONS ? RF_CONTACT_DIAL : RF_CONTACT_SET_ASIDE);
        assert_int_equal(plan.dial, RF_DIAL_ABSENT);
        assert_int_equal(plan.interruptions, deaths);
        assert_int_equal(plan.redials, contact.redials);
    }
    assert_string_equal(plan.reason, "interrupted");
    assert_string_equal(plan.message, "10 times an orchestrator or a gateway was lost with its "
                                      "dial in hand, and the provider has no call of them");
}

// One clock was an hour ahead when the attempt was made, or is now.
static void
a_call_that_is_too_old_by_the_clocks_and_unknown_here_proves_nothing_and_is_told(void **state) {
    static const char older[] = "[{\"sid\": \"CA7\", \"status\": \"completed\", \"older\": true}]";
    (void)state;
    struct rf_contact contact = doubtful();
    assert_int_equal(asked_by(&contact, older, 1042, 42, &rules).to, RF_CONTACT_ASK);
    struct rf_plan plan = asked_by(&contact, older, 1641, 641, &rules);
    assert_int_equal(plan.to, RF_CONTACT_ASK);
    assert_int_equal(plan.due.ns, 1646 * S);
    assert_int_equal(contact.dial.absences, 0);
    plan = asked_by(&contact, older, 1642, 642, &rules);
    assert_int_equal(plan.to, RF_CONTACT_SET_ASIDE);
    assert_int_equal(plan.dial, RF_DIAL_ENDED);
    assert_string_equal(plan.reason, "call_unknown");
    assert_non_null(strstr(plan.message, "CA7"));
    // One that can be it takes precedence, wherever it stands.
    contact = doubtful();
    plan = asked_by(&contact, "[{\"sid\": \"CA7\", \"older\": true}, {\"sid\": \"CA8\"}]", 1001, 1,
                    &rules);
    assert_int_equal(plan.to, RF_CONTACT_FOLLOW);
    assert_string_equal(plan.sid, "CA8");
}

static void calls_are_looked_for_up_to_a_day_before_the_attempt_and_before_now(void **state) {
    (void)state;
    struct rf_contact contact = doubtful();
    const int64_t day = INT64_C(24) * 3600;
    assert_int_equal(rf_dial_unsure_after(&contact.dial, (struct rf_utc){1040 * S}).ns,
                     (1000 - day) * S);
    // The clock was set back since the attempt.
    assert_int_equal(rf_dial_unsure_after(&contact.dial, (struct rf_utc){500 * S}).ns,
                     (500 - day) * S);
}

static void a_clock_that_is_set_forward_proves_nothing_sooner(void **state) {
    (void)state;
    struct rf_contact contact = doubtful();
    // An hour later by the wall clock, in this life or in the next, which knows of it since then.
    struct rf_plan plan = asked_by(&contact, "[]", 4600, 1, &rules);
    assert_int_equal(plan.to, RF_CONTACT_ASK);
    assert_int_equal(plan.due.ns, (4600 + 41) * S);
    assert_int_equal(contact.dial.absences, 0);
    plan = asked_by(&contact, "[]", 4641, 42, &rules);
    assert_int_equal(contact.dial.absences, 1);
    plan = asked_by(&contact, "[]", 9999, 43, &rules); // and between the two proofs
    assert_int_equal(plan.to, RF_CONTACT_ASK);
    assert_int_equal(plan.due.ns, (9999 + 4) * S);
    plan = asked_by(&contact, "[]", 10003, 47, &rules);
    assert_int_equal(plan.to, RF_CONTACT_DIAL);
}

static void a_clock_that_is_set_back_proves_nothing_sooner_and_the_question_is_asked(void **state) {
    (void)state;
    struct rf_contact contact = doubtful();
    const struct rf_utc back = {100 * S};
    assert_int_equal(rf_dial_first_asked(&contact.dial, &rules, rf_seconds(2), back).ns, 140 * S);
    assert_int_equal(
        rf_dial_first_asked(&contact.dial, &rules, rf_seconds(2), (struct rf_utc){1002 * S}).ns,
        1042 * S);
    assert_int_equal(
        rf_dial_first_asked(&contact.dial, &rules, rf_seconds(2), (struct rf_utc){4600 * S}).ns,
        1042 * S);
    struct rf_plan plan = asked_by(&contact, "[]", 140, 42, &rules);
    assert_int_equal(plan.to, RF_CONTACT_ASK);
    assert_int_equal(plan.due.ns, 1042 * S);
    assert_int_equal(contact.dial.absences, 0);
}

static void another_configuration_proves_no_absence_sooner_than_that_of_the_attempt(void **state) {
    (void)state;
    struct rf_rules hasty = rules, slow = rules;
    hasty.http_timeout = hasty.list_lag = hasty.clock_skew = rf_seconds(1);
    slow.list_lag = rf_seconds(60);
    struct rf_contact contact = doubtful();
    assert_int_equal(contact.dial.within.ns, 15 * S);
    assert_int_equal(rf_dial_ask_at(&contact.dial, &hasty).ns, 1042 * S);
    assert_int_equal(rf_dial_ask_at(&contact.dial, &slow).ns, 1097 * S);
    (void)asked_by(&contact, "[]", 1041, 41, &hasty);
    assert_int_equal(contact.dial.absences, 0);
    (void)asked_by(&contact, "[]", 1042, 42, &hasty);
    assert_int_equal(contact.dial.absences, 1);
}

// ---- following ----

static struct rf_plan followed_at(const struct rf_call_reply *reply, struct rf_follow *follow,
                                  int64_t at_s) {
    struct rf_contact contact = {.row = 1, .state = RF_CONTACT_FOLLOW, .step = RF_STEP_DIAL};
    strcpy(contact.dial.sid, "CA1");
    contact.dial.state = RF_DIAL_PLACED;
    struct rf_plan plan;
    rf_follow_answer(&contact, reply, &rules, follow, (struct rf_utc){at_s * S}, &plan);
    return plan;
}

static struct rf_plan followed(const struct rf_call_reply *reply, struct rf_follow *follow) {
    return followed_at(reply, follow, 100);
}

static void a_terminal_status_is_the_outcome(void **state) {
    (void)state;
    const char *const terminal[] = {"completed", "busy", "failed", "no-answer", "canceled"};
    for (size_t i = 0; i < sizeof terminal / sizeof *terminal; i++) {
        json_t *result = json_pack("{s:s,s:i}", "status", terminal[i], "duration_s", 12);
        const struct rf_call_reply reply = {.ok = true, .class = "ok", .result = result};
        struct rf_follow follow = {0};
        struct rf_plan plan = followed(&reply, &follow);
        assert_int_equal(plan.to, RF_CONTACT_DONE);
        assert_int_equal(plan.dial, RF_DIAL_ENDED);
        assert_string_equal(plan.status, terminal[i]);
        assert_string_equal(plan.sid, "CA1");
        assert_int_equal(plan.duration_s, 12);
        json_decref(result);
    }
}

static void a_status_that_is_not_known_to_be_terminal_is_asked_again(void **state) {
    (void)state;
    const char *const others[] = {"queued",     "initiated", "ringing", "in-progress",
                                  "teleported", "COMPLETED", ""};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        json_t *result = json_pack("{s:s}", "status", others[i]);
        const struct rf_call_reply reply = {.ok = true, .class = "ok", .result = result};
        struct rf_follow follow = {0};
        struct rf_plan plan = followed(&reply, &follow);
        assert_int_equal(plan.to, RF_CONTACT_FOLLOW);
        assert_int_equal(plan.dial, RF_DIAL_NONE);
        assert_int_equal(plan.due.ns, 101 * S);
        json_decref(result);
    }
}

static void an_error_never_ends_a_call_that_exists(void **state) {
    (void)state;
    json_t *lie = json_pack("{s:s}", "status", "completed");
    const struct rf_call_reply replies[] = {
        {.class = "permanent.invalid"},
        {.class = "permanent.auth", .mark_made = true},
        {.class = "transient", .exhausted = true},
        {.class = "local", .code = "worker_lost"},
        {.ok = true, .class = "ok"},
        {.ok = false, .class = "transient", .result = lie},
    };
    struct rf_follow follow = {0};
    for (int round = 0; round < 10; round++)
        for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
            assert_int_equal(followed(&replies[i], &follow).to, RF_CONTACT_FOLLOW);
    assert_int_equal(follow.interval.ns, rules.poll_max.ns);
    json_decref(lie);
}

static void a_call_that_its_provider_denies_for_long_is_given_up_and_told(void **state) {
    (void)state;
    json_t *ringing = json_pack("{s:s}", "status", "ringing");
    const struct rf_call_reply denied = {
        .class = "permanent.invalid", .code = "20404", .message = "not found"};
    const struct rf_call_reply open = {.class = "local", .code = "breaker_open"};
    const struct rf_call_reply seen = {.ok = true, .class = "ok", .result = ringing};
    struct rf_follow follow = {0};
    assert_int_equal(followed_at(&denied, &follow, 1000).to, RF_CONTACT_FOLLOW);
    assert_int_equal(followed_at(&denied, &follow, 1599).to, RF_CONTACT_FOLLOW);
    assert_int_equal(followed_at(&seen, &follow, 1600).to,
                     RF_CONTACT_FOLLOW); // it was there after all
    assert_int_equal(followed_at(&denied, &follow, 1601).to, RF_CONTACT_FOLLOW);
    assert_int_equal(followed_at(&open, &follow, 2300).to, RF_CONTACT_FOLLOW); // says nothing of it
    struct rf_plan plan = followed_at(&denied, &follow, 2301);
    assert_int_equal(plan.to, RF_CONTACT_SET_ASIDE);
    assert_int_equal(plan.dial, RF_DIAL_ENDED);
    assert_string_equal(plan.reason, "call_lost");
    assert_string_equal(plan.message, "not found");
    json_decref(ringing);
}

static void polling_backs_off_to_its_limit(void **state) {
    (void)state;
    const int64_t waits_ms[] = {1000, 1500, 2250, 3375, 5000, 5000};
    struct rf_duration interval = {0};
    for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
        interval = rf_follow_interval(interval, &rules);
        assert_int_equal(interval.ns, waits_ms[i] * RF_NS_PER_MS);
    }
}

// Set back by an hour in the middle of asking: the margins last as long as before, and the call is
// looked for where either clock would have it.
static void a_clock_that_is_set_back_prolongs_no_margin(void **state) {
    (void)state;
    struct rf_contact contact = doubtful();
    (void)asked(&contact, json_array(), 1010);
    rf_dial_clock_set(&contact.dial, rf_ns(-600 * S));
    assert_int_equal(rf_dial_ask_at(&contact.dial, &rules).ns, 442 * S);
    assert_int_equal(rf_dial_created_after(&contact.dial, &rules).ns, 397 * S);
    assert_int_equal(asked_by(&contact, "[]", 442, 42, &rules).to, RF_CONTACT_ASK);
    rf_dial_clock_set(&contact.dial, rf_ns(-100 * S)); // between the two proofs
    assert_int_equal(asked_by(&contact, "[]", 346, 46, &rules).to, RF_CONTACT_ASK);
    assert_int_equal(asked_by(&contact, "[]", 347, 47, &rules).to, RF_CONTACT_DIAL);
}

static void a_clock_that_is_set_forward_shortens_no_margin(void **state) {
    (void)state;
    struct rf_contact contact = doubtful();
    rf_dial_clock_set(&contact.dial, rf_ns(3600 * S));
    // The call may have been created by the clock as it was.
    assert_int_equal(rf_dial_created_after(&contact.dial, &rules).ns, 997 * S);
    struct rf_plan plan = asked_by(&contact, "[]", 4610, 10, &rules);
    assert_int_equal(plan.to, RF_CONTACT_ASK);
    assert_int_equal(plan.due.ns, (1042 + 3600) * S);
    assert_int_equal(contact.dial.absences, 0);
}

static void an_attempt_from_the_future_is_waited_for_from_now_and_its_call_is_looked_for_anywhere(
    void **state) {
    (void)state;
    struct rf_contact contact = doubtful();
    rf_dial_distrust(&contact.dial, &rules, (struct rf_utc){998 * S}); // within the clocks' skew
    assert_int_equal(contact.dial.created.ns, 1000 * S);
    contact.dial.created.ns += 100000 * S;
    contact.dial.send_before.ns += 100000 * S;
    rf_dial_distrust(&contact.dial, &rules, (struct rf_utc){97400 * S});
    assert_int_equal(rf_dial_ask_at(&contact.dial, &rules).ns, (97400 + 42) * S);
    assert_int_equal(rf_dial_created_after(&contact.dial, &rules).ns, (97400 - 86400 - 3) * S);
}

static void
what_a_restored_database_does_not_know_is_asked_for_and_counts_as_no_dial(void **state) {
    (void)state;
    struct rf_contact contact = {.row = 1,
                                 .state = RF_CONTACT_ASK,
                                 .step = RF_STEP_DIAL,
                                 .redials = 2,
                                 .ask_since = {100 * S}};
    rf_dial_question(&contact.dial, "01J", &contact, &rules, (struct rf_utc){5000 * S});
    contact.dial.state = RF_DIAL_UNKNOWN;
    assert_int_equal(rf_dial_created_after(&contact.dial, &rules).ns, 97 * S);
    // What was sent before the restore may still come.
    assert_int_equal(asked(&contact, json_array(), 5041).to, RF_CONTACT_ASK);
    assert_int_equal(asked(&contact, json_array(), 5042).to, RF_CONTACT_ASK);
    struct rf_plan plan = asked(&contact, json_array(), 5047);
    assert_int_equal(plan.to, RF_CONTACT_DIAL);
    assert_int_equal(plan.dial, RF_DIAL_ABSENT);
    assert_int_equal(plan.redials, 2);
    json_t *calls = json_pack("[{s:s,s:s,s:I}]", "sid", "CA9", "status", "completed", "created",
                              (json_int_t)(4000 * S));
    plan = asked(&contact, calls, 5047);
    assert_int_equal(plan.to, RF_CONTACT_FOLLOW);
    assert_int_equal(plan.created.ns, 4000 * S);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_restored_database_does_not_know_is_asked_for_and_counts_as_no_dial),
        cmocka_unit_test(a_clock_that_is_set_back_prolongs_no_margin),
        cmocka_unit_test(a_clock_that_is_set_forward_shortens_no_margin),
        cmocka_unit_test(
            an_attempt_from_the_future_is_waited_for_from_now_and_its_call_is_looked_for_anywhere),
        cmocka_unit_test(an_attempt_begins_as_an_intent_with_its_last_moment),
        cmocka_unit_test(incident_44_a_call_that_is_found_is_adopted_and_followed),
        cmocka_unit_test(absence_before_the_margins_are_over_proves_nothing),
        cmocka_unit_test(two_absences_a_list_lag_apart_prove_it_and_allow_a_new_dial),
        cmocka_unit_test(an_answer_proves_only_what_was_so_when_it_was_asked),
        cmocka_unit_test(a_call_that_shows_at_the_second_asking_is_adopted),
        cmocka_unit_test(a_list_that_cannot_be_read_proves_nothing_however_often),
        cmocka_unit_test(
            a_provider_that_refuses_the_question_for_long_is_asked_no_more_and_it_is_told),
        cmocka_unit_test(a_refused_question_ends_nothing_while_the_dial_may_still_be_sent),
        cmocka_unit_test(a_number_whose_dials_vanish_every_time_is_set_aside),
        cmocka_unit_test(deaths_of_ours_before_a_dial_are_counted_apart_and_come_to_an_end),
        cmocka_unit_test(
            a_call_that_is_too_old_by_the_clocks_and_unknown_here_proves_nothing_and_is_told),
        cmocka_unit_test(calls_are_looked_for_up_to_a_day_before_the_attempt_and_before_now),
        cmocka_unit_test(a_clock_that_is_set_forward_proves_nothing_sooner),
        cmocka_unit_test(a_clock_that_is_set_back_proves_nothing_sooner_and_the_question_is_asked),
        cmocka_unit_test(another_configuration_proves_no_absence_sooner_than_that_of_the_attempt),
        cmocka_unit_test(a_terminal_status_is_the_outcome),
        cmocka_unit_test(a_status_that_is_not_known_to_be_terminal_is_asked_again),
        cmocka_unit_test(an_error_never_ends_a_call_that_exists),
        cmocka_unit_test(a_call_that_its_provider_denies_for_long_is_given_up_and_told),
        cmocka_unit_test(polling_backs_off_to_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
