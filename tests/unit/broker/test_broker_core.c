// What the core does with any message: routes, errors, clients, status, its own life.
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

static struct stage stage;
static struct rf_peer client, worker, script;

static int open_stage(void **state) {
    (void)state;
    stage_open(&stage, NULL);
    client = peer(RF_SOCKET_CALLS, "client");
    worker = peer(RF_SOCKET_WORKERS, "worker");
    script = peer(RF_SOCKET_INGEST, "script");
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

// Every message type on every socket: the core takes it, or says that it does not.
static void every_message_on_every_socket_is_taken_or_refused(void **state) {
    (void)state;
    static const struct {
        enum rf_message_type type;
        bool calls, workers, ingest;
    } rules[] = {
        {RF_MESSAGE_call_request, true, false, false},
        {RF_MESSAGE_call_cancel, true, false, false},
        {RF_MESSAGE_status_request, true, false, true},
        {RF_MESSAGE_worker_heartbeat, false, true, false},
        {RF_MESSAGE_worker_credit, false, true, false},
        {RF_MESSAGE_worker_handback, false, true, false},
        {RF_MESSAGE_worker_recalled, false, true, false},
        {RF_MESSAGE_worker_bye, false, true, false},
        {RF_MESSAGE_worker_outcomes, false, true, false},
        {RF_MESSAGE_permit_request, false, true, false},
        {RF_MESSAGE_limit_demand, false, true, false},
        {RF_MESSAGE_call_reply, false, true, false},
        {RF_MESSAGE_hello, false, false, true},
        {RF_MESSAGE_stream_open, false, false, true},
        {RF_MESSAGE_stream_skip, false, false, true},
        {RF_MESSAGE_event_publish, false, false, true},
        {RF_MESSAGE_journal_read, false, false, true},
        {RF_MESSAGE_state_get, false, false, true},
        {RF_MESSAGE_state_put, false, false, true},
        {RF_MESSAGE_state_cas, false, false, true},
        {RF_MESSAGE_state_list, false, false, true},
        {RF_MESSAGE_state_watch, false, false, true},
        {RF_MESSAGE_state_unwatch, false, false, true},
        {RF_MESSAGE_breaker_control, true, false, true},
    };
    const struct rf_peer *peers[] = {&client, &worker, &script};
    for (int type = 0; type < RF_MESSAGE_COUNT; type++) {
        bool allowed[3] = {false, false, false};
        for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
            if (rules[i].type != (enum rf_message_type)type)
                continue;
            allowed[RF_SOCKET_CALLS] = rules[i].calls;
            allowed[RF_SOCKET_WORKERS] = rules[i].workers;
            allowed[RF_SOCKET_INGEST] = rules[i].ingest;
        }
        for (int socket = 0; socket < RF_SOCKET_COUNT; socket++) {
            if (allowed[socket])
                continue;
            // Refused for its type and socket, before anything in it is looked at.
            struct rf_message *message = calloc(1, sizeof *message);
            message->type = (enum rf_message_type)type;
            rf_core_receive(stage.core, &stage.now, peers[socket], &message, 1);
            const struct rf_refusal *refusal =
                &stage_next(&stage, peers[socket], RF_MESSAGE_refusal)->as.refusal;
            assert_string_equal(refusal->code, "not_allowed");
            free(message);
        }
    }
    int64_t refused = stage.core->ground.counters.messages_not_allowed;
    assert_int_equal(refused, 3 * RF_MESSAGE_COUNT - 26);
}

static void what_cannot_be_decoded_is_answered_by_its_kind_and_counted(void **state) {
    (void)state;
    static const struct {
        enum rf_err err;
        const char *code;
    } cases[] = {
        {RF_ERR_PROTOCOL, "malformed"},
        {RF_ERR_NOT_FOUND, "unknown_type"},
        {RF_ERR_CONFLICT, "version"},
        {RF_ERR_NOMEM, "overloaded"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_error error = {cases[i].err, "why"};
        rf_core_undecodable(stage.core, &stage.now, &script, i == 0 ? "17" : NULL, &error);
        const struct rf_refusal *refusal =
            &stage_next(&stage, &script, RF_MESSAGE_refusal)->as.refusal;
        if (i == 0)
            assert_string_equal(refusal->rid, "17");
        else
            assert_null(refusal->rid);
        assert_string_equal(refusal->code, cases[i].code);
        assert_string_equal(refusal->message, "why");
    }
    assert_int_equal(stage.core->ground.counters.messages_malformed, 1);
    assert_int_equal(stage.core->ground.counters.messages_unknown_type, 1);
    assert_int_equal(stage.core->ground.counters.messages_wrong_version, 1);
}

static void say_hello(const struct rf_peer *from, const char *instance) {
    struct rf_hello hello = {.instance = instance, .service = "script"};
    stage_receive(&stage, from, RF_MESSAGE_hello, &hello);
}

static void hello_is_answered_with_the_broker_and_the_journals_ends(void **state) {
    (void)state;
    rf_core_ready(stage.core, &stage.now);
    stage_settle(&stage);
    say_hello(&script, "script-1");
    const struct rf_welcome *welcome = &stage_next(&stage, &script, RF_MESSAGE_welcome)->as.welcome;
    assert_string_equal(welcome->broker, "broker-1");
    assert_int_equal(welcome->heartbeat_ns, STAGE_HEARTBEAT);
    assert_int_equal(welcome->lease_ns, STAGE_LEASE);
    assert_int_equal(welcome->first, 1);
    assert_int_equal(welcome->last, 1);
    assert_true(welcome->registered);
}

static void a_client_is_known_until_exactly_its_lease(void **state) {
    (void)state;
    say_hello(&script, "script-1");
    stage_at(&stage, STAGE_LEASE - 1);
    say_hello(&script, "script-1");
    stage_at(&stage, 2 * STAGE_LEASE - 2);
    assert_int_equal(rf_core_peers(stage.core), 1);
    stage_at(&stage, 2 * STAGE_LEASE - 1);
    assert_int_equal(rf_core_peers(stage.core), 0);
    assert_int_equal(stage.core->ground.counters.clients_lost, 1);
}

static void another_instance_behind_a_connection_is_another_client(void **state) {
    (void)state;
    say_hello(&script, "script-1");
    say_hello(&script, "script-2");
    assert_int_equal(rf_core_peers(stage.core), 1);
    assert_true(stage_next(&stage, &script, RF_MESSAGE_welcome)->as.welcome.registered);
    assert_true(stage_next(&stage, &script, RF_MESSAGE_welcome)->as.welcome.registered);
}

static const char *own_phase(void) {
    struct rf_state_entry entry;
    assert_int_equal(rf_states_get(&stage.core->states, "process/broker-1", &entry), RF_OK);
    return json_string_value(json_object_get(entry.value, "state"));
}

static void the_broker_stands_in_the_registry_itself(void **state) {
    (void)state;
    assert_string_equal(own_phase(), "starting");
    rf_core_ready(stage.core, &stage.now);
    stage_settle(&stage);
    assert_string_equal(own_phase(), "ready");
    const struct rf_event *event = stage_event(&stage, "process.ready/broker-1");
    assert_string_equal(event->stream, "broker-1");
    assert_int_equal(event->seq, 1);
    stage_at(&stage, 365 * 24 * 3600 * RF_NS_PER_S); // no lease: it lives as long as we do
    assert_string_equal(own_phase(), "ready");
}

static void a_draining_broker_serves_on_and_sees_its_peers_leave(void **state) {
    (void)state;
    struct rf_peer second = peer(RF_SOCKET_INGEST, "second");
    say_hello(&script, "script-1");
    say_hello(&second, "script-2");
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    rf_core_drain(stage.core, &stage.now);
    stage_settle(&stage);
    assert_string_equal(own_phase(), "draining");
    stage_hush(&stage);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    stage_next(&stage, &worker, RF_MESSAGE_call_request);
    answer(&stage, &worker, "c1");
    assert_reply(&stage, &client, "c1", NULL, "yes");
    struct rf_worker_bye bye = {.instance = "g-1"};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_bye, &bye);
    assert_int_equal(rf_core_peers(stage.core), 2);
    // A client that left cannot be routed to: seen within a tenth of a second, not after a lease.
    stage.bad_peer = second;
    stage.bad_answer = RF_SENT_GONE;
    stage_at(&stage, 100 * RF_NS_PER_MS);
    assert_int_equal(rf_core_peers(stage.core), 1);
    stage.bad_peer = script;
    stage_at(&stage, 200 * RF_NS_PER_MS);
    assert_int_equal(rf_core_peers(stage.core), 0);
}

static void status_tells_workers_queues_breakers_journal_and_counters(void **state) {
    (void)state;
    rf_core_ready(stage.core, &stage.now);
    stage_settle(&stage);
    say_hello(&script, "script-1");
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    call(&stage, &client, "c1", 60 * RF_NS_PER_S);
    call(&stage, &client, "c2", 60 * RF_NS_PER_S);
    stage_hush(&stage);
    struct rf_status_request request = {.rid = "s1"};
    const struct rf_peer *askers[] = {&client, &script};
    for (int i = 0; i < 2; i++) {
        stage_receive(&stage, askers[i], RF_MESSAGE_status_request, &request);
        const struct rf_status_reply *reply =
            &stage_next(&stage, askers[i], RF_MESSAGE_status_reply)->as.status_reply;
        assert_string_equal(reply->rid, "s1");
        json_t *status = reply->status;
        json_t *seat = json_array_get(json_object_get(status, "workers"), 0);
        assert_string_equal(json_string_value(json_object_get(seat, "instance")), "g-1");
        assert_string_equal(json_string_value(json_object_get(seat, "state")), "ready");
        assert_int_equal(json_integer_value(json_object_get(seat, "in_hand")), 1);
        json_t *offer = json_array_get(json_object_get(seat, "offers"), 0);
        assert_string_equal(json_string_value(json_object_get(offer, "service")), "speech");
        assert_int_equal(json_integer_value(json_object_get(offer, "credit")), 0);
        json_t *queue = json_array_get(json_object_get(status, "queues"), 0);
        assert_int_equal(json_integer_value(json_object_get(queue, "waiting")), 1);
        assert_int_equal(json_integer_value(json_object_get(queue, "oldest_ns")), 0);
        assert_int_equal(json_integer_value(json_object_get(queue, "held")), 0);
        assert_int_equal(json_integer_value(json_object_get(queue, "workers")), 1);
        json_t *recovery = json_object_get(status, "recovery");
        assert_true(json_is_false(json_object_get(recovery, "holding")));
        json_t *breaker = json_array_get(json_object_get(status, "breakers"), 0);
        assert_string_equal(json_string_value(json_object_get(breaker, "state")), "closed");
        json_t *journal = json_object_get(status, "journal");
        assert_int_equal(json_integer_value(json_object_get(journal, "last")), 1);
        json_t *memory = json_object_get(journal, "memory");
        assert_int_equal(json_integer_value(json_object_get(memory, "count")), 1);
        json_t *one = json_array_get(json_object_get(status, "peers"), 0);
        assert_string_equal(json_string_value(json_object_get(one, "instance")), "script-1");
        json_t *counters = json_object_get(status, "counters");
        assert_int_equal(json_integer_value(json_object_get(counters, "calls_taken")), 2);
        json_t *states = json_object_get(status, "state");
        assert_int_equal(json_integer_value(json_object_get(states, "count")), 3);
    }
}

static void the_core_says_when_it_has_to_be_woken(void **state) {
    (void)state;
    struct rf_instant when;
    assert_true(rf_core_wake(stage.core, &when));
    assert_int_equal(when.ns, STAGE_LEASE); // the first lease, in which calls wait for workers
    call(&stage, &client, "c1", 7);
    assert_true(rf_core_wake(stage.core, &when));
    assert_int_equal(when.ns, 7);
    stage_at(&stage, STAGE_LEASE);
    assert_false(rf_core_wake(stage.core, &when));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_message_on_every_socket_is_taken_or_refused),
        TEST(what_cannot_be_decoded_is_answered_by_its_kind_and_counted),
        TEST(hello_is_answered_with_the_broker_and_the_journals_ends),
        TEST(a_client_is_known_until_exactly_its_lease),
        TEST(another_instance_behind_a_connection_is_another_client),
        TEST(the_broker_stands_in_the_registry_itself),
        TEST(a_draining_broker_serves_on_and_sees_its_peers_leave),
        TEST(status_tells_workers_queues_breakers_journal_and_counters),
        TEST(the_core_says_when_it_has_to_be_woken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
