// Where calls go while gateways are kept from a provider.
#include "stage_fleet.h"

#include <stdio.h>
#include <stdlib.h>

static void calls_go_to_the_others_and_wait_for_them(void **state) {
    (void)state;
    begin(2);
    eject(0, 1);
    stage_hush(&stage);
    call(&stage, &client, "c-1", 60 * S);
    stage_next(&stage, &gateways[1], RF_MESSAGE_call_request);
    call(&stage, &client, "c-2", 60 * S);
    stage_quiet(&stage, &gateways[0]); // it has a place free, and does not get it
    stage_quiet(&stage, &client);
    answer(&stage, &gateways[1], "c-1");
    credit(&stage, &gateways[1], 1);
    stage_next(&stage, &gateways[1], RF_MESSAGE_call_request);
    stage_quiet(&stage, &gateways[0]);
}

static void a_call_that_waited_goes_to_it_as_soon_as_it_is_back(void **state) {
    (void)state;
    begin(2);
    eject(0, 1);
    call(&stage, &client, "c-1", 100 * S);
    call(&stage, &client, "c-2", 100 * S);
    pass(EJECTION - 1);
    stage_hush(&stage);
    stage_at(&stage, stage.now.instant.ns + 1);
    assert_string_equal(next_push(0)->state, "closed");
    assert_string_equal(
        stage_next(&stage, &gateways[0], RF_MESSAGE_call_request)->as.call_request.id, "c-2");
}

static void what_it_hands_back_is_carried_out_by_another(void **state) {
    (void)state;
    begin(2);
    call(&stage, &client, "c-1", 60 * S);
    fails(0, 5);
    stage_hush(&stage);
    struct rf_attempt attempt = {.provider = "elevenlabs", .class = "transient", .began = 1};
    struct rf_worker_handback handback = {
        .id = "c-1", .attempts = {&attempt, 1}, .retries = 1, .next_attempt = 7};
    stage_receive(&stage, &gateways[0], RF_MESSAGE_worker_handback, &handback);
    credit(&stage, &gateways[0], 1);
    const struct rf_call_request *request =
        &stage_next(&stage, &gateways[1], RF_MESSAGE_call_request)->as.call_request;
    assert_string_equal(request->id, "c-1");
    assert_int_equal(request->retries, 1);
    assert_int_equal(request->attempts.count, 1);
}

static void a_call_that_waits_for_another_gateway_holds_nobody_up(void **state) {
    (void)state;
    begin(2);
    call(&stage, &client, "c-0", 60 * S);
    call(&stage, &client, "c-1", 60 * S);
    stage_next(&stage, &gateways[0], RF_MESSAGE_call_request);
    stage_next(&stage, &gateways[1], RF_MESSAGE_call_request);
    call(&stage, &client, "c-2", 60 * S);
    struct rf_worker_handback handback = {.id = "c-0"};
    stage_receive(&stage, &gateways[0], RF_MESSAGE_worker_handback, &handback);
    credit(&stage, &gateways[0], 1);
    // c-0 stands before it, and waits for the other gateway.
    assert_string_equal(
        stage_next(&stage, &gateways[0], RF_MESSAGE_call_request)->as.call_request.id, "c-2");
    answer(&stage, &gateways[1], "c-1");
    credit(&stage, &gateways[1], 1);
    assert_string_equal(
        stage_next(&stage, &gateways[1], RF_MESSAGE_call_request)->as.call_request.id, "c-0");
}

static void incident_05_a_rate_is_of_the_whole_fleet_too(void **state) {
    (void)state;
    begin(8);
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    policy.failure_threshold = 0;
    policy.failure_rate = 0.5;
    policy.minimum_calls = 16;
    rf_breaker_init(&guard()->breaker, &policy, stage.core->ground.now.instant);
    for (int g = 0; g < 8; g++) {
        report(g, "ok", NULL);
        assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    }
    for (int g = 0; g < 7; g++) {
        fails(g, 1);
        assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    }
    fails(7, 1); // no gateway has told of more than two calls
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
    assert_int_equal(guard()->cause, RF_BREAKER_CAUSE_FAILURE_RATE);
}

static void kept_from_different_providers_both_serve(void **state) {
    (void)state;
    begin(2);
    eject(0, 1);
    // As the fallback's jury would find.
    rf_authority_eject_again(&stage.core->authority, "openai-tts", "g-1", 1,
                             (struct rf_utc){stage.now.utc.ns + 20 * S});
    pass(S);
    stage_hush(&stage);
    call(&stage, &client, "c-1", 60 * S);
    call(&stage, &client, "c-2", 60 * S);
    stage_next(&stage, &gateways[0], RF_MESSAGE_call_request);
    stage_next(&stage, &gateways[1], RF_MESSAGE_call_request);
}

// The request that the gateway was sent and that no test has seen yet; NULL: none.
static const struct rf_call_request *request_to(int g) {
    for (size_t i = 0; i < stage.sent_count; i++) {
        struct stage_sent *sent = &stage.sent[i];
        if (sent->seen || !rf_peer_same(&sent->to, &gateways[g]) ||
            sent->message->type != RF_MESSAGE_call_request)
            continue;
        sent->seen = true;
        return &sent->message->as.call_request;
    }
    return NULL;
}

static void only_ejected_ones_are_waited_out_while_gateways_register(void **state) {
    (void)state;
    stage_open(&stage, two_providers);
    size = 2;
    client = peer(RF_SOCKET_CALLS, "client");
    gateways[0] = peer(RF_SOCKET_WORKERS, "w0");
    gateways[1] = peer(RF_SOCKET_WORKERS, "w1");
    rf_authority_eject_again(&stage.core->authority, "elevenlabs", "g-0", 1,
                             (struct rf_utc){stage.now.utc.ns + 60 * S});
    hear(0, 1, false, NULL);
    stage_hush(&stage);
    call(&stage, &client, "c-1", 60 * S);
    stage_quiet(&stage, &gateways[0]);
    stage_quiet(&stage, &client);
    hear(1, 1, false, NULL);
    assert_non_null(request_to(1));
    assert_null(request_to(0));
}

static void the_last_one_is_let_in_when_no_other_has_registered(void **state) {
    (void)state;
    stage_open(&stage, two_providers);
    size = 1;
    client = peer(RF_SOCKET_CALLS, "client");
    gateways[0] = peer(RF_SOCKET_WORKERS, "w0");
    rf_authority_eject_again(&stage.core->authority, "elevenlabs", "g-0", 1,
                             (struct rf_utc){stage.now.utc.ns + 60 * S});
    hear(0, 1, false, NULL);
    call(&stage, &client, "c-1", 60 * S);
    stage_hush(&stage);
    pass(STAGE_LEASE + S);
    const struct rf_call_request *request = request_to(0);
    assert_non_null(request);
    assert_false(request->anyway);
    assert_null(rf_ejections_find(&guard()->jury.ejections, "g-0"));
}

static void give_back(int g, const char *id) {
    struct rf_worker_handback handback = {.id = id};
    stage_receive(&stage, &gateways[g], RF_MESSAGE_worker_handback, &handback);
    credit(&stage, &gateways[g], 1);
}

static void where_all_are_kept_out_a_call_comes_back_once_and_is_carried_out(void **state) {
    (void)state;
    begin(2);
    eject(0, 1);
    rf_authority_eject_again(&stage.core->authority, "openai-tts", "g-1", 1,
                             (struct rf_utc){stage.now.utc.ns + 20 * S});
    pass(S);
    stage_hush(&stage);
    call(&stage, &client, "c-1", 60 * S);
    int first = 1;
    const struct rf_call_request *request = request_to(first);
    if (request == NULL)
        request = request_to(first = 0);
    assert_non_null(request);
    assert_false(request->anyway);
    give_back(first, "c-1");
    assert_null(request_to(first));
    request = request_to(1 - first);
    assert_non_null(request);
    assert_true(request->anyway);
}

static void nobody_but_the_broker_says_that_no_other_is_left(void **state) {
    (void)state;
    begin(2);
    struct rf_call_request request = {.id = "c-1",
                                      .service = "speech",
                                      .operation = "speak",
                                      .deadline = stage.now.utc.ns + 60 * S,
                                      .anyway = true};
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &request);
    assert_false(stage_next(&stage, &gateways[0], RF_MESSAGE_call_request)->as.call_request.anyway);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(calls_go_to_the_others_and_wait_for_them),
        TEST(a_call_that_waited_goes_to_it_as_soon_as_it_is_back),
        TEST(what_it_hands_back_is_carried_out_by_another),
        TEST(a_call_that_waits_for_another_gateway_holds_nobody_up),
        TEST(incident_05_a_rate_is_of_the_whole_fleet_too),
        TEST(kept_from_different_providers_both_serve),
        TEST(only_ejected_ones_are_waited_out_while_gateways_register),
        TEST(the_last_one_is_let_in_when_no_other_has_registered),
        TEST(where_all_are_kept_out_a_call_comes_back_once_and_is_carried_out),
        TEST(nobody_but_the_broker_says_that_no_other_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
