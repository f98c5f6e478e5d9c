// One gateway's word against the others', through the core's messages.
#include "stage_fleet.h"

#include <stdio.h>
#include <stdlib.h>

// ---- suspicion ----

static void incident_06_a_lone_accuser_is_held_back_and_the_breaker_stays_closed(void **state) {
    (void)state;
    begin(8);
    fails(3, 5);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    const struct rf_breaker_view *view = next_push(3);
    assert_string_equal(view->state, "closed");
    assert_int_equal(view->ejected_until, stage.now.utc.ns + CONFIRM);
    assert_true(view->suspected);
    for (int g = 0; g < 8; g++)
        stage_quiet(&stage, &gateways[g]); // nobody else is told anything
    assert_int_equal(events_of("worker."), 0);
}

static void incident_06_a_second_gateway_that_fails_too_opens_it(void **state) {
    (void)state;
    begin(8);
    fails(3, 5);
    stage_hush(&stage);
    fails(4, 1);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
    assert_string_equal(next_push(4)->state, "open");
    // The accuser is told of the opening before it is free again.
    const struct rf_breaker_view *view = next_push(3);
    assert_string_equal(view->state, "open");
    assert_int_equal(next_push(3)->ejected_until, 0);
    const struct rf_event *event = stage_event(&stage, "breaker.opened/elevenlabs");
    assert_int_equal(json_integer_value(json_object_get(event->data, "failures")), 5);
    assert_int_equal(events_of("worker."), 0);
}

static void incident_06_a_second_gateway_that_succeeds_ejects_it(void **state) {
    (void)state;
    begin(8);
    fails(3, 5);
    stage_hush(&stage);
    succeed(4);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    const struct rf_breaker_view *view = next_push(3);
    assert_int_equal(view->ejected_until, stage.now.utc.ns + EJECTION);
    assert_false(view->suspected);
    const struct rf_event *event = stage_event(&stage, "worker.ejected/g-3");
    assert_string_equal(event->severity, "error");
    assert_string_equal(event->service, "elevenlabs");
    const json_t *data = event->data, *evidence = json_object_get(data, "evidence");
    assert_string_equal(json_string_value(json_object_get(data, "provider")), "elevenlabs");
    assert_string_equal(json_string_value(json_object_get(data, "confirmed_by")), "g-4");
    assert_string_equal(json_string_value(json_object_get(data, "last_error")), error_text);
    assert_int_equal(json_integer_value(json_object_get(data, "left")), 7);
    assert_int_equal(json_integer_value(json_object_get(data, "times")), 1);
    assert_int_equal(json_integer_value(json_object_get(data, "until")),
                     stage.now.utc.ns + EJECTION);
    assert_int_equal(json_integer_value(json_object_get(evidence, "failed")), 5);
    // What it has still to say changes nothing.
    fails(3, 20);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    assert_int_equal(events_of("worker.ejected"), 1);
}

static void nobody_who_could_confirm_for_so_long_makes_one_word_enough(void **state) {
    (void)state;
    begin(8);
    fails(3, 5);
    pass(CONFIRM - 1);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    stage_at(&stage, stage.now.instant.ns + 1);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
    assert_string_equal(guard()->suspect, "");
}

static void the_last_other_gateway_that_drains_makes_one_word_enough(void **state) {
    (void)state;
    begin(2);
    fails(0, 5);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    hear(1, 1, true, NULL);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
}

static void the_word_of_a_gateway_that_is_gone_is_gone_with_it(void **state) {
    (void)state;
    begin(2);
    fails(0, 5);
    pass_without(STAGE_LEASE + S, 1);
    assert_int_equal(stage.core->dispatch.seats.by_instance.count, 1);
    pass_without(CONFIRM, 1);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    fails(1, 4);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    fails(1, 1); // alone now
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
}

static void a_person_who_forces_it_ends_the_suspicion(void **state) {
    (void)state;
    begin(2);
    fails(0, 5);
    stage_hush(&stage);
    struct rf_breaker_control control = {.rid = "c",
                                         .service = "elevenlabs",
                                         .action = "force_closed",
                                         .who = "ada",
                                         .why = "a drill"};
    stage_receive(&stage, &watcher, RF_MESSAGE_breaker_control, &control);
    next_push(0);
    assert_int_equal(next_push(0)->ejected_until, 0);
    fails(0, 20);
    succeed(1);
    assert_int_equal(events_of("worker."), 0);
}

static void a_worker_that_asks_no_provider_is_no_witness(void **state) {
    (void)state;
    begin(1);
    struct rf_peer other = peer(RF_SOCKET_WORKERS, "orchestrator");
    beat(&stage, &other, "orchestrator-1", "campaign", 5, 0);
    fails(0, 5);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
}

static void incident_06_one_that_fails_between_the_others_good_results_is_ejected(void **state) {
    (void)state;
    begin(8);
    for (int round = 0; round < 4; round++) {
        for (int g = 0; g < 8; g++)
            report(g, g == 3 ? "transient" : "ok", NULL);
    }
    assert_int_equal(events_of("worker.ejected"), 0);
    fails(3, 1);
    const struct rf_event *event = stage_event(&stage, "worker.ejected/g-3");
    assert_true(json_is_null(json_object_get(event->data, "confirmed_by")));
    const json_t *evidence = json_object_get(event->data, "evidence");
    assert_int_equal(json_integer_value(json_object_get(evidence, "failed")), 5);
    assert_int_equal(json_integer_value(json_object_get(evidence, "total")), 5);
    assert_int_equal(json_integer_value(json_object_get(evidence, "others_failed")), 0);
    assert_int_equal(json_integer_value(json_object_get(evidence, "others_total")), 28);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
}

static void incident_06_then_the_provider_itself_fails_and_the_fleet_opens_it(void **state) {
    (void)state;
    begin(8);
    eject(3, 4);
    for (int g = 0; g < 4; g++)
        fails(g < 3 ? g : 5, 1);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    fails(6, 1);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
    const struct rf_event *event = stage_event(&stage, "breaker.opened/elevenlabs");
    assert_int_equal(json_integer_value(json_object_get(event->data, "failures")), 5);
}

// ---- marks ----

static void hello(int g, const struct rf_peer *as) {
    struct rf_hello hello = {.instance = name_of(g), .service = "service-gateway"};
    stage_receive(&stage, as, RF_MESSAGE_hello, &hello);
    stage_hush(&stage);
}

// What the gateway behind `as` is answered that wants elevenlabs marked: NULL: it is.
static const char *mark(const struct rf_peer *as, bool way) {
    json_t *value = json_pack("{s:s, s:s, s:s, s:b}", "class", "permanent.config", "code",
                              "certificate", "message", "certificate has expired", "way", way);
    struct rf_state_cas cas = {.rid = "m", .key = "mark/elevenlabs", .value = value};
    stage_receive(&stage, as, RF_MESSAGE_state_cas, &cas);
    json_decref(value);
    const struct rf_state_reply *reply =
        &stage_next(&stage, as, RF_MESSAGE_state_reply)->as.state_reply;
    return reply->ok ? NULL : reply->code;
}

static void incident_06_one_gateways_trouble_on_the_way_marks_nothing_for_all(void **state) {
    (void)state;
    begin(8);
    struct rf_peer bus3 = peer(RF_SOCKET_INGEST, "i3"), bus4 = peer(RF_SOCKET_INGEST, "i4");
    hello(3, &bus3);
    hello(4, &bus4);
    assert_string_equal(mark(&bus3, true), "unconfirmed");
    assert_int_equal(next_push(3)->ejected_until, stage.now.utc.ns + CONFIRM);
    succeed(4);
    const struct rf_event *event = stage_event(&stage, "worker.ejected/g-3");
    assert_string_equal(json_string_value(json_object_get(event->data, "last_error")),
                        "certificate has expired");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(event->data, "evidence"), "failed")), 1);
    assert_null(retained("mark/elevenlabs"));
    assert_int_equal(events_of("mark.set"), 0);
}

static void a_second_gateway_that_meets_it_too_makes_the_mark(void **state) {
    (void)state;
    begin(8);
    struct rf_peer bus3 = peer(RF_SOCKET_INGEST, "i3"), bus4 = peer(RF_SOCKET_INGEST, "i4");
    hello(3, &bus3);
    hello(4, &bus4);
    assert_string_equal(mark(&bus3, true), "unconfirmed");
    stage_hush(&stage);
    assert_null(mark(&bus4, true));
    assert_int_equal(next_push(3)->ejected_until, 0);
    assert_non_null(retained("mark/elevenlabs"));
    assert_int_equal(events_of("mark.set"), 1);
}

static void what_the_provider_itself_says_needs_nobody_else(void **state) {
    (void)state;
    begin(8);
    struct rf_peer bus3 = peer(RF_SOCKET_INGEST, "i3");
    hello(3, &bus3);
    assert_null(mark(&bus3, false));
}

static void a_mark_by_somebody_who_is_no_gateway_needs_nobody_else(void **state) {
    (void)state;
    begin(8);
    assert_null(mark(&watcher, true)); // never said hello
}

// ---- ejection ----

static void after_its_time_it_is_readmitted_and_said_so(void **state) {
    (void)state;
    begin(8);
    eject(3, 4);
    stage_hush(&stage);
    pass(EJECTION - 1);
    assert_int_equal(events_of("worker.readmitted"), 0);
    stage_hush(&stage);
    stage_at(&stage, stage.now.instant.ns + 1);
    assert_int_equal(next_push(3)->ejected_until, 0);
    const struct rf_event *event = stage_event(&stage, "worker.readmitted/g-3");
    assert_string_equal(json_string_value(json_object_get(event->data, "why")), "its time is over");
    assert_int_equal(json_integer_value(json_object_get(event->data, "held_ns")), EJECTION);
}

static void never_more_than_half_and_never_the_last(void **state) {
    (void)state;
    begin(4);
    eject(0, 3);
    eject(1, 3);
    fails(2, 5);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
    assert_int_equal(events_of("worker.ejected"), 2);
}

static void those_that_leave_call_the_ejected_back(void **state) {
    (void)state;
    begin(4);
    eject(0, 3);
    stage_at(&stage, stage.now.instant.ns + S);
    eject(1, 3);
    struct rf_worker_bye bye = {.instance = "g-2"};
    stage_receive(&stage, &gateways[2], RF_MESSAGE_worker_bye, &bye);
    // Two of three are more than half: the one that was to come back first comes back.
    const struct rf_event *event = stage_event(&stage, "worker.readmitted/g-0");
    assert_string_equal(json_string_value(json_object_get(event->data, "why")),
                        "too few others are left");
    bye.instance = "g-3";
    stage_receive(&stage, &gateways[3], RF_MESSAGE_worker_bye, &bye);
    assert_int_equal(events_of("worker.readmitted"), 1); // one of two may stay out
    bye.instance = "g-0";
    stage_receive(&stage, &gateways[0], RF_MESSAGE_worker_bye, &bye);
    stage_event(&stage, "worker.readmitted/g-1");
}

static void one_that_was_lost_meanwhile_is_not_said_to_be_back(void **state) {
    (void)state;
    begin(8);
    eject(3, 4);
    pass_without(EJECTION + S, 1 << 3);
    assert_int_equal(events_of("worker.readmitted"), 0);
}

static void one_that_comes_back_in_its_time_is_still_ejected(void **state) {
    (void)state;
    begin(8);
    eject(3, 4);
    pass_without(STAGE_LEASE + S, 1 << 3);
    stage_hush(&stage);
    hear(3, 1, false, NULL);
    stage_next(&stage, &gateways[3], RF_MESSAGE_worker_welcome);
    const struct rf_breaker_states *states =
        &stage_next(&stage, &gateways[3], RF_MESSAGE_breaker_states)->as.breaker_states;
    assert_true(states->breakers.items[0].ejected_until > stage.now.utc.ns);
    assert_int_equal(states->breakers.items[1].ejected_until, 0); // of openai-tts
}

static void a_push_that_was_lost_is_made_up_for_at_the_next_heartbeat(void **state) {
    (void)state;
    begin(8);
    fails(3, 5);
    stage.bad_peer = gateways[3];
    stage.bad_answer = RF_SENT_FULL;
    succeed(4);
    stage.bad_answer = RF_SENT_OK;
    stage_hush(&stage);
    struct rf_breaker_view view = {.service = "elevenlabs", .state = "closed"};
    hear(3, 1, false, &view);
    stage_next(&stage, &gateways[3], RF_MESSAGE_worker_welcome);
    stage_next(&stage, &gateways[3], RF_MESSAGE_breaker_states);
    // It believes to be suspected only: another broker would forget that.
    view.ejected_until = stage.now.utc.ns + S;
    view.suspected = true;
    hear(3, 1, false, &view);
    stage_next(&stage, &gateways[3], RF_MESSAGE_worker_welcome);
    stage_next(&stage, &gateways[3], RF_MESSAGE_breaker_states);
    view.suspected = false;
    hear(3, 1, false, &view);
    stage_next(&stage, &gateways[3], RF_MESSAGE_worker_welcome);
    stage_quiet(&stage, &gateways[3]);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(incident_06_a_lone_accuser_is_held_back_and_the_breaker_stays_closed),
        TEST(incident_06_a_second_gateway_that_fails_too_opens_it),
        TEST(incident_06_a_second_gateway_that_succeeds_ejects_it),
        TEST(incident_06_one_that_fails_between_the_others_good_results_is_ejected),
        TEST(incident_06_then_the_provider_itself_fails_and_the_fleet_opens_it),
        TEST(nobody_who_could_confirm_for_so_long_makes_one_word_enough),
        TEST(the_last_other_gateway_that_drains_makes_one_word_enough),
        TEST(the_word_of_a_gateway_that_is_gone_is_gone_with_it),
        TEST(a_person_who_forces_it_ends_the_suspicion),
        TEST(a_worker_that_asks_no_provider_is_no_witness),
        TEST(incident_06_one_gateways_trouble_on_the_way_marks_nothing_for_all),
        TEST(a_second_gateway_that_meets_it_too_makes_the_mark),
        TEST(what_the_provider_itself_says_needs_nobody_else),
        TEST(a_mark_by_somebody_who_is_no_gateway_needs_nobody_else),
        TEST(after_its_time_it_is_readmitted_and_said_so),
        TEST(never_more_than_half_and_never_the_last),
        TEST(those_that_leave_call_the_ejected_back),
        TEST(one_that_was_lost_meanwhile_is_not_said_to_be_back),
        TEST(one_that_comes_back_in_its_time_is_still_ejected),
        TEST(a_push_that_was_lost_is_made_up_for_at_the_next_heartbeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
