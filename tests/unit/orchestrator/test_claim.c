#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "claim.h"

#define S RF_NS_PER_S

static struct rf_instant at(int64_t s) {
    return (struct rf_instant){s * S};
}

// script: openai, then anthropic; speech: elevenlabs; telephony: twilio.
static struct rf_config configuration(const char *audio) {
    struct rf_config config = {0};
    config.gateway.script =
        (struct rf_config_chain){.links = {RF_PROVIDER_OPENAI, RF_PROVIDER_ANTHROPIC}, .count = 2};
    config.gateway.speech = (struct rf_config_chain){.links = {RF_PROVIDER_ELEVENLABS}, .count = 1};
    config.gateway.telephony = (struct rf_config_chain){.links = {RF_PROVIDER_TWILIO}, .count = 1};
    config.telephony.audio = (char *)audio;
    config.orchestrator.defer_delay = rf_seconds(30);
    config.orchestrator.ramp_interval = rf_seconds(2);
    return config;
}

static struct rf_claim fresh(const char *audio) {
    struct rf_config config = configuration(audio);
    struct rf_claim claim;
    rf_claim_init(&claim, &config);
    return claim;
}

static bool set(struct rf_claim *claim, enum rf_provider provider, enum rf_breaker_state state,
                int64_t s) {
    return rf_claim_provider(claim, provider, state, false, at(s));
}

// What the database answers to a decision.
static void made(struct rf_claim *claim, const struct rf_claim_decision *decision, int64_t claimed,
                 int64_t test_row, bool more, int64_t s) {
    const struct rf_claim_result result = {
        .claimed = claimed,
        .test_row = test_row,
        .open_next = more ? at(0) : RF_CLAIM_NEVER,
        .test_next = more ? at(0) : RF_CLAIM_NEVER,
    };
    rf_claim_made(claim, decision, &result, at(s));
}

static void with_all_providers_there_the_free_places_are_filled(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    struct rf_claim_decision d = rf_claim_decide(&claim, 3, 8, at(1));
    assert_int_equal(d.count, 5);
    assert_int_equal(d.first, RF_STEP_SCRIPT);
    assert_false(d.test);
    made(&claim, &d, 5, 0, true, 1);
    d = rf_claim_decide(&claim, 8, 8, at(1));
    assert_int_equal(d.count, 0);
    assert_false(d.wake);
    d = rf_claim_decide(&claim, 7, 8, at(1));
    assert_int_equal(d.count, 1);
}

static void an_empty_queue_is_not_asked_again_before_something_is_due(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    struct rf_claim_decision d = rf_claim_decide(&claim, 0, 8, at(1));
    made(&claim, &d, 0, 0, false, 1);
    d = rf_claim_decide(&claim, 0, 8, at(100));
    assert_int_equal(d.count, 0);
    assert_false(d.wake);
    rf_claim_queued(&claim, at(130));
    rf_claim_queued(&claim, at(140));
    d = rf_claim_decide(&claim, 0, 8, at(129));
    assert_int_equal(d.count, 0);
    assert_true(d.wake);
    assert_int_equal(d.wake_at.ns, at(130).ns);
    d = rf_claim_decide(&claim, 0, 8, at(130));
    assert_int_equal(d.count, 8);
}

static void claiming_pauses_for_those_who_still_need_the_open_service(void **state) {
    (void)state;
    const struct {
        enum rf_provider provider;
        bool stops[RF_STEPS]; // script, speech, dial
    } cases[] = {
        {RF_PROVIDER_ELEVENLABS, {true, true, false}},
        {RF_PROVIDER_TWILIO, {true, true, true}},
        {RF_PROVIDER_OPENAI, {false, false, false}}, // Anthropic is there
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rf_claim claim = fresh("play");
        assert_false(set(&claim, cases[i].provider, RF_BREAKER_OPEN, 1));
        for (int step = 0; step < RF_STEPS; step++)
            assert_int_equal(rf_claim_gate(&claim, (enum rf_step)step, at(1)),
                             cases[i].stops[step] ? RF_GATE_SHUT : RF_GATE_OPEN);
    }
    struct rf_claim claim = fresh("play");
    set(&claim, RF_PROVIDER_OPENAI, RF_BREAKER_OPEN, 1);
    set(&claim, RF_PROVIDER_ANTHROPIC, RF_BREAKER_OPEN, 1);
    struct rf_claim_decision d = rf_claim_decide(&claim, 0, 8, at(1));
    assert_int_equal(d.count, 8);
    assert_int_equal(d.first, RF_STEP_SPEECH);
    assert_false(d.test);
    char text[64];
    assert_string_equal(rf_claim_waiting_for(&claim, text, sizeof text), "openai, anthropic");
}

static void without_play_the_speech_provider_stops_nobody(void **state) {
    (void)state;
    struct rf_claim claim = fresh("say");
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_OPEN, 1);
    struct rf_claim_decision d = rf_claim_decide(&claim, 0, 8, at(1));
    assert_int_equal(d.count, 8);
    assert_int_equal(d.first, RF_STEP_SCRIPT);
    char text[64];
    assert_string_equal(rf_claim_waiting_for(&claim, text, sizeof text), "");
}

static void half_open_lets_one_contact_out_until_it_is_back(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_OPEN, 1);
    struct rf_claim_decision d = rf_claim_decide(&claim, 0, 8, at(2));
    assert_int_equal(d.first, RF_STEP_DIAL);
    assert_false(d.test);
    made(&claim, &d, 0, 0, false, 2);

    assert_true(set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_HALF_OPEN, 31));
    d = rf_claim_decide(&claim, 0, 8, at(31));
    assert_true(d.test);
    assert_int_equal(d.test_first, RF_STEP_SCRIPT);
    assert_int_equal(d.first, RF_STEP_DIAL);
    made(&claim, &d, 0, 42, true, 31);
    d = rf_claim_decide(&claim, 1, 8, at(60));
    assert_false(d.test); // it is out
    rf_claim_left(&claim, 41, at(60));
    assert_false(rf_claim_decide(&claim, 1, 8, at(60)).test);
    rf_claim_left(&claim, 42, at(60));
    assert_true(rf_claim_decide(&claim, 0, 8, at(60)).test);
}

static void a_test_that_is_refused_is_not_followed_at_once_by_the_next(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    set(&claim, RF_PROVIDER_TWILIO, RF_BREAKER_OPEN, 1);
    set(&claim, RF_PROVIDER_TWILIO, RF_BREAKER_HALF_OPEN, 10);
    struct rf_claim_decision d = rf_claim_decide(&claim, 0, 8, at(10));
    assert_true(d.test);
    made(&claim, &d, 0, 42, true, 10);
    rf_claim_left(&claim, 42, at(10));
    d = rf_claim_decide(&claim, 0, 8, at(11));
    assert_false(d.test);
    assert_true(d.wake);
    assert_int_equal(d.wake_at.ns, at(12).ns);
    assert_true(rf_claim_decide(&claim, 0, 8, at(12)).test);
}

static void the_next_test_waits_for_the_step_of_the_one_before_and_not_for_its_call(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_OPEN, 1);
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_HALF_OPEN, 10);
    struct rf_claim_decision d = rf_claim_decide(&claim, 0, 8, at(10));
    made(&claim, &d, 0, 42, true, 10);
    assert_false(rf_claim_tested(&claim, RF_STEP_SCRIPT, 42)); // speech is what is tested
    assert_false(rf_claim_tested(&claim, RF_STEP_SPEECH, 41));
    assert_false(rf_claim_decide(&claim, 1, 8, at(11)).test);
    assert_true(rf_claim_tested(&claim, RF_STEP_SPEECH, 42)); // one success of two
    assert_false(rf_claim_tested(&claim, RF_STEP_DIAL, 42));
    d = rf_claim_decide(&claim, 1, 8, at(11));
    assert_false(d.test);
    assert_int_equal(d.wake_at.ns, at(12).ns); // they keep their distance
    assert_true(rf_claim_decide(&claim, 1, 8, at(12)).test);
}

static void what_a_full_campaign_has_due_waits_for_one_of_its_contacts_to_leave(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    struct rf_claim_decision d = rf_claim_decide(&claim, 2, 8, at(1));
    assert_int_equal(d.count, 6);
    const struct rf_claim_result full = {
        .claimed = 2, .open_next = RF_CLAIM_NEVER, .test_next = RF_CLAIM_NEVER, .full = true};
    rf_claim_made(&claim, &d, &full, at(1));
    d = rf_claim_decide(&claim, 4, 8, at(1));
    assert_int_equal(d.count, 0);
    // In any case after a while: its contacts may be in progress elsewhere.
    assert_true(d.wake);
    assert_int_equal(d.wake_at.ns, rf_instant_add(at(1), claim.defer_delay).ns);
    rf_claim_left(&claim, 9, at(2));
    assert_int_equal(rf_claim_decide(&claim, 3, 8, at(2)).count, 5);
}

static void after_a_recovery_contacts_are_released_one_by_one(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_OPEN, 1);
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_HALF_OPEN, 31);
    assert_true(set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_CLOSED, 40));
    int64_t running = 1;
    for (int64_t s = 40; running < 5; s += 2) {
        struct rf_claim_decision d = rf_claim_decide(&claim, running, 5, at(s));
        assert_int_equal(d.count, 1);
        assert_int_equal(d.first, RF_STEP_SCRIPT);
        made(&claim, &d, 1, 0, true, s);
        running++;
        if (running == 5)
            break;
        d = rf_claim_decide(&claim, running, 5, at(s + 1));
        assert_int_equal(d.count, 0);
        assert_int_equal(d.wake_at.ns, at(s + 2).ns);
    }
    // With all places taken the ramp is over.
    assert_int_equal(rf_claim_decide(&claim, 5, 5, at(50)).count, 0);
    assert_int_equal(rf_claim_decide(&claim, 2, 5, at(50)).count, 3);
}

static void several_orchestrators_release_together_as_fast_as_one(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_OPEN, 1);
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_CLOSED, 40);
    struct rf_claim_decision d = rf_claim_decide(&claim, 1, 5, at(40));
    assert_int_equal(d.count, 1);
    struct rf_claim_result result = {
        .claimed = 1, .open_next = at(0), .test_next = RF_CLAIM_NEVER, .sharers = 3};
    rf_claim_made(&claim, &d, &result, at(40));
    d = rf_claim_decide(&claim, 2, 5, at(45));
    assert_int_equal(d.count, 0);
    assert_int_equal(d.wake_at.ns, at(46).ns); // not at 42
    // Two of them are gone.
    d = rf_claim_decide(&claim, 2, 5, at(46));
    assert_int_equal(d.count, 1);
    result.sharers = 1;
    rf_claim_made(&claim, &d, &result, at(46));
    assert_int_equal(rf_claim_decide(&claim, 3, 5, at(48)).count, 1);
}

static void a_ramp_ends_when_nobody_is_left_to_be_released(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    set(&claim, RF_PROVIDER_TWILIO, RF_BREAKER_OPEN, 1);
    set(&claim, RF_PROVIDER_TWILIO, RF_BREAKER_CLOSED, 2);
    struct rf_claim_decision d = rf_claim_decide(&claim, 0, 5, at(2));
    assert_int_equal(d.count, 1);
    made(&claim, &d, 0, 0, false, 2);
    rf_claim_queued(&claim, at(3));
    assert_int_equal(rf_claim_decide(&claim, 0, 5, at(3)).count, 5);
}

static void a_mark_shuts_like_an_open_breaker_and_its_end_releases(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    assert_false(rf_claim_provider(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_CLOSED, true, at(1)));
    assert_int_equal(rf_claim_gate(&claim, RF_STEP_SCRIPT, at(1)), RF_GATE_SHUT);
    assert_int_equal(rf_claim_gate(&claim, RF_STEP_DIAL, at(1)), RF_GATE_OPEN);
    char text[128];
    assert_string_equal(rf_claim_waiting_for(&claim, text, sizeof text),
                        "elevenlabs (marked unusable: see ringfence mark list)");
    assert_true(rf_claim_mark_holds_up(&claim));
    assert_true(rf_claim_provider(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_CLOSED, false, at(9)));
    assert_false(rf_claim_mark_holds_up(&claim));
    assert_int_equal(rf_claim_gate(&claim, RF_STEP_SCRIPT, at(9)), RF_GATE_OPEN);
}

static void a_service_without_workers_pauses_then_tests_with_growing_waits(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    int64_t s = 100;
    const int64_t pauses[] = {1, 2, 4, 8, 16, 30, 30};
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        rf_claim_refused(&claim, RF_STEP_SPEECH, at(s));
        rf_claim_refused(&claim, RF_STEP_SPEECH, at(s)); // of the same moment: one refusal
        assert_int_equal(rf_claim_gate(&claim, RF_STEP_SCRIPT, at(s)), RF_GATE_SHUT);
        struct rf_claim_decision d = rf_claim_decide(&claim, 0, 8, at(s));
        assert_int_equal(d.first, RF_STEP_DIAL);
        assert_true(d.wake);
        assert_true(d.wake_at.ns <= at(s + pauses[i]).ns);
        made(&claim, &d, 0, 0, false, s);
        s += pauses[i];
        d = rf_claim_decide(&claim, 0, 8, at(s));
        assert_true(d.test);
        made(&claim, &d, 0, 7, true, s);
        rf_claim_left(&claim, 7, at(s));
    }
    char text[64];
    assert_string_equal(rf_claim_waiting_for(&claim, text, sizeof text), "speech gateways");
    assert_true(rf_claim_answered(&claim, RF_STEP_SPEECH, at(s)));
    assert_string_equal(rf_claim_waiting_for(&claim, text, sizeof text), "");
    assert_int_equal(rf_claim_gate(&claim, RF_STEP_SCRIPT, at(s)), RF_GATE_OPEN);
}

static void gateways_that_refuse_for_their_provider_alone_are_not_waited_for(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    char text[64];
    rf_claim_refused(&claim, RF_STEP_SPEECH, at(1));
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_OPEN, 1);
    assert_true(claim.services[RF_STEP_SPEECH].refusing);
    assert_string_equal(rf_claim_waiting_for(&claim, text, sizeof text), "elevenlabs");
}

static void a_provider_that_recovers_ends_the_refusals_of_its_service(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_OPEN, 1);
    rf_claim_refused(&claim, RF_STEP_SPEECH, at(1));
    rf_claim_refused(&claim, RF_STEP_DIAL, at(1));
    assert_false(set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_CLOSED, 1) &&
                 rf_claim_gate(&claim, RF_STEP_SPEECH, at(1)) == RF_GATE_OPEN);
    assert_false(claim.services[RF_STEP_SPEECH].refusing);
    assert_true(claim.services[RF_STEP_DIAL].refusing);
}

static void
a_claim_that_was_on_its_way_when_the_gates_moved_says_nothing_of_the_new_ones(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_OPEN, 1);
    struct rf_claim_decision d = rf_claim_decide(&claim, 0, 8, at(2));
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_CLOSED, 2);
    made(&claim, &d, 0, 0, false, 2); // nothing at the dial step
    assert_int_equal(rf_claim_decide(&claim, 0, 8, at(2)).count, 1);
}

// As `made`, for contacts that are made ready in advance.
static void made_ready(struct rf_claim *claim, const struct rf_claim_decision *decision,
                       bool as_many_as_may_be, int64_t s) {
    const struct rf_claim_result result = {
        .open_next = RF_CLAIM_NEVER,
        .test_next = RF_CLAIM_NEVER,
        .prepare_next = as_many_as_may_be ? RF_CLAIM_NEVER : at(0),
        .prepared = as_many_as_may_be,
    };
    rf_claim_made(claim, decision, &result, at(s));
}

static void scripts_are_written_in_advance_while_speech_is_down(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    claim.prepare = 50;
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_OPEN, 1);
    struct rf_claim_decision d = rf_claim_decide(&claim, 3, 8, at(2));
    assert_int_equal(d.first, RF_STEP_DIAL); // what is spoken already is dialled
    assert_int_equal(d.count, 5);
    assert_int_equal(d.prepare, 5);
    assert_int_equal(d.prepare_most, 50);
    assert_int_equal(d.prepare_first, RF_STEP_SCRIPT);
    assert_int_equal(d.prepare_end, RF_STEP_SPEECH);
    // With the bound reached nothing more is begun, until one of those begun comes to nothing.
    made_ready(&claim, &d, true, 2);
    d = rf_claim_decide(&claim, 0, 8, at(3));
    assert_int_equal(d.prepare, 0);
    assert_false(d.wake);
    rf_claim_left(&claim, 7, at(4));
    d = rf_claim_decide(&claim, 0, 8, at(4));
    assert_int_equal(d.prepare, 8);
    made_ready(&claim, &d, true, 4);
    // Half open, one goes to find out; closed, all go on, those that are ready first.
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_HALF_OPEN, 5);
    d = rf_claim_decide(&claim, 0, 8, at(5));
    assert_true(d.test);
    assert_int_equal(d.prepare, 0);
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_CLOSED, 6);
    d = rf_claim_decide(&claim, 0, 8, at(6));
    assert_int_equal(d.first, RF_STEP_SCRIPT);
    assert_int_equal(d.count, 1); // the ramp
    assert_int_equal(d.prepare, 0);
}

static void script_and_speech_are_made_in_advance_while_nobody_can_be_dialled(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    claim.prepare = 50;
    set(&claim, RF_PROVIDER_TWILIO, RF_BREAKER_OPEN, 1);
    struct rf_claim_decision d = rf_claim_decide(&claim, 0, 8, at(2));
    assert_int_equal(d.count, 0);
    assert_int_equal(d.prepare_first, RF_STEP_SCRIPT);
    assert_int_equal(d.prepare_end, RF_STEP_DIAL);
    assert_int_equal(d.prepare, 8);
    // Only as far as the steps before can be carried out.
    set(&claim, RF_PROVIDER_OPENAI, RF_BREAKER_OPEN, 3);
    rf_claim_provider(&claim, RF_PROVIDER_ANTHROPIC, RF_BREAKER_CLOSED, true, at(3));
    d = rf_claim_decide(&claim, 0, 8, at(3));
    assert_int_equal(d.prepare, 8);
    assert_int_equal(d.prepare_first, RF_STEP_SPEECH);
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_OPEN, 4);
    d = rf_claim_decide(&claim, 0, 8, at(4));
    assert_int_equal(d.prepare, 0);
    // A contact rests in front of what is down, and not in front of what merely refuses.
    enum rf_provider provider;
    assert_true(rf_claim_shut(&claim, RF_STEP_SPEECH, &provider));
    assert_int_equal(provider, RF_PROVIDER_ELEVENLABS);
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_HALF_OPEN, 5);
    assert_false(rf_claim_shut(&claim, RF_STEP_SPEECH, &provider));
    rf_claim_refused(&claim, RF_STEP_SPEECH, at(6));
    assert_false(rf_claim_shut(&claim, RF_STEP_SPEECH, &provider));
}

static void nothing_is_made_in_advance_if_that_is_not_wanted(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    set(&claim, RF_PROVIDER_ELEVENLABS, RF_BREAKER_OPEN, 1);
    assert_int_equal(rf_claim_decide(&claim, 0, 8, at(2)).prepare, 0);
}

static void another_chain_that_works_releases_who_waited_for_the_old_one(void **state) {
    (void)state;
    struct rf_claim claim = fresh("play");
    struct rf_config config = configuration("play");
    set(&claim, RF_PROVIDER_OPENAI, RF_BREAKER_OPEN, 1);
    set(&claim, RF_PROVIDER_ANTHROPIC, RF_BREAKER_OPEN, 1);
    rf_claim_refused(&claim, RF_STEP_SCRIPT, at(2));
    // What is the same changes nothing, nor does a provider that cannot be used either.
    assert_false(rf_claim_configure(&claim, &config, at(3)));
    config.gateway.script.count = 1;
    assert_false(rf_claim_configure(&claim, &config, at(3)));
    struct rf_claim_decision d = rf_claim_decide(&claim, 0, 8, at(4));
    assert_int_equal(d.first, RF_STEP_SPEECH);
    config.gateway.script.links[0] = RF_PROVIDER_ELEVENLABS;
    assert_true(rf_claim_configure(&claim, &config, at(5)));
    d = rf_claim_decide(&claim, 0, 8, at(5));
    assert_int_equal(d.first, RF_STEP_SCRIPT);
    assert_int_equal(d.count, 1); // one by one, as after a recovery
    // Back again, and nothing of it can be carried out any more.
    config.gateway.script.links[0] = RF_PROVIDER_OPENAI;
    assert_false(rf_claim_configure(&claim, &config, at(6)));
    assert_int_equal(rf_claim_decide(&claim, 0, 8, at(6)).first, RF_STEP_SPEECH);
    // Without a speech step of ours its provider stops nobody.
    struct rf_claim other = fresh("play");
    set(&other, RF_PROVIDER_ELEVENLABS, RF_BREAKER_OPEN, 1);
    config = configuration("say");
    assert_true(rf_claim_configure(&other, &config, at(2)));
    assert_int_equal(rf_claim_decide(&other, 0, 8, at(2)).first, RF_STEP_SCRIPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_all_providers_there_the_free_places_are_filled),
        cmocka_unit_test(an_empty_queue_is_not_asked_again_before_something_is_due),
        cmocka_unit_test(claiming_pauses_for_those_who_still_need_the_open_service),
        cmocka_unit_test(without_play_the_speech_provider_stops_nobody),
        cmocka_unit_test(half_open_lets_one_contact_out_until_it_is_back),
        cmocka_unit_test(a_test_that_is_refused_is_not_followed_at_once_by_the_next),
        cmocka_unit_test(the_next_test_waits_for_the_step_of_the_one_before_and_not_for_its_call),
        cmocka_unit_test(what_a_full_campaign_has_due_waits_for_one_of_its_contacts_to_leave),
        cmocka_unit_test(after_a_recovery_contacts_are_released_one_by_one),
        cmocka_unit_test(several_orchestrators_release_together_as_fast_as_one),
        cmocka_unit_test(a_ramp_ends_when_nobody_is_left_to_be_released),
        cmocka_unit_test(a_mark_shuts_like_an_open_breaker_and_its_end_releases),
        cmocka_unit_test(a_service_without_workers_pauses_then_tests_with_growing_waits),
        cmocka_unit_test(gateways_that_refuse_for_their_provider_alone_are_not_waited_for),
        cmocka_unit_test(a_provider_that_recovers_ends_the_refusals_of_its_service),
        cmocka_unit_test(
            a_claim_that_was_on_its_way_when_the_gates_moved_says_nothing_of_the_new_ones),
        cmocka_unit_test(scripts_are_written_in_advance_while_speech_is_down),
        cmocka_unit_test(script_and_speech_are_made_in_advance_while_nobody_can_be_dialled),
        cmocka_unit_test(nothing_is_made_in_advance_if_that_is_not_wanted),
        cmocka_unit_test(another_chain_that_works_releases_who_waited_for_the_old_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
