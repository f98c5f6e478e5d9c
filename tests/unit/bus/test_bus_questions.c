// State, watches and status against a scripted broker; the connection itself.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_broker.h"

struct answers {
    struct fake_broker *fake;
    unsigned count;
    char code[32];
    char key[32];
    int64_t version;
    unsigned came, went;
};

static struct rf_bus *connect_bus(struct fake_broker *fake) {
    struct rf_bus *bus;
    struct rf_error error;
    if (rf_bus_new(fake->loop, &fake->config, "tester", "tester-1", &bus, &error) != RF_OK)
        fail_msg("%s", error.message);
    return bus;
}

static void on_state(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct answers *answers = arg;
    answers->count++;
    snprintf(answers->code, sizeof answers->code, "%s", code == NULL ? "-" : code);
    snprintf(answers->key, sizeof answers->key, "%s", entry == NULL ? "-" : entry->key);
    answers->version = entry == NULL ? -1 : entry->version;
    fake_wake(answers->fake);
}

static void on_change(void *arg, bool connected) {
    struct answers *answers = arg;
    if (connected)
        answers->came++;
    else
        answers->went++;
    fake_wake(answers->fake);
}

static void reply_state(struct fake_broker *fake, const char *rid, bool ok, const char *code) {
    struct rf_state_entry entry = {.key = "mark/elevenlabs", .version = 3};
    struct rf_state_reply reply = {.rid = rid, .ok = ok, .code = code, .entries = {&entry, 1}};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_state_reply, &reply);
}

// ---- the connection ----

static void a_process_without_a_broker_waits_and_connects_when_it_comes(void **state) {
    struct fake_broker *fake = *state;
    struct answers answers = {.fake = fake};
    struct rf_bus *bus = connect_bus(fake);
    rf_bus_on_change(bus, on_change, &answers);
    assert_false(rf_bus_connected(bus));
    fake_start(fake, "broker-1");
    fake_until(fake, answers.came == 1);
    assert_true(rf_bus_connected(bus));
    assert_int_equal(answers.went, 0);
    rf_bus_destroy(&bus);
}

static void a_silent_broker_is_lost_and_comes_back(void **state) {
    struct fake_broker *fake = *state;
    struct answers answers = {.fake = fake};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    rf_bus_on_change(bus, on_change, &answers);
    fake_until(fake, answers.came == 1);
    fake->silent = true;
    fake_until(fake, answers.went == 1);
    assert_false(rf_bus_connected(bus));
    fake->silent = false;
    fake_until(fake, answers.came == 2);
    rf_bus_destroy(&bus);
}

static void every_listener_is_told_of_a_restart_as_going_and_coming(void **state) {
    struct fake_broker *fake = *state;
    struct answers one = {.fake = fake}, two = {.fake = fake};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    rf_bus_on_change(bus, on_change, &one);
    rf_bus_on_change(bus, on_change, &two);
    fake_until(fake, two.came == 1);
    fake_stop(fake);
    fake_start(fake, "broker-2");
    fake_until(fake, two.came == 2);
    assert_int_equal(one.came, 2);
    assert_int_equal(one.went, 1);
    assert_int_equal(two.went, 1);
    rf_bus_destroy(&bus);
}

static void rubbish_from_the_broker_is_survived(void **state) {
    struct fake_broker *fake = *state;
    struct answers answers = {.fake = fake};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    rf_bus_on_change(bus, on_change, &answers);
    fake_until(fake, answers.came == 1);
    fake_send_bytes(fake, FAKE_INGEST, "\xc1", 1);
    fake_send_bytes(fake, FAKE_INGEST, "", 0);
    rf_bus_state_get(bus, "mark/elevenlabs", on_state, &answers);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_state_get);
    reply_state(fake, message->as.state_get.rid, true, NULL);
    rf_message_destroy(&message);
    fake_until(fake, answers.count == 1);
    rf_bus_destroy(&bus);
}

// ---- state ----

static void a_get_is_answered_with_the_entry(void **state) {
    struct fake_broker *fake = *state;
    struct answers answers = {.fake = fake};
    struct rf_bus *bus = connect_bus(fake); // asked before the broker is there
    rf_bus_state_get(bus, "mark/elevenlabs", on_state, &answers);
    assert_int_equal(answers.count, 0);
    fake_start(fake, "broker-1");
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_state_get);
    assert_string_equal(message->as.state_get.key, "mark/elevenlabs");
    reply_state(fake, message->as.state_get.rid, true, NULL);
    rf_message_destroy(&message);
    fake_until(fake, answers.count == 1);
    assert_string_equal(answers.code, "-");
    assert_string_equal(answers.key, "mark/elevenlabs");
    assert_int_equal(answers.version, 3);
    rf_bus_destroy(&bus);
}

static void a_lost_compare_and_set_tells_who_won(void **state) {
    struct fake_broker *fake = *state;
    struct answers answers = {.fake = fake};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    json_t *value = json_pack("{s:s}", "class", "permanent.auth");
    rf_bus_state_cas(bus, "mark/elevenlabs", 0, value, rf_seconds(5), on_state, &answers);
    json_decref(value);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_state_cas);
    const struct rf_state_cas *cas = &message->as.state_cas;
    assert_int_equal(cas->version, 0);
    assert_int_equal(cas->ttl_ns, 5 * RF_NS_PER_S);
    assert_string_equal(json_string_value(json_object_get(cas->value, "class")), "permanent.auth");
    reply_state(fake, cas->rid, false, "conflict");
    rf_message_destroy(&message);
    fake_until(fake, answers.count == 1);
    assert_string_equal(answers.code, "conflict");
    assert_int_equal(answers.version, 3);
    rf_bus_destroy(&bus);
}

static void a_put_without_a_listener_is_sent_all_the_same(void **state) {
    struct fake_broker *fake = *state;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    json_t *value = json_array();
    rf_bus_state_put(bus, "k", value, rf_ns(0), NULL, NULL);
    json_decref(value);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_state_put);
    reply_state(fake, message->as.state_put.rid, true, NULL);
    rf_message_destroy(&message);
    rf_bus_destroy(&bus);
}

static void what_was_asked_of_a_broker_that_went_ends_as_disconnected(void **state) {
    struct fake_broker *fake = *state;
    struct answers answers = {.fake = fake};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    rf_bus_state_get(bus, "k", on_state, &answers);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_state_get);
    rf_message_destroy(&message);
    fake_stop(fake);
    fake_start(fake, "broker-2");
    fake_until(fake, answers.count == 1);
    assert_string_equal(answers.code, "disconnected");
    rf_bus_destroy(&bus);
}

static void a_value_that_cannot_be_encoded_ends_as_invalid_and_not_at_once(void **state) {
    struct fake_broker *fake = *state;
    struct answers answers = {.fake = fake};
    struct rf_bus *bus = connect_bus(fake);
    json_t *value = json_integer(1);
    rf_bus_state_put(bus, "k", value, rf_ns(0), on_state, &answers);
    json_decref(value);
    assert_int_equal(answers.count, 0);
    fake_until(fake, answers.count == 1);
    assert_string_equal(answers.code, "invalid");
    rf_bus_destroy(&bus);
}

static void a_refused_question_ends_with_the_brokers_code(void **state) {
    struct fake_broker *fake = *state;
    struct answers answers = {.fake = fake};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    rf_bus_state_get(bus, "k", on_state, &answers);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_state_get);
    struct rf_refusal refusal = {
        .rid = message->as.state_get.rid, .code = "not_allowed", .message = "no"};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_refusal, &refusal);
    rf_message_destroy(&message);
    fake_until(fake, answers.count == 1);
    assert_string_equal(answers.code, "not_allowed");
    rf_bus_destroy(&bus);
}

// ---- watches ----

struct changes {
    struct fake_broker *fake;
    unsigned snapshots, changes;
    size_t entries;
};

static void on_watch(void *arg, bool snapshot, const struct rf_state_entry *entries, size_t count) {
    struct changes *changes = arg;
    if (snapshot)
        changes->snapshots++;
    else
        changes->changes++;
    changes->entries = count;
    if (count > 0)
        assert_string_equal(entries[0].key, "mark/openai");
    fake_wake(changes->fake);
}

static void give_change(struct fake_broker *fake, const char *rid, bool snapshot, size_t count) {
    struct rf_state_entry entry = {.key = "mark/openai", .version = 1};
    struct rf_state_change change = {.rid = rid, .snapshot = snapshot, .entries = {&entry, count}};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_state_change, &change);
}

static void a_watch_gets_its_snapshot_then_changes_and_a_snapshot_of_the_next_broker(void **state) {
    struct fake_broker *fake = *state;
    struct changes changes = {.fake = fake};
    struct rf_error error;
    char rid[32];
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    assert_int_equal(rf_bus_watch(bus, "mark/", on_watch, &changes, &error), RF_OK);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_state_watch);
    assert_string_equal(message->as.state_watch.prefix, "mark/");
    snprintf(rid, sizeof rid, "%s", message->as.state_watch.rid);
    rf_message_destroy(&message);
    give_change(fake, rid, true, 0);
    give_change(fake, rid, false, 1);
    fake_until(fake, changes.changes == 1);
    assert_int_equal(changes.snapshots, 1);
    assert_int_equal(changes.entries, 1);

    fake_stop(fake);
    fake_start(fake, "broker-2");
    message = fake_expect(fake, RF_MESSAGE_state_watch);
    give_change(fake, rid, false, 1); // of the watch before: not ours any more
    give_change(fake, message->as.state_watch.rid, true, 1);
    rf_message_destroy(&message);
    fake_until(fake, changes.snapshots == 2);
    assert_int_equal(changes.changes, 1);
    rf_bus_destroy(&bus);
}

static void a_watch_that_was_refused_is_asked_for_again(void **state) {
    struct fake_broker *fake = *state;
    struct changes changes = {.fake = fake};
    struct rf_error error;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    assert_int_equal(rf_bus_watch(bus, "mark/", on_watch, &changes, &error), RF_OK);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_state_watch);
    struct rf_state_reply refusal = {.rid = message->as.state_watch.rid, .code = "full"};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_state_reply, &refusal);
    rf_message_destroy(&message);
    message = fake_expect(fake, RF_MESSAGE_state_watch);
    give_change(fake, message->as.state_watch.rid, true, 1);
    rf_message_destroy(&message);
    fake_until(fake, changes.snapshots == 1);
    assert_int_equal(changes.entries, 1);
    rf_bus_destroy(&bus);
}

// ---- status ----

static void on_status(void *arg, json_t *status) {
    struct answers *answers = arg;
    answers->count++;
    answers->version = json_integer_value(json_object_get(status, "workers"));
    fake_wake(answers->fake);
}

static void the_status_is_told(void **state) {
    struct fake_broker *fake = *state;
    struct answers answers = {.fake = fake};
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake);
    rf_bus_status(bus, on_status, &answers);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_status_request);
    json_t *value = json_pack("{s:i}", "workers", 7);
    struct rf_status_reply reply = {.rid = message->as.status_request.rid, .status = value};
    fake_send(fake, FAKE_INGEST, RF_MESSAGE_status_reply, &reply);
    json_decref(value);
    rf_message_destroy(&message);
    fake_until(fake, answers.count == 1);
    assert_int_equal(answers.version, 7);
    rf_bus_destroy(&bus);
}

#define BROKER_TEST(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(a_process_without_a_broker_waits_and_connects_when_it_comes),
        BROKER_TEST(a_silent_broker_is_lost_and_comes_back),
        BROKER_TEST(every_listener_is_told_of_a_restart_as_going_and_coming),
        BROKER_TEST(rubbish_from_the_broker_is_survived),
        BROKER_TEST(a_get_is_answered_with_the_entry),
        BROKER_TEST(a_lost_compare_and_set_tells_who_won),
        BROKER_TEST(a_put_without_a_listener_is_sent_all_the_same),
        BROKER_TEST(what_was_asked_of_a_broker_that_went_ends_as_disconnected),
        BROKER_TEST(a_value_that_cannot_be_encoded_ends_as_invalid_and_not_at_once),
        BROKER_TEST(a_refused_question_ends_with_the_brokers_code),
        BROKER_TEST(a_watch_that_was_refused_is_asked_for_again),
        BROKER_TEST(a_watch_gets_its_snapshot_then_changes_and_a_snapshot_of_the_next_broker),
        BROKER_TEST(the_status_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
