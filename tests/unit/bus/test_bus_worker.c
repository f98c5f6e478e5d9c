// The worker against a scripted broker.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <ringfence/worker.h>

#include "fake_broker.h"

struct service {
    struct fake_broker *fake;
    struct rf_bus *bus;
    struct rf_worker *worker;
    unsigned came, went, requests, cancels, views, grants, refusals, sent;
    char id[32], cancelled[32], state[32], permit[32];
    int64_t epoch;
};

static void on_request(void *arg, const struct rf_call_request *request) {
    struct service *service = arg;
    service->requests++;
    snprintf(service->id, sizeof service->id, "%s", request->id);
    fake_wake(service->fake);
}

static void on_cancel(void *arg, const char *id) {
    struct service *service = arg;
    service->cancels++;
    snprintf(service->cancelled, sizeof service->cancelled, "%s", id);
    fake_wake(service->fake);
}

static void on_breaker(void *arg, const struct rf_breaker_view *breaker) {
    struct service *service = arg;
    service->views++;
    snprintf(service->state, sizeof service->state, "%s", breaker->state);
    fake_wake(service->fake);
}

static void on_permit(void *arg, const char *call, const char *provider, const char *permit,
                      int64_t epoch, struct rf_duration lease) {
    struct service *service = arg;
    assert_string_equal(provider, "elevenlabs");
    assert_string_equal(call, "c1");
    if (permit == NULL) {
        service->refusals++;
    } else {
        service->grants++;
        assert_true(lease.ns > 0 && lease.ns < RF_NS_PER_S);
        snprintf(service->permit, sizeof service->permit, "%s", permit);
    }
    service->epoch = epoch;
    fake_wake(service->fake);
}

static void on_connected(void *arg, bool connected) {
    struct service *service = arg;
    if (connected)
        service->came++;
    else
        service->went++;
    fake_wake(service->fake);
}

static void on_all_sent(void *arg) {
    struct service *service = arg;
    assert_int_equal(rf_worker_unsent(service->worker), 0);
    service->sent++;
    fake_wake(service->fake);
}

static const struct rf_worker_handlers handlers = {.request = on_request,
                                                   .cancel = on_cancel,
                                                   .breaker = on_breaker,
                                                   .permit = on_permit,
                                                   .connected = on_connected,
                                                   .all_sent = on_all_sent};
static const struct rf_worker_offer offers[] = {{"speech", 4}, {"script", 2}, {"echo", 16}};

static void serve(struct fake_broker *fake, struct service *service) {
    struct rf_error error;
    *service = (struct service){.fake = fake};
    if (rf_bus_new(fake->loop, &fake->config, "gateway", "gateway-1", &service->bus, &error) !=
            RF_OK ||
        rf_worker_new(service->bus, offers, sizeof offers / sizeof *offers, &handlers, service,
                      &service->worker, &error) != RF_OK)
        fail_msg("%s", error.message);
}

// Serves at a broker that knows the worker, whose second heartbeat has come.
static void registered(struct fake_broker *fake, struct service *service) {
    fake_start(fake, "broker-1");
    serve(fake, service);
    fake_until(fake, service->came == 1 && fake->beats >= 2);
}

static void leave(struct service *service) {
    rf_worker_destroy(&service->worker);
    assert_null(service->worker);
    rf_bus_destroy(&service->bus);
}

static void restart(struct fake_broker *fake, struct service *service) {
    unsigned came = service->came;
    fake_stop(fake);
    fake_start(fake, "broker-2");
    fake_until(fake, service->came == came + 1);
}

static void dispatch(struct fake_broker *fake, const char *service, const char *id) {
    struct rf_call_request request = {
        .id = id, .service = service, .operation = "speak", .deadline = INT64_MAX};
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_call_request, &request);
}

static void take(struct fake_broker *fake, struct service *service, const char *id) {
    unsigned requests = service->requests;
    dispatch(fake, "speech", id);
    fake_until(fake, service->requests == requests + 1);
    assert_string_equal(service->id, id);
}

static const struct rf_offer *offer_of(const struct fake_broker *fake, const char *name) {
    const struct rf_worker_heartbeat *beat = &fake->beat->as.worker_heartbeat;
    for (size_t i = 0; i < beat->offers.count; i++)
        if (strcmp(beat->offers.items[i].service, name) == 0)
            return &beat->offers.items[i];
    fail_msg("no offer of %s", name);
    return NULL;
}

static void next_beat(struct fake_broker *fake) {
    unsigned beats = fake->beats;
    fake_until(fake, fake->beats > beats);
}

static void answer(struct service *service, const char *id) {
    struct rf_call_reply reply = {.id = id, .ok = true, .class = "ok"};
    rf_worker_reply(service->worker, &reply);
}

static void a_worker_registers_by_its_heartbeat_and_tells_its_offers(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    serve(fake, &service); // starts before the broker
    fake_start(fake, "broker-1");
    fake_until(fake, service.came == 1);
    const struct rf_worker_heartbeat *beat = &fake->beat->as.worker_heartbeat;
    assert_string_equal(beat->instance, "gateway-1");
    assert_int_equal(beat->offers.count, 3);
    assert_int_equal(offer_of(fake, "speech")->capacity, 4);
    assert_int_equal(offer_of(fake, "script")->capacity, 2);
    assert_int_equal(beat->in_hand.count, 0);
    leave(&service);
}

static void a_request_is_carried_out_replied_and_its_place_given_back(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    take(fake, &service, "c1");
    next_beat(fake);
    assert_int_equal(fake->beat->as.worker_heartbeat.in_hand.count, 1);
    assert_string_equal(fake->beat->as.worker_heartbeat.in_hand.items[0], "c1");
    rf_worker_release(service.worker, "speech", 0);
    answer(&service, "c1");
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_reply);
    assert_string_equal(message->as.call_reply.id, "c1");
    assert_string_equal(message->as.call_reply.worker, "gateway-1");
    rf_message_destroy(&message);
    // By a message of its own, or by the heartbeat if that was due first.
    fake_until(fake,
               fake_has(fake, RF_MESSAGE_worker_credit) || offer_of(fake, "speech")->released == 1);
    if (fake_has(fake, RF_MESSAGE_worker_credit)) {
        message = fake_expect(fake, RF_MESSAGE_worker_credit);
        assert_string_equal(message->as.worker_credit.service, "speech");
        assert_int_equal(message->as.worker_credit.released, 1);
        rf_message_destroy(&message);
    }
    assert_int_equal(rf_worker_in_hand(service.worker), 0);
    next_beat(fake);
    assert_int_equal(fake->beat->as.worker_heartbeat.in_hand.count, 0);
    assert_int_equal(offer_of(fake, "speech")->released, 1);
    leave(&service);
}

// There is no heartbeat in this test that would tell them.
static void of_many_places_some_are_told_before_the_broker_knows_of_none(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    char id[16];
    fake->config.heartbeat = rf_seconds(60);
    fake->heartbeat_ns = 60 * RF_NS_PER_S;
    registered(fake, &service);
    for (unsigned i = 0; i < 13; i++) {
        snprintf(id, sizeof id, "c%u", i);
        dispatch(fake, "echo", id);
        fake_until(fake, service.requests == i + 1);
        if (i < 3)
            rf_worker_release(service.worker, "echo", 0);
    }
    // Ten are in hand, and of the other six places the broker knew only three.
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_worker_credit);
    assert_int_equal(message->as.worker_credit.released, 3);
    rf_message_destroy(&message);
    for (unsigned i = 13; i < 16; i++) {
        snprintf(id, sizeof id, "c%u", i);
        dispatch(fake, "echo", id);
        fake_until(fake, service.requests == i + 1);
    }
    rf_worker_release(service.worker, "echo", 0); // now each place counts
    message = fake_expect(fake, RF_MESSAGE_worker_credit);
    assert_int_equal(message->as.worker_credit.released, 4);
    rf_message_destroy(&message);
    leave(&service);
}

static void a_waiting_call_gives_its_place_back_and_stays_in_hand(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    take(fake, &service, "c1");
    rf_worker_release(service.worker, "speech", 1);
    next_beat(fake);
    assert_int_equal(offer_of(fake, "speech")->released, 1);
    assert_int_equal(offer_of(fake, "speech")->waiting, 1);
    assert_int_equal(fake->beat->as.worker_heartbeat.in_hand.count, 1);
    rf_worker_waiting(service.worker, "speech", 0); // its wait is over: no place to give back
    fake_until(fake, offer_of(fake, "speech")->waiting == 0);
    assert_int_equal(offer_of(fake, "speech")->released, 1);
    struct rf_attempt attempt = {
        .provider = "elevenlabs", .class = "transient", .status = 503, .began = 1};
    struct rf_worker_handback handback = {.id = "c1", .attempts = {&attempt, 1}, .retries = 1};
    rf_worker_handback(service.worker, &handback);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_worker_handback);
    assert_int_equal(message->as.worker_handback.attempts.count, 1);
    rf_message_destroy(&message);
    assert_int_equal(rf_worker_in_hand(service.worker), 0);
    leave(&service);
}

static void give(struct fake_broker *fake, const char *id, int64_t remaining_ns) {
    struct rf_call_request request = {.id = id,
                                      .service = "speech",
                                      .operation = "speak",
                                      .deadline = INT64_MAX,
                                      .remaining_ns = remaining_ns};
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_call_request, &request);
}

static void assert_handed_back(struct fake_broker *fake, struct service *service,
                               int64_t remaining_ns) {
    struct rf_worker_handback handback = {.id = "c1"};
    rf_worker_handback(service->worker, &handback);
    rf_worker_release(service->worker, "speech", 0);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_worker_handback);
    assert_string_equal(message->as.worker_handback.id, "c1");
    assert_int_equal(message->as.worker_handback.remaining_ns, remaining_ns);
    rf_message_destroy(&message);
}

static void a_handback_says_which_request_it_answers(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    give(fake, "c1", 900);
    fake_until(fake, service.requests == 1);
    assert_handed_back(fake, &service, 900);
    give(fake, "c1", 800);
    fake_until(fake, service.requests == 2);
    give(fake, "c1", 700); // the broker lost sight of it: this is the one it knows of
    fake_until(fake, offer_of(fake, "speech")->released == 2);
    assert_handed_back(fake, &service, 700);
    leave(&service);
}

// The welcome that says `moved` comes behind the request: the call has begun here once more.
static void
incident_20_a_call_that_was_given_again_is_not_handed_back_by_what_is_told_again(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_worker_recalled);
    rf_message_destroy(&message);
    give(fake, "c1", 900);
    fake_until(fake, service.requests == 1);
    fake->numberless = true; // the broker has not said that it read what comes now
    assert_handed_back(fake, &service, 900);
    give(fake, "c1", 800);
    fake_until(fake, service.requests == 2);
    fake->moved = true;
    message = fake_expect(fake, RF_MESSAGE_worker_recalled); // behind what is told again
    rf_message_destroy(&message);
    assert_false(fake_has(fake, RF_MESSAGE_worker_handback));
    leave(&service);
}

static void an_id_in_hand_is_not_carried_out_twice(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    take(fake, &service, "c1");
    dispatch(fake, "speech", "c1");
    fake_until(fake, offer_of(fake, "speech")->released == 1);
    assert_int_equal(service.requests, 1);
    leave(&service);
}

static void a_service_that_is_not_offered_is_refused(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    dispatch(fake, "telephony", "c1");
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_reply);
    assert_string_equal(message->as.call_reply.code, "no_worker");
    assert_string_equal(message->as.call_reply.sent, "no");
    rf_message_destroy(&message);
    assert_int_equal(service.requests, 0);
    leave(&service);
}

static void a_cancel_is_passed_on(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    take(fake, &service, "c1");
    struct rf_call_cancel cancel = {.id = "c1"};
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_call_cancel, &cancel);
    fake_until(fake, service.cancels == 1);
    assert_string_equal(service.cancelled, "c1");
    leave(&service);
}

// Incident 21: the connection is restored, but the worker never says READY again.
static void a_worker_that_the_broker_does_not_know_registers_again(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    unsigned beats = fake->beats;
    struct rf_worker_unknown unknown = {0};
    fake->worker_registered = true;
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_worker_unknown, &unknown);
    fake_until(fake, service.came == 2);
    assert_int_equal(service.went, 1);
    assert_true(fake->beats > beats);
    leave(&service);
}

static void calls_in_hand_lower_the_capacity_told_to_the_next_broker(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    take(fake, &service, "c1");
    take(fake, &service, "c2");
    rf_worker_release(service.worker, "speech", 0); // c1 waits or ends: either way
    restart(fake, &service);
    fake_until(fake, offer_of(fake, "speech")->capacity == 3);
    assert_int_equal(offer_of(fake, "speech")->released, 0);
    assert_int_equal(fake->beat->as.worker_heartbeat.in_hand.count, 2);
    rf_worker_release(service.worker, "speech", 0);
    fake_until(fake, offer_of(fake, "speech")->capacity == 4);
    leave(&service);
}

static void a_reply_whose_broker_is_away_is_sent_after_the_next_registration(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    take(fake, &service, "c1");
    fake->silent = true;
    fake_until(fake, service.went == 1);
    answer(&service, "c1");
    next_beat(fake);
    assert_false(fake_has(fake, RF_MESSAGE_call_reply));
    assert_int_equal(rf_worker_unsent(service.worker), 1);
    assert_int_equal(service.sent, 0);
    // Until then it is in hand, as the broker sees it.
    assert_int_equal(fake->beat->as.worker_heartbeat.in_hand.count, 1);
    assert_string_equal(fake->beat->as.worker_heartbeat.in_hand.items[0], "c1");
    fake->silent = false;
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_reply);
    assert_string_equal(message->as.call_reply.id, "c1");
    rf_message_destroy(&message);
    fake_until(fake, service.sent == 1); // when the broker has read a heartbeat behind it
    leave(&service);
}

static void expect_reply(struct fake_broker *fake, const char *id) {
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_reply);
    assert_string_equal(message->as.call_reply.id, id);
    rf_message_destroy(&message);
}

static void take_repeatable(struct fake_broker *fake, struct service *service, const char *id) {
    unsigned requests = service->requests;
    struct rf_call_request request = {.id = id,
                                      .service = "script",
                                      .operation = "write",
                                      .deadline = INT64_MAX,
                                      .repeatable = true};
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_call_request, &request);
    fake_until(fake, service->requests == requests + 1);
}

static void
another_broker_is_told_the_results_that_may_not_come_twice_and_that_this_was_all(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_worker_recalled);
    rf_message_destroy(&message);
    take(fake, &service, "c1");
    take_repeatable(fake, &service, "r1");
    answer(&service, "c1");
    answer(&service, "r1");
    expect_reply(fake, "c1");
    expect_reply(fake, "r1");
    next_beat(fake); // it was sent behind them
    next_beat(fake); // and this one behind its answer
    take(fake, &service, "c2");
    restart(fake, &service);
    answer(&service, "c2");
    message = fake_expect(fake, RF_MESSAGE_worker_recalled);
    assert_int_equal(message->as.worker_recalled.known_ns, 0);
    rf_message_destroy(&message);
    assert_true(fake_has(fake, RF_MESSAGE_call_reply)); // before it
    expect_reply(fake, "c1");
    expect_reply(fake, "c2");
    next_beat(fake);
    assert_false(fake_has(fake, RF_MESSAGE_call_reply));
    assert_false(fake_has(fake, RF_MESSAGE_worker_recalled));
    leave(&service);
}

static void incident_20_replies_that_may_be_lost_with_a_connection_are_told_again(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    take_repeatable(fake, &service, "r1");
    answer(&service, "r1");
    expect_reply(fake, "r1");
    next_beat(fake);
    next_beat(fake);
    take_repeatable(fake, &service, "r2");
    fake->numberless = true; // the broker has not said that it read what comes now
    answer(&service, "r2");
    expect_reply(fake, "r2");
    fake->moved = true;
    expect_reply(fake, "r2");
    fake->numberless = false;
    next_beat(fake);
    next_beat(fake);
    fake->moved = true;
    next_beat(fake);
    next_beat(fake);
    assert_false(fake_has(fake, RF_MESSAGE_call_reply));
    leave(&service);
}

static void incident_20_that_all_was_told_is_told_again_as_it_may_be_lost_too(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_worker_recalled);
    rf_message_destroy(&message);
    fake->moved = true;
    message = fake_expect(fake, RF_MESSAGE_worker_recalled);
    assert_int_equal(message->as.worker_recalled.registration, fake->registration);
    rf_message_destroy(&message);
    leave(&service);
}

static void assert_registered_anew(struct fake_broker *fake, struct service *service) {
    fake_until(fake, service->came == 2);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_worker_recalled);
    assert_int_equal(message->as.worker_recalled.registration, fake->registration);
    // It counts anew, and says so; what is in its hand takes a place of the capacity.
    const struct rf_worker_heartbeat *beat = &fake->beat->as.worker_heartbeat;
    assert_int_equal(beat->registration, fake->registration);
    assert_int_equal(offer_of(fake, "speech")->released, 0);
    assert_int_equal(offer_of(fake, "speech")->capacity, 3);
    rf_message_destroy(&message);
}

static void hold_one_of_two(struct fake_broker *fake, struct service *service) {
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_worker_recalled);
    rf_message_destroy(&message);
    take(fake, service, "c1");
    take(fake, service, "c2");
    rf_worker_release(service->worker, "speech", 0);
    answer(service, "c1");
    expect_reply(fake, "c1");
    fake_until(fake, offer_of(fake, "speech")->released == 1);
}

static void a_registration_whose_welcome_is_lost_is_known_by_the_next_one(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    hold_one_of_two(fake, &service);
    fake->worker_registered = true;
    fake->lost = 1;
    assert_registered_anew(fake, &service);
    expect_reply(fake, "c1");
    leave(&service);
}

// The connection broke behind it: a welcome that speaks of the connection alone would hide it.
static void
a_registration_whose_welcome_is_lost_with_the_connection_is_known_all_the_same(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    hold_one_of_two(fake, &service);
    fake->worker_registered = true;
    fake->lost = 1;
    fake_until(fake, !fake->worker_registered);
    fake->moved = true;
    assert_registered_anew(fake, &service);
    leave(&service);
}

static void it_says_that_it_told_all_behind_a_heartbeat_of_the_new_registration(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    hold_one_of_two(fake, &service);
    // What another broker sent, and is read only now, comes before the heartbeat that names it.
    fake->worker_registered = true;
    fake_until(fake, !fake->worker_registered);
    dispatch(fake, "speech", "c3");
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_worker_recalled);
    rf_message_destroy(&message);
    const struct rf_worker_heartbeat *beat = &fake->beat->as.worker_heartbeat;
    assert_int_equal(beat->registration, fake->registration);
    assert_int_equal(beat->in_hand.count, 2);
    leave(&service);
}

static void a_reply_is_told_again_also_if_the_welcome_that_said_moved_is_lost(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    take_repeatable(fake, &service, "r1");
    fake->moved = true;
    fake->lost = 1;
    answer(&service, "r1");
    expect_reply(fake, "r1");
    fake_until(fake, !fake->moved);
    expect_reply(fake, "r1");
    next_beat(fake);
    next_beat(fake);
    assert_false(fake_has(fake, RF_MESSAGE_call_reply));
    leave(&service);
}

// Read out of turn over the connection before, it would turn the counts back.
static void a_welcome_that_was_overtaken_changes_no_registration(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    hold_one_of_two(fake, &service);
    fake->worker_registered = true;
    fake_until(fake, service.came == 2);
    struct rf_worker_welcome old = {.broker = fake->instance,
                                    .heartbeat_ns = RF_NS_PER_S,
                                    .lease_ns = RF_NS_PER_S,
                                    .registered = true,
                                    .seq = 1,
                                    .registration = 1,
                                    .connection = 1};
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_worker_welcome, &old);
    take(fake, &service, "c3"); // it has come before it
    next_beat(fake);
    assert_int_equal(service.came, 2);
    assert_int_equal(fake->beat->as.worker_heartbeat.registration, fake->registration);
    leave(&service);
}

static void what_was_carried_out_is_answered_as_before(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    take(fake, &service, "c1");
    rf_worker_release(service.worker, "speech", 0);
    answer(&service, "c1");
    expect_reply(fake, "c1");
    dispatch(fake, "speech", "c1");
    expect_reply(fake, "c1");
    assert_int_equal(service.requests, 1);
    fake_until(fake, offer_of(fake, "speech")->released == 2);
    leave(&service);
}

static void the_lease_counts_from_the_heartbeat_that_was_answered(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    serve(fake, &service);
    assert_false(rf_worker_leased(service.worker));
    fake_start(fake, "broker-1");
    fake_until(fake, service.came == 1);
    assert_true(rf_worker_leased(service.worker));
    fake->silent = true;
    fake_until(fake, service.went == 1);
    assert_false(rf_worker_leased(service.worker));
    fake->silent = false;
    fake_until(fake, service.came == 2);
    assert_true(rf_worker_leased(service.worker));
    leave(&service);
}

static void a_reply_that_cannot_be_encoded_is_still_a_reply(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    take(fake, &service, "c1");
    struct rf_call_reply reply = {
        .id = "c1", .class = "transient", .message = "\xff", .sent = "yes", .exhausted = true};
    rf_worker_reply(service.worker, &reply);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_reply);
    assert_string_equal(message->as.call_reply.class, "transient");
    assert_string_equal(message->as.call_reply.code, "unencodable");
    assert_string_equal(message->as.call_reply.sent, "yes");
    assert_true(message->as.call_reply.exhausted);
    rf_message_destroy(&message);
    answer(&service, "c1"); // not in hand any more
    next_beat(fake);
    assert_false(fake_has(fake, RF_MESSAGE_call_reply));
    leave(&service);
}

static void outcome(struct service *service, const char *error) {
    rf_worker_outcome(service->worker, "elevenlabs", 3, NULL, RF_CLASS_TRANSIENT, rf_ms(5), error);
}

// Waits for outcomes until the one with `seq` has come; checks its text.
static void expect_outcome(struct fake_broker *fake, int64_t seq, const char *text) {
    bool found = false;
    while (!found) {
        struct rf_message *message = fake_expect(fake, RF_MESSAGE_worker_outcomes);
        const struct rf_worker_outcomes *outcomes = &message->as.worker_outcomes;
        assert_true(outcomes->from > 0 && outcomes->from <= outcomes->outcomes.items[0].seq);
        for (size_t i = 0; i < outcomes->outcomes.count; i++)
            if (outcomes->outcomes.items[i].seq == seq) {
                assert_string_equal(outcomes->outcomes.items[i].error, text);
                assert_string_equal(outcomes->outcomes.items[i].class, "transient");
                assert_int_equal(outcomes->outcomes.items[i].epoch, 3);
                found = true;
            }
        rf_message_destroy(&message);
    }
}

static void outcomes_keep_their_numbers_at_another_broker(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    outcome(&service, "one");
    outcome(&service, "two");
    outcome(&service, "three");
    expect_outcome(fake, 3, "three");
    struct rf_worker_outcomes_ack ack = {.seq = 1};
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_worker_outcomes_ack, &ack);
    take(fake, &service, "c1"); // the acknowledgement has come before it
    restart(fake, &service);
    expect_outcome(fake, 2, "two");
    outcome(&service, "four");
    expect_outcome(fake, 4, "four");
    leave(&service);
}

// Those of before may have gone down with the connection.
static void over_another_connection_what_is_not_acknowledged_is_sent_again_at_once(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    outcome(&service, "one");
    expect_outcome(fake, 1, "one");
    int64_t lost = rf_loop_now(fake->loop).ns;
    fake->moved = true;
    expect_outcome(fake, 1, "one");
    assert_true(rf_loop_now(fake->loop).ns - lost < 2 * RF_NS_PER_S); // not by its patience's end
    leave(&service);
}

static void words_of_a_provider_that_are_no_text_hold_nothing_up(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    take(fake, &service, "c1");
    outcome(&service, "503 \xff\xfe");
    answer(&service, "c1");
    expect_outcome(fake, 1, "503 ??");
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_reply);
    rf_message_destroy(&message);
    leave(&service);
}

static void outcomes_that_are_not_acknowledged_are_sent_again(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    outcome(&service, "one");
    expect_outcome(fake, 1, "one");
    expect_outcome(fake, 1, "one"); // after 2 s
    leave(&service);
}

static void a_permit_is_granted_or_refused(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    rf_worker_permit(service.worker, "c1", "elevenlabs", 7);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_permit_request);
    assert_int_equal(message->as.permit_request.epoch, 7);
    rf_message_destroy(&message);
    struct rf_permit_granted granted = {
        .call = "c1", .service = "elevenlabs", .permit = "p1", .epoch = 7, .lease_ns = RF_NS_PER_S};
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_permit_granted, &granted);
    fake_until(fake, service.grants == 1);
    assert_string_equal(service.permit, "p1");
    rf_worker_permit(service.worker, "c1", "elevenlabs", 7);
    message = fake_expect(fake, RF_MESSAGE_permit_request);
    rf_message_destroy(&message);
    struct rf_permit_refused refused = {.call = "c1", .service = "elevenlabs"};
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_permit_refused, &refused);
    fake_until(fake, service.refusals == 1);
    // One that nobody waits for any more changes nothing.
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_permit_granted, &granted);
    next_beat(fake);
    assert_int_equal(service.grants, 1);
    leave(&service);
}

// The broker may have given it to another by then.
static void a_permit_whose_lease_was_over_before_it_was_read_is_refused(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    rf_worker_permit(service.worker, "c1", "elevenlabs", 7);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_permit_request);
    rf_message_destroy(&message);
    struct rf_permit_granted granted = {
        .call = "c1", .service = "elevenlabs", .permit = "p1", .epoch = 7, .lease_ns = 1};
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_permit_granted, &granted);
    fake_until(fake, service.grants + service.refusals == 1);
    assert_int_equal(service.refusals, 1);
    assert_int_equal(service.epoch, 7);
    leave(&service);
}

static void a_permit_is_refused_when_the_broker_goes(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    rf_worker_permit(service.worker, "c1", "elevenlabs", 7);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_permit_request);
    rf_message_destroy(&message);
    fake->silent = true;
    fake_until(fake, service.refusals == 1);
    rf_worker_permit(service.worker, "c1", "elevenlabs", 7);
    assert_int_equal(service.refusals, 1); // not from within
    fake_until(fake, service.refusals == 2);
    leave(&service);
}

static void breaker_states_are_passed_on_and_told_to_the_next_broker(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    struct rf_breaker_view views[] = {{.service = "elevenlabs", .state = "closed"},
                                      {.service = "openai", .state = "closed"}};
    struct rf_breaker_states states = {.breakers = {views, 2}};
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_breaker_states, &states);
    views[0] = (struct rf_breaker_view){
        .service = "elevenlabs", .state = "open", .epoch = 4, .until = 99, .cause = "5 failures"};
    states.breakers.count = 1;
    fake_send(fake, FAKE_WORKERS, RF_MESSAGE_breaker_states, &states);
    fake_until(fake, service.views == 3);
    assert_string_equal(service.state, "open");
    restart(fake, &service);
    const struct rf_worker_heartbeat *beat = &fake->beat->as.worker_heartbeat;
    assert_int_equal(beat->breakers.count, 2);
    assert_string_equal(beat->breakers.items[0].service, "elevenlabs");
    assert_string_equal(beat->breakers.items[0].state, "open");
    assert_int_equal(beat->breakers.items[0].epoch, 4);
    assert_int_equal(beat->breakers.items[0].until, 99);
    leave(&service);
}

static void a_request_that_meets_a_draining_worker_is_handed_back(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    rf_worker_drain(service.worker);
    fake_until(fake, fake->beat->as.worker_heartbeat.draining);
    dispatch(fake, "speech", "c1");
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_worker_handback);
    assert_string_equal(message->as.worker_handback.id, "c1");
    rf_message_destroy(&message);
    assert_int_equal(service.requests, 0);
    fake_until(fake, offer_of(fake, "speech")->released == 1);
    leave(&service);
}

static void a_silent_broker_is_told_once_and_registers_again(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    fake->silent = true;
    fake_until(fake, service.went == 1);
    next_beat(fake);
    next_beat(fake);
    assert_int_equal(service.went, 1);
    fake->silent = false;
    fake_until(fake, service.came == 2);
    leave(&service);
}

static void the_last_reply_and_the_goodbye_leave_the_process(void **state) {
    struct fake_broker *fake = *state;
    struct service service;
    registered(fake, &service);
    take(fake, &service, "c1");
    answer(&service, "c1");
    leave(&service);
    struct rf_message *message = fake_expect(fake, RF_MESSAGE_call_reply);
    rf_message_destroy(&message);
    message = fake_expect(fake, RF_MESSAGE_worker_bye);
    assert_string_equal(message->as.worker_bye.instance, "gateway-1");
    rf_message_destroy(&message);
}

#define BROKER_TEST(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        BROKER_TEST(a_worker_registers_by_its_heartbeat_and_tells_its_offers),
        BROKER_TEST(a_request_is_carried_out_replied_and_its_place_given_back),
        BROKER_TEST(of_many_places_some_are_told_before_the_broker_knows_of_none),
        BROKER_TEST(a_waiting_call_gives_its_place_back_and_stays_in_hand),
        BROKER_TEST(a_handback_says_which_request_it_answers),
        BROKER_TEST(
            incident_20_a_call_that_was_given_again_is_not_handed_back_by_what_is_told_again),
        BROKER_TEST(incident_20_that_all_was_told_is_told_again_as_it_may_be_lost_too),
        BROKER_TEST(an_id_in_hand_is_not_carried_out_twice),
        BROKER_TEST(a_service_that_is_not_offered_is_refused),
        BROKER_TEST(a_cancel_is_passed_on),
        BROKER_TEST(a_worker_that_the_broker_does_not_know_registers_again),
        BROKER_TEST(calls_in_hand_lower_the_capacity_told_to_the_next_broker),
        BROKER_TEST(a_reply_whose_broker_is_away_is_sent_after_the_next_registration),
        BROKER_TEST(
            another_broker_is_told_the_results_that_may_not_come_twice_and_that_this_was_all),
        BROKER_TEST(incident_20_replies_that_may_be_lost_with_a_connection_are_told_again),
        BROKER_TEST(a_registration_whose_welcome_is_lost_is_known_by_the_next_one),
        BROKER_TEST(a_registration_whose_welcome_is_lost_with_the_connection_is_known_all_the_same),
        BROKER_TEST(it_says_that_it_told_all_behind_a_heartbeat_of_the_new_registration),
        BROKER_TEST(a_reply_is_told_again_also_if_the_welcome_that_said_moved_is_lost),
        BROKER_TEST(a_welcome_that_was_overtaken_changes_no_registration),
        BROKER_TEST(what_was_carried_out_is_answered_as_before),
        BROKER_TEST(the_lease_counts_from_the_heartbeat_that_was_answered),
        BROKER_TEST(a_reply_that_cannot_be_encoded_is_still_a_reply),
        BROKER_TEST(outcomes_keep_their_numbers_at_another_broker),
        BROKER_TEST(over_another_connection_what_is_not_acknowledged_is_sent_again_at_once),
        BROKER_TEST(words_of_a_provider_that_are_no_text_hold_nothing_up),
        BROKER_TEST(outcomes_that_are_not_acknowledged_are_sent_again),
        BROKER_TEST(a_permit_is_granted_or_refused),
        BROKER_TEST(a_permit_whose_lease_was_over_before_it_was_read_is_refused),
        BROKER_TEST(a_permit_is_refused_when_the_broker_goes),
        BROKER_TEST(breaker_states_are_passed_on_and_told_to_the_next_broker),
        BROKER_TEST(a_request_that_meets_a_draining_worker_is_handed_back),
        BROKER_TEST(a_silent_broker_is_told_once_and_registers_again),
        BROKER_TEST(the_last_reply_and_the_goodbye_leave_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
