// Calls from request to answer, through the core's messages.
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

static struct stage stage;
static struct rf_peer client, other, worker, second;

static int open_stage(void **state) {
    (void)state;
    stage_open(&stage, NULL);
    client = peer(RF_SOCKET_CALLS, "client");
    other = peer(RF_SOCKET_CALLS, "other");
    worker = peer(RF_SOCKET_WORKERS, "w1");
    second = peer(RF_SOCKET_WORKERS, "w2");
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static void register_worker(const struct rf_peer *from, const char *instance, int64_t capacity) {
    beat(&stage, from, instance, NULL, capacity, 0);
    stage_next(&stage, from, RF_MESSAGE_worker_welcome);
    stage_next(&stage, from, RF_MESSAGE_breaker_states);
}

static const struct rf_call_request *next_request(const struct rf_peer *to, const char *id) {
    const struct rf_call_request *request =
        &stage_next(&stage, to, RF_MESSAGE_call_request)->as.call_request;
    assert_string_equal(request->id, id);
    return request;
}

static void end_grace(void) {
    stage_at(&stage, STAGE_LEASE);
}

static void a_call_goes_to_the_worker_and_its_answer_to_the_client(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 2);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    const struct rf_call_request *request = next_request(&worker, "c1");
    assert_string_equal(request->operation, "speak");
    assert_int_equal(request->remaining_ns, 60 * RF_NS_PER_S);
    stage_quiet(&stage, &client);
    answer(&stage, &worker, "c1");
    const struct rf_call_reply *reply =
        &stage_next(&stage, &client, RF_MESSAGE_call_reply)->as.call_reply;
    assert_true(reply->ok);
    assert_string_equal(reply->worker, "g-1");
}

// A reply goes on as it came, unless it names another worker than the one that sent it.
static void the_client_is_told_which_worker_answered_whatever_the_reply_says(void **state) {
    (void)state;
    static const char *const says[] = {"g-1", "another", NULL};
    register_worker(&worker, "g-1", 3);
    for (size_t i = 0; i < sizeof says / sizeof says[0]; i++) {
        char id[] = "c0";
        id[1] = (char)('0' + i);
        json_t *result = json_pack("{s:i}", "number", (int)i);
        struct rf_call_reply reply = {
            .id = id, .ok = true, .class = "ok", .worker = says[i], .result = result};
        call(&stage, &client, id, 60 * RF_NS_PER_S);
        next_request(&worker, id);
        stage_receive(&stage, &worker, RF_MESSAGE_call_reply, &reply);
        call(&stage, &other, id, 60 * RF_NS_PER_S); // from memory
        const struct rf_peer *const askers[] = {&client, &other};
        for (size_t k = 0; k < 2; k++) {
            const struct rf_call_reply *told =
                &stage_next(&stage, askers[k], RF_MESSAGE_call_reply)->as.call_reply;
            assert_string_equal(told->id, id);
            assert_string_equal(told->worker, "g-1");
            assert_true(json_equal(told->result, result));
        }
        json_decref(result);
    }
}

static void the_earlier_of_deadline_and_remaining_time_wins(void **state) {
    (void)state;
    // The client's clock runs an hour ahead: its deadline is far, but it has 10 ns left.
    struct rf_call_request request = {.id = "c1",
                                      .service = "speech",
                                      .operation = "speak",
                                      .deadline = STAGE_UTC + 3600 * RF_NS_PER_S,
                                      .remaining_ns = 10};
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &request);
    stage_at(&stage, 9);
    stage_quiet(&stage, &client);
    stage_at(&stage, 10);
    assert_reply(&stage, &client, "c1", "deadline_exceeded", "no");
    // And the reverse.
    request.id = "c2";
    request.deadline = STAGE_UTC + 20;
    request.remaining_ns = 3600 * RF_NS_PER_S;
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &request);
    stage_at(&stage, 20);
    assert_reply(&stage, &client, "c2", "deadline_exceeded", "no");
}

static void a_deadline_in_the_queue_ends_to_the_tick_and_nothing_was_sent(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 0);
    call(&stage, &client, "c1", 100);
    stage_at(&stage, 99);
    stage_quiet(&stage, &client);
    stage_at(&stage, 100);
    assert_reply(&stage, &client, "c1", "deadline_exceeded", "no");
    // The credit that comes now finds an empty queue.
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    stage_next(&stage, &worker, RF_MESSAGE_worker_welcome);
    stage_quiet(&stage, &worker);
}

static void a_request_that_comes_too_late_is_answered_at_once(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 1);
    call(&stage, &client, "c1", 0);
    assert_reply(&stage, &client, "c1", "deadline_exceeded", "no");
    stage_quiet(&stage, &worker);
}

static void in_hand_the_worker_has_a_second_for_its_own_answer(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 2);
    call(&stage, &client, "c1", 100);
    call(&stage, &client, "c2", 100);
    next_request(&worker, "c1");
    next_request(&worker, "c2");
    stage_at(&stage, 100);
    answer(&stage, &worker, "c1");
    assert_reply(&stage, &client, "c1", NULL, "yes");
    stage_at(&stage, 99 + RF_DISPATCH_ANSWER_GRACE);
    stage_quiet(&stage, &client);
    stage_at(&stage, 100 + RF_DISPATCH_ANSWER_GRACE);
    assert_reply(&stage, &client, "c2", "deadline_exceeded", "maybe");
    assert_string_equal(stage_next(&stage, &worker, RF_MESSAGE_call_cancel)->as.call_cancel.id,
                        "c2");
}

static void a_late_reply_takes_the_place_of_our_guess_for_whoever_repeats_the_id(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 1);
    call(&stage, &client, "c1", 100);
    stage_at(&stage, 100 + RF_DISPATCH_ANSWER_GRACE);
    assert_reply(&stage, &client, "c1", "deadline_exceeded", "maybe");
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    assert_reply(&stage, &client, "c1", "deadline_exceeded", "maybe");
    answer(&stage, &worker, "c1");
    stage_quiet(&stage, &client);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    assert_reply(&stage, &client, "c1", NULL, "yes");
    // But a second late reply does not change an answer that a worker gave.
    struct rf_call_reply failed = {.id = "c1", .ok = false, .class = "transient", .sent = "yes"};
    stage_receive(&stage, &worker, RF_MESSAGE_call_reply, &failed);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    assert_reply(&stage, &client, "c1", NULL, "yes");
}

static void no_worker_is_answered_at_once_but_for_the_first_lease(void **state) {
    (void)state;
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    stage_at(&stage, STAGE_LEASE - 1);
    stage_quiet(&stage, &client);
    stage_at(&stage, STAGE_LEASE);
    assert_reply(&stage, &client, "c1", "no_worker", "no");
    call(&stage, &client, "c2", 60 * RF_NS_PER_S);
    assert_reply(&stage, &client, "c2", "no_worker", "no");
    // Asked again, when a worker is there: it was never begun, so it may.
    register_worker(&worker, "g-1", 1);
    call(&stage, &client, "c2", 60 * RF_NS_PER_S);
    next_request(&worker, "c2");
}

static void a_call_of_the_first_lease_is_served_by_the_worker_that_comes(void **state) {
    (void)state;
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    stage_at(&stage, STAGE_LEASE - 1);
    register_worker(&worker, "g-1", 1);
    assert_int_equal(next_request(&worker, "c1")->remaining_ns, 60 * RF_NS_PER_S - STAGE_LEASE + 1);
}

static void a_full_queue_is_told(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 0);
    char id[16];
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "c%d", i);
        call(&stage, &client, id, 60 * RF_NS_PER_S);
    }
    stage_quiet(&stage, &client);
    call(&stage, &client, "one-more", 60 * RF_NS_PER_S);
    assert_reply(&stage, &client, "one-more", "overloaded", "no");
    assert_int_equal(stage.core->ground.counters.calls_overloaded, 1);
}

// Names that callers made up neither keep a worker's service out nor stay.
static void names_of_services_that_nobody_offers_leave_room_for_those_of_workers(void **state) {
    (void)state;
    char name[32], id[32];
    struct rf_peer junk = peer(RF_SOCKET_CALLS, "junk");
    for (int i = 0; i < RF_QUEUES_MAX; i++) {
        snprintf(name, sizeof name, "junk-%d", i);
        snprintf(id, sizeof id, "j%d", i);
        stage_receive(&stage, &junk, RF_MESSAGE_call_request,
                      &(struct rf_call_request){.id = id,
                                                .service = name,
                                                .operation = "speak",
                                                .deadline = stage.now.utc.ns + 60 * RF_NS_PER_S,
                                                .repeatable = true});
    }
    assert_int_equal(stage.core->dispatch.seats.queues.count, RF_QUEUES_OF_CALLERS);
    struct rf_peer one = peer(RF_SOCKET_WORKERS, "junk-worker");
    for (int i = 0; i < RF_QUEUES_MAX; i++) {
        snprintf(name, sizeof name, "real-%d", i);
        snprintf(id, sizeof id, "worker-%d", i);
        one = peer(RF_SOCKET_WORKERS, id);
        beat(&stage, &one, id, name, 1, 0);
        if (i == RF_QUEUES_OF_CALLERS - 1)
            stage_at(&stage, STAGE_LEASE); // the callers' calls are answered now
        stage_forget(&stage);
    }
    assert_non_null(rf_seats_queue(&stage.core->dispatch.seats, rf_str_of(name), false));
    assert_null(rf_seats_queue(&stage.core->dispatch.seats, rf_str_of("junk-0"), false));
}

static void the_queue_is_first_come_first_served(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 0);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    call(&stage, &client, "c2", 60 * RF_NS_PER_S);
    call(&stage, &client, "c3", 60 * RF_NS_PER_S);
    beat(&stage, &worker, "g-1", NULL, 2, 0);
    stage_next(&stage, &worker, RF_MESSAGE_worker_welcome);
    next_request(&worker, "c1");
    next_request(&worker, "c2");
    stage_quiet(&stage, &worker);
}

static void one_id_in_flight_is_carried_out_once_and_answers_all_who_ask(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 5);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    call(&stage, &other, "c1", 60 * RF_NS_PER_S);
    next_request(&worker, "c1");
    stage_quiet(&stage, &worker);
    answer(&stage, &worker, "c1");
    assert_reply(&stage, &client, "c1", NULL, "yes");
    assert_reply(&stage, &other, "c1", NULL, "yes");
    stage_quiet(&stage, &client);
}

static void a_repeated_id_gets_the_answer_that_it_got(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 5);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    answer(&stage, &worker, "c1");
    stage_hush(&stage);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    assert_reply(&stage, &client, "c1", NULL, "yes");
    stage_quiet(&stage, &worker);
    assert_int_equal(stage.core->ground.counters.calls_repeated, 1);
}

static void an_id_of_another_call_in_flight_is_refused(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 5);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    struct rf_call_request request = {.id = "c1",
                                      .service = "telephony",
                                      .operation = "dial",
                                      .deadline = STAGE_UTC + RF_NS_PER_S};
    stage_receive(&stage, &other, RF_MESSAGE_call_request, &request);
    const struct rf_refusal *refusal = &stage_next(&stage, &other, RF_MESSAGE_refusal)->as.refusal;
    assert_string_equal(refusal->code, "id_conflict");
    assert_string_equal(refusal->rid, "c1");
}

static void beyond_eight_who_wait_for_one_id_the_one_that_asked_first_is_told(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 5);
    char name[8];
    struct rf_peer peers[RF_JOB_MAX_ASKERS + 2];
    for (int i = 0; i < RF_JOB_MAX_ASKERS + 2; i++) {
        snprintf(name, sizeof name, "p%d", i);
        peers[i] = peer(RF_SOCKET_CALLS, name);
        call(&stage, &peers[i], "c1", 60 * RF_NS_PER_S);
    }
    assert_reply(&stage, &peers[0], "c1", "overloaded", "maybe");
    assert_reply(&stage, &peers[1], "c1", "overloaded", "maybe");
    answer(&stage, &worker, "c1");
    for (int i = 2; i < RF_JOB_MAX_ASKERS + 2; i++)
        assert_reply(&stage, &peers[i], "c1", NULL, "yes");
    stage_quiet(&stage, &peers[0]);
}

static void the_answer_comes_in_the_framing_of_the_request(void **state) {
    (void)state;
    struct rf_peer req = client;
    req.delimited = true;
    register_worker(&worker, "g-1", 1);
    call(&stage, &req, "c1", 60 * RF_NS_PER_S);
    answer(&stage, &worker, "c1");
    assert_true(stage.sent[stage.sent_count - 1].to.delimited);
    assert_reply(&stage, &req, "c1", NULL, "yes");
}

static void a_client_that_is_gone_costs_an_answer_and_nothing_else(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 1);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    stage.bad_peer = client;
    stage.bad_answer = RF_SENT_GONE;
    answer(&stage, &worker, "c1");
    assert_int_equal(stage.core->ground.counters.replies_undeliverable, 1);
    assert_int_equal(stage.core->dispatch.jobs.count, 0);
    stage.bad_answer = RF_SENT_OK;
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    stage_hush(&stage);
}

static void hand_back(const struct rf_peer *from, const char *id, int64_t retries) {
    struct rf_attempt attempt = {
        .provider = "elevenlabs", .status = 503, .class = "transient", .began = 1, .took_ns = 2};
    struct rf_worker_handback handback = {
        .id = id, .attempts = {&attempt, 1}, .retries = retries, .next_attempt = STAGE_UTC + 50};
    stage_receive(&stage, from, RF_MESSAGE_worker_handback, &handback);
}

static void what_is_handed_back_goes_first_and_to_another_with_its_attempts(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 5);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    next_request(&worker, "c1");
    register_worker(&second, "g-2", 1);
    hand_back(&worker, "c1", 1);
    // g-1 has more credit, but it gave the call away.
    const struct rf_call_request *request = next_request(&second, "c1");
    assert_int_equal(request->attempts.count, 1);
    assert_int_equal(request->attempts.items[0].status, 503);
    assert_int_equal(request->retries, 1);
    assert_int_equal(request->next_attempt, STAGE_UTC + 50);
    stage_quiet(&stage, &worker);
    // A reply of the one that gave it away is not the answer.
    answer(&stage, &worker, "c1");
    stage_quiet(&stage, &client);
    answer(&stage, &second, "c1");
    assert_reply(&stage, &client, "c1", NULL, "yes");
}

// It was told again when its connection was another, and comes behind the request that made the
// worker begin the call once more.
static void incident_20_a_handback_of_an_earlier_hand_out_takes_the_call_from_nobody(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 2);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    int64_t first = next_request(&worker, "c1")->remaining_ns;
    struct rf_worker_handback handback = {.id = "c1", .remaining_ns = first};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_handback, &handback);
    // At the same instant: it is another hand-out all the same.
    int64_t second_time = next_request(&worker, "c1")->remaining_ns;
    assert_true(second_time < first);
    stage_receive(&stage, &worker, RF_MESSAGE_worker_handback, &handback);
    stage_quiet(&stage, &worker);
    assert_int_equal(stage.core->ground.counters.replies_late, 1);
    assert_int_equal(stage.core->ground.counters.calls_handed_back, 1);
    register_worker(&second, "g-2", 1);
    handback.remaining_ns = second_time;
    stage_receive(&stage, &worker, RF_MESSAGE_worker_handback, &handback);
    next_request(&second, "c1");
    answer(&stage, &second, "c1");
    assert_reply(&stage, &client, "c1", NULL, "yes");
}

static void what_is_handed_back_waits_before_all_others(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 1);
    register_worker(&second, "g-2", 0);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    call(&stage, &client, "c2", 60 * RF_NS_PER_S);
    next_request(&worker, "c1");
    hand_back(&worker, "c1", 2);
    beat(&stage, &second, "g-2", NULL, 2, 0);
    stage_next(&stage, &second, RF_MESSAGE_worker_welcome);
    next_request(&second, "c1");
    next_request(&second, "c2");
}

static void the_only_worker_gets_back_what_it_handed_back(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 2);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    next_request(&worker, "c1");
    hand_back(&worker, "c1", 1);
    next_request(&worker, "c1");
}

static void handed_back_by_the_last_worker_that_drains_nobody_is_left(void **state) {
    (void)state;
    end_grace();
    register_worker(&worker, "g-1", 2);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    next_request(&worker, "c1");
    struct rf_offer offer = {.service = "speech", .capacity = 2};
    const char *in_hand[] = {"c1"};
    struct rf_worker_heartbeat heartbeat = {
        .instance = "g-1", .offers = {&offer, 1}, .in_hand = {in_hand, 1}, .draining = true};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_heartbeat, &heartbeat);
    hand_back(&worker, "c1", 1);
    const struct rf_call_reply *reply =
        &stage_next(&stage, &client, RF_MESSAGE_call_reply)->as.call_reply;
    assert_string_equal(reply->code, "no_worker");
    assert_int_equal(reply->attempts.count, 1); // what was tried is told
}

static void handed_back_after_its_deadline_it_is_over(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 2);
    call(&stage, &client, "c1", 100);
    next_request(&worker, "c1");
    stage_at(&stage, 100);
    hand_back(&worker, "c1", 1);
    assert_reply(&stage, &client, "c1", "deadline_exceeded", "no");
}

static void calls_in_flight_at_the_end_are_freed(void **state) {
    (void)state;
    register_worker(&worker, "g-1", 1);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    call(&stage, &client, "c2", 60 * RF_NS_PER_S);
    hand_back(&worker, "c1", 1);
    assert_int_equal(stage.core->dispatch.jobs.count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_call_goes_to_the_worker_and_its_answer_to_the_client),
        TEST(the_client_is_told_which_worker_answered_whatever_the_reply_says),
        TEST(the_earlier_of_deadline_and_remaining_time_wins),
        TEST(a_deadline_in_the_queue_ends_to_the_tick_and_nothing_was_sent),
        TEST(a_request_that_comes_too_late_is_answered_at_once),
        TEST(in_hand_the_worker_has_a_second_for_its_own_answer),
        TEST(a_late_reply_takes_the_place_of_our_guess_for_whoever_repeats_the_id),
        TEST(no_worker_is_answered_at_once_but_for_the_first_lease),
        TEST(a_call_of_the_first_lease_is_served_by_the_worker_that_comes),
        TEST(a_full_queue_is_told),
        TEST(names_of_services_that_nobody_offers_leave_room_for_those_of_workers),
        TEST(the_queue_is_first_come_first_served),
        TEST(one_id_in_flight_is_carried_out_once_and_answers_all_who_ask),
        TEST(a_repeated_id_gets_the_answer_that_it_got),
        TEST(an_id_of_another_call_in_flight_is_refused),
        TEST(beyond_eight_who_wait_for_one_id_the_one_that_asked_first_is_told),
        TEST(the_answer_comes_in_the_framing_of_the_request),
        TEST(a_client_that_is_gone_costs_an_answer_and_nothing_else),
        TEST(what_is_handed_back_goes_first_and_to_another_with_its_attempts),
        TEST(incident_20_a_handback_of_an_earlier_hand_out_takes_the_call_from_nobody),
        TEST(what_is_handed_back_waits_before_all_others),
        TEST(the_only_worker_gets_back_what_it_handed_back),
        TEST(handed_back_by_the_last_worker_that_drains_nobody_is_left),
        TEST(handed_back_after_its_deadline_it_is_over),
        TEST(calls_in_flight_at_the_end_are_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
