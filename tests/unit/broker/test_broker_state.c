// Retained state, through the core's messages.
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

static struct stage stage;
static struct rf_peer alice, bob;

static int open_stage(void **state) {
    (void)state;
    stage_open(&stage, NULL);
    alice = peer(RF_SOCKET_INGEST, "alice");
    bob = peer(RF_SOCKET_INGEST, "bob");
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static const struct rf_state_reply *next_reply(const struct rf_peer *to) {
    return &stage_next(&stage, to, RF_MESSAGE_state_reply)->as.state_reply;
}

static json_t *number(int64_t n) {
    return json_pack("{s:I}", "n", (json_int_t)n);
}

static int64_t number_in(const json_t *value) {
    return json_integer_value(json_object_get(value, "n"));
}

static const struct rf_state_reply *put(const char *key, int64_t n, int64_t ttl_ns) {
    json_t *value = number(n);
    struct rf_state_put put = {.rid = "r", .key = key, .value = value, .ttl_ns = ttl_ns};
    stage_receive(&stage, &alice, RF_MESSAGE_state_put, &put);
    json_decref(value);
    return next_reply(&alice);
}

// n 0: delete.
static const struct rf_state_reply *cas(const char *key, int64_t version, int64_t n) {
    json_t *value = n != 0 ? number(n) : NULL;
    struct rf_state_cas cas = {.rid = "r", .key = key, .version = version, .value = value};
    stage_receive(&stage, &alice, RF_MESSAGE_state_cas, &cas);
    json_decref(value);
    return next_reply(&alice);
}

static const struct rf_state_reply *get(const char *key) {
    struct rf_state_get get = {.rid = "r", .key = key};
    stage_receive(&stage, &alice, RF_MESSAGE_state_get, &get);
    return next_reply(&alice);
}

static void watch(const struct rf_peer *who, const char *rid, const char *prefix) {
    struct rf_state_watch watch = {.rid = rid, .prefix = prefix};
    stage_receive(&stage, who, RF_MESSAGE_state_watch, &watch);
}

static const struct rf_state_change *next_change(const struct rf_peer *to) {
    return &stage_next(&stage, to, RF_MESSAGE_state_change)->as.state_change;
}

static void what_is_put_can_be_read_and_what_is_not_is_told(void **state) {
    (void)state;
    const struct rf_state_reply *reply = get("a");
    assert_false(reply->ok);
    assert_string_equal(reply->code, "not_found");
    reply = put("a", 7, 0);
    assert_true(reply->ok);
    int64_t version = reply->entries.items[0].version;
    reply = get("a");
    assert_true(reply->ok);
    assert_int_equal(number_in(reply->entries.items[0].value), 7);
    assert_int_equal(reply->entries.items[0].version, version);
}

static void a_compare_and_set_wins_once_and_the_loser_sees_what_stands(void **state) {
    (void)state;
    const struct rf_state_reply *reply = cas("mark/x", 0, 1);
    assert_true(reply->ok);
    int64_t first = reply->entries.items[0].version;
    reply = cas("mark/x", 0, 2);
    assert_false(reply->ok);
    assert_string_equal(reply->code, "conflict");
    assert_int_equal(number_in(reply->entries.items[0].value), 1);
    reply = cas("mark/x", first, 3);
    assert_true(reply->ok);
    assert_true(reply->entries.items[0].version > first);
    reply = cas("mark/x", first, 0);
    assert_string_equal(reply->code, "conflict");
    assert_int_equal(number_in(reply->entries.items[0].value), 3);
    // A version of a key that is not there.
    reply = cas("mark/y", 5, 1);
    assert_string_equal(reply->code, "conflict");
    assert_int_equal(reply->entries.count, 0);
    assert_int_equal(stage.core->ground.counters.state_conflicts, 3);
}

static void versions_never_come_back_after_delete_and_recreate(void **state) {
    (void)state;
    int64_t first = put("a", 1, 0)->entries.items[0].version;
    assert_true(cas("a", first, 0)->ok);
    assert_string_equal(get("a")->code, "not_found");
    int64_t second = cas("a", 0, 1)->entries.items[0].version;
    assert_true(second > first);
    // Whoever still holds the first version cannot delete the second one's value.
    assert_string_equal(cas("a", first, 0)->code, "conflict");
}

static void a_lease_ends_at_exactly_its_time(void **state) {
    (void)state;
    watch(&bob, "w", "process/");
    next_change(&bob);
    put("process/p", 1, 100);
    next_change(&bob);
    stage_at(&stage, 99);
    assert_true(get("process/p")->ok);
    stage_quiet(&stage, &bob);
    stage_at(&stage, 100);
    assert_string_equal(get("process/p")->code, "not_found");
    const struct rf_state_change *gone = next_change(&bob);
    assert_string_equal(gone->entries.items[0].key, "process/p");
    assert_int_equal(gone->entries.items[0].version, 0);
    assert_int_equal(stage.core->ground.counters.leases_ended, 1);
}

static void writing_again_moves_a_lease_and_writing_without_one_ends_it(void **state) {
    (void)state;
    put("a", 1, 100);
    put("b", 1, 100);
    stage_at(&stage, 50);
    put("a", 2, 100);
    put("b", 2, 0);
    stage_at(&stage, 149);
    assert_true(get("a")->ok);
    stage_at(&stage, 150);
    assert_string_equal(get("a")->code, "not_found");
    stage_at(&stage, 1000000);
    assert_true(get("b")->ok);
}

static void a_message_at_the_very_tick_meets_the_lease_ended(void **state) {
    (void)state;
    put("a", 1, 100);
    // No timer ran: the message itself brings the time.
    stage.now.instant.ns = 100;
    assert_string_equal(get("a")->code, "not_found");
}

static void a_watch_begins_with_a_snapshot_and_goes_on_with_changes(void **state) {
    (void)state;
    put("m/2", 2, 0);
    put("m/1", 1, 0);
    put("other", 1, 0);
    watch(&bob, "w1", "m/");
    const struct rf_state_change *change = next_change(&bob);
    assert_true(change->snapshot);
    assert_int_equal(change->entries.count, 2);
    assert_string_equal(change->entries.items[0].key, "m/1");
    put("m/3", 3, 0);
    put("other", 2, 0);
    change = next_change(&bob);
    assert_false(change->snapshot);
    assert_int_equal(change->entries.count, 1);
    assert_int_equal(number_in(change->entries.items[0].value), 3);
    stage_quiet(&stage, &bob);
    struct rf_state_unwatch unwatch = {.rid = "w1"};
    stage_receive(&stage, &bob, RF_MESSAGE_state_unwatch, &unwatch);
    put("m/4", 4, 0);
    stage_quiet(&stage, &bob);
}

static void an_empty_snapshot_is_sent_as_well(void **state) {
    (void)state;
    watch(&bob, "w", "nothing/");
    const struct rf_state_change *change = next_change(&bob);
    assert_true(change->snapshot);
    assert_int_equal(change->entries.count, 0);
}

static void a_watch_under_the_same_name_begins_anew(void **state) {
    (void)state;
    watch(&bob, "w", "a/");
    watch(&bob, "w", "b/");
    stage_hush(&stage);
    put("a/1", 1, 0);
    stage_quiet(&stage, &bob);
    put("b/1", 1, 0);
    assert_string_equal(next_change(&bob)->entries.items[0].key, "b/1");
    assert_int_equal(stage.core->watchers.count, 1);
}

static void a_watcher_that_is_gone_is_forgotten_and_others_are_still_told(void **state) {
    (void)state;
    watch(&bob, "w", "");
    watch(&alice, "w", "");
    stage_hush(&stage);
    stage.bad_peer = bob;
    stage.bad_answer = RF_SENT_GONE;
    json_t *value = number(1);
    struct rf_state_put put_one = {.rid = "r", .key = "a", .value = value};
    stage_receive(&stage, &alice, RF_MESSAGE_state_put, &put_one);
    json_decref(value);
    next_change(&alice);
    assert_int_equal(stage.core->watchers.count, 1);
}

static void a_watcher_that_missed_a_change_gets_a_snapshot_when_it_is_heard(void **state) {
    (void)state;
    struct rf_hello hello = {.instance = "bob-1", .service = "bob"};
    stage_receive(&stage, &bob, RF_MESSAGE_hello, &hello);
    watch(&bob, "w", "m/");
    stage_hush(&stage);
    stage.bad_peer = bob;
    stage.bad_answer = RF_SENT_FULL;
    put("m/1", 1, 0);
    stage.bad_answer = RF_SENT_OK;
    // Before the hole is filled, no later change may look as if nothing were missing.
    put("m/2", 2, 0);
    stage_quiet(&stage, &bob);
    stage_receive(&stage, &bob, RF_MESSAGE_hello, &hello);
    stage_next(&stage, &bob, RF_MESSAGE_welcome);
    const struct rf_state_change *change = next_change(&bob);
    assert_true(change->snapshot);
    assert_int_equal(change->entries.count, 2);
    put("m/3", 3, 0);
    assert_false(next_change(&bob)->snapshot);
}

static void the_watches_of_a_silent_client_end_with_its_lease(void **state) {
    (void)state;
    struct rf_hello hello = {.instance = "bob-1", .service = "bob"};
    stage_receive(&stage, &bob, RF_MESSAGE_hello, &hello);
    assert_true(stage_next(&stage, &bob, RF_MESSAGE_welcome)->as.welcome.registered);
    watch(&bob, "w", "m/");
    stage_at(&stage, STAGE_LEASE - 1);
    assert_int_equal(stage.core->watchers.count, 1);
    stage_at(&stage, STAGE_LEASE);
    assert_int_equal(stage.core->watchers.count, 0);
    stage_hush(&stage);
    // It is told that it has to set up anew.
    stage_receive(&stage, &bob, RF_MESSAGE_hello, &hello);
    assert_true(stage_next(&stage, &bob, RF_MESSAGE_welcome)->as.welcome.registered);
    stage_receive(&stage, &bob, RF_MESSAGE_hello, &hello);
    assert_false(stage_next(&stage, &bob, RF_MESSAGE_welcome)->as.welcome.registered);
}

static void bounds_are_refused_by_name(void **state) {
    (void)state;
    char key[RF_STATE_KEY_BYTES + 2];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    assert_string_equal(put(key, 1, 0)->code, "invalid");
    assert_string_equal(put("", 1, 0)->code, "invalid");
    key[RF_STATE_KEY_BYTES] = '\0';
    assert_true(put(key, 1, 0)->ok);
    // The broker's own entries are among the 100.
    char name[16];
    for (int i = 0; stage.core->states.rows.count < 100; i++) {
        snprintf(name, sizeof name, "fill/%d", i);
        assert_true(put(name, 1, 0)->ok);
    }
    assert_string_equal(put("one-more", 1, 0)->code, "full");
    assert_true(put("fill/0", 2, 0)->ok);
    // But for what the broker itself has to remember there is room.
    struct rf_peer worker = peer(RF_SOCKET_WORKERS, "w");
    beat(&stage, &worker, "worker-1", NULL, 1, 0);
    assert_non_null(rf_states_find(&stage.core->states, "worker/worker-1"));
}

static void a_value_over_its_bound_is_refused(void **state) {
    (void)state;
    char *text = calloc(1, RF_STATE_VALUE_BYTES + 1);
    memset(text, 'x', RF_STATE_VALUE_BYTES);
    json_t *value = json_pack("[s]", text);
    struct rf_state_put put_it = {.rid = "r", .key = "a", .value = value};
    stage_receive(&stage, &alice, RF_MESSAGE_state_put, &put_it);
    assert_string_equal(next_reply(&alice)->code, "full");
    json_decref(value);
    free(text);
}

static void the_states_of_the_breakers_are_written_by_the_broker_alone(void **state) {
    (void)state;
    assert_string_equal(put("breaker/elevenlabs", 1, 0)->code, "not_allowed");
    assert_string_equal(cas("breaker/new", 0, 1)->code, "not_allowed");
    assert_true(get("breaker/elevenlabs")->ok);
}

static void a_list_is_sorted_and_holds_the_prefix_alone(void **state) {
    (void)state;
    put("m/b", 1, 0);
    put("m/a", 1, 0);
    put("n/a", 1, 0);
    struct rf_state_list list = {.rid = "l", .prefix = "m/"};
    stage_receive(&stage, &alice, RF_MESSAGE_state_list, &list);
    const struct rf_state_reply *reply = next_reply(&alice);
    assert_true(reply->ok);
    assert_int_equal(reply->entries.count, 2);
    assert_string_equal(reply->entries.items[0].key, "m/a");
    assert_string_equal(reply->entries.items[1].key, "m/b");
}

static const struct rf_state_reply *mark(int64_t version, const char *key, const char *value) {
    json_t *json = value != NULL ? json_loads(value, 0, NULL) : NULL;
    struct rf_state_cas cas = {.rid = "r", .key = key, .version = version, .value = json};
    stage_receive(&stage, &alice, RF_MESSAGE_state_cas, &cas);
    json_decref(json);
    return next_reply(&alice);
}

// The gateway that made it may die before it hears of it.
static void a_new_mark_is_told_in_the_act_that_makes_it(void **state) {
    (void)state;
    static const char value[] =
        "{\"class\": \"permanent.auth\", \"code\": \"invalid_api_key\", \"message\": \"no\","
        " \"fingerprint\": \"ab\", \"contact\": \"spring-2\", \"campaign\": \"spring\","
        " \"clears\": \"key\"}";
    size_t before = stage.event_count;
    const struct rf_state_reply *reply = mark(0, "mark/elevenlabs", value);
    assert_true(reply->ok);
    const struct rf_event *event = stage_event(&stage, "mark.set/elevenlabs");
    assert_string_equal(event->severity, "error");
    assert_string_equal(event->service, "elevenlabs");
    assert_string_equal(event->contact, "spring-2");
    assert_string_equal(event->campaign, "spring");
    assert_string_equal(json_string_value(json_object_get(event->data, "message")), "no");
    assert_string_equal(json_string_value(json_object_get(event->data, "clears")), "key");
    assert_null(json_object_get(event->data, "fingerprint"));
    // Those who lose the race, change a mark that stands or take it away make none.
    int64_t version = reply->entries.items[0].version;
    assert_string_equal(mark(0, "mark/elevenlabs", value)->code, "conflict");
    version = mark(version, "mark/elevenlabs", value)->entries.items[0].version;
    assert_true(put("mark/elevenlabs", 1, 0)->ok);
    version = get("mark/elevenlabs")->entries.items[0].version;
    assert_true(mark(version, "mark/elevenlabs", NULL)->ok);
    assert_true(mark(0, "mork/elevenlabs", value)->ok);
    assert_int_equal(stage.event_count, before + 1);
    assert_true(put("mark/elevenlabs", 1, 0)->ok);
    assert_int_equal(stage.event_count, before + 2);
}

static void a_key_that_is_set_aside_is_told_in_the_act_as_well(void **state) {
    (void)state;
    static const char value[] = "{\"class\": \"permanent.auth\", \"message\": \"no\", \"left\": 1,"
                                " \"clears\": \"key\", \"since\": 5}";
    size_t before = stage.event_count;
    assert_true(mark(0, "key/elevenlabs/0123456789abcdef", value)->ok);
    const struct rf_event *event = stage_event(&stage, "key.set_aside/elevenlabs");
    assert_string_equal(event->severity, "warning");
    assert_string_equal(json_string_value(json_object_get(event->data, "key")), "01234567");
    assert_string_equal(json_string_value(json_object_get(event->data, "message")), "no");
    assert_int_equal(json_integer_value(json_object_get(event->data, "left")), 1);
    assert_string_equal(mark(0, "key/elevenlabs/0123456789abcdef", value)->code, "conflict");
    assert_true(mark(0, "key/elevenlabs", value)->ok); // no key is named: told all the same
    assert_int_equal(stage.event_count, before + 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_put_can_be_read_and_what_is_not_is_told),
        TEST(a_compare_and_set_wins_once_and_the_loser_sees_what_stands),
        TEST(versions_never_come_back_after_delete_and_recreate),
        TEST(a_lease_ends_at_exactly_its_time),
        TEST(writing_again_moves_a_lease_and_writing_without_one_ends_it),
        TEST(a_message_at_the_very_tick_meets_the_lease_ended),
        TEST(a_watch_begins_with_a_snapshot_and_goes_on_with_changes),
        TEST(an_empty_snapshot_is_sent_as_well),
        TEST(a_watch_under_the_same_name_begins_anew),
        TEST(a_watcher_that_is_gone_is_forgotten_and_others_are_still_told),
        TEST(a_watcher_that_missed_a_change_gets_a_snapshot_when_it_is_heard),
        TEST(the_watches_of_a_silent_client_end_with_its_lease),
        TEST(bounds_are_refused_by_name),
        TEST(a_value_over_its_bound_is_refused),
        TEST(the_states_of_the_breakers_are_written_by_the_broker_alone),
        TEST(a_list_is_sorted_and_holds_the_prefix_alone),
        TEST(a_new_mark_is_told_in_the_act_that_makes_it),
        TEST(a_key_that_is_set_aside_is_told_in_the_act_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
