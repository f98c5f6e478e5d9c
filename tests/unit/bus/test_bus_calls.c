// Calls against a scripted broker.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "fake_broker.h"

struct replies {
    struct fake_broker *fake;
    struct rf_bus *bus;
    unsigned count;
    bool ok;
    char id[32], class[32], code[32], sent[8];
};

static struct rf_call_request request_of(const char *id, struct rf_duration left) {
    return (struct rf_call_request){
        .id = id,
        .service = "speech",
        .operation = "speak",
        .deadline = rf_utc_add(rf_clock_utc(), left).ns,
    };
}

static void on_reply(void *arg, const struct rf_call_reply *reply) {
    struct replies *replies = arg;
    replies->count++;
    replies->ok = reply->ok;
    snprintf(replies->id, sizeof replies->id, "%s", reply->id);
    snprintf(replies->class, sizeof replies->class, "%s", reply->class);
    snprintf(replies->code, sizeof replies->code, "%s", reply->code ? reply->code : "-");
    snprintf(replies->sent, sizeof replies->sent, "%s", reply->sent ? reply->sent : "-");
    fake_wake(replies->fake);
}

static struct rf_bus *connect_bus(struct fake_broker *fake, struct replies *replies) {
    struct rf_bus *bus;
    struct rf_error error;
    if (rf_bus_new(fake->loop, &fake->config, "tester", "tester-1", &bus, &error) != RF_OK)
        fail_msg("%s", error.message);
    *replies = (struct replies){.fake = fake, .bus = bus};
    return bus;
}

static void call(struct replies *replies, const char *id, struct rf_duration left) {
    struct rf_call_request request = request_of(id, left);
    rf_bus_call(replies->bus, &request, on_reply, replies);
}

static void a_call_made_before_the_broker_is_there_is_sent_and_answered(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    fake_start(fake, "broker-1");
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    const struct rf_call_request *got = &message->as.call_request;
    assert_string_equal(got->id, "c1");
    assert_string_equal(got->operation, "speak");
    assert_true(got->remaining_ns > 50 * RF_NS_PER_S && got->remaining_ns <= 60 * RF_NS_PER_S);
    rf_message_destroy(&message);
    struct rf_call_reply reply = {.id = "c1", .ok = true, .class = "ok"};
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_call_reply, &reply);
    fake_until(fake, replies.count == 1);
    assert_true(replies.ok);
    // A second reply to the same call goes to nobody.
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_call_reply, &reply);
    call(&replies, "c2", rf_seconds(60));
    message = fake_expect(fake, RF_MESSAGE_call_request);
    rf_message_destroy(&message);
    assert_int_equal(replies.count, 1);
    rf_bus_destroy(&bus);
}

static void on_time(void *arg) {
    fake_start(arg, "broker-1");
}

static void the_time_left_is_told_as_it_is_when_the_call_is_sent(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    struct rf_timer late;
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    rf_timer_init(&late, fake->loop, on_time, fake);
    rf_timer_after(&late, rf_ms(300)); // the broker comes so late
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    assert_true(message->as.call_request.remaining_ns <= rf_ms(60000 - 300).ns);
    assert_true(message->as.call_request.remaining_ns > rf_seconds(45).ns);
    rf_message_destroy(&message);
    rf_bus_destroy(&bus);
}

// Reads requests until one with this id comes, which was asked before or not.
static void expect_request(struct fake_broker *fake, const char *id, bool again) {
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    const struct rf_call_request *got = &message->as.call_request;
    assert_string_equal(got->id, id);
    assert_int_equal(got->asked_ns > 0, again);
    assert_true(got->asked_ns < 10 * RF_NS_PER_S);
    assert_true(got->remaining_ns > 40 * RF_NS_PER_S && got->remaining_ns <= 60 * RF_NS_PER_S);
    rf_message_destroy(&message);
}

// What was called off is asked about, but not to be begun now, and called off again.
static void expect_called_off(struct fake_broker *fake, const char *id) {
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    assert_string_equal(message->as.call_request.id, id);
    assert_true(message->as.call_request.asked_ns > 0);
    assert_int_equal(message->as.call_request.remaining_ns, 0);
    rf_message_destroy(&message);
    message = fake_expect(fake, RF_MESSAGE_call_cancel);
    assert_string_equal(message->as.call_cancel.id, id);
    rf_message_destroy(&message);
}

static void a_restarted_broker_is_asked_again_for_the_calls_in_hand(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    call(&replies, "c2", rf_seconds(60));
    expect_request(fake, "c1", false);
    expect_request(fake, "c2", false);
    struct rf_call_reply reply = {.id = "c1", .ok = true, .class = "ok"};
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_call_reply, &reply);
    fake_until(fake, replies.count == 1);
    fake->silent = true;
    fake_until(fake, !rf_bus_connected(bus));
    call(&replies, "c3", rf_seconds(60)); // never sent before
    fake_stop(fake);
    fake->silent = false;
    fake_start(fake, "broker-2");
    expect_request(fake, "c2", true);
    expect_request(fake, "c3", false);
    assert_int_equal(replies.count, 1);
    reply.id = "c2";
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_call_reply, &reply);
    fake_until(fake, replies.count == 2);
    assert_string_equal(replies.id, "c2");
    assert_true(replies.ok);
    rf_bus_destroy(&bus);
}

static void a_call_that_was_called_off_is_called_off_at_the_next_broker_too(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    expect_request(fake, "c1", false);
    rf_bus_call_off(bus, "c1");
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_cancel);
    rf_message_destroy(&message);
    fake_stop(fake);
    fake_start(fake, "broker-2");
    expect_called_off(fake, "c1");
    rf_bus_destroy(&bus);
}

static void a_call_whose_deadline_is_over_is_not_asked_for_again(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    fake_until(fake, rf_bus_connected(bus));
    call(&replies, "c1", rf_ms(50));
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    rf_message_destroy(&message);
    fake->silent = true; // for longer than the deadline
    fake_until(fake, !rf_bus_connected(bus));
    fake->silent = false;
    fake_until(fake, rf_bus_connected(bus));
    call(&replies, "c2", rf_seconds(60));
    expect_request(fake, "c2", false);
    fake_until(fake, replies.count == 1);
    assert_string_equal(replies.code, "deadline_exceeded");
    assert_string_equal(replies.sent, "maybe");
    rf_bus_destroy(&bus);
}

static void a_refusal_of_what_was_asked_again_leaves_it_open_whether_it_was_sent(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    expect_request(fake, "c1", false);
    fake_stop(fake);
    fake_start(fake, "broker-2");
    expect_request(fake, "c1", true);
    struct rf_refusal refusal = {.rid = "c1", .code = "overloaded", .message = "no"};
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_refusal, &refusal);
    fake_until(fake, replies.count == 1);
    assert_string_equal(replies.sent, "maybe");
    rf_bus_destroy(&bus);
}

static void a_broker_that_was_silent_is_asked_again_and_answers_once(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    expect_request(fake, "c1", false);
    fake->silent = true;
    fake_until(fake, !rf_bus_connected(bus));
    fake->silent = false;
    expect_request(fake, "c1", true);
    assert_int_equal(replies.count, 0);
    struct rf_call_reply reply = {.id = "c1", .ok = true, .class = "ok"};
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_call_reply, &reply);
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_call_reply, &reply);
    fake_until(fake, replies.count == 1);
    assert_true(replies.ok);
    call(&replies, "c2", rf_seconds(60));
    expect_request(fake, "c2", false);
    assert_int_equal(replies.count, 1);
    rf_bus_destroy(&bus);
}

static void a_call_that_was_never_sent_ends_at_its_deadline_as_not_sent(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_ms(30));
    assert_int_equal(replies.count, 0);
    fake_until(fake, replies.count == 1);
    assert_string_equal(replies.code, "deadline_exceeded");
    assert_string_equal(replies.sent, "no");
    call(&replies, "c2", rf_ns(-1)); // over before it began
    assert_int_equal(replies.count, 1);
    fake_until(fake, replies.count == 2);
    assert_string_equal(replies.code, "deadline_exceeded");
    rf_bus_destroy(&bus);
}

// A broker whose clock is behind would begin them.
static void a_call_whose_deadline_is_over_is_not_sent(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    fake_until(fake, rf_bus_connected(bus));
    call(&replies, "c0", rf_seconds(60)); // is about to be sent when the others come
    call(&replies, "c1", rf_ns(-1));
    call(&replies, "c2", rf_ns(1));
    call(&replies, "c3", rf_seconds(60));
    fake_until(fake, replies.count == 2);
    assert_string_equal(replies.code, "deadline_exceeded");
    assert_string_equal(replies.sent, "no");
    expect_request(fake, "c0", false);
    expect_request(fake, "c3", false);
    rf_bus_destroy(&bus);
}

// Nothing of it but answers is for this socket.
static void a_welcome_on_the_socket_of_calls_is_skipped(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    expect_request(fake, "c1", false);
    struct rf_welcome welcome = {.broker = "broker-2", .heartbeat_ns = 1, .registered = true};
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_welcome, &welcome);
    struct rf_call_reply reply = {.id = "c1", .ok = true, .class = "ok"};
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_call_reply, &reply);
    fake_until(fake, replies.count == 1);
    assert_true(replies.ok);
    assert_true(rf_bus_connected(bus));
    call(&replies, "c2", rf_seconds(60));
    expect_request(fake, "c2", false); // nothing was set up again
    rf_bus_destroy(&bus);
}

static void an_answer_that_was_lost_is_asked_for_behind_the_deadline(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    fake_until(fake, rf_bus_connected(bus));
    struct rf_instant made = rf_clock_now();
    call(&replies, "c1", rf_ms(100));
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    rf_message_destroy(&message);
    message = fake_expect(fake, RF_MESSAGE_call_request);
    assert_string_equal(message->as.call_request.id, "c1");
    assert_int_equal(message->as.call_request.remaining_ns, 0);
    int64_t asked = message->as.call_request.asked_ns;
    assert_true(asked >= rf_ms(1500).ns && asked <= rf_instant_since(rf_clock_now(), made).ns + 1);
    rf_message_destroy(&message);
    struct rf_call_reply reply = {.id = "c1", .ok = true, .class = "ok"};
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_call_reply, &reply);
    fake_until(fake, replies.count == 1);
    assert_true(replies.ok);
    rf_bus_destroy(&bus);
}

static void a_call_that_was_sent_ends_after_its_deadline_as_maybe_sent(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    fake_until(fake, rf_bus_connected(bus));
    struct rf_instant made = rf_clock_now();
    call(&replies, "c1", rf_ms(100));
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    rf_message_destroy(&message);
    fake_until(fake, replies.count == 1);
    assert_string_equal(replies.code, "deadline_exceeded");
    assert_string_equal(replies.sent, "maybe");
    assert_true(rf_instant_since(rf_clock_now(), made).ns >= rf_ms(2100).ns);
    rf_bus_destroy(&bus);
}

static void a_cancelled_call_is_told_to_the_broker_and_never_answered(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    rf_message_destroy(&message);
    rf_bus_cancel(bus, "c1");
    message = fake_expect(fake, RF_MESSAGE_call_cancel);
    assert_string_equal(message->as.call_cancel.id, "c1");
    rf_message_destroy(&message);
    struct rf_call_reply reply = {.id = "c1", .class = "local", .code = "cancelled"};
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_call_reply, &reply);
    call(&replies, "c2", rf_seconds(60));
    message = fake_expect(fake, RF_MESSAGE_call_request);
    rf_message_destroy(&message);
    reply.id = "c2";
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_call_reply, &reply);
    fake_until(fake, replies.count == 1);
    assert_string_equal(replies.id, "c2");
    rf_bus_destroy(&bus);
}

static void incident_20_a_cancel_that_a_connection_may_have_lost_is_told_again(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    rf_message_destroy(&message);
    fake_stop(fake);
    rf_bus_cancel(bus, "c1");
    fake_start(fake, "broker-2");
    expect_called_off(fake, "c1");
    struct rf_call_reply reply = {.id = "c1", .class = "local", .code = "deadline_exceeded"};
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_call_reply, &reply);
    call(&replies, "c2", rf_seconds(60));
    message = fake_expect(fake, RF_MESSAGE_call_request);
    assert_string_equal(message->as.call_request.id, "c2");
    rf_message_destroy(&message);
    assert_int_equal(replies.count, 0);
    rf_bus_destroy(&bus);
}

static void a_call_cancelled_before_it_was_sent_is_never_sent(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    call(&replies, "c2", rf_seconds(60));
    rf_bus_cancel(bus, "c1");
    rf_bus_cancel(bus, "c0"); // nobody
    fake_start(fake, "broker-1");
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    assert_string_equal(message->as.call_request.id, "c2");
    rf_message_destroy(&message);
    rf_bus_destroy(&bus);
}

static void the_id_of_a_call_cancelled_before_it_was_sent_is_free_at_once(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    rf_bus_cancel(bus, "c1");
    call(&replies, "c1", rf_seconds(60));
    fake_start(fake, "broker-1");
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    assert_string_equal(message->as.call_request.id, "c1");
    rf_message_destroy(&message);
    rf_bus_destroy(&bus);
}

static void a_call_that_is_called_off_still_gets_its_answer(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    rf_message_destroy(&message);
    rf_bus_call_off(bus, "c1");
    message = fake_expect(fake, RF_MESSAGE_call_cancel);
    assert_string_equal(message->as.call_cancel.id, "c1");
    rf_message_destroy(&message);
    assert_int_equal(replies.count, 0);
    struct rf_call_reply reply = {.id = "c1", .class = "local", .code = "cancelled"};
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_call_reply, &reply);
    fake_until(fake, replies.count == 1);
    assert_string_equal(replies.code, "cancelled");
    rf_bus_destroy(&bus);
}

static void a_call_that_is_called_off_before_it_was_sent_ends_at_once(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    rf_bus_call_off(bus, "c1");
    rf_bus_call_off(bus, "c1");
    rf_bus_call_off(bus, "c0"); // nobody
    fake_until(fake, replies.count == 1);
    assert_string_equal(replies.code, "cancelled");
    assert_string_equal(replies.sent, "no");
    rf_bus_destroy(&bus);
}

static void a_request_that_cannot_be_encoded_is_answered_but_not_at_once(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    struct rf_bus *bus = connect_bus(fake, &replies);
    struct rf_call_request request = request_of("c1", rf_seconds(60));
    request.operation = "\xff";
    rf_bus_call(bus, &request, on_reply, &replies);
    assert_int_equal(replies.count, 0);
    fake_until(fake, replies.count == 1);
    assert_string_equal(replies.code, "invalid");
    assert_string_equal(replies.sent, "no");
    rf_bus_destroy(&bus);
}

static void a_request_that_the_broker_would_refuse_for_its_length_is_not_sent(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    fake_until(fake, rf_bus_connected(bus));
    char text[257];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct rf_call_request requests[3] = {request_of(text, rf_seconds(60)),
                                          request_of("c1", rf_seconds(60)),
                                          request_of("c2", rf_seconds(60))};
    requests[1].operation = text;
    requests[2].service = text;
    for (unsigned i = 0; i < 3; i++) {
        rf_bus_call(bus, &requests[i], on_reply, &replies);
        fake_until(fake, replies.count == i + 1);
        assert_string_equal(replies.code, "invalid");
        assert_string_equal(replies.sent, "no");
    }
    call(&replies, text + 1, rf_seconds(60));
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    assert_string_equal(message->as.call_request.id, text + 1);
    rf_message_destroy(&message);
    rf_bus_destroy(&bus);
}

static void a_call_without_an_endpoint_for_calls_ends_at_once(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    fake->config.calls = NULL;
    struct rf_bus *bus = connect_bus(fake, &replies);
    fake_until(fake, rf_bus_connected(bus));
    struct rf_instant made = rf_clock_now();
    call(&replies, "c1", rf_seconds(4));
    assert_int_equal(replies.count, 0);
    fake_until(fake, replies.count == 1);
    assert_true(rf_instant_since(rf_clock_now(), made).ns < rf_seconds(4).ns);
    assert_string_equal(replies.class, "local");
    assert_string_equal(replies.code, "invalid");
    assert_string_equal(replies.sent, "no");
    rf_bus_cancel(bus, "c1");
    rf_bus_destroy(&bus);
}

static void a_refused_call_ends_with_the_brokers_code(void **state) {
    struct fake_broker *fake = *state;
    struct replies replies;
    fake_start(fake, "broker-1");
    struct rf_bus *bus = connect_bus(fake, &replies);
    call(&replies, "c1", rf_seconds(60));
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_request);
    rf_message_destroy(&message);
    struct rf_refusal refusal = {.rid = "c1", .code = "malformed", .message = "no"};
    fake_send(fake, FAKE_CALLS, RF_MESSAGE_refusal, &refusal);
    fake_until(fake, replies.count == 1);
    assert_string_equal(replies.code, "malformed");
    assert_string_equal(replies.sent, "no");
    rf_bus_destroy(&bus);
}

#define BROKER_TEST(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(a_call_made_before_the_broker_is_there_is_sent_and_answered),
        BROKER_TEST(the_time_left_is_told_as_it_is_when_the_call_is_sent),
        BROKER_TEST(a_restarted_broker_is_asked_again_for_the_calls_in_hand),
        BROKER_TEST(a_call_that_was_called_off_is_called_off_at_the_next_broker_too),
        BROKER_TEST(a_call_whose_deadline_is_over_is_not_asked_for_again),
        BROKER_TEST(a_refusal_of_what_was_asked_again_leaves_it_open_whether_it_was_sent),
        BROKER_TEST(a_broker_that_was_silent_is_asked_again_and_answers_once),
        BROKER_TEST(a_call_that_was_never_sent_ends_at_its_deadline_as_not_sent),
        BROKER_TEST(a_call_whose_deadline_is_over_is_not_sent),
        BROKER_TEST(a_welcome_on_the_socket_of_calls_is_skipped),
        BROKER_TEST(an_answer_that_was_lost_is_asked_for_behind_the_deadline),
        BROKER_TEST(a_call_that_was_sent_ends_after_its_deadline_as_maybe_sent),
        BROKER_TEST(a_cancelled_call_is_told_to_the_broker_and_never_answered),
        BROKER_TEST(incident_20_a_cancel_that_a_connection_may_have_lost_is_told_again),
        BROKER_TEST(a_call_cancelled_before_it_was_sent_is_never_sent),
        BROKER_TEST(the_id_of_a_call_cancelled_before_it_was_sent_is_free_at_once),
        BROKER_TEST(a_call_that_is_called_off_still_gets_its_answer),
        BROKER_TEST(a_call_that_is_called_off_before_it_was_sent_ends_at_once),
        BROKER_TEST(a_request_that_cannot_be_encoded_is_answered_but_not_at_once),
        BROKER_TEST(a_request_that_the_broker_would_refuse_for_its_length_is_not_sent),
        BROKER_TEST(a_call_without_an_endpoint_for_calls_ends_at_once),
        BROKER_TEST(a_refused_call_ends_with_the_brokers_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
