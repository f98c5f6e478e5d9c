// Whose a stream is: the key that opened it moves it on, and no other.
#include "stage.h"

#include <stdio.h>

#include "keyring.h"

static struct stage stage;
static struct rf_principal one = {.name = "one", .roles = RF_ROLE_PUBLISHER};
static struct rf_principal two = {.name = "two", .roles = RF_ROLE_PUBLISHER};
static struct rf_principal admin = {.name = "admin", .roles = RF_ROLES_ALL};
static struct rf_peer of_one, of_two, of_admin, local;

static struct rf_peer keyed(const char *name, const struct rf_principal *who) {
    struct rf_peer it = peer(RF_SOCKET_INGEST, name);
    it.who = who;
    return it;
}

static int open_stage(void **state) {
    (void)state;
    stage_open(&stage, NULL);
    of_one = keyed("1", &one);
    of_two = keyed("2", &two);
    of_admin = keyed("a", &admin);
    local = peer(RF_SOCKET_INGEST, "l");
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static void say_open(const struct rf_peer *from, const char *stream) {
    stage_receive(&stage, from, RF_MESSAGE_stream_open,
                  &(struct rf_stream_open){.stream = stream, .next = 1});
}

// opens: what is known of it.
static int64_t opens(const struct rf_peer *from, const char *stream) {
    say_open(from, stream);
    return stage_next(&stage, from, RF_MESSAGE_stream_opened)->as.stream_opened.last;
}

static void say_publish(const struct rf_peer *from, const char *stream, int64_t seq) {
    struct rf_event event = {
        .stream = stream, .seq = seq, .type = "contact.done", .subject = "c", .severity = "info"};
    stage_receive(&stage, from, RF_MESSAGE_event_publish,
                  &(struct rf_event_publish){.stream = stream, .events = {&event, 1}});
}

static void publishes(const struct rf_peer *from, const char *stream, int64_t seq) {
    say_publish(from, stream, seq);
    assert_int_equal(stage_next(&stage, from, RF_MESSAGE_event_ack)->as.event_ack.seq, seq);
}

static void assert_owned(const struct rf_peer *from, const char *stream, const char *why) {
    const struct rf_event_refused *refused =
        &stage_next(&stage, from, RF_MESSAGE_event_refused)->as.event_refused;
    assert_true(refused->owned);
    assert_string_equal(refused->stream, stream);
    assert_string_equal(refused->message, why);
    stage_quiet(&stage, from);
}

static const char of_ones[] = "the stream belongs to the key of one: publish under another name, "
                              "or take it over with the role admin";

// ---- tests ----

static void another_key_neither_opens_nor_moves_a_stream(void **state) {
    (void)state;
    assert_int_equal(opens(&of_one, "outbox"), 0);
    publishes(&of_one, "outbox", 1);
    size_t published = stage.event_count;
    say_open(&of_two, "outbox");
    assert_owned(&of_two, "outbox", of_ones);
    say_publish(&of_two, "outbox", 2);
    assert_owned(&of_two, "outbox", of_ones);
    stage_receive(&stage, &of_two, RF_MESSAGE_stream_skip,
                  &(struct rf_stream_skip){.stream = "outbox", .to = 1000});
    assert_owned(&of_two, "outbox", of_ones);
    assert_int_equal(stage.event_count, published);
    assert_int_equal(stage.core->ground.counters.streams_refused, 3);
    publishes(&of_one, "outbox", 2);
}

static void the_same_key_goes_on_behind_another_connection(void **state) {
    (void)state;
    opens(&of_one, "outbox");
    publishes(&of_one, "outbox", 1);
    struct rf_peer again = keyed("1b", &one);
    assert_int_equal(opens(&again, "outbox"), 1);
    publishes(&again, "outbox", 2);
}

// The name in the list is what counts: a key that was replaced under it goes on.
static void a_new_key_under_the_same_name_goes_on(void **state) {
    (void)state;
    opens(&of_one, "outbox");
    publishes(&of_one, "outbox", 1);
    struct rf_principal renewed = {.key = "another", .name = "one", .roles = RF_ROLE_PUBLISHER};
    struct rf_peer peer = keyed("1c", &renewed);
    assert_int_equal(opens(&peer, "outbox"), 1);
}

static void whose_it_is_survives_a_restart(void **state) {
    (void)state;
    opens(&of_one, "outbox");
    publishes(&of_one, "outbox", 1);
    stage_restart(&stage, "broker-2", 0);
    say_open(&of_two, "outbox");
    assert_owned(&of_two, "outbox", of_ones);
    assert_int_equal(opens(&of_one, "outbox"), 1);
}

static void an_admins_key_takes_a_stream_over_for_good(void **state) {
    (void)state;
    opens(&of_one, "outbox");
    publishes(&of_one, "outbox", 1);
    // It opens first, as everybody: what it sends by mistake goes nowhere.
    say_publish(&of_admin, "outbox", 2);
    const struct rf_event_refused *refused =
        &stage_next(&stage, &of_admin, RF_MESSAGE_event_refused)->as.event_refused;
    assert_int_equal(refused->expected, 0);
    assert_false(refused->owned);
    assert_int_equal(opens(&of_admin, "outbox"), 1);
    publishes(&of_admin, "outbox", 2);
    static const char of_admins[] = "the stream belongs to the key of admin: publish under "
                                    "another name, or take it over with the role admin";
    say_publish(&of_one, "outbox", 3);
    assert_owned(&of_one, "outbox", of_admins);
    stage_restart(&stage, "broker-2", 0);
    say_open(&of_one, "outbox");
    assert_owned(&of_one, "outbox", of_admins);
    assert_int_equal(opens(&of_admin, "outbox"), 2);
}

static void a_stream_opened_without_a_key_is_not_for_keys(void **state) {
    (void)state;
    static const char of_nobody[] = "the stream belongs to processes without a key: publish under "
                                    "another name, or take it over with the role admin";
    opens(&local, "outbox");
    publishes(&local, "outbox", 1);
    say_open(&of_one, "outbox");
    assert_owned(&of_one, "outbox", of_nobody);
    stage_restart(&stage, "broker-2", 0);
    say_open(&of_one, "outbox");
    assert_owned(&of_one, "outbox", of_nobody);
    assert_int_equal(opens(&local, "outbox"), 1);
    // Whoever is let into the run directory may do everything, to a key's stream as well.
    opens(&of_one, "remote");
    publishes(&of_one, "remote", 1);
    assert_int_equal(opens(&local, "remote"), 1);
    publishes(&local, "remote", 2);
}

static void a_stream_from_before_owners_were_kept_is_whose_who_comes_first(void **state) {
    (void)state;
    assert_int_equal(
        rf_core_restore_stream(stage.core, 1, "outbox", 7, RF_STREAM_ANYBODYS, stage.now.utc),
        RF_OK);
    say_publish(&of_one, "outbox", 8);
    assert_int_equal(
        stage_next(&stage, &of_one, RF_MESSAGE_event_refused)->as.event_refused.expected, 0);
    assert_int_equal(opens(&of_one, "outbox"), 7);
    say_open(&of_two, "outbox");
    assert_owned(&of_two, "outbox", of_ones);
    stage_restart(&stage, "broker-2", 0);
    say_open(&of_two, "outbox");
    assert_owned(&of_two, "outbox", of_ones);
    assert_int_equal(opens(&of_one, "outbox"), 7);
}

static void a_key_that_opens_many_streams_pushes_only_its_own_out(void **state) {
    (void)state;
    char name[32];
    opens(&local, "local");
    opens(&of_one, "ones");
    for (int i = 0; i < RF_STREAM_BOOK_MAX + 10; i++) {
        snprintf(name, sizeof name, "s%d", i);
        opens(&of_two, name);
        stage_forget(&stage);
    }
    assert_int_equal(stage.core->streams.rows.count, RF_STREAM_BOOK_OF_ONE + 2);
    publishes(&local, "local", 1);
    publishes(&of_one, "ones", 1);
    publishes(&of_two, name, 1); // its newest one stands
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(another_key_neither_opens_nor_moves_a_stream),
        TEST(the_same_key_goes_on_behind_another_connection),
        TEST(a_new_key_under_the_same_name_goes_on),
        TEST(whose_it_is_survives_a_restart),
        TEST(an_admins_key_takes_a_stream_over_for_good),
        TEST(a_stream_opened_without_a_key_is_not_for_keys),
        TEST(a_stream_from_before_owners_were_kept_is_whose_who_comes_first),
        TEST(a_key_that_opens_many_streams_pushes_only_its_own_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
