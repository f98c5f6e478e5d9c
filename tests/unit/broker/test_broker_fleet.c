// One gateway's word against the others', through the core's messages.
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

#define S        RF_NS_PER_S
#define RECOVERY (30 * S)
#define EJECTION (30 * S)
#define CONFIRM  (30 * S)
#define LEASE    (45 * S)
#define FLEET    8

static struct stage stage;
static struct rf_peer gateways[FLEET], client, watcher;
static int64_t seqs[FLEET];
static int size;
static char error_text[64] = "connection refused";

static const char *name_of(int g) {
    static const char *const names[FLEET] = {"g-0", "g-1", "g-2", "g-3",
                                             "g-4", "g-5", "g-6", "g-7"};
    return names[g];
}

// A gateway's heartbeat; `breakers` (may be NULL) is what it knows of elevenlabs.
static void hear(int g, int64_t capacity, bool draining, struct rf_breaker_view *view) {
    const char *providers[] = {"elevenlabs", "openai-tts"};
    struct rf_offer offer = {
        .service = "speech", .capacity = capacity, .providers = {providers, 2}};
    struct rf_worker_heartbeat heartbeat = {.instance = name_of(g),
                                            .offers = {&offer, 1},
                                            .draining = draining,
                                            .breakers = {view, view == NULL ? 0 : 1}};
    stage_receive(&stage, &gateways[g], RF_MESSAGE_worker_heartbeat, &heartbeat);
}

static void two_providers(struct rf_core_settings *settings) {
    settings->guards[1].provider = "openai-tts";
    settings->guards[1].policy = RF_BREAKER_POLICY_DEFAULT;
    settings->guards[1].ejection = RF_EJECTION_POLICY_DEFAULT;
    settings->guard_count = 2;
}

// Time in which all gateways but those in `silent` (bits) live on.
static void pass_without(int64_t ns, unsigned silent) {
    int64_t until = stage.now.instant.ns + ns;
    while (stage.now.instant.ns < until) {
        int64_t next = stage.now.instant.ns + S;
        stage_at(&stage, next < until ? next : until);
        for (int g = 0; g < size; g++) {
            if ((silent >> g & 1) == 0)
                hear(g, 1, false, NULL);
        }
    }
}

static void pass(int64_t ns) {
    pass_without(ns, 0);
}

// The broker has been there for longer than a lease: all gateways that live have registered.
static void begin(int count) {
    stage_open(&stage, two_providers);
    size = count;
    client = peer(RF_SOCKET_CALLS, "client");
    watcher = peer(RF_SOCKET_INGEST, "watcher");
    for (int g = 0; g < count; g++) {
        char identity[16];
        snprintf(identity, sizeof identity, "w%d", g);
        gateways[g] = peer(RF_SOCKET_WORKERS, identity);
        seqs[g] = 0;
        hear(g, 1, false, NULL);
    }
    pass(STAGE_LEASE + S);
    stage_hush(&stage);
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static struct rf_guard *guard(void) {
    return &stage.core->authority.guards[0];
}

static enum rf_breaker_state breaker(void) {
    return guard()->breaker.state;
}

static void report(int g, const char *class, const char *permit) {
    struct rf_outcome_report outcome = {
        .seq = ++seqs[g],
        .service = "elevenlabs",
        .epoch = guard()->breaker.epoch,
        .class = class,
        .permit = permit,
        .took_ns = 1,
        .error = strcmp(class, "ok") == 0 ? NULL : error_text,
    };
    struct rf_worker_outcomes outcomes = {.outcomes = {&outcome, 1}};
    stage.now.instant.ns += 10;
    stage.now.utc.ns += 10;
    stage_receive(&stage, &gateways[g], RF_MESSAGE_worker_outcomes, &outcomes);
}

static void fails(int g, int times) {
    for (int i = 0; i < times; i++)
        report(g, "transient", NULL);
}

static void succeed(int g) {
    report(g, "ok", NULL);
}

static const struct rf_breaker_view *next_push(int g) {
    const struct rf_breaker_states *states =
        &stage_next(&stage, &gateways[g], RF_MESSAGE_breaker_states)->as.breaker_states;
    assert_int_equal(states->breakers.count, 1);
    return &states->breakers.items[0];
}

static size_t events_of(const char *type) {
    size_t count = 0;
    for (size_t i = 0; i < stage.event_count; i++)
        count += strncmp(stage.events[i].topic, type, strlen(type)) == 0;
    return count;
}

static void eject(int g, int by) {
    size_t before = events_of("worker.ejected");
    fails(g, 5);
    stage_hush(&stage);
    succeed(by);
    assert_int_equal(events_of("worker.ejected"), before + 1);
}

static json_t *retained(const char *key) {
    struct rf_state_entry entry;
    return rf_states_get(&stage.core->states, key, &entry) == RF_OK ? entry.value : NULL;
}

// ---- suspicion ----

static void incident_06_a_lone_accuser_is_held_back_and_the_breaker_stays_closed(void **state) {
    (void)state;
    begin(8);
    fails(3, 5);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    const struct rf_breaker_view *view = next_push(3);
    assert_string_equal(view->state, "closed");
    assert_int_equal(view->ejected_until, stage.now.utc.ns + CONFIRM);
    assert_true(view->suspected);
    for (int g = 0; g < 8; g++)
        stage_quiet(&stage, &gateways[g]); // nobody else is told anything
    assert_int_equal(events_of("worker."), 0);
}

static void incident_06_a_second_gateway_that_fails_too_opens_it(void **state) {
    (void)state;
    begin(8);
    fails(3, 5);
    stage_hush(&stage);
    fails(4, 1);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
    assert_string_equal(next_push(4)->state, "open");
    // The accuser is told of the opening before it is free again.
    const struct rf_breaker_view *view = next_push(3);
    assert_string_equal(view->state, "open");
    assert_int_equal(next_push(3)->ejected_until, 0);
    const struct rf_event *event = stage_event(&stage, "breaker.opened/elevenlabs");
    assert_int_equal(json_integer_value(json_object_get(event->data, "failures")), 5);
    assert_int_equal(events_of("worker."), 0);
}

static void incident_06_a_second_gateway_that_succeeds_ejects_it(void **state) {
    (void)state;
    begin(8);
    fails(3, 5);
    stage_hush(&stage);
    succeed(4);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    const struct rf_breaker_view *view = next_push(3);
    assert_int_equal(view->ejected_until, stage.now.utc.ns + EJECTION);
    assert_false(view->suspected);
    const struct rf_event *event = stage_event(&stage, "worker.ejected/g-3");
    assert_string_equal(event->severity, "error");
    assert_string_equal(event->service, "elevenlabs");
    const json_t *data = event->data, *evidence = json_object_get(data, "evidence");
    assert_string_equal(json_string_value(json_object_get(data, "provider")), "elevenlabs");
    assert_string_equal(json_string_value(json_object_get(data, "confirmed_by")), "g-4");
    assert_string_equal(json_string_value(json_object_get(data, "last_error")), error_text);
    assert_int_equal(json_integer_value(json_object_get(data, "left")), 7);
    assert_int_equal(json_integer_value(json_object_get(data, "times")), 1);
    assert_int_equal(json_integer_value(json_object_get(data, "until")),
                     stage.now.utc.ns + EJECTION);
    assert_int_equal(json_integer_value(json_object_get(evidence, "failed")), 5);
    // What it has still to say changes nothing.
    fails(3, 20);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    assert_int_equal(events_of("worker.ejected"), 1);
}

static void nobody_who_could_confirm_for_so_long_makes_one_word_enough(void **state) {
    (void)state;
    begin(8);
    fails(3, 5);
    pass(CONFIRM - 1);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    stage_at(&stage, stage.now.instant.ns + 1);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
    assert_string_equal(guard()->suspect, "");
}

static void the_last_other_gateway_that_drains_makes_one_word_enough(void **state) {
    (void)state;
    begin(2);
    fails(0, 5);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    hear(1, 1, true, NULL);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
}

static void the_word_of_a_gateway_that_is_gone_is_gone_with_it(void **state) {
    (void)state;
    begin(2);
    fails(0, 5);
    pass_without(STAGE_LEASE + S, 1);
    assert_int_equal(stage.core->dispatch.seats.by_instance.count, 1);
    pass_without(CONFIRM, 1);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    fails(1, 4);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    fails(1, 1); // alone now
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
}

static void a_person_who_forces_it_ends_the_suspicion(void **state) {
    (void)state;
    begin(2);
    fails(0, 5);
    stage_hush(&stage);
    struct rf_breaker_control control = {.rid = "c",
                                         .service = "elevenlabs",
                                         .action = "force_closed",
                                         .who = "ada",
                                         .why = "a drill"};
    stage_receive(&stage, &watcher, RF_MESSAGE_breaker_control, &control);
    next_push(0);
    assert_int_equal(next_push(0)->ejected_until, 0);
    fails(0, 20);
    succeed(1);
    assert_int_equal(events_of("worker."), 0);
}

static void a_worker_that_asks_no_provider_is_no_witness(void **state) {
    (void)state;
    begin(1);
    struct rf_peer other = peer(RF_SOCKET_WORKERS, "orchestrator");
    beat(&stage, &other, "orchestrator-1", "campaign", 5, 0);
    fails(0, 5);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
}

static void incident_06_one_that_fails_between_the_others_good_results_is_ejected(void **state) {
    (void)state;
    begin(8);
    for (int round = 0; round < 4; round++) {
        for (int g = 0; g < 8; g++)
            report(g, g == 3 ? "transient" : "ok", NULL);
    }
    assert_int_equal(events_of("worker.ejected"), 0);
    fails(3, 1);
    const struct rf_event *event = stage_event(&stage, "worker.ejected/g-3");
    assert_true(json_is_null(json_object_get(event->data, "confirmed_by")));
    const json_t *evidence = json_object_get(event->data, "evidence");
    assert_int_equal(json_integer_value(json_object_get(evidence, "failed")), 5);
    assert_int_equal(json_integer_value(json_object_get(evidence, "total")), 5);
    assert_int_equal(json_integer_value(json_object_get(evidence, "others_failed")), 0);
    assert_int_equal(json_integer_value(json_object_get(evidence, "others_total")), 28);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
}

static void incident_06_then_the_provider_itself_fails_and_the_fleet_opens_it(void **state) {
    (void)state;
    begin(8);
    eject(3, 4);
    for (int g = 0; g < 4; g++)
        fails(g < 3 ? g : 5, 1);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    fails(6, 1);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
    const struct rf_event *event = stage_event(&stage, "breaker.opened/elevenlabs");
    assert_int_equal(json_integer_value(json_object_get(event->data, "failures")), 5);
}

// ---- marks ----

static void hello(int g, const struct rf_peer *as) {
    struct rf_hello hello = {.instance = name_of(g), .service = "service-gateway"};
    stage_receive(&stage, as, RF_MESSAGE_hello, &hello);
    stage_hush(&stage);
}

// What the gateway behind `as` is answered that wants elevenlabs marked: NULL: it is.
static const char *mark(const struct rf_peer *as, bool way) {
    json_t *value = json_pack("{s:s, s:s, s:s, s:b}", "class", "permanent.config", "code",
                              "certificate", "message", "certificate has expired", "way", way);
    struct rf_state_cas cas = {.rid = "m", .key = "mark/elevenlabs", .value = value};
    stage_receive(&stage, as, RF_MESSAGE_state_cas, &cas);
    json_decref(value);
    const struct rf_state_reply *reply =
        &stage_next(&stage, as, RF_MESSAGE_state_reply)->as.state_reply;
    return reply->ok ? NULL : reply->code;
}

static void incident_06_one_gateways_trouble_on_the_way_marks_nothing_for_all(void **state) {
    (void)state;
    begin(8);
    struct rf_peer bus3 = peer(RF_SOCKET_INGEST, "i3"), bus4 = peer(RF_SOCKET_INGEST, "i4");
    hello(3, &bus3);
    hello(4, &bus4);
    assert_string_equal(mark(&bus3, true), "unconfirmed");
    assert_int_equal(next_push(3)->ejected_until, stage.now.utc.ns + CONFIRM);
    succeed(4);
    const struct rf_event *event = stage_event(&stage, "worker.ejected/g-3");
    assert_string_equal(json_string_value(json_object_get(event->data, "last_error")),
                        "certificate has expired");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(event->data, "evidence"), "failed")), 1);
    assert_null(retained("mark/elevenlabs"));
    assert_int_equal(events_of("mark.set"), 0);
}

static void a_second_gateway_that_meets_it_too_makes_the_mark(void **state) {
    (void)state;
    begin(8);
    struct rf_peer bus3 = peer(RF_SOCKET_INGEST, "i3"), bus4 = peer(RF_SOCKET_INGEST, "i4");
    hello(3, &bus3);
    hello(4, &bus4);
    assert_string_equal(mark(&bus3, true), "unconfirmed");
    stage_hush(&stage);
    assert_null(mark(&bus4, true));
    assert_int_equal(next_push(3)->ejected_until, 0);
    assert_non_null(retained("mark/elevenlabs"));
    assert_int_equal(events_of("mark.set"), 1);
}

static void what_the_provider_itself_says_needs_nobody_else(void **state) {
    (void)state;
    begin(8);
    struct rf_peer bus3 = peer(RF_SOCKET_INGEST, "i3");
    hello(3, &bus3);
    assert_null(mark(&bus3, false));
}

static void a_mark_by_somebody_who_is_no_gateway_needs_nobody_else(void **state) {
    (void)state;
    begin(8);
    assert_null(mark(&watcher, true)); // never said hello
}

// ---- ejection ----

static void after_its_time_it_is_readmitted_and_said_so(void **state) {
    (void)state;
    begin(8);
    eject(3, 4);
    stage_hush(&stage);
    pass(EJECTION - 1);
    assert_int_equal(events_of("worker.readmitted"), 0);
    stage_hush(&stage);
    stage_at(&stage, stage.now.instant.ns + 1);
    assert_int_equal(next_push(3)->ejected_until, 0);
    const struct rf_event *event = stage_event(&stage, "worker.readmitted/g-3");
    assert_string_equal(json_string_value(json_object_get(event->data, "why")), "its time is over");
    assert_int_equal(json_integer_value(json_object_get(event->data, "held_ns")), EJECTION);
}

static void never_more_than_half_and_never_the_last(void **state) {
    (void)state;
    begin(4);
    eject(0, 3);
    eject(1, 3);
    fails(2, 5);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
    assert_int_equal(events_of("worker.ejected"), 2);
}

static void those_that_leave_call_the_ejected_back(void **state) {
    (void)state;
    begin(4);
    eject(0, 3);
    stage_at(&stage, stage.now.instant.ns + S);
    eject(1, 3);
    struct rf_worker_bye bye = {.instance = "g-2"};
    stage_receive(&stage, &gateways[2], RF_MESSAGE_worker_bye, &bye);
    // Two of three are more than half: the one that was to come back first comes back.
    const struct rf_event *event = stage_event(&stage, "worker.readmitted/g-0");
    assert_string_equal(json_string_value(json_object_get(event->data, "why")),
                        "too few others are left");
    bye.instance = "g-3";
    stage_receive(&stage, &gateways[3], RF_MESSAGE_worker_bye, &bye);
    assert_int_equal(events_of("worker.readmitted"), 1); // one of two may stay out
    bye.instance = "g-0";
    stage_receive(&stage, &gateways[0], RF_MESSAGE_worker_bye, &bye);
    stage_event(&stage, "worker.readmitted/g-1");
}

static void one_that_was_lost_meanwhile_is_not_said_to_be_back(void **state) {
    (void)state;
    begin(8);
    eject(3, 4);
    pass_without(EJECTION + S, 1 << 3);
    assert_int_equal(events_of("worker.readmitted"), 0);
}

static void one_that_comes_back_in_its_time_is_still_ejected(void **state) {
    (void)state;
    begin(8);
    eject(3, 4);
    pass_without(STAGE_LEASE + S, 1 << 3);
    stage_hush(&stage);
    hear(3, 1, false, NULL);
    stage_next(&stage, &gateways[3], RF_MESSAGE_worker_welcome);
    const struct rf_breaker_states *states =
        &stage_next(&stage, &gateways[3], RF_MESSAGE_breaker_states)->as.breaker_states;
    assert_true(states->breakers.items[0].ejected_until > stage.now.utc.ns);
    assert_int_equal(states->breakers.items[1].ejected_until, 0); // of openai-tts
}

static void a_push_that_was_lost_is_made_up_for_at_the_next_heartbeat(void **state) {
    (void)state;
    begin(8);
    fails(3, 5);
    stage.bad_peer = gateways[3];
    stage.bad_answer = RF_SENT_FULL;
    succeed(4);
    stage.bad_answer = RF_SENT_OK;
    stage_hush(&stage);
    struct rf_breaker_view view = {.service = "elevenlabs", .state = "closed"};
    hear(3, 1, false, &view);
    stage_next(&stage, &gateways[3], RF_MESSAGE_worker_welcome);
    stage_next(&stage, &gateways[3], RF_MESSAGE_breaker_states);
    // It believes to be suspected only: another broker would forget that.
    view.ejected_until = stage.now.utc.ns + S;
    view.suspected = true;
    hear(3, 1, false, &view);
    stage_next(&stage, &gateways[3], RF_MESSAGE_worker_welcome);
    stage_next(&stage, &gateways[3], RF_MESSAGE_breaker_states);
    view.suspected = false;
    hear(3, 1, false, &view);
    stage_next(&stage, &gateways[3], RF_MESSAGE_worker_welcome);
    stage_quiet(&stage, &gateways[3]);
}

// ---- calls ----

static void calls_go_to_the_others_and_wait_for_them(void **state) {
    (void)state;
    begin(2);
    eject(0, 1);
    stage_hush(&stage);
    call(&stage, &client, "c-1", 60 * S);
    stage_next(&stage, &gateways[1], RF_MESSAGE_call_request);
    call(&stage, &client, "c-2", 60 * S);
    stage_quiet(&stage, &gateways[0]); // it has a place free, and does not get it
    stage_quiet(&stage, &client);
    answer(&stage, &gateways[1], "c-1");
    credit(&stage, &gateways[1], 1);
    stage_next(&stage, &gateways[1], RF_MESSAGE_call_request);
    stage_quiet(&stage, &gateways[0]);
}

static void a_call_that_waited_goes_to_it_as_soon_as_it_is_back(void **state) {
    (void)state;
    begin(2);
    eject(0, 1);
    call(&stage, &client, "c-1", 100 * S);
    call(&stage, &client, "c-2", 100 * S);
    pass(EJECTION - 1);
    stage_hush(&stage);
    stage_at(&stage, stage.now.instant.ns + 1);
    assert_string_equal(next_push(0)->state, "closed");
    assert_string_equal(
        stage_next(&stage, &gateways[0], RF_MESSAGE_call_request)->as.call_request.id, "c-2");
}

static void what_it_hands_back_is_carried_out_by_another(void **state) {
    (void)state;
    begin(2);
    call(&stage, &client, "c-1", 60 * S);
    fails(0, 5);
    stage_hush(&stage);
    struct rf_attempt attempt = {.provider = "elevenlabs", .class = "transient", .began = 1};
    struct rf_worker_handback handback = {
        .id = "c-1", .attempts = {&attempt, 1}, .retries = 1, .next_attempt = 7};
    stage_receive(&stage, &gateways[0], RF_MESSAGE_worker_handback, &handback);
    credit(&stage, &gateways[0], 1);
    const struct rf_call_request *request =
        &stage_next(&stage, &gateways[1], RF_MESSAGE_call_request)->as.call_request;
    assert_string_equal(request->id, "c-1");
    assert_int_equal(request->retries, 1);
    assert_int_equal(request->attempts.count, 1);
}

static void a_call_that_waits_for_another_gateway_holds_nobody_up(void **state) {
    (void)state;
    begin(2);
    call(&stage, &client, "c-0", 60 * S);
    call(&stage, &client, "c-1", 60 * S);
    stage_next(&stage, &gateways[0], RF_MESSAGE_call_request);
    stage_next(&stage, &gateways[1], RF_MESSAGE_call_request);
    call(&stage, &client, "c-2", 60 * S);
    struct rf_worker_handback handback = {.id = "c-0"};
    stage_receive(&stage, &gateways[0], RF_MESSAGE_worker_handback, &handback);
    credit(&stage, &gateways[0], 1);
    // c-0 stands before it, and waits for the other gateway.
    assert_string_equal(
        stage_next(&stage, &gateways[0], RF_MESSAGE_call_request)->as.call_request.id, "c-2");
    answer(&stage, &gateways[1], "c-1");
    credit(&stage, &gateways[1], 1);
    assert_string_equal(
        stage_next(&stage, &gateways[1], RF_MESSAGE_call_request)->as.call_request.id, "c-0");
}

static void incident_05_a_rate_is_of_the_whole_fleet_too(void **state) {
    (void)state;
    begin(8);
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    policy.failure_threshold = 0;
    policy.failure_rate = 0.5;
    policy.minimum_calls = 16;
    rf_breaker_init(&guard()->breaker, &policy, stage.core->ground.now.instant);
    for (int g = 0; g < 8; g++) {
        report(g, "ok", NULL);
        assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    }
    for (int g = 0; g < 7; g++) {
        fails(g, 1);
        assert_int_equal(breaker(), RF_BREAKER_CLOSED);
    }
    fails(7, 1); // no gateway has told of more than two calls
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
    assert_int_equal(guard()->cause, RF_BREAKER_CAUSE_FAILURE_RATE);
}

static void kept_from_different_providers_both_serve(void **state) {
    (void)state;
    begin(2);
    eject(0, 1);
    // As the fallback's jury would find.
    rf_authority_eject_again(&stage.core->authority, "openai-tts", "g-1", 1,
                             (struct rf_utc){stage.now.utc.ns + 20 * S});
    pass(S);
    stage_hush(&stage);
    call(&stage, &client, "c-1", 60 * S);
    call(&stage, &client, "c-2", 60 * S);
    stage_next(&stage, &gateways[0], RF_MESSAGE_call_request);
    stage_next(&stage, &gateways[1], RF_MESSAGE_call_request);
}

// The request that the gateway was sent and that no test has seen yet; NULL: none.
static const struct rf_call_request *request_to(int g) {
    for (size_t i = 0; i < stage.sent_count; i++) {
        struct stage_sent *sent = &stage.sent[i];
        if (sent->seen || !rf_peer_same(&sent->to, &gateways[g]) ||
            sent->message->type != RF_MESSAGE_call_request)
            continue;
        sent->seen = true;
        return &sent->message->as.call_request;
    }
    return NULL;
}

static void only_ejected_ones_are_waited_out_while_gateways_register(void **state) {
    (void)state;
    stage_open(&stage, two_providers);
    size = 2;
    client = peer(RF_SOCKET_CALLS, "client");
    gateways[0] = peer(RF_SOCKET_WORKERS, "w0");
    gateways[1] = peer(RF_SOCKET_WORKERS, "w1");
    rf_authority_eject_again(&stage.core->authority, "elevenlabs", "g-0", 1,
                             (struct rf_utc){stage.now.utc.ns + 60 * S});
    hear(0, 1, false, NULL);
    stage_hush(&stage);
    call(&stage, &client, "c-1", 60 * S);
    stage_quiet(&stage, &gateways[0]);
    stage_quiet(&stage, &client);
    hear(1, 1, false, NULL);
    assert_non_null(request_to(1));
    assert_null(request_to(0));
}

static void the_last_one_is_let_in_when_no_other_has_registered(void **state) {
    (void)state;
    stage_open(&stage, two_providers);
    size = 1;
    client = peer(RF_SOCKET_CALLS, "client");
    gateways[0] = peer(RF_SOCKET_WORKERS, "w0");
    rf_authority_eject_again(&stage.core->authority, "elevenlabs", "g-0", 1,
                             (struct rf_utc){stage.now.utc.ns + 60 * S});
    hear(0, 1, false, NULL);
    call(&stage, &client, "c-1", 60 * S);
    stage_hush(&stage);
    pass(STAGE_LEASE + S);
    const struct rf_call_request *request = request_to(0);
    assert_non_null(request);
    assert_false(request->anyway);
    assert_null(rf_ejections_find(&guard()->jury.ejections, "g-0"));
}

static void give_back(int g, const char *id) {
    struct rf_worker_handback handback = {.id = id};
    stage_receive(&stage, &gateways[g], RF_MESSAGE_worker_handback, &handback);
    credit(&stage, &gateways[g], 1);
}

static void where_all_are_kept_out_a_call_comes_back_once_and_is_carried_out(void **state) {
    (void)state;
    begin(2);
    eject(0, 1);
    rf_authority_eject_again(&stage.core->authority, "openai-tts", "g-1", 1,
                             (struct rf_utc){stage.now.utc.ns + 20 * S});
    pass(S);
    stage_hush(&stage);
    call(&stage, &client, "c-1", 60 * S);
    int first = 1;
    const struct rf_call_request *request = request_to(first);
    if (request == NULL)
        request = request_to(first = 0);
    assert_non_null(request);
    assert_false(request->anyway);
    give_back(first, "c-1");
    assert_null(request_to(first));
    request = request_to(1 - first);
    assert_non_null(request);
    assert_true(request->anyway);
}

static void nobody_but_the_broker_says_that_no_other_is_left(void **state) {
    (void)state;
    begin(2);
    struct rf_call_request request = {.id = "c-1",
                                      .service = "speech",
                                      .operation = "speak",
                                      .deadline = stage.now.utc.ns + 60 * S,
                                      .anyway = true};
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &request);
    assert_false(stage_next(&stage, &gateways[0], RF_MESSAGE_call_request)->as.call_request.anyway);
}

// ---- tests of a half-open breaker ----

static void to_half_open(int first, int second) {
    fails(first, 4);
    fails(second, 1);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
    pass(RECOVERY);
    assert_int_equal(breaker(), RF_BREAKER_HALF_OPEN);
    stage_hush(&stage);
}

static void ask(int g, const char *id) {
    struct rf_permit_request request = {
        .call = id, .service = "elevenlabs", .epoch = guard()->breaker.epoch};
    stage_receive(&stage, &gateways[g], RF_MESSAGE_permit_request, &request);
}

static void granted(int g, char *permit, size_t permit_size) {
    snprintf(permit, permit_size, "%s",
             stage_next(&stage, &gateways[g], RF_MESSAGE_permit_granted)->as.permit_granted.permit);
}

static void refused(int g) {
    stage_next(&stage, &gateways[g], RF_MESSAGE_permit_refused);
}

static void an_ejected_gateway_gets_no_test_permit(void **state) {
    (void)state;
    char permit[128];
    begin(8);
    guard()->jury.ejections.policy.time = rf_seconds(100);
    eject(3, 4);
    to_half_open(0, 1);
    ask(3, "c-3");
    refused(3);
    ask(4, "c-4");
    granted(4, permit, sizeof permit);
}

static void incident_04_the_gateway_that_holds_the_permit_is_killed(void **state) {
    (void)state;
    char permit[128];
    begin(8);
    to_half_open(0, 1);
    int64_t began = stage.now.instant.ns;
    ask(2, "c-2");
    granted(2, permit, sizeof permit);
    // It is lost after its lease at the broker, but its request may be at the provider still.
    pass_without(STAGE_LEASE + S, 1 << 2);
    assert_int_equal(stage.core->dispatch.seats.by_instance.count, 7);
    stage_hush(&stage);
    ask(3, "c-3");
    refused(3);
    pass_without(began + LEASE - 1 - stage.now.instant.ns, 1 << 2);
    stage_hush(&stage);
    ask(3, "c-3");
    refused(3);
    stage_at(&stage, began + LEASE);
    ask(3, "c-3");
    granted(3, permit, sizeof permit);
    for (int g = 4; g < 8; g++) {
        ask(g, "other");
        refused(g);
    }
}

static void
one_that_leaves_with_a_call_in_hand_keeps_its_permit_until_the_lease_ends(void **state) {
    (void)state;
    char permit[128];
    begin(2);
    to_half_open(0, 1);
    call(&stage, &client, "c-0", 600 * S);
    int holder = 0;
    stage_next(&stage, &gateways[holder], RF_MESSAGE_call_request);
    ask(holder, "c-0");
    granted(holder, permit, sizeof permit);
    struct rf_worker_bye bye = {.instance = name_of(holder)};
    stage_receive(&stage, &gateways[holder], RF_MESSAGE_worker_bye, &bye);
    ask(1, "c-1");
    refused(1);
}

static void the_gateway_whose_test_failed_leaves_the_next_one_to_others(void **state) {
    (void)state;
    char permit[128];
    begin(8);
    to_half_open(0, 1);
    ask(2, "c-2");
    granted(2, permit, sizeof permit);
    report(2, "transient", permit);
    pass(RECOVERY);
    assert_int_equal(breaker(), RF_BREAKER_HALF_OPEN);
    stage_hush(&stage);
    ask(2, "c-2");
    refused(2);
    // Nobody else has a call for so long: it may.
    pass(2 * S);
    stage_hush(&stage);
    ask(2, "c-2");
    granted(2, permit, sizeof permit);
    report(2, "ok", permit);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
}

// ---- what is retained, and a restart ----

static void an_ejection_is_retained_until_it_is_over(void **state) {
    (void)state;
    begin(8);
    eject(3, 4);
    const json_t *value = retained("ejected/elevenlabs/g-3");
    assert_int_equal(json_integer_value(json_object_get(value, "until")),
                     stage.now.utc.ns + EJECTION);
    assert_int_equal(json_integer_value(json_object_get(value, "since")), stage.now.utc.ns);
    assert_string_equal(json_string_value(json_object_get(value, "last_error")), error_text);
    pass(EJECTION);
    assert_null(retained("ejected/elevenlabs/g-3"));
    // It is the broker's alone.
    struct rf_state_put put = {.rid = "r", .key = "ejected/elevenlabs/g-5", .value = json_object()};
    stage_receive(&stage, &watcher, RF_MESSAGE_state_put, &put);
    assert_string_equal(stage_next(&stage, &watcher, RF_MESSAGE_state_reply)->as.state_reply.code,
                        "not_allowed");
    json_decref(put.value);
}

static void a_restarted_broker_takes_ejections_from_its_state(void **state) {
    (void)state;
    stage_open(&stage, two_providers);
    size = 2;
    struct rf_state_entry entry;
    json_t *value = json_pack("{s:I, s:i}", "until", (json_int_t)(STAGE_UTC + 20 * S), "times", 3);
    static const char *const keys[] = {"ejected/elevenlabs/g-0", "ejected/nobody/g-1",
                                       "ejected/elevenlabs", "ejected//"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_int_equal(rf_states_put(&stage.core->states, keys[i], value, 0, &entry), RF_OK);
    json_decref(value);
    rf_core_restore_ejections(stage.core);
    for (int g = 0; g < 2; g++) {
        gateways[g] = peer(RF_SOCKET_WORKERS, name_of(g));
        seqs[g] = 0;
    }
    // The first one to come is the only one for a moment: it is not called back for that.
    hear(0, 1, false, NULL);
    stage_next(&stage, &gateways[0], RF_MESSAGE_worker_welcome);
    const struct rf_breaker_states *states =
        &stage_next(&stage, &gateways[0], RF_MESSAGE_breaker_states)->as.breaker_states;
    assert_int_equal(states->breakers.items[0].ejected_until, STAGE_UTC + 20 * S);
    hear(1, 1, false, NULL);
    pass(20 * S - 1);
    assert_int_equal(events_of("worker.readmitted"), 0);
    stage_at(&stage, 20 * S);
    const struct rf_event *event = stage_event(&stage, "worker.readmitted/g-0");
    assert_int_equal(json_integer_value(json_object_get(event->data, "times")), 3);
}

static void a_broker_that_lost_its_state_takes_ejections_from_the_gateways(void **state) {
    (void)state;
    stage_open(&stage, two_providers);
    size = 2;
    gateways[0] = peer(RF_SOCKET_WORKERS, "w0");
    gateways[1] = peer(RF_SOCKET_WORKERS, "w1");
    struct rf_breaker_view view = {
        .service = "elevenlabs", .state = "closed", .ejected_until = STAGE_UTC + 20 * S};
    hear(0, 1, false, &view);
    hear(1, 1, false, NULL);
    assert_true(rf_authority_bars(guard(), "g-0", NULL));
    assert_false(rf_authority_bars(guard(), "g-1", NULL));
    pass(20 * S);
    assert_false(rf_authority_bars(guard(), "g-0", NULL));
    // Later on nobody is believed who says so of itself.
    view.ejected_until = stage.now.utc.ns + 20 * S;
    struct rf_worker_bye bye = {.instance = "g-0"};
    stage_receive(&stage, &gateways[0], RF_MESSAGE_worker_bye, &bye);
    hear(0, 1, false, &view);
    assert_false(rf_authority_bars(guard(), "g-0", NULL));
}

static void a_suspicion_ends_with_the_broker_that_had_it(void **state) {
    (void)state;
    stage_open(&stage, two_providers);
    size = 2;
    gateways[0] = peer(RF_SOCKET_WORKERS, "w0");
    gateways[1] = peer(RF_SOCKET_WORKERS, "w1");
    struct rf_breaker_view view = {.service = "elevenlabs",
                                   .state = "closed",
                                   .ejected_until = STAGE_UTC + 20 * S,
                                   .suspected = true};
    hear(0, 1, false, &view);
    hear(1, 1, false, NULL);
    assert_false(rf_authority_bars(guard(), "g-0", NULL));
    // It is told so when it registers, and does not hold itself back any longer.
    stage_next(&stage, &gateways[0], RF_MESSAGE_worker_welcome);
    const struct rf_breaker_states *states =
        &stage_next(&stage, &gateways[0], RF_MESSAGE_breaker_states)->as.breaker_states;
    assert_int_equal(states->breakers.items[0].ejected_until, 0);
}

static void the_status_names_who_is_ejected_and_who_is_suspected(void **state) {
    (void)state;
    begin(8);
    eject(3, 4);
    fails(5, 5);
    json_t *status = rf_core_status(stage.core);
    const json_t *told = json_array_get(json_object_get(status, "breakers"), 0);
    const json_t *ejected = json_array_get(json_object_get(told, "ejected"), 0);
    assert_string_equal(json_string_value(json_object_get(ejected, "instance")), "g-3");
    assert_string_equal(json_string_value(json_object_get(told, "suspect")), "g-5");
    assert_int_equal(json_integer_value(json_object_get(told, "gateways")), 8);
    json_decref(status);
}

// ---- a random model ----

static uint64_t random_state;

static int below(int most) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (int)((random_state * UINT64_C(2685821657736338717) >> 33) % (uint64_t)most);
}

static void check_bounds(void) {
    int64_t alive = 0, out = 0;
    for (int g = 0; g < size; g++) {
        bool here = rf_map_find_text(&stage.core->dispatch.seats.by_instance, name_of(g)) != NULL;
        alive += here;
        out += here && rf_ejections_find(&guard()->jury.ejections, name_of(g)) != NULL;
    }
    assert_true(out * 2 <= alive);
    assert_true(alive == 0 || out < alive);
    assert_int_equal(guard()->fleet.alive, alive);
    assert_int_equal(guard()->fleet.ejected, out);
}

// One gateway is bad, the provider is well, and calls go where the broker would send them: whatever
// the order, the breaker stays closed, nobody else is ejected, and few calls fail.
static void a_bad_gateway_alone_never_opens_it(int bad) {
    int failed = 0;
    for (int i = 0; i < 300; i++) {
        int g = below(size);
        if (rf_authority_bars(guard(), name_of(g), NULL))
            continue;
        report(g, g == bad ? "transient" : "ok", NULL);
        failed += g == bad;
        assert_int_equal(breaker(), RF_BREAKER_CLOSED);
        check_bounds();
    }
    for (int g = 0; g < size; g++)
        assert_true(g == bad || !rf_authority_bars(guard(), name_of(g), NULL));
    assert_true(failed <= 5);
}

// Then the provider fails for all: it opens at the threshold, or one later where the first five
// came from one gateway.
static void all_that_fail_open_it(void) {
    int failed = 0;
    while (breaker() == RF_BREAKER_CLOSED) {
        int g = below(size);
        if (rf_authority_bars(guard(), name_of(g), NULL))
            continue;
        fails(g, 1);
        failed++;
        check_bounds();
        assert_true(failed <= 6);
    }
    assert_true(failed >= 5);
}

static void random_fleets_keep_the_bounds_and_find_the_bad_one(void **state) {
    (void)state;
    for (int seed = 1; seed <= 60; seed++) {
        random_state = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15);
        begin(2 + below(7));
        a_bad_gateway_alone_never_opens_it(below(size));
        all_that_fail_open_it();
        stage_close(&stage);
    }
    begin(1); // for the teardown
}

// Anything may happen in any order: the bounds hold all the same.
static void random_events_keep_the_bounds(void **state) {
    (void)state;
    for (int seed = 1; seed <= 40; seed++) {
        random_state = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15);
        begin(2 + below(7));
        unsigned gone = 0;
        for (int i = 0; i < 120; i++) {
            int g = below(size), what = below(20);
            bool here = (gone >> g & 1) == 0;
            if (what < 14 && here) {
                report(g, below(3) == 0 ? "ok" : "transient", NULL);
            } else if (what == 14 && here) {
                struct rf_worker_bye bye = {.instance = name_of(g)};
                stage_receive(&stage, &gateways[g], RF_MESSAGE_worker_bye, &bye);
                gone |= 1U << g;
            } else if (what <= 16 && !here) {
                seqs[g] = 0;
                hear(g, 1, false, NULL);
                gone &= ~(1U << g);
            } else if (what == 17) {
                pass_without((1 + below(40)) * S, gone);
                stage_hush(&stage);
            }
            check_bounds();
        }
        stage_close(&stage);
    }
    begin(1);
}

// Whoever asks, reports, vanishes or leaves in HALF_OPEN: no permit is given while another one may
// be in use: until its result, or its lease's end; those of gateways that vanished too.
static void incident_04_whatever_happens_one_test_is_out_at_a_time(void **state) {
    (void)state;
    int64_t grants = 0, longest = 0;
    for (int seed = 1; seed <= 40; seed++) {
        random_state = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15);
        begin(2 + below(7));
        to_half_open(0, 1);
        unsigned gone = 0;
        int holder = -1;
        int64_t out_until = 0;
        char permit[128] = "";
        for (int i = 0; i < 100 && breaker() == RF_BREAKER_HALF_OPEN; i++) {
            int g = below(size), what = below(10);
            bool here = (gone >> g & 1) == 0;
            if (what < 6 && here) {
                int64_t before = stage.core->ground.counters.permits_granted;
                bool again = holder == g;
                ask(g, name_of(g));
                bool given = stage.core->ground.counters.permits_granted > before;
                bool out = stage.now.instant.ns < out_until;
                assert_true(!given || again || !out);
                if (given) {
                    granted(g, permit, sizeof permit);
                    out_until = again && out ? out_until : stage.now.instant.ns + LEASE;
                    holder = g;
                    grants++;
                }
            } else if (what == 6 && holder >= 0 && (gone >> holder & 1) == 0) {
                report(holder, "permanent.invalid", permit); // does not count: given back
                if (stage.now.instant.ns < out_until)
                    out_until = 0;
                holder = -1;
            } else if (what == 7 && here && size > 1) {
                gone |= 1U << g; // it vanishes
                longest = g == holder ? longest + 1 : longest;
            }
            pass_without((int64_t)below(8) * S, gone);
            stage_hush(&stage);
        }
        stage_close(&stage);
    }
    assert_true(grants > 100); // or this test looks at nothing
    assert_true(longest > 5);
    begin(1);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(incident_06_a_lone_accuser_is_held_back_and_the_breaker_stays_closed),
        TEST(incident_06_a_second_gateway_that_fails_too_opens_it),
        TEST(incident_06_a_second_gateway_that_succeeds_ejects_it),
        TEST(incident_06_one_that_fails_between_the_others_good_results_is_ejected),
        TEST(incident_06_then_the_provider_itself_fails_and_the_fleet_opens_it),
        TEST(nobody_who_could_confirm_for_so_long_makes_one_word_enough),
        TEST(the_last_other_gateway_that_drains_makes_one_word_enough),
        TEST(the_word_of_a_gateway_that_is_gone_is_gone_with_it),
        TEST(a_person_who_forces_it_ends_the_suspicion),
        TEST(a_worker_that_asks_no_provider_is_no_witness),
        TEST(incident_06_one_gateways_trouble_on_the_way_marks_nothing_for_all),
        TEST(a_second_gateway_that_meets_it_too_makes_the_mark),
        TEST(what_the_provider_itself_says_needs_nobody_else),
        TEST(a_mark_by_somebody_who_is_no_gateway_needs_nobody_else),
        TEST(after_its_time_it_is_readmitted_and_said_so),
        TEST(never_more_than_half_and_never_the_last),
        TEST(those_that_leave_call_the_ejected_back),
        TEST(one_that_was_lost_meanwhile_is_not_said_to_be_back),
        TEST(one_that_comes_back_in_its_time_is_still_ejected),
        TEST(a_push_that_was_lost_is_made_up_for_at_the_next_heartbeat),
        TEST(calls_go_to_the_others_and_wait_for_them),
        TEST(a_call_that_waited_goes_to_it_as_soon_as_it_is_back),
        TEST(what_it_hands_back_is_carried_out_by_another),
        TEST(a_call_that_waits_for_another_gateway_holds_nobody_up),
        TEST(incident_05_a_rate_is_of_the_whole_fleet_too),
        TEST(kept_from_different_providers_both_serve),
        TEST(only_ejected_ones_are_waited_out_while_gateways_register),
        TEST(the_last_one_is_let_in_when_no_other_has_registered),
        TEST(where_all_are_kept_out_a_call_comes_back_once_and_is_carried_out),
        TEST(nobody_but_the_broker_says_that_no_other_is_left),
        TEST(an_ejected_gateway_gets_no_test_permit),
        TEST(incident_04_the_gateway_that_holds_the_permit_is_killed),
        TEST(one_that_leaves_with_a_call_in_hand_keeps_its_permit_until_the_lease_ends),
        TEST(the_gateway_whose_test_failed_leaves_the_next_one_to_others),
        TEST(an_ejection_is_retained_until_it_is_over),
        TEST(a_restarted_broker_takes_ejections_from_its_state),
        TEST(a_broker_that_lost_its_state_takes_ejections_from_the_gateways),
        TEST(a_suspicion_ends_with_the_broker_that_had_it),
        TEST(the_status_names_who_is_ejected_and_who_is_suspected),
        TEST(random_fleets_keep_the_bounds_and_find_the_bad_one),
        TEST(random_events_keep_the_bounds),
        TEST(incident_04_whatever_happens_one_test_is_out_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
