// One id is carried out once, also across a restart of the broker: through the core's messages.
#include "stage.h"

#include "roster.h"

#define RECOVERY RF_RECOVERY_LEAST // longer than the stage's lease

#include <stdio.h>
#include <stdlib.h>

static struct stage stage;
static struct rf_peer client, other, worker, second;

static void know(const char *instance, const char *what, int64_t utc) {
    char key[64];
    struct rf_state_entry entry;
    json_t *value = json_pack("{s:I}", what, (json_int_t)utc);
    snprintf(key, sizeof key, "worker/%s", instance);
    assert_int_equal(rf_states_put(&stage.core->states, key, value, 0, &entry), RF_OK);
    json_decref(value);
}

// A broker that was just restarted: g-1 and g-2 were there until the end.
static int open_stage(void **state) {
    (void)state;
    stage_open(&stage, NULL);
    client = peer(RF_SOCKET_CALLS, "client");
    other = peer(RF_SOCKET_CALLS, "other");
    worker = peer(RF_SOCKET_WORKERS, "w1");
    second = peer(RF_SOCKET_WORKERS, "w2");
    know("g-1", "since", STAGE_UTC - 10);
    know("g-2", "since", STAGE_UTC - 10);
    rf_roster_load(stage.core);
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static void ask(const struct rf_peer *from, const char *id, bool repeatable, int64_t asked_ns) {
    struct rf_call_request request = {.id = id,
                                      .service = "speech",
                                      .operation = "speak",
                                      .deadline = stage.now.utc.ns + 600 * RF_NS_PER_S,
                                      .remaining_ns = 600 * RF_NS_PER_S,
                                      .repeatable = repeatable,
                                      .asked_ns = asked_ns};
    stage_receive(&stage, from, RF_MESSAGE_call_request, &request);
}

static void enroll(const struct rf_peer *from, const char *instance, const char *in_hand) {
    struct rf_offer offer = {.service = "speech", .capacity = 5};
    struct rf_worker_heartbeat heartbeat = {
        .instance = instance,
        .offers = {&offer, 1},
        .in_hand = {&in_hand, in_hand == NULL ? 0 : 1},
    };
    stage_receive(&stage, from, RF_MESSAGE_worker_heartbeat, &heartbeat);
    stage_next(&stage, from, RF_MESSAGE_worker_welcome);
    stage_next(&stage, from, RF_MESSAGE_breaker_states);
}

static void recall(const struct rf_peer *from, int64_t known_ns) {
    struct rf_worker_recalled recalled = {.known_ns = known_ns};
    stage_receive(&stage, from, RF_MESSAGE_worker_recalled, &recalled);
}

static void expect_request(const struct rf_peer *to, const char *id) {
    assert_string_equal(stage_next(&stage, to, RF_MESSAGE_call_request)->as.call_request.id, id);
}

static bool row_says(const char *instance, const char *what) {
    char key[64];
    struct rf_state_entry entry;
    snprintf(key, sizeof key, "worker/%s", instance);
    return rf_states_get(&stage.core->states, key, &entry) == RF_OK &&
           json_object_get(entry.value, what) != NULL;
}

static void what_may_not_be_repeated_waits_until_all_that_were_there_have_told(void **state) {
    (void)state;
    ask(&client, "dial", false, 0);
    const struct rf_job_queue *queue =
        rf_seats_queue(&stage.core->dispatch.seats, rf_str_of("speech"), false);
    assert_int_equal(queue->held_count, 1);
    enroll(&worker, "g-1", NULL);
    recall(&worker, 0);
    stage_quiet(&stage, &worker);
    enroll(&second, "g-2", NULL);
    stage_quiet(&stage, &worker); // it is registered, but has not told its results
    recall(&second, 0);
    expect_request(&worker, "dial");
    stage_quiet(&stage, &client);
    assert_int_equal(stage.core->ground.counters.calls_held, 1);
    assert_int_equal(queue->held_count, 0);
    assert_int_equal(queue->count, 0);
}

static void what_may_be_repeated_goes_at_once(void **state) {
    (void)state;
    ask(&client, "dial", false, 0);
    ask(&client, "speak", true, 0);
    enroll(&worker, "g-1", NULL);
    expect_request(&worker, "speak");
    stage_quiet(&stage, &worker);
}

static void after_five_seconds_they_are_waited_for_no_longer(void **state) {
    (void)state;
    ask(&client, "dial", false, 0);
    enroll(&worker, "g-1", NULL);
    recall(&worker, 0);
    for (int64_t at = 0; at < RECOVERY; at += STAGE_HEARTBEAT / 2) {
        stage_at(&stage, at);
        credit(&stage, &worker, 0);
    }
    stage_at(&stage, RECOVERY - 1);
    stage_quiet(&stage, &worker);
    stage_at(&stage, RECOVERY);
    expect_request(&worker, "dial");
}

static void a_call_in_the_hand_of_a_worker_is_answered_by_it(void **state) {
    (void)state;
    ask(&client, "dial", false, 5);
    enroll(&worker, "g-1", "dial");
    recall(&worker, 0);
    enroll(&second, "g-2", NULL);
    recall(&second, 0);
    stage_quiet(&stage, &second);
    stage_quiet(&stage, &worker);
    answer(&stage, &worker, "dial");
    assert_reply(&stage, &client, "dial", NULL, "yes");
    stage_quiet(&stage, &client);
}

static void a_call_that_was_carried_out_is_answered_as_it_ended(void **state) {
    (void)state;
    ask(&client, "before", false, 5);
    enroll(&worker, "g-1", NULL);
    answer(&stage, &worker, "before");
    answer(&stage, &worker, "behind");
    assert_reply(&stage, &client, "before", NULL, "yes");
    assert_int_equal(stage.core->ground.counters.replies_recalled, 1);
    recall(&worker, 0);
    ask(&client, "behind", false, 5);
    assert_reply(&stage, &client, "behind", NULL, "yes");
    enroll(&second, "g-2", NULL);
    recall(&second, 0);
    stage_quiet(&stage, &worker);
    stage_quiet(&stage, &second);
}

static void what_surely_nobody_began_is_carried_out_though_it_was_asked_for_before(void **state) {
    (void)state;
    enroll(&worker, "g-1", NULL);
    recall(&worker, 0);
    enroll(&second, "g-2", NULL);
    recall(&second, 0);
    ask(&client, "dial", false, 5);
    expect_request(&worker, "dial");
    answer(&stage, &worker, "dial");
    assert_reply(&stage, &client, "dial", NULL, "yes");
}

static void while_one_that_may_have_it_is_away_it_is_not_carried_out(void **state) {
    (void)state;
    stage_at(&stage, RECOVERY);
    enroll(&worker, "g-1", NULL);
    recall(&worker, 0);
    ask(&client, "dial", false, RECOVERY + 5);
    assert_reply(&stage, &client, "dial", "worker_lost", "maybe");
    // What may be repeated is, and what is first asked for now goes anywhere.
    ask(&client, "speak", true, RECOVERY + 5);
    expect_request(&worker, "speak");
    ask(&client, "new", false, 0);
    expect_request(&worker, "new");
    stage_quiet(&stage, &worker);
    // It comes back after all, and knows.
    enroll(&second, "g-2", NULL);
    answer(&stage, &second, "dial");
    recall(&second, 0);
    ask(&client, "dial", false, RECOVERY + 5);
    assert_reply(&stage, &client, "dial", NULL, "yes");
}

static void held_until_the_end_it_is_told_that_nobody_knows(void **state) {
    (void)state;
    enroll(&worker, "g-1", NULL);
    recall(&worker, 0);
    ask(&client, "dial", false, 5);
    ask(&client, "speak", true, 5);
    ask(&client, "new", false, 0);
    stage_quiet(&stage, &worker);
    for (int64_t at = 0; at < RECOVERY; at += STAGE_HEARTBEAT / 2) {
        stage_at(&stage, at);
        credit(&stage, &worker, 0);
    }
    stage_at(&stage, RECOVERY);
    assert_reply(&stage, &client, "dial", "worker_lost", "maybe");
    expect_request(&worker, "speak");
    expect_request(&worker, "new");
}

static void a_worker_that_remembers_too_little_proves_nothing(void **state) {
    (void)state;
    stage_at(&stage, 1000);
    enroll(&worker, "g-1", NULL);
    recall(&worker, 1500);
    enroll(&second, "g-2", NULL);
    recall(&second, 0);
    ask(&client, "old", false, 1501);
    assert_reply(&stage, &client, "old", "worker_lost", "maybe");
    ask(&client, "younger", false, 1500);
    stage_quiet(&stage, &client);
}

static void who_had_gone_before_a_call_was_asked_for_cannot_have_it(void **state) {
    (void)state;
    know("g-0", "gone", STAGE_UTC - 100);
    struct rf_map_node *node;
    while ((node = rf_map_next(&stage.core->dispatch.recovery.absent, NULL)) != NULL) {
        struct rf_absentee *absentee = RF_OWNER(node, struct rf_absentee, by_instance);
        rf_recovery_told(&stage.core->dispatch.recovery, absentee->instance, stage.now.utc, 0);
    }
    rf_roster_load(stage.core);
    enroll(&worker, "g-1", NULL);
    recall(&worker, 0);
    enroll(&second, "g-2", NULL);
    recall(&second, 0);
    ask(&client, "young", false, 99);
    expect_request(&worker, "young");
    ask(&client, "old", false, 100);
    assert_reply(&stage, &client, "old", "worker_lost", "maybe");
}

static void too_old_to_be_remembered_by_anybody_it_is_not_carried_out(void **state) {
    (void)state;
    enroll(&worker, "g-1", NULL);
    recall(&worker, 0);
    enroll(&second, "g-2", NULL);
    recall(&second, 0);
    ask(&client, "dial", false, RF_ANSWERS_KEEP);
    assert_reply(&stage, &client, "dial", "worker_lost", "maybe");
}

static void without_a_registry_nobody_is_waited_for(void **state) {
    (void)state;
    stage_close(&stage);
    stage_open(&stage, NULL);
    rf_roster_load(stage.core);
    enroll(&worker, "g-1", NULL);
    ask(&client, "dial", false, 0);
    expect_request(&worker, "dial");
}

static void asked_again_at_the_same_broker_it_is_known_whatever_became_of_it(void **state) {
    (void)state;
    stage_at(&stage, RECOVERY);
    ask(&client, "c1", false, 0);
    assert_reply(&stage, &client, "c1", "no_worker", "no");
    enroll(&worker, "g-1", NULL);
    recall(&worker, 0);
    // The client did not see the answer: it is the same one, as it may have arrived all the same.
    ask(&other, "c1", false, 10);
    assert_reply(&stage, &other, "c1", "no_worker", "no");
    stage_quiet(&stage, &worker);
    // Who has seen it may ask anew; and now it is in hand.
    ask(&client, "c1", false, 0);
    expect_request(&worker, "c1");
    ask(&other, "c1", false, 10);
    answer(&stage, &worker, "c1");
    assert_reply(&stage, &client, "c1", NULL, "yes");
    assert_reply(&stage, &other, "c1", NULL, "yes");
}

static void
a_request_that_was_lost_on_its_way_here_is_carried_out_when_it_is_asked_again(void **state) {
    (void)state;
    stage_at(&stage, RECOVERY); // g-1 and g-2 do not matter: it was asked for after the start
    struct rf_peer third = peer(RF_SOCKET_WORKERS, "w3");
    enroll(&third, "g-3", NULL);
    ask(&client, "dial", false, 50);
    expect_request(&third, "dial");
}

static void a_refusal_of_what_may_be_in_hand_does_not_say_that_it_was_not_sent(void **state) {
    (void)state;
    stage_at(&stage, RECOVERY);
    ask(&client, "c1", true, RECOVERY + 1);
    assert_reply(&stage, &client, "c1", "no_worker", "maybe");
    struct rf_call_request late = {.id = "c2",
                                   .service = "speech",
                                   .operation = "speak",
                                   .deadline = stage.now.utc.ns,
                                   .asked_ns = RECOVERY + 1};
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &late);
    assert_reply(&stage, &client, "c2", "deadline_exceeded", "maybe");
    // And it is remembered as that: not to be begun by whoever sends the id anew.
    enroll(&worker, "g-3", NULL);
    for (int i = 0; i < 2; i++) {
        ask(&client, "c2", false, 0);
        assert_reply(&stage, &client, "c2", "deadline_exceeded", "maybe");
    }
    stage_quiet(&stage, &worker);
}

// The client's clock runs ahead of ours: by ours the deadline is far.
static void asked_for_once_more_when_no_time_is_left_it_is_not_begun(void **state) {
    (void)state;
    enroll(&worker, "g-1", NULL);
    enroll(&second, "g-2", NULL);
    recall(&worker, 0);
    recall(&second, 0);
    struct rf_call_request over = {.id = "c1",
                                   .service = "speech",
                                   .operation = "speak",
                                   .deadline = stage.now.utc.ns + 600 * RF_NS_PER_S,
                                   .asked_ns = 1};
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &over);
    assert_reply(&stage, &client, "c1", "deadline_exceeded", "no");
    stage_quiet(&stage, &worker);
    stage_quiet(&stage, &second);
    over.id = "c2"; // asked for the first time it is not said, and may be carried out
    over.asked_ns = 0;
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &over);
    expect_request(&worker, "c2");
}

static void a_held_call_whose_deadline_comes_is_told_that_it_may_have_been_sent(void **state) {
    (void)state;
    struct rf_call_request request = {.id = "c1",
                                      .service = "speech",
                                      .operation = "speak",
                                      .deadline = stage.now.utc.ns + 100,
                                      .remaining_ns = 100,
                                      .asked_ns = 5};
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &request);
    request.id = "c2";
    request.asked_ns = 0;
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &request);
    stage_at(&stage, 100);
    assert_reply(&stage, &client, "c1", "deadline_exceeded", "maybe");
    assert_reply(&stage, &client, "c2", "deadline_exceeded", "no");
}

static void held_calls_count_in_the_bound_of_their_queue(void **state) {
    (void)state;
    char id[16];
    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "c%d", i);
        ask(&client, id, false, 0);
    }
    ask(&client, "one-more", true, 0);
    assert_reply(&stage, &client, "one-more", "overloaded", "no");
}

static void the_registry_tells_who_is_there_and_who_has_left(void **state) {
    (void)state;
    struct rf_peer third = peer(RF_SOCKET_WORKERS, "w3"), fourth = peer(RF_SOCKET_WORKERS, "w4");
    enroll(&third, "g-3", NULL);
    enroll(&fourth, "g-4", NULL);
    assert_true(row_says("g-3", "since"));
    struct rf_worker_bye bye = {.instance = "g-3"};
    stage_receive(&stage, &third, RF_MESSAGE_worker_bye, &bye);
    assert_true(row_says("g-3", "gone"));
    assert_true(row_says("g-1", "since"));
    stage_at(&stage, STAGE_LEASE);
    assert_true(row_says("g-4", "lost"));
    stage_at(&stage, RECOVERY - 1);
    assert_true(row_says("g-1", "since"));
    stage_at(&stage, RECOVERY);
    assert_true(row_says("g-1", "lost")); // has not come back
    stage_at(&stage, RECOVERY + RF_ANSWERS_KEEP);
    assert_false(row_says("g-1", "lost"));
    assert_false(row_says("g-4", "lost"));
    enroll(&worker, "g-1", NULL);
    assert_true(row_says("g-1", "since"));
}

static void nobody_else_writes_the_registry(void **state) {
    (void)state;
    struct rf_peer intruder = peer(RF_SOCKET_INGEST, "intruder");
    json_t *value = json_object();
    struct rf_state_put put = {.rid = "1", .key = "worker/g-9", .value = value};
    stage_receive(&stage, &intruder, RF_MESSAGE_state_put, &put);
    assert_string_equal(stage_next(&stage, &intruder, RF_MESSAGE_state_reply)->as.state_reply.code,
                        "not_allowed");
    struct rf_state_cas cas = {.rid = "2", .key = "worker/g-1", .version = 1};
    stage_receive(&stage, &intruder, RF_MESSAGE_state_cas, &cas);
    assert_string_equal(stage_next(&stage, &intruder, RF_MESSAGE_state_reply)->as.state_reply.code,
                        "not_allowed");
    json_decref(value);
    assert_true(row_says("g-1", "since"));
}

static void a_call_handed_back_before_anybody_asks_again_is_carried_out_by_another(void **state) {
    (void)state;
    enroll(&worker, "g-1", "speak");
    recall(&worker, 0);
    enroll(&second, "g-2", NULL);
    recall(&second, 0);
    struct rf_worker_handback handback = {.id = "speak", .retries = 1};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_handback, &handback);
    assert_int_equal(stage.core->dispatch.jobs.count, 0);
    ask(&client, "speak", false, 5);
    expect_request(&second, "speak"); // g-1 settles: its numbers are of before
    answer(&stage, &second, "speak");
    assert_reply(&stage, &client, "speak", NULL, "yes");
}

static void what_a_broker_has_forgotten_itself_proves_nothing(void **state) {
    (void)state;
    enroll(&worker, "g-1", NULL);
    recall(&worker, 0);
    enroll(&second, "g-2", NULL);
    recall(&second, 0);
    stage_at(&stage, 1000);
    struct rf_answers *answers = &stage.core->dispatch.answers;
    static const enum rf_answers_memory all[] = {RF_ANSWERS_ONCE, RF_ANSWERS_ONCE_NO,
                                                 RF_ANSWERS_OVERFLOW};
    char id[16];
    for (int i = 0; i < 3; i++) {
        answers->memories[all[i]].dropped = true;
        answers->memories[all[i]].newest_dropped.ns = 500;
        snprintf(id, sizeof id, "old-%d", i);
        ask(&client, id, false, 500);
        assert_reply(&stage, &client, id, "worker_lost", "maybe");
        snprintf(id, sizeof id, "new-%d", i);
        ask(&client, id, false, 499);
        stage_quiet(&stage, &client);
        answers->memories[all[i]].dropped = false;
    }
}

static void one_that_was_lost_shortly_before_may_live_and_is_awaited_too(void **state) {
    (void)state;
    stage_close(&stage);
    stage_open(&stage, NULL);
    know("g-1", "lost", STAGE_UTC - 10);
    rf_roster_load(stage.core);
    enroll(&second, "g-2", NULL);
    recall(&second, 0);
    ask(&client, "dial", false, 0);
    stage_quiet(&stage, &second);
    ask(&client, "later", false, 9); // not in its hand: it had been lost before
    expect_request(&second, "later");
    enroll(&worker, "g-1", "dial");
    recall(&worker, 0);
    answer(&stage, &worker, "dial");
    assert_reply(&stage, &client, "dial", NULL, "yes");
    stage_quiet(&stage, &second);
}

static void one_that_was_lost_long_before_is_not_awaited_but_proves_nothing(void **state) {
    (void)state;
    stage_close(&stage);
    stage_open(&stage, NULL);
    know("g-1", "lost", STAGE_UTC - 60 * RF_NS_PER_S);
    rf_roster_load(stage.core);
    enroll(&second, "g-2", NULL);
    ask(&client, "dial", false, 0);
    expect_request(&second, "dial");
    ask(&client, "old", false, 60 * RF_NS_PER_S);
    assert_reply(&stage, &client, "old", "worker_lost", "maybe");
}

static void
a_restart_finds_its_workers_in_the_registry_that_the_broker_before_it_kept(void **state) {
    (void)state;
    stage_close(&stage);
    stage_open(&stage, NULL);
    struct rf_peer third = peer(RF_SOCKET_WORKERS, "w3");
    enroll(&worker, "g-1", NULL);
    recall(&worker, 0);
    enroll(&second, "g-2", NULL);
    recall(&second, 0);
    enroll(&third, "g-3", NULL);
    struct rf_worker_bye bye = {.instance = "g-3"};
    stage_receive(&stage, &third, RF_MESSAGE_worker_bye, &bye);
    stage_at(&stage, 100);
    ask(&client, "dial", false, 0);
    expect_request(&worker, "dial");
    stage_at(&stage, 200);
    stage_restart(&stage, "broker-2", 0);
    ask(&client, "dial", false, 100);
    ask(&client, "queued", false, 100);
    enroll(&second, "g-2", NULL);
    recall(&second, 0);
    stage_quiet(&stage, &second);
    enroll(&worker, "g-1", "dial");
    stage_quiet(&stage, &second);
    recall(&worker, 0); // g-3 had left before they were asked for
    expect_request(&second, "queued");
    stage_quiet(&stage, &worker);
    answer(&stage, &worker, "dial");
    assert_reply(&stage, &client, "dial", NULL, "yes");
}

static void a_worker_gets_nothing_before_it_is_on_disk_that_it_may_have_it(void **state) {
    (void)state;
    stage_close(&stage);
    stage_open(&stage, NULL);
    stage.disk_waits = true;
    ask(&client, "dial", false, 0);
    enroll(&worker, "g-1", NULL);
    stage_quiet(&stage, &worker);
    stage_write(&stage, stage.given);
    expect_request(&worker, "dial");
    // A disk that fails is not waited for for ever.
    ask(&client, "other", false, 0);
    stage_hush(&stage);
    enroll(&second, "g-2", NULL);
    stage_at(&stage, STAGE_HEARTBEAT / 2);
    assert_int_equal(stage.core->dispatch.seats.unwritten, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_may_not_be_repeated_waits_until_all_that_were_there_have_told),
        TEST(what_may_be_repeated_goes_at_once),
        TEST(after_five_seconds_they_are_waited_for_no_longer),
        TEST(a_call_in_the_hand_of_a_worker_is_answered_by_it),
        TEST(a_call_that_was_carried_out_is_answered_as_it_ended),
        TEST(what_surely_nobody_began_is_carried_out_though_it_was_asked_for_before),
        TEST(while_one_that_may_have_it_is_away_it_is_not_carried_out),
        TEST(held_until_the_end_it_is_told_that_nobody_knows),
        TEST(a_worker_that_remembers_too_little_proves_nothing),
        TEST(who_had_gone_before_a_call_was_asked_for_cannot_have_it),
        TEST(too_old_to_be_remembered_by_anybody_it_is_not_carried_out),
        TEST(without_a_registry_nobody_is_waited_for),
        TEST(asked_again_at_the_same_broker_it_is_known_whatever_became_of_it),
        TEST(a_request_that_was_lost_on_its_way_here_is_carried_out_when_it_is_asked_again),
        TEST(a_refusal_of_what_may_be_in_hand_does_not_say_that_it_was_not_sent),
        TEST(asked_for_once_more_when_no_time_is_left_it_is_not_begun),
        TEST(a_held_call_whose_deadline_comes_is_told_that_it_may_have_been_sent),
        TEST(held_calls_count_in_the_bound_of_their_queue),
        TEST(the_registry_tells_who_is_there_and_who_has_left),
        TEST(nobody_else_writes_the_registry),
        TEST(a_call_handed_back_before_anybody_asks_again_is_carried_out_by_another),
        TEST(what_a_broker_has_forgotten_itself_proves_nothing),
        TEST(one_that_was_lost_shortly_before_may_live_and_is_awaited_too),
        TEST(one_that_was_lost_long_before_is_not_awaited_but_proves_nothing),
        TEST(a_restart_finds_its_workers_in_the_registry_that_the_broker_before_it_kept),
        TEST(a_worker_gets_nothing_before_it_is_on_disk_that_it_may_have_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
