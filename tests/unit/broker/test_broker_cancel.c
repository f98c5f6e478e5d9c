// Calls that those who asked for them no longer want, through the core's messages.
#include "stage.h"

#include "roster.h"

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

// A broker that was just restarted: g-1 and g-2 were there until the end.
static int open_restarted(void **state) {
    open_stage(state);
    static const char *const rows[] = {"worker/g-1", "worker/g-2"};
    for (size_t i = 0; i < 2; i++) {
        struct rf_state_entry entry;
        json_t *value = json_pack("{s:I}", "since", (json_int_t)(STAGE_UTC - 10));
        assert_int_equal(rf_states_put(&stage.core->states, rows[i], value, 0, &entry), RF_OK);
        json_decref(value);
    }
    rf_roster_load(stage.core);
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static void register_worker(int64_t capacity) {
    beat(&stage, &worker, "g-1", NULL, capacity, 0);
    stage_next(&stage, &worker, RF_MESSAGE_worker_welcome);
    stage_next(&stage, &worker, RF_MESSAGE_breaker_states);
}

// More room than there was.
static void grow(int64_t capacity) {
    beat(&stage, &worker, "g-1", NULL, capacity, 0);
    stage_next(&stage, &worker, RF_MESSAGE_worker_welcome);
}

static void want(const struct rf_peer *from, const char *id) {
    call(&stage, from, id, 60 * RF_NS_PER_S);
}

static void want_again(const struct rf_peer *from, const char *id) {
    struct rf_call_request request = {.id = id,
                                      .service = "speech",
                                      .operation = "speak",
                                      .deadline = stage.now.utc.ns + 60 * RF_NS_PER_S,
                                      .remaining_ns = 60 * RF_NS_PER_S,
                                      .asked_ns = 5};
    stage_receive(&stage, from, RF_MESSAGE_call_request, &request);
}

static void cancel(const struct rf_peer *from, const char *id) {
    stage_receive(&stage, from, RF_MESSAGE_call_cancel, &(struct rf_call_cancel){.id = id});
}

static void expect_request(const struct rf_peer *to, const char *id) {
    assert_string_equal(stage_next(&stage, to, RF_MESSAGE_call_request)->as.call_request.id, id);
}

static void expect_cancel(const struct rf_peer *to, const char *id) {
    assert_string_equal(stage_next(&stage, to, RF_MESSAGE_call_cancel)->as.call_cancel.id, id);
}

static void vanish(const struct rf_peer *who) {
    stage.bad_peer = *who;
    stage.bad_answer = RF_SENT_GONE;
}

static void in_the_queue_it_is_answered_and_never_dispatched(void **state) {
    (void)state;
    register_worker(0);
    want(&client, "c1");
    cancel(&other, "c1");
    stage_quiet(&stage, &client); // only who asked may cancel
    cancel(&client, "c1");
    assert_reply(&stage, &client, "c1", "cancelled", "no");
    grow(1);
    stage_quiet(&stage, &worker);
}

static void in_hand_the_worker_is_told_and_answers(void **state) {
    (void)state;
    register_worker(1);
    want(&client, "c1");
    expect_request(&worker, "c1");
    cancel(&client, "c1");
    expect_cancel(&worker, "c1");
    stage_quiet(&stage, &client);
    answer(&stage, &worker, "c1");
    assert_reply(&stage, &client, "c1", NULL, "yes");
}

// Who waits as well is asked whether it is there, by what it skips.
static void what_two_wait_for_one_cannot_cancel(void **state) {
    (void)state;
    register_worker(1);
    want(&client, "c1");
    want(&other, "c1");
    expect_request(&worker, "c1");
    cancel(&client, "c1");
    stage_quiet(&stage, &worker);
    stage_next(&stage, &other, RF_MESSAGE_welcome);
    answer(&stage, &worker, "c1");
    assert_reply(&stage, &client, "c1", NULL, "yes");
    assert_reply(&stage, &other, "c1", NULL, "yes");
}

static void what_all_who_wait_have_cancelled_is_cancelled(void **state) {
    (void)state;
    register_worker(0);
    want(&client, "c1");
    want(&other, "c1");
    cancel(&client, "c1");
    stage_hush(&stage);
    cancel(&client, "c1"); // said twice it is one
    stage_next(&stage, &other, RF_MESSAGE_welcome);
    stage_quiet(&stage, &client);
    cancel(&other, "c1");
    assert_reply(&stage, &client, "c1", "cancelled", "no");
    assert_reply(&stage, &other, "c1", "cancelled", "no");
    grow(1);
    stage_quiet(&stage, &worker);
}

// Its connection broke, and it asks again over another before it cancels.
static void a_connection_that_is_gone_keeps_no_call_in_the_queue(void **state) {
    (void)state;
    register_worker(0);
    want(&client, "c1");
    vanish(&client);
    want_again(&other, "c1");
    cancel(&other, "c1");
    assert_reply(&stage, &other, "c1", "cancelled", "no");
    assert_int_equal(stage.core->dispatch.jobs.count, 0);
    grow(1);
    stage_quiet(&stage, &worker);
}

static void a_connection_that_is_gone_keeps_no_call_in_hand(void **state) {
    (void)state;
    register_worker(1);
    want(&client, "c1");
    expect_request(&worker, "c1");
    vanish(&client);
    want_again(&other, "c1");
    cancel(&other, "c1");
    expect_cancel(&worker, "c1");
    answer(&stage, &worker, "c1");
    assert_reply(&stage, &other, "c1", NULL, "yes");
    assert_int_equal(stage.core->ground.counters.replies_undeliverable, 0);
}

// Between hosts a dead connection is found out late: it counts when the call would be handed out.
static void a_connection_found_dead_after_the_cancel_keeps_no_call_either(void **state) {
    (void)state;
    register_worker(0);
    want(&client, "c1");
    want(&client, "c2");
    want_again(&other, "c1");
    want_again(&other, "c2");
    cancel(&other, "c1");
    stage_quiet(&stage, &other);
    vanish(&client);
    grow(2);
    assert_reply(&stage, &other, "c1", "cancelled", "no");
    expect_request(&worker, "c2"); // that one is wanted
    stage_quiet(&stage, &worker);
}

static void a_call_given_back_after_it_was_cancelled_goes_to_nobody(void **state) {
    (void)state;
    register_worker(1);
    want(&client, "c1");
    expect_request(&worker, "c1");
    cancel(&client, "c1");
    expect_cancel(&worker, "c1");
    beat(&stage, &second, "g-2", NULL, 1, 0);
    stage_hush(&stage);
    struct rf_worker_handback back = {.id = "c1"};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_handback, &back);
    assert_reply(&stage, &client, "c1", "cancelled", "no");
    stage_quiet(&stage, &second);
}

static void asked_for_again_after_its_cancel_it_is_wanted_again(void **state) {
    (void)state;
    register_worker(0);
    want(&client, "c1");
    want(&other, "c1");
    cancel(&client, "c1");
    want(&client, "c1");
    cancel(&other, "c1");
    stage_hush(&stage);
    grow(1);
    stage_next(&stage, &client, RF_MESSAGE_welcome);
    expect_request(&worker, "c1");
}

// A REQ socket would take it for its reply.
static void who_waits_over_a_req_socket_is_not_asked_whether_it_is_there(void **state) {
    (void)state;
    other.delimited = true;
    register_worker(1);
    want(&client, "c1");
    want(&other, "c1");
    expect_request(&worker, "c1");
    cancel(&client, "c1");
    stage_quiet(&stage, &worker);
    stage_quiet(&stage, &other);
}

static void while_it_is_held_it_is_cancelled_where_it_is_found(void **state) {
    (void)state;
    want_again(&client, "c1");
    cancel(&client, "c1");
    want_again(&client, "c2");
    cancel(&client, "c2");
    want(&client, "c3");
    cancel(&client, "c3");
    assert_reply(&stage, &client, "c3", "cancelled", "no"); // it was asked for the first time
    stage_quiet(&stage, &client);
    const char *in_hand[] = {"c1"};
    struct rf_offer offer = {.service = "speech", .capacity = 5};
    struct rf_worker_heartbeat heartbeat = {
        .instance = "g-1", .offers = {&offer, 1}, .in_hand = {in_hand, 1}};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_heartbeat, &heartbeat);
    expect_cancel(&worker, "c1");
    beat(&stage, &second, "g-2", NULL, 5, 0);
    stage_hush(&stage);
    stage_receive(&stage, &worker, RF_MESSAGE_worker_recalled, &(struct rf_worker_recalled){0});
    stage_receive(&stage, &second, RF_MESSAGE_worker_recalled, &(struct rf_worker_recalled){0});
    assert_reply(&stage, &client, "c2", "cancelled", "no");
    stage_quiet(&stage, &second);
    answer(&stage, &worker, "c1");
    assert_reply(&stage, &client, "c1", NULL, "yes");
}

static void who_joins_a_held_call_keeps_it_from_an_earlier_cancel(void **state) {
    (void)state;
    static const char *const ids[] = {"c1", "c2"};
    for (size_t i = 0; i < 2; i++) {
        want_again(&client, ids[i]);
        cancel(&client, ids[i]);
        want_again(&other, ids[i]);
    }
    const char *in_hand[] = {"c1"};
    struct rf_offer offer = {.service = "speech", .capacity = 5};
    struct rf_worker_heartbeat heartbeat = {
        .instance = "g-1", .offers = {&offer, 1}, .in_hand = {in_hand, 1}};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_heartbeat, &heartbeat);
    stage_next(&stage, &worker, RF_MESSAGE_worker_welcome);
    stage_next(&stage, &worker, RF_MESSAGE_breaker_states);
    stage_quiet(&stage, &worker); // c1 is not cancelled there
    beat(&stage, &second, "g-2", NULL, 5, 0);
    stage_hush(&stage);
    stage_receive(&stage, &worker, RF_MESSAGE_worker_recalled, &(struct rf_worker_recalled){0});
    stage_receive(&stage, &second, RF_MESSAGE_worker_recalled, &(struct rf_worker_recalled){0});
    expect_request(&second, "c2");
}

// As the client library asks again: the request may have been lost with its connection.
static void asked_about_when_it_was_called_off_it_is_begun_by_nobody(void **state) {
    (void)state;
    register_worker(1);
    struct rf_call_request request = {.id = "c1",
                                      .service = "speech",
                                      .operation = "speak",
                                      .deadline = STAGE_UTC + 60 * RF_NS_PER_S,
                                      .asked_ns = 5};
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &request);
    cancel(&client, "c1");
    assert_reply(&stage, &client, "c1", "deadline_exceeded", "no");
    stage_quiet(&stage, &worker);
}

static void given_back_after_its_cancel_it_is_answered_though_nobody_has_room(void **state) {
    (void)state;
    register_worker(1);
    want(&client, "c1");
    expect_request(&worker, "c1");
    cancel(&client, "c1");
    expect_cancel(&worker, "c1");
    beat(&stage, &second, "g-2", NULL, 0, 0);
    stage_hush(&stage);
    struct rf_worker_handback back = {.id = "c1"};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_handback, &back);
    assert_reply(&stage, &client, "c1", "cancelled", "no");
}

#define TEST(name)      cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
#define RESTARTED(name) cmocka_unit_test_setup_teardown(name, open_restarted, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(in_the_queue_it_is_answered_and_never_dispatched),
        TEST(asked_about_when_it_was_called_off_it_is_begun_by_nobody),
        TEST(given_back_after_its_cancel_it_is_answered_though_nobody_has_room),
        TEST(in_hand_the_worker_is_told_and_answers),
        TEST(what_two_wait_for_one_cannot_cancel),
        TEST(what_all_who_wait_have_cancelled_is_cancelled),
        TEST(a_connection_that_is_gone_keeps_no_call_in_the_queue),
        TEST(a_connection_that_is_gone_keeps_no_call_in_hand),
        TEST(a_connection_found_dead_after_the_cancel_keeps_no_call_either),
        TEST(a_call_given_back_after_it_was_cancelled_goes_to_nobody),
        TEST(asked_for_again_after_its_cancel_it_is_wanted_again),
        TEST(who_waits_over_a_req_socket_is_not_asked_whether_it_is_there),
        RESTARTED(while_it_is_held_it_is_cancelled_where_it_is_found),
        RESTARTED(who_joins_a_held_call_keeps_it_from_an_earlier_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
