// Registration, credit, leases and the loss of workers, through the core's messages.
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

static struct stage stage;
static struct rf_peer client, worker, second;

static int open_stage(void **state) {
    (void)state;
    stage_open(&stage, NULL);
    client = peer(RF_SOCKET_CALLS, "client");
    worker = peer(RF_SOCKET_WORKERS, "w1");
    second = peer(RF_SOCKET_WORKERS, "w2");
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static bool registered(const struct rf_peer *to) {
    return stage_next(&stage, to, RF_MESSAGE_worker_welcome)->as.worker_welcome.registered;
}

static void calls(int first, int count) {
    char id[16];
    for (int i = first; i < first + count; i++) {
        snprintf(id, sizeof id, "c%d", i);
        call(&stage, &client, id, 600 * RF_NS_PER_S);
    }
}

// How many requests went to the worker that have not been counted yet.
static int requests(const struct rf_peer *to) {
    int count = 0;
    for (size_t i = 0; i < stage.sent_count; i++) {
        struct stage_sent *sent = &stage.sent[i];
        if (!sent->seen && rf_peer_same(&sent->to, to)) {
            sent->seen = true;
            count += sent->message->type == RF_MESSAGE_call_request;
        }
    }
    return count;
}

static void beat_in_hand(const struct rf_peer *from, const char *instance, int64_t capacity,
                         const char **ids, size_t count) {
    struct rf_offer offer = {.service = "speech", .capacity = capacity};
    struct rf_worker_heartbeat heartbeat = {
        .instance = instance, .offers = {&offer, 1}, .in_hand = {ids, count}};
    stage_receive(&stage, from, RF_MESSAGE_worker_heartbeat, &heartbeat);
}

static void the_first_heartbeat_registers_and_each_is_answered(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 3, 0);
    const struct rf_worker_welcome *welcome =
        &stage_next(&stage, &worker, RF_MESSAGE_worker_welcome)->as.worker_welcome;
    assert_true(welcome->registered);
    assert_string_equal(welcome->broker, "broker-1");
    assert_int_equal(welcome->heartbeat_ns, STAGE_HEARTBEAT);
    assert_int_equal(welcome->lease_ns, STAGE_LEASE);
    // The states of all breakers follow, before any call can.
    const struct rf_breaker_states *states =
        &stage_next(&stage, &worker, RF_MESSAGE_breaker_states)->as.breaker_states;
    assert_int_equal(states->breakers.count, 1);
    assert_string_equal(states->breakers.items[0].state, "closed");
    beat(&stage, &worker, "g-1", NULL, 3, 0);
    assert_false(registered(&worker));
    stage_quiet(&stage, &worker);
}

static void no_more_calls_go_out_than_there_is_credit_and_it_is_given_once(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 3, 0);
    calls(0, 10);
    assert_int_equal(requests(&worker), 3);
    credit(&stage, &worker, 2);
    assert_int_equal(requests(&worker), 2);
    // The same count again, an overtaken one, and the same in a heartbeat: nothing new.
    credit(&stage, &worker, 2);
    credit(&stage, &worker, 1);
    beat(&stage, &worker, "g-1", NULL, 3, 2);
    assert_int_equal(requests(&worker), 0);
    credit(&stage, &worker, 3);
    assert_int_equal(requests(&worker), 1);
}

static void a_worker_cannot_give_back_more_than_it_was_given(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 2, 0);
    calls(0, 10);
    assert_int_equal(requests(&worker), 2);
    credit(&stage, &worker, INT64_MAX);
    assert_int_equal(requests(&worker), 2);
    // What was claimed too much then is not owed later.
    credit(&stage, &worker, 2);
    assert_int_equal(requests(&worker), 0);
}

static void a_capacity_that_shrinks_gives_no_negative_credit(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 4, 0);
    calls(0, 10);
    assert_int_equal(requests(&worker), 4);
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    credit(&stage, &worker, 3);
    assert_int_equal(requests(&worker), 0);
    credit(&stage, &worker, 4);
    assert_int_equal(requests(&worker), 1);
}

static void the_count_in_the_heartbeat_that_registers_is_of_an_earlier_life(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 1, 77);
    calls(0, 3);
    assert_int_equal(requests(&worker), 1);
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    assert_int_equal(requests(&worker), 0);
}

static void the_most_credit_goes_first_and_equals_take_turns(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 2, 0);
    beat(&stage, &second, "g-2", NULL, 4, 0);
    stage_hush(&stage);
    calls(0, 2);
    assert_int_equal(requests(&second), 2);
    assert_int_equal(requests(&worker), 0);
    // Both have 2 now.
    calls(2, 2);
    assert_int_equal(requests(&second), 1);
    assert_int_equal(requests(&worker), 1);
    calls(4, 2);
    assert_int_equal(requests(&second), 1);
    assert_int_equal(requests(&worker), 1);
}

static void two_workers_of_one_capacity_share_evenly(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    beat(&stage, &second, "g-2", NULL, 1, 0);
    stage_hush(&stage);
    int64_t first = 0, other = 0;
    char id[16];
    for (int i = 0; i < 20; i++) {
        snprintf(id, sizeof id, "c%d", i);
        call(&stage, &client, id, RF_NS_PER_S);
        // One call at a time: whoever had it gives the place back.
        int mine = requests(&worker), others = requests(&second);
        first += mine;
        other += others;
        answer(&stage, mine ? &worker : &second, id);
        credit(&stage, mine ? &worker : &second, mine ? first : other);
        stage_hush(&stage);
    }
    assert_int_equal(first, 10);
    assert_int_equal(other, 10);
}

static void a_worker_is_lost_at_exactly_its_lease_with_its_calls_maybe_sent(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    calls(0, 2);
    stage_hush(&stage);
    stage_at(&stage, STAGE_LEASE - 1);
    stage_quiet(&stage, &client);
    stage_at(&stage, STAGE_LEASE);
    assert_reply(&stage, &client, "c0", "worker_lost", "maybe");
    // What only waited for it was never sent.
    assert_reply(&stage, &client, "c1", "no_worker", "no");
    assert_int_equal(stage.core->ground.counters.workers_lost, 1);
    assert_int_equal(rf_core_peers(stage.core), 0);
}

static void one_that_is_not_heard_for_half_a_heartbeat_is_asked(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    stage_at(&stage, STAGE_HEARTBEAT / 2 - 1);
    assert_int_equal(stage.asked, 0);
    stage_at(&stage, STAGE_HEARTBEAT / 2);
    assert_int_equal(stage.asked, 1);
    // What it says now counts, and it is not asked again before it is silent again.
    credit(&stage, &worker, 0);
    stage_at(&stage, STAGE_HEARTBEAT - 1);
    assert_int_equal(stage.asked, 1);
    stage_at(&stage, STAGE_HEARTBEAT / 2 + STAGE_LEASE - 1);
    assert_int_equal(rf_core_peers(stage.core), 1);
    stage_at(&stage, STAGE_HEARTBEAT / 2 + STAGE_LEASE);
    assert_int_equal(rf_core_peers(stage.core), 0);
    assert_int_equal(stage.asked, 4);
}

static void a_worker_that_beats_in_time_is_never_asked(void **state) {
    (void)state;
    for (int64_t at = 0; at < 100 * STAGE_HEARTBEAT; at += STAGE_HEARTBEAT / 3) {
        stage_at(&stage, at);
        beat(&stage, &worker, "g-1", NULL, 1, 0);
        stage_hush(&stage);
    }
    assert_int_equal(stage.asked, 0);
    assert_int_equal(rf_core_peers(stage.core), 1);
}

static void incident_20_a_connection_that_is_gone_loses_its_worker_at_the_next_look(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    beat(&stage, &second, "g-2", NULL, 1, 0);
    calls(0, 1);
    stage_hush(&stage);
    stage.bad_peer = worker;
    stage.bad_answer = RF_SENT_GONE;
    stage_at(&stage, STAGE_HEARTBEAT / 2 - 1);
    stage_quiet(&stage, &client);
    stage_at(&stage, STAGE_HEARTBEAT / 2);
    assert_reply(&stage, &client, "c0", "worker_lost", "maybe");
    assert_int_equal(rf_core_peers(stage.core), 1);
}

static void a_worker_that_does_not_read_is_asked_on_and_lost_with_its_lease(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    stage.bad_peer = worker;
    stage.bad_answer = RF_SENT_FULL;
    stage_at(&stage, STAGE_LEASE - 1);
    assert_int_equal(rf_core_peers(stage.core), 1);
    stage_at(&stage, STAGE_LEASE);
    assert_int_equal(rf_core_peers(stage.core), 0);
}

static void a_broker_that_did_not_run_takes_nobody_for_lost_before_it_has_listened(void **state) {
    (void)state;
    struct rf_peer observer = peer(RF_SOCKET_INGEST, "observer");
    struct rf_hello hello = {.instance = "o-1", .service = "alerter"};
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    stage_receive(&stage, &observer, RF_MESSAGE_hello, &hello);
    calls(0, 1);
    stage_hush(&stage);
    int64_t woke = 10 * STAGE_LEASE;
    stage_wake_at(&stage, woke);
    stage_at(&stage, woke + STAGE_HEARTBEAT - 1);
    assert_int_equal(rf_core_peers(stage.core), 2);
    stage_quiet(&stage, &client);
    // Its heartbeats had waited in the socket.
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    stage_at(&stage, woke + STAGE_HEARTBEAT);
    assert_int_equal(rf_core_peers(stage.core), 1); // the observer is gone indeed
    stage_quiet(&stage, &client);
    stage_at(&stage, woke + STAGE_HEARTBEAT - 1 + STAGE_LEASE);
    assert_reply(&stage, &client, "c0", "worker_lost", "maybe");
}

static void nor_does_it_end_a_lease_of_a_value_that_is_renewed_as_soon_as_it_listens(void **state) {
    (void)state;
    struct rf_peer observer = peer(RF_SOCKET_INGEST, "observer");
    struct rf_state_entry entry;
    json_t *value = json_object();
    struct rf_state_put put = {
        .rid = "1", .key = "process/o-1", .value = value, .ttl_ns = 3 * STAGE_HEARTBEAT};
    stage_receive(&stage, &observer, RF_MESSAGE_state_put, &put);
    int64_t woke = 100 * STAGE_HEARTBEAT;
    stage_wake_at(&stage, woke);
    stage_at(&stage, woke + STAGE_HEARTBEAT - 1);
    assert_int_equal(rf_states_get(&stage.core->states, "process/o-1", &entry), RF_OK);
    stage_receive(&stage, &observer, RF_MESSAGE_state_put, &put);
    stage_at(&stage, woke + 4 * STAGE_HEARTBEAT - 2);
    assert_int_equal(rf_states_get(&stage.core->states, "process/o-1", &entry), RF_OK);
    stage_at(&stage, woke + 4 * STAGE_HEARTBEAT - 1);
    assert_int_equal(rf_states_get(&stage.core->states, "process/o-1", &entry), RF_ERR_NOT_FOUND);
    // And one that nobody renews ends with that heartbeat.
    stage_receive(&stage, &observer, RF_MESSAGE_state_put, &put);
    woke += 100 * STAGE_HEARTBEAT;
    stage_wake_at(&stage, woke);
    stage_at(&stage, woke + STAGE_HEARTBEAT);
    assert_int_equal(rf_states_get(&stage.core->states, "process/o-1", &entry), RF_ERR_NOT_FOUND);
    json_decref(value);
}

static void a_call_goes_to_the_best_of_many_and_credit_counts_at_once(void **state) {
    (void)state;
    char name[16];
    struct rf_peer peers[64];
    for (int i = 0; i < 64; i++) {
        snprintf(name, sizeof name, "g-%d", i);
        peers[i] = peer(RF_SOCKET_WORKERS, name);
        beat(&stage, &peers[i], name, NULL, 1 + i % 4, 0);
    }
    stage_hush(&stage);
    calls(0, 16); // those with four places, one call each
    for (int i = 0; i < 64; i++)
        assert_int_equal(requests(&peers[i]), i % 4 == 3);
    credit(&stage, &peers[63], 1); // the only one with four again
    calls(16, 1);
    assert_int_equal(requests(&peers[63]), 1);
    beat(&stage, &peers[0], "g-0", NULL, 9, 0);
    stage_hush(&stage);
    calls(17, 5);
    assert_int_equal(requests(&peers[0]), 5);
}

static void any_message_of_a_worker_keeps_its_lease(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    stage_at(&stage, STAGE_LEASE - 1);
    credit(&stage, &worker, 0);
    stage_at(&stage, 2 * STAGE_LEASE - 2);
    assert_int_equal(rf_core_peers(stage.core), 1);
    stage_at(&stage, 2 * STAGE_LEASE - 1);
    assert_int_equal(rf_core_peers(stage.core), 0);
}

static void a_call_of_a_lost_worker_is_not_done_again_under_its_id(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    calls(0, 1);
    stage_at(&stage, STAGE_LEASE);
    assert_reply(&stage, &client, "c0", "worker_lost", "maybe");
    beat(&stage, &second, "g-2", NULL, 1, 0);
    stage_hush(&stage);
    calls(0, 1);
    assert_reply(&stage, &client, "c0", "worker_lost", "maybe");
    stage_quiet(&stage, &second);
}

static void a_goodbye_ends_the_registration_at_once(void **state) {
    (void)state;
    stage_at(&stage, STAGE_LEASE);
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    calls(0, 1);
    answer(&stage, &worker, "c0");
    stage_hush(&stage);
    struct rf_worker_bye bye = {.instance = "g-1"};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_bye, &bye);
    assert_int_equal(rf_core_peers(stage.core), 0);
    calls(1, 1);
    assert_reply(&stage, &client, "c1", "no_worker", "no");
    assert_int_equal(stage.core->ground.counters.workers_lost, 0);
}

static void a_draining_worker_gets_nothing_new_and_the_queue_is_told(void **state) {
    (void)state;
    stage_at(&stage, STAGE_LEASE);
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    calls(0, 2);
    assert_int_equal(requests(&worker), 1);
    const char *in_hand[] = {"c0"};
    struct rf_offer offer = {.service = "speech", .capacity = 1};
    struct rf_worker_heartbeat heartbeat = {
        .instance = "g-1", .offers = {&offer, 1}, .in_hand = {in_hand, 1}, .draining = true};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_heartbeat, &heartbeat);
    assert_reply(&stage, &client, "c1", "no_worker", "no");
    credit(&stage, &worker, 1);
    calls(2, 1);
    assert_reply(&stage, &client, "c2", "no_worker", "no");
    assert_int_equal(requests(&worker), 0);
    answer(&stage, &worker, "c0");
    assert_reply(&stage, &client, "c0", NULL, "yes");
}

static void a_service_no_longer_offered_is_no_longer_served(void **state) {
    (void)state;
    stage_at(&stage, STAGE_LEASE);
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    beat(&stage, &worker, "g-1", "script", 1, 0);
    calls(0, 1);
    assert_reply(&stage, &client, "c0", "no_worker", "no");
}

static void who_is_not_registered_is_told_so(void **state) {
    (void)state;
    credit(&stage, &worker, 1);
    stage_next(&stage, &worker, RF_MESSAGE_worker_unknown);
    answer(&stage, &worker, "c0");
    stage_next(&stage, &worker, RF_MESSAGE_worker_unknown);
    struct rf_worker_outcomes outcomes = {0};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_outcomes, &outcomes);
    stage_next(&stage, &worker, RF_MESSAGE_worker_unknown);
    struct rf_permit_request permit = {.call = "c", .service = "elevenlabs"};
    stage_receive(&stage, &worker, RF_MESSAGE_permit_request, &permit);
    stage_next(&stage, &worker, RF_MESSAGE_worker_unknown);
    struct rf_worker_handback handback = {.id = "c"};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_handback, &handback);
    stage_next(&stage, &worker, RF_MESSAGE_worker_unknown);
    stage_quiet(&stage, &worker);
    assert_int_equal(stage.core->ground.counters.workers_unknown, 5);
}

static void incident_20_a_request_that_cannot_be_routed_goes_to_another(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 9, 0);
    beat(&stage, &second, "g-2", NULL, 1, 0);
    calls(0, 1);
    assert_int_equal(requests(&worker), 1);
    stage_hush(&stage);
    stage.bad_peer = worker;
    stage.bad_answer = RF_SENT_GONE;
    calls(1, 1);
    // The worker is lost with what it had; the new call was not sent there.
    assert_reply(&stage, &client, "c0", "worker_lost", "maybe");
    assert_int_equal(requests(&second), 1);
    stage_quiet(&stage, &client);
    assert_int_equal(rf_core_peers(stage.core), 1);
}

static void the_last_worker_that_is_gone_leaves_its_queue_with_no_worker(void **state) {
    (void)state;
    stage_at(&stage, STAGE_LEASE);
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    stage.bad_peer = worker;
    stage.bad_answer = RF_SENT_GONE;
    calls(0, 1);
    assert_reply(&stage, &client, "c0", "no_worker", "no");
}

static void a_worker_that_does_not_read_gets_nothing_until_it_is_heard(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 9, 0);
    stage_hush(&stage);
    stage.bad_peer = worker;
    stage.bad_answer = RF_SENT_FULL;
    calls(0, 2);
    stage.bad_answer = RF_SENT_OK;
    calls(2, 1);
    assert_int_equal(requests(&worker), 0);
    beat(&stage, &worker, "g-1", NULL, 9, 0);
    assert_int_equal(requests(&worker), 3);
}

static void incident_21_a_worker_behind_a_new_connection_keeps_its_registration(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 2, 0);
    calls(0, 2);
    stage_hush(&stage);
    struct rf_peer again = peer(RF_SOCKET_WORKERS, "w1 again");
    const char *in_hand[] = {"c0", "c1"};
    beat_in_hand(&again, "g-1", 2, in_hand, 2);
    assert_false(registered(&again));
    stage_next(&stage, &again, RF_MESSAGE_breaker_states); // a push may have been lost
    answer(&stage, &again, "c0");
    assert_reply(&stage, &client, "c0", NULL, "yes");
    credit(&stage, &again, 1);
    calls(2, 1);
    assert_int_equal(requests(&again), 1);
}

static void incident_20_a_request_lost_with_a_connection_is_told_after_one_lease(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 2, 0);
    calls(0, 2);
    stage_hush(&stage);
    // c1 never reached it.
    struct rf_peer again = peer(RF_SOCKET_WORKERS, "w1 again");
    const char *in_hand[] = {"c0"};
    for (int64_t at = 0; at < STAGE_LEASE; at += STAGE_HEARTBEAT) {
        stage_at(&stage, at);
        beat_in_hand(&again, "g-1", 2, in_hand, 1);
        stage_quiet(&stage, &client);
    }
    stage_at(&stage, STAGE_LEASE);
    beat_in_hand(&again, "g-1", 2, in_hand, 1);
    assert_reply(&stage, &client, "c1", "worker_lost", "maybe");
    stage_quiet(&stage, &client);
    // Its place, of which the worker never knew, is free again.
    stage_hush(&stage);
    calls(2, 2);
    assert_int_equal(requests(&again), 1);
}

static void a_request_under_way_is_not_lost_because_a_heartbeat_overtook_it(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 2, 0);
    calls(0, 1);
    stage_hush(&stage);
    for (int64_t at = 0; at <= 3 * STAGE_LEASE; at += STAGE_HEARTBEAT) {
        stage_at(&stage, at);
        beat_in_hand(&worker, "g-1", 2, NULL, 0);
    }
    stage_quiet(&stage, &client);
}

static void
each_welcome_says_which_heartbeat_it_answers_and_what_became_of_the_connection(void **state) {
    (void)state;
    struct rf_peer again = peer(RF_SOCKET_WORKERS, "w1 again");
    struct rf_worker_heartbeat heartbeat = {.instance = "g-1", .seq = 7};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_heartbeat, &heartbeat);
    const struct rf_worker_welcome *welcome =
        &stage_next(&stage, &worker, RF_MESSAGE_worker_welcome)->as.worker_welcome;
    assert_int_equal(welcome->seq, 7);
    assert_true(welcome->registered && !welcome->moved);
    heartbeat.seq = 8;
    stage_receive(&stage, &again, RF_MESSAGE_worker_heartbeat, &heartbeat);
    welcome = &stage_next(&stage, &again, RF_MESSAGE_worker_welcome)->as.worker_welcome;
    assert_int_equal(welcome->seq, 8);
    assert_true(welcome->moved && !welcome->registered);
    stage_hush(&stage);
    heartbeat.seq = 9;
    stage_receive(&stage, &again, RF_MESSAGE_worker_heartbeat, &heartbeat);
    welcome = &stage_next(&stage, &again, RF_MESSAGE_worker_welcome)->as.worker_welcome;
    assert_int_equal(welcome->seq, 9);
    assert_false(welcome->moved || welcome->registered);
}

// A heartbeat of a worker that numbers its registrations, with room for `capacity`.
static const struct rf_worker_welcome *numbered(const struct rf_peer *from, int64_t seq,
                                                int64_t registration, int64_t capacity,
                                                int64_t released, const char *id) {
    struct rf_offer offer = {.service = "speech", .capacity = capacity, .released = released};
    struct rf_worker_heartbeat heartbeat = {.instance = "g-1",
                                            .seq = seq,
                                            .registration = registration,
                                            .offers = {&offer, 1},
                                            .in_hand = {&id, id != NULL}};
    stage_receive(&stage, from, RF_MESSAGE_worker_heartbeat, &heartbeat);
    const struct rf_worker_welcome *welcome =
        &stage_next(&stage, from, RF_MESSAGE_worker_welcome)->as.worker_welcome;
    if (welcome->registered || welcome->moved)
        stage_next(&stage, from, RF_MESSAGE_breaker_states);
    return welcome;
}

static void
every_welcome_says_which_heartbeat_registered_and_which_began_the_connection(void **state) {
    (void)state;
    struct rf_peer again = peer(RF_SOCKET_WORKERS, "w1 again");
    const struct rf_worker_welcome *welcome = numbered(&worker, 3, 0, 2, 0, NULL);
    assert_int_equal(welcome->registration, 3);
    assert_int_equal(welcome->connection, 3);
    welcome = numbered(&worker, 4, 3, 2, 0, NULL);
    assert_int_equal(welcome->registration, 3);
    assert_int_equal(welcome->connection, 3);
    welcome = numbered(&again, 5, 3, 2, 0, NULL);
    welcome = numbered(&again, 6, 3, 2, 0, NULL);
    assert_int_equal(welcome->registration, 3);
    assert_int_equal(welcome->connection, 5);
    assert_false(welcome->moved || welcome->registered);
}

static void the_first_registration_of_a_worker_brings_it_calls_at_once(void **state) {
    (void)state;
    numbered(&worker, 1, 0, 2, 0, NULL);
    calls(0, 1);
    assert_int_equal(requests(&worker), 1);
}

// It had sent two before it heard of its registration: both have the numbers of the one before, by
// which it would have 70 places back.
static void a_second_heartbeat_of_the_registration_before_counts_for_nothing(void **state) {
    (void)state;
    numbered(&worker, 8, 5, 2, 77, NULL);
    calls(0, 10);
    assert_int_equal(requests(&worker), 0);
    numbered(&worker, 9, 5, 2, 77, NULL);
    struct rf_worker_credit old = {.service = "speech", .released = 78, .registration = 5};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_credit, &old);
    assert_int_equal(requests(&worker), 0);
    numbered(&worker, 10, 8, 2, 0, NULL);
    assert_int_equal(requests(&worker), 2);
    stage_receive(&stage, &worker, RF_MESSAGE_worker_credit, &old);
    assert_int_equal(requests(&worker), 0);
    struct rf_worker_credit back = {.service = "speech", .released = 1, .registration = 8};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_credit, &back);
    assert_int_equal(requests(&worker), 1);
}

// Its welcome was lost with the connection: nothing is counted before the worker knows of it.
static void
a_registration_whose_connection_breaks_waits_for_a_heartbeat_that_names_it(void **state) {
    (void)state;
    struct rf_peer again = peer(RF_SOCKET_WORKERS, "w1 again");
    numbered(&worker, 8, 5, 2, 77, NULL);
    calls(0, 10);
    const struct rf_worker_welcome *welcome = numbered(&again, 9, 5, 2, 77, NULL);
    assert_true(welcome->moved);
    assert_int_equal(welcome->registration, 8);
    numbered(&again, 10, 5, 2, 77, NULL);
    assert_int_equal(requests(&again), 0);
    numbered(&again, 11, 8, 2, 0, NULL);
    assert_int_equal(requests(&again), 2);
    assert_int_equal(requests(&worker), 0);
}

static void a_late_heartbeat_of_an_old_connection_moves_nobody_back(void **state) {
    (void)state;
    struct rf_peer again = peer(RF_SOCKET_WORKERS, "w1 again");
    numbered(&worker, 1, 0, 2, 0, NULL);
    numbered(&again, 3, 1, 2, 0, NULL);
    stage_hush(&stage);
    struct rf_offer offer = {.service = "speech", .capacity = 0};
    struct rf_worker_heartbeat late = {
        .instance = "g-1", .seq = 2, .registration = 1, .offers = {&offer, 1}, .draining = true};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_heartbeat, &late);
    stage_quiet(&stage, &worker);
    assert_int_equal(stage.core->ground.counters.workers_late, 1);
    calls(0, 1);
    assert_int_equal(requests(&again), 1);
    const struct rf_worker_welcome *welcome = numbered(&again, 4, 1, 2, 0, NULL);
    assert_int_equal(welcome->connection, 3);
}

// As when a worker's name is given to its successor, which counts its heartbeats anew.
static void who_comes_under_the_name_of_a_worker_that_is_silent_waits_for_its_end(void **state) {
    (void)state;
    struct rf_peer successor = peer(RF_SOCKET_WORKERS, "successor");
    numbered(&worker, 7, 0, 2, 0, NULL);
    struct rf_worker_heartbeat first = {.instance = "g-1", .seq = 1};
    stage_receive(&stage, &successor, RF_MESSAGE_worker_heartbeat, &first);
    stage_quiet(&stage, &successor);
    stage_at(&stage, STAGE_LEASE);
    first.seq = 2;
    stage_receive(&stage, &successor, RF_MESSAGE_worker_heartbeat, &first);
    assert_true(registered(&successor));
}

// What another broker had sent to the worker is read by it after the heartbeat that registers it.
static void a_call_that_is_named_after_the_registration_is_in_hand_too(void **state) {
    (void)state;
    numbered(&worker, 8, 5, 2, 0, NULL);
    numbered(&worker, 9, 8, 1, 0, "c0");
    assert_int_equal(stage.core->ground.counters.calls_adopted, 1);
    struct rf_worker_recalled old = {.registration = 5}, recalled = {.registration = 8};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_recalled, &old);
    assert_true(rf_seats_by_peer(&stage.core->dispatch.seats, &worker)->recalling);
    stage_receive(&stage, &worker, RF_MESSAGE_worker_recalled, &recalled);
    assert_false(rf_seats_by_peer(&stage.core->dispatch.seats, &worker)->recalling);
    stage_hush(&stage);
    calls(0, 1);
    assert_int_equal(requests(&worker), 0); // it waits for the answer
    answer(&stage, &worker, "c0");
    assert_reply(&stage, &client, "c0", NULL, "yes");
    numbered(&worker, 10, 8, 2, 0, "c1"); // all was told: it is one of ours that is over
    assert_int_equal(stage.core->ground.counters.calls_adopted, 1);
}

static void another_worker_behind_the_same_connection_takes_its_place(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    calls(0, 1);
    stage_hush(&stage);
    beat(&stage, &worker, "g-2", NULL, 1, 0);
    assert_reply(&stage, &client, "c0", "worker_lost", "maybe");
    assert_true(registered(&worker));
    assert_int_equal(rf_core_peers(stage.core), 1);
}

static void calls_in_the_hand_of_a_worker_that_registers_are_answered_by_it(void **state) {
    (void)state;
    // The broker was restarted; the client, told so, repeats its id before the worker is back.
    calls(0, 1);
    const char *in_hand[] = {"c0", "c1"};
    beat_in_hand(&worker, "g-1", 5, in_hand, 2);
    assert_true(registered(&worker));
    stage_next(&stage, &worker, RF_MESSAGE_breaker_states);
    stage_quiet(&stage, &worker); // neither is sent again
    calls(1, 1);
    stage_quiet(&stage, &worker);
    answer(&stage, &worker, "c0");
    answer(&stage, &worker, "c1");
    assert_reply(&stage, &client, "c0", NULL, "yes");
    assert_reply(&stage, &client, "c1", NULL, "yes");
    assert_int_equal(stage.core->ground.counters.calls_adopted, 2);
}

static void
a_worker_that_registers_with_calls_in_hand_gets_new_ones_by_its_next_heartbeat(void **state) {
    (void)state;
    const char *in_hand[] = {"old"};
    // Of 2 places one is taken, but this heartbeat was written before it knew of its registration.
    beat_in_hand(&worker, "g-1", 2, in_hand, 1);
    calls(0, 3);
    assert_int_equal(requests(&worker), 0);
    beat_in_hand(&worker, "g-1", 1, in_hand, 1);
    assert_int_equal(requests(&worker), 1);
}

static void an_adopted_call_that_is_not_named_for_a_whole_lease_is_over(void **state) {
    (void)state;
    const char *in_hand[] = {"old"};
    beat_in_hand(&worker, "g-1", 1, in_hand, 1);
    call(&stage, &client, "old", 60 * RF_NS_PER_S);
    for (int i = 0; i <= STAGE_MISSES; i++) {
        stage_quiet(&stage, &client);
        stage_at(&stage, i * STAGE_HEARTBEAT);
        beat_in_hand(&worker, "g-1", 1, NULL, 0);
    }
    assert_reply(&stage, &client, "old", "worker_lost", "maybe");
    assert_int_equal(stage.core->dispatch.jobs.count, 0);
}

static void the_reply_of_an_adopted_call_may_come_after_a_heartbeat_without_it(void **state) {
    (void)state;
    const char *in_hand[] = {"old"};
    beat_in_hand(&worker, "g-1", 1, in_hand, 1);
    call(&stage, &client, "old", 60 * RF_NS_PER_S);
    beat_in_hand(&worker, "g-1", 1, NULL, 0);
    stage_quiet(&stage, &client);
    answer(&stage, &worker, "old");
    assert_reply(&stage, &client, "old", NULL, "yes");
}

static void a_call_that_was_joined_to_an_adopted_one_ends_at_its_deadline(void **state) {
    (void)state;
    const char *in_hand[] = {"old"};
    beat_in_hand(&worker, "g-1", 1, in_hand, 1);
    call(&stage, &client, "old", 100);
    stage_at(&stage, 100 + RF_DISPATCH_ANSWER_GRACE);
    assert_reply(&stage, &client, "old", "deadline_exceeded", "maybe");
}

static void a_worker_that_was_taken_for_lost_comes_back_with_its_answer(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    calls(0, 1);
    stage_at(&stage, STAGE_LEASE);
    assert_reply(&stage, &client, "c0", "worker_lost", "maybe");
    stage_hush(&stage);
    const char *in_hand[] = {"c0"};
    beat_in_hand(&worker, "g-1", 1, in_hand, 1);
    assert_true(registered(&worker));
    calls(0, 1); // the id is in a hand again: it waits there
    stage_quiet(&stage, &client);
    answer(&stage, &worker, "c0");
    assert_reply(&stage, &client, "c0", NULL, "yes");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_first_heartbeat_registers_and_each_is_answered),
        TEST(no_more_calls_go_out_than_there_is_credit_and_it_is_given_once),
        TEST(a_worker_cannot_give_back_more_than_it_was_given),
        TEST(a_capacity_that_shrinks_gives_no_negative_credit),
        TEST(the_count_in_the_heartbeat_that_registers_is_of_an_earlier_life),
        TEST(the_most_credit_goes_first_and_equals_take_turns),
        TEST(two_workers_of_one_capacity_share_evenly),
        TEST(a_worker_is_lost_at_exactly_its_lease_with_its_calls_maybe_sent),
        TEST(any_message_of_a_worker_keeps_its_lease),
        TEST(one_that_is_not_heard_for_half_a_heartbeat_is_asked),
        TEST(a_worker_that_beats_in_time_is_never_asked),
        TEST(incident_20_a_connection_that_is_gone_loses_its_worker_at_the_next_look),
        TEST(a_worker_that_does_not_read_is_asked_on_and_lost_with_its_lease),
        TEST(a_broker_that_did_not_run_takes_nobody_for_lost_before_it_has_listened),
        TEST(nor_does_it_end_a_lease_of_a_value_that_is_renewed_as_soon_as_it_listens),
        TEST(a_call_goes_to_the_best_of_many_and_credit_counts_at_once),
        TEST(a_call_of_a_lost_worker_is_not_done_again_under_its_id),
        TEST(a_goodbye_ends_the_registration_at_once),
        TEST(a_draining_worker_gets_nothing_new_and_the_queue_is_told),
        TEST(a_service_no_longer_offered_is_no_longer_served),
        TEST(who_is_not_registered_is_told_so),
        TEST(incident_20_a_request_that_cannot_be_routed_goes_to_another),
        TEST(the_last_worker_that_is_gone_leaves_its_queue_with_no_worker),
        TEST(a_worker_that_does_not_read_gets_nothing_until_it_is_heard),
        TEST(incident_21_a_worker_behind_a_new_connection_keeps_its_registration),
        TEST(incident_20_a_request_lost_with_a_connection_is_told_after_one_lease),
        TEST(a_request_under_way_is_not_lost_because_a_heartbeat_overtook_it),
        TEST(each_welcome_says_which_heartbeat_it_answers_and_what_became_of_the_connection),
        TEST(every_welcome_says_which_heartbeat_registered_and_which_began_the_connection),
        TEST(the_first_registration_of_a_worker_brings_it_calls_at_once),
        TEST(a_second_heartbeat_of_the_registration_before_counts_for_nothing),
        TEST(a_registration_whose_connection_breaks_waits_for_a_heartbeat_that_names_it),
        TEST(a_late_heartbeat_of_an_old_connection_moves_nobody_back),
        TEST(who_comes_under_the_name_of_a_worker_that_is_silent_waits_for_its_end),
        TEST(a_call_that_is_named_after_the_registration_is_in_hand_too),
        TEST(another_worker_behind_the_same_connection_takes_its_place),
        TEST(calls_in_the_hand_of_a_worker_that_registers_are_answered_by_it),
        TEST(a_worker_that_registers_with_calls_in_hand_gets_new_ones_by_its_next_heartbeat),
        TEST(an_adopted_call_that_is_not_named_for_a_whole_lease_is_over),
        TEST(the_reply_of_an_adopted_call_may_come_after_a_heartbeat_without_it),
        TEST(a_call_that_was_joined_to_an_adopted_one_ends_at_its_deadline),
        TEST(a_worker_that_was_taken_for_lost_comes_back_with_its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
