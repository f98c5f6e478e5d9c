// The authority on breakers, through the core's messages.
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

#define RECOVERY     (30 * RF_NS_PER_S)
#define LEASE        (45 * RF_NS_PER_S)
#define ACKNOWLEDGED (20 * RF_NS_PER_MS)

static struct stage stage;
static struct rf_peer one, two, watcher;
static int64_t outcome_seq[2];

static void register_both(void) {
    beat(&stage, &one, "g-1", NULL, 1, 0);
    beat(&stage, &two, "g-2", NULL, 1, 0);
    stage_hush(&stage);
}

static int open_stage(void **state) {
    (void)state;
    stage_open(&stage, NULL);
    one = peer(RF_SOCKET_WORKERS, "w1");
    two = peer(RF_SOCKET_WORKERS, "w2");
    watcher = peer(RF_SOCKET_INGEST, "watcher");
    outcome_seq[0] = outcome_seq[1] = 0;
    register_both();
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static struct rf_outcome_report outcome_of(int64_t seq, int64_t epoch, const char *permit,
                                           const char *class) {
    return (struct rf_outcome_report){.seq = seq,
                                      .service = "elevenlabs",
                                      .epoch = epoch,
                                      .permit = permit,
                                      .class = class,
                                      .took_ns = 1,
                                      .error = "503 from the provider"};
}

static void report(const struct rf_peer *from, int64_t epoch, const char *permit,
                   const char *class) {
    struct rf_outcome_report outcome =
        outcome_of(++outcome_seq[from == &two], epoch, permit, class);
    struct rf_worker_outcomes outcomes = {.outcomes = {&outcome, 1}};
    stage_receive(&stage, from, RF_MESSAGE_worker_outcomes, &outcomes);
}

static void fail_times(const struct rf_peer *from, int times, int64_t epoch) {
    for (int i = 0; i < times; i++)
        report(from, epoch, NULL, "transient");
}

static const struct rf_breaker *breaker(void) {
    return &stage.core->authority.guards[0].breaker;
}

static const struct rf_breaker_view *next_push(const struct rf_peer *to) {
    const struct rf_breaker_states *states =
        &stage_next(&stage, to, RF_MESSAGE_breaker_states)->as.breaker_states;
    assert_int_equal(states->breakers.count, 1);
    return &states->breakers.items[0];
}

static void ask(const struct rf_peer *from, const char *call_id, int64_t epoch) {
    struct rf_permit_request request = {.call = call_id, .service = "elevenlabs", .epoch = epoch};
    stage_receive(&stage, from, RF_MESSAGE_permit_request, &request);
}

// The text of a permit lives in the recorded message.
static const struct rf_permit_granted *granted(const struct rf_peer *to) {
    return &stage_next(&stage, to, RF_MESSAGE_permit_granted)->as.permit_granted;
}

static void refused(const struct rf_peer *to, const char *call_id) {
    assert_string_equal(stage_next(&stage, to, RF_MESSAGE_permit_refused)->as.permit_refused.call,
                        call_id);
}

// Both gateways live on while time passes.
static void pass(int64_t until) {
    for (int64_t at = stage.now.instant.ns; at < until; at += STAGE_HEARTBEAT) {
        stage_at(&stage, at);
        beat(&stage, &one, "g-1", NULL, 1, 0);
        beat(&stage, &two, "g-2", NULL, 1, 0);
    }
    stage_at(&stage, until);
}

static void to_half_open(void) {
    fail_times(&one, 5, 0);
    pass(RECOVERY);
    assert_int_equal(breaker()->state, RF_BREAKER_HALF_OPEN);
    stage_hush(&stage);
}

static void incident_05_the_threshold_is_one_for_the_whole_fleet(void **state) {
    (void)state;
    fail_times(&one, 2, 0);
    fail_times(&two, 2, 0);
    assert_int_equal(breaker()->state, RF_BREAKER_CLOSED);
    stage_hush(&stage);
    fail_times(&one, 1, 0);
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
}

// What the first gateway is told of its outcomes, once the wait for more is over.
static int64_t acknowledged(void) {
    stage_at(&stage, stage.now.instant.ns + ACKNOWLEDGED);
    return stage_next(&stage, &one, RF_MESSAGE_worker_outcomes_ack)->as.worker_outcomes_ack.seq;
}

static void incident_07_a_transition_is_pushed_to_all_before_it_is_recorded(void **state) {
    (void)state;
    fail_times(&one, 4, 0);
    stage_hush(&stage);
    size_t before = stage.sent_count;
    fail_times(&one, 1, 0);
    const struct rf_breaker_view *view = next_push(&two);
    assert_string_equal(view->state, "open");
    assert_int_equal(view->epoch, 1);
    assert_int_equal(view->until, STAGE_UTC + RECOVERY);
    assert_string_equal(view->cause, "failures");
    next_push(&one);
    // Both pushes stand before the event.
    assert_int_equal(stage.events[stage.event_count - 1].sends_before, before + 2);
    assert_int_equal(acknowledged(), 5);
}

static void the_event_tells_the_counts_the_cause_and_the_last_error(void **state) {
    (void)state;
    pass(7 * RF_NS_PER_S);
    fail_times(&one, 5, 0);
    const struct rf_event *event = stage_event(&stage, "breaker.opened/elevenlabs");
    assert_string_equal(event->severity, "error");
    assert_string_equal(event->service, "elevenlabs");
    assert_string_equal(event->origin, "broker-1");
    json_t *data = event->data;
    assert_string_equal(json_string_value(json_object_get(data, "from")), "closed");
    assert_int_equal(json_integer_value(json_object_get(data, "epoch")), 1);
    assert_int_equal(json_integer_value(json_object_get(data, "failures")), 5);
    assert_int_equal(json_integer_value(json_object_get(data, "until")),
                     stage.now.utc.ns + RECOVERY);
    assert_string_equal(json_string_value(json_object_get(data, "cause")), "failures");
    assert_string_equal(json_string_value(json_object_get(data, "last_error")),
                        "503 from the provider");
    assert_int_equal(json_integer_value(json_object_get(data, "held_ns")), 7 * RF_NS_PER_S);
}

static void the_state_is_retained_for_whoever_looks(void **state) {
    (void)state;
    fail_times(&one, 5, 0);
    struct rf_state_get get = {.rid = "r", .key = "breaker/elevenlabs"};
    stage_receive(&stage, &watcher, RF_MESSAGE_state_get, &get);
    const struct rf_state_reply *reply =
        &stage_next(&stage, &watcher, RF_MESSAGE_state_reply)->as.state_reply;
    json_t *value = reply->entries.items[0].value;
    assert_string_equal(json_string_value(json_object_get(value, "state")), "open");
    assert_int_equal(json_integer_value(json_object_get(value, "epoch")), 1);
    assert_int_equal(json_integer_value(json_object_get(value, "until")), STAGE_UTC + RECOVERY);
    assert_int_equal(json_integer_value(json_object_get(value, "since")), STAGE_UTC);
    assert_string_equal(json_string_value(json_object_get(value, "cause")), "failures");
}

static void many_outcomes_are_acknowledged_at_once(void **state) {
    (void)state;
    struct rf_outcome_report batch[64];
    for (int i = 0; i < 64; i++)
        batch[i] = outcome_of(i + 1, 0, NULL, "ok");
    struct rf_worker_outcomes outcomes = {.outcomes = {batch, 63}};
    size_t before = stage.sent_count;
    stage_receive(&stage, &one, RF_MESSAGE_worker_outcomes, &outcomes);
    assert_int_equal(stage.sent_count, before);
    outcomes = (struct rf_worker_outcomes){.outcomes = {batch + 63, 1}};
    stage_receive(&stage, &one, RF_MESSAGE_worker_outcomes, &outcomes);
    assert_int_equal(
        stage_next(&stage, &one, RF_MESSAGE_worker_outcomes_ack)->as.worker_outcomes_ack.seq, 64);
    before = stage.sent_count;
    stage_at(&stage, stage.now.instant.ns + ACKNOWLEDGED);
    assert_int_equal(stage.sent_count, before);
}

static void outcomes_are_counted_once_however_often_they_come(void **state) {
    (void)state;
    struct rf_outcome_report batch[4];
    for (int i = 0; i < 4; i++)
        batch[i] = outcome_of(i + 1, 0, NULL, "transient");
    struct rf_worker_outcomes outcomes = {.outcomes = {batch, 4}};
    for (int i = 0; i < 3; i++) {
        stage_receive(&stage, &one, RF_MESSAGE_worker_outcomes, &outcomes);
        assert_int_equal(acknowledged(), 4);
    }
    assert_int_equal(breaker()->failures, 4);
    assert_int_equal(stage.core->ground.counters.outcomes_repeated, 8);
}

static void unknown_providers_and_classes_are_acknowledged_and_ignored(void **state) {
    (void)state;
    struct rf_outcome_report batch[2] = {outcome_of(1, 0, NULL, "transient"),
                                         outcome_of(2, 0, NULL, "tired")};
    batch[0].service = "nobody";
    struct rf_worker_outcomes outcomes = {.outcomes = {batch, 2}};
    stage_receive(&stage, &one, RF_MESSAGE_worker_outcomes, &outcomes);
    assert_int_equal(acknowledged(), 2);
    assert_int_equal(stage.core->ground.counters.outcomes_ignored, 2);
    assert_int_equal(breaker()->failures, 0);
}

static void open_ends_by_time_alone_to_the_tick(void **state) {
    (void)state;
    fail_times(&one, 5, 0);
    pass(RECOVERY - 1);
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
    stage_hush(&stage);
    stage_at(&stage, RECOVERY);
    assert_string_equal(next_push(&one)->state, "half_open");
    assert_string_equal(next_push(&two)->state, "half_open");
    const struct rf_event *event = stage_event(&stage, "breaker.half_open/elevenlabs");
    assert_string_equal(json_string_value(json_object_get(event->data, "cause")), "timeout");
    assert_int_equal(json_integer_value(json_object_get(event->data, "held_ns")), RECOVERY);
}

static void incident_04_one_permit_for_the_fleet(void **state) {
    (void)state;
    to_half_open();
    ask(&one, "call-1", 2);
    const struct rf_permit_granted *permit = granted(&one);
    assert_string_equal(permit->call, "call-1");
    assert_int_equal(permit->epoch, 2);
    assert_int_equal(permit->lease_ns, LEASE);
    for (int i = 0; i < 50; i++) {
        ask(i % 2 == 0 ? &two : &one, "other", 2);
        refused(i % 2 == 0 ? &two : &one, "other");
    }
    assert_int_equal(stage.core->ground.counters.permits_granted, 1);
}

static void the_holder_that_asks_again_gets_the_same_permit(void **state) {
    (void)state;
    to_half_open();
    ask(&one, "call-1", 2);
    const struct rf_permit_granted *first = granted(&one);
    stage_at(&stage, RECOVERY + 10);
    ask(&one, "call-1", 2);
    const struct rf_permit_granted *again = granted(&one);
    assert_string_equal(again->permit, first->permit);
    assert_int_equal(again->lease_ns, LEASE - 10);
    // The same call id of another worker is another call.
    ask(&two, "call-1", 2);
    refused(&two, "call-1");
}

static void permits_are_refused_in_every_other_state_epoch_and_provider(void **state) {
    (void)state;
    ask(&one, "c", 0);
    refused(&one, "c"); // closed: nobody needs one
    fail_times(&one, 5, 0);
    stage_hush(&stage);
    ask(&one, "c", 1);
    refused(&one, "c"); // open
    pass(RECOVERY);
    stage_hush(&stage);
    ask(&one, "c", 1);
    refused(&one, "c"); // of the epoch before
    struct rf_permit_request request = {.call = "c", .service = "nobody", .epoch = 2};
    stage_receive(&stage, &one, RF_MESSAGE_permit_request, &request);
    refused(&one, "c");
    assert_int_equal(breaker()->permit, 0);
}

static void a_good_test_closes_and_tells(void **state) {
    (void)state;
    to_half_open();
    ask(&one, "call-1", 2);
    char permit[128];
    snprintf(permit, sizeof permit, "%s", granted(&one)->permit);
    report(&one, 2, permit, "ok");
    assert_string_equal(next_push(&two)->state, "closed");
    assert_int_equal(stage_event(&stage, "breaker.closed/elevenlabs")->severity[0], 'i');
}

static void a_failed_test_opens_again(void **state) {
    (void)state;
    to_half_open();
    ask(&one, "call-1", 2);
    char permit[128];
    snprintf(permit, sizeof permit, "%s", granted(&one)->permit);
    report(&one, 2, permit, "transient");
    const struct rf_breaker_view *view = next_push(&two);
    assert_string_equal(view->state, "open");
    assert_string_equal(view->cause, "test_failed");
    assert_int_equal(view->until, stage.now.utc.ns + RECOVERY);
}

static void incident_01_a_test_that_never_settles_ends_with_its_lease(void **state) {
    (void)state;
    to_half_open();
    ask(&one, "call-1", 2);
    char permit[128];
    snprintf(permit, sizeof permit, "%s", granted(&one)->permit);
    pass(RECOVERY + LEASE - 1);
    stage_hush(&stage);
    ask(&two, "call-2", 2);
    refused(&two, "call-2");
    stage_at(&stage, RECOVERY + LEASE);
    ask(&two, "call-2", 2);
    assert_string_not_equal(granted(&two)->permit, permit);
    // The late result of the first test is ignored.
    report(&one, 2, permit, "ok");
    assert_int_equal(breaker()->state, RF_BREAKER_HALF_OPEN);
}

static void the_permit_of_a_worker_that_leaves_in_order_is_free_at_once(void **state) {
    (void)state;
    to_half_open();
    ask(&one, "call-1", 2);
    granted(&one);
    struct rf_worker_bye bye = {.instance = "g-1"};
    stage_receive(&stage, &one, RF_MESSAGE_worker_bye, &bye);
    ask(&two, "call-2", 2);
    granted(&two);
}

static void a_permit_that_could_not_be_delivered_is_free_at_once(void **state) {
    (void)state;
    to_half_open();
    stage.bad_peer = one;
    stage.bad_answer = RF_SENT_FULL;
    ask(&one, "call-1", 2);
    stage.bad_answer = RF_SENT_OK;
    ask(&two, "call-2", 2);
    granted(&two);
}

static void incident_02_an_outcome_that_does_not_count_gives_the_permit_back(void **state) {
    (void)state;
    to_half_open();
    ask(&one, "call-1", 2);
    char permit[128];
    snprintf(permit, sizeof permit, "%s", granted(&one)->permit);
    report(&one, 2, permit, "permanent.invalid");
    assert_int_equal(breaker()->state, RF_BREAKER_HALF_OPEN);
    ask(&two, "call-2", 2);
    granted(&two);
}

static void incident_03_results_from_before_a_change_do_not_count(void **state) {
    (void)state;
    fail_times(&one, 5, 0);
    size_t events = stage.event_count;
    fail_times(&two, 10, 0); // late, while open
    pass(RECOVERY);
    assert_int_equal(stage.event_count, events + 1);
    report(&two, 0, NULL, "ok"); // late, while half open
    fail_times(&two, 10, 0);
    fail_times(&two, 10, 1);
    assert_int_equal(breaker()->state, RF_BREAKER_HALF_OPEN);
    assert_int_equal(stage.event_count, events + 1);
}

static void a_permit_of_another_broker_is_worth_nothing(void **state) {
    (void)state;
    to_half_open();
    ask(&one, "call-1", 2);
    granted(&one);
    // Numbers begin anew with each broker: theirs is 1 as well.
    static const char *const permits[] = {"broker-0/1",  "broker-1",   "broker-1/", "broker-1/1x",
                                          "broker-1/-1", "broker-1/2", ""};
    for (size_t i = 0; i < sizeof permits / sizeof permits[0]; i++)
        report(&two, 2, permits[i], "ok");
    assert_int_equal(breaker()->state, RF_BREAKER_HALF_OPEN);
    report(&one, 2, "broker-1/1", "ok");
    assert_int_equal(breaker()->state, RF_BREAKER_CLOSED);
}

static void beat_with_view(const struct rf_peer *from, const char *instance, const char *state,
                           int64_t epoch, int64_t until) {
    struct rf_offer offer = {.service = "speech", .capacity = 1};
    struct rf_breaker_view view = {
        .service = "elevenlabs", .state = state, .epoch = epoch, .until = until};
    struct rf_worker_heartbeat heartbeat = {
        .instance = instance, .offers = {&offer, 1}, .breakers = {&view, 1}};
    stage_receive(&stage, from, RF_MESSAGE_worker_heartbeat, &heartbeat);
}

static void incident_05_a_restarted_broker_takes_the_highest_epoch_and_the_time_left(void **state) {
    (void)state;
    size_t events = stage.event_count;
    beat_with_view(&one, "g-1", "open", 7, STAGE_UTC + 12 * RF_NS_PER_S);
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
    assert_int_equal(breaker()->epoch, 7);
    // Everybody is told, but it is no news: no event that would alert anybody again.
    assert_int_equal(next_push(&two)->epoch, 7);
    assert_int_equal(stage.event_count, events);
    beat_with_view(&two, "g-2", "closed", 6, 0);
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
    pass(12 * RF_NS_PER_S - 1);
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
    stage_at(&stage, 12 * RF_NS_PER_S);
    assert_int_equal(breaker()->state, RF_BREAKER_HALF_OPEN);
    assert_int_equal(breaker()->epoch, 8);
}

// A test request may be out by a permit of the broker before, which nobody can tell of any more.
static void incident_04_a_restarted_broker_gives_no_permit_before_a_lease_is_over(void **state) {
    (void)state;
    beat_with_view(&one, "g-1", "half_open", 7, 0);
    assert_int_equal(breaker()->state, RF_BREAKER_HALF_OPEN);
    stage_hush(&stage);
    ask(&two, "call-2", 7);
    refused(&two, "call-2");
    struct rf_worker_bye bye = {.instance = "g-1"}; // nor is it the one who leaves
    stage_receive(&stage, &one, RF_MESSAGE_worker_bye, &bye);
    pass(LEASE - 1);
    stage_hush(&stage);
    ask(&two, "call-2", 7);
    refused(&two, "call-2");
    stage_at(&stage, LEASE);
    ask(&two, "call-2", 7);
    assert_int_equal(granted(&two)->lease_ns, LEASE);
    ask(&one, "call-1", 7);
    refused(&one, "call-1");
}

static void what_is_left_of_open_is_clamped(void **state) {
    (void)state;
    beat_with_view(&one, "g-1", "open", 3, STAGE_UTC + 3600 * RF_NS_PER_S);
    assert_int_equal(breaker()->until.ns, RECOVERY);
    beat_with_view(&one, "g-1", "open", 5, STAGE_UTC - 3600 * RF_NS_PER_S);
    assert_int_equal(breaker()->until.ns, 0);
    stage_at(&stage, 0);
    assert_int_equal(breaker()->state, RF_BREAKER_HALF_OPEN);
}

static void the_same_state_under_a_higher_epoch_is_taken_and_told(void **state) {
    (void)state;
    beat_with_view(&one, "g-1", "closed", 4, 0);
    assert_int_equal(breaker()->epoch, 4);
    assert_int_equal(next_push(&two)->epoch, 4);
    fail_times(&two, 5, 4);
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
    assert_int_equal(breaker()->epoch, 5);
}

static void a_worker_that_missed_a_push_gets_it_after_its_heartbeat(void **state) {
    (void)state;
    fail_times(&one, 4, 0);
    stage_hush(&stage);
    stage.bad_peer = two;
    stage.bad_answer = RF_SENT_FULL;
    fail_times(&one, 1, 0);
    stage.bad_answer = RF_SENT_OK;
    beat_with_view(&two, "g-2", "closed", 0, 0);
    stage_next(&stage, &two, RF_MESSAGE_worker_welcome);
    assert_string_equal(next_push(&two)->state, "open");
    beat_with_view(&two, "g-2", "open", 1, STAGE_UTC + RECOVERY);
    stage_next(&stage, &two, RF_MESSAGE_worker_welcome);
    stage_quiet(&stage, &two);
}

static void views_that_make_no_sense_are_ignored(void **state) {
    (void)state;
    beat_with_view(&one, "g-1", "ajar", 9, 0);
    assert_int_equal(breaker()->epoch, 0);
}

static void report_numbers(const struct rf_peer *from, int64_t first, int64_t last) {
    struct rf_outcome_report outcomes[8];
    struct rf_worker_outcomes message = {.outcomes = {outcomes, 0}};
    for (int64_t seq = first; seq <= last; seq++)
        outcomes[message.outcomes.count++] = outcome_of(seq, 0, NULL, "transient");
    stage_receive(&stage, from, RF_MESSAGE_worker_outcomes, &message);
}

// One that was under way when the broker forgot the worker comes before all that the worker then
// sends again, and new ones.
static void outcomes_of_a_new_registration_count_once_whatever_their_numbers(void **state) {
    (void)state;
    const struct rf_counters *counters = &stage.core->ground.counters;
    struct rf_peer three = peer(RF_SOCKET_WORKERS, "w3");
    beat(&stage, &three, "g-3", NULL, 1, 0);
    report_numbers(&three, 52, 52);
    report_numbers(&three, 53, 53);
    assert_int_equal(counters->outcomes_taken, 2);
    report_numbers(&three, 52, 54);
    assert_int_equal(counters->outcomes_taken, 3);
    assert_int_equal(counters->outcomes_repeated, 2);
}

// 50 and 51 went down with the connection to a broker that forgot the worker.
static void an_outcome_that_comes_before_earlier_ones_does_not_make_them_repeated(void **state) {
    (void)state;
    const struct rf_counters *counters = &stage.core->ground.counters;
    struct rf_outcome_report outcomes[3] = {outcome_of(50, 0, NULL, "transient"),
                                            outcome_of(51, 0, NULL, "transient"),
                                            outcome_of(52, 0, NULL, "transient")};
    struct rf_worker_outcomes last = {.outcomes = {&outcomes[2], 1}, .from = 50};
    struct rf_worker_outcomes all = {.outcomes = {outcomes, 3}, .from = 50};
    stage_receive(&stage, &one, RF_MESSAGE_worker_outcomes, &last);
    assert_int_equal(counters->outcomes_early, 1);
    assert_int_equal(acknowledged(), 49);
    stage_receive(&stage, &one, RF_MESSAGE_worker_outcomes, &all);
    assert_int_equal(counters->outcomes_taken, 3);
    assert_int_equal(counters->outcomes_repeated, 0);
    assert_int_equal(acknowledged(), 52);
    stage_receive(&stage, &one, RF_MESSAGE_worker_outcomes, &all);
    assert_int_equal(counters->outcomes_taken, 3);
    assert_int_equal(breaker()->failures, 3);
}

static void a_long_last_error_is_cut_between_characters(void **state) {
    (void)state;
    char text[600] = "x";
    for (size_t i = 1; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 4);
    struct rf_outcome_report outcome = outcome_of(1, 0, NULL, "transient");
    outcome.error = text;
    struct rf_worker_outcomes outcomes = {.outcomes = {&outcome, 1}};
    stage_receive(&stage, &one, RF_MESSAGE_worker_outcomes, &outcomes);
    outcome_seq[0] = 1;
    for (int i = 0; i < 4; i++) {
        outcome.seq = ++outcome_seq[0];
        stage_receive(&stage, &one, RF_MESSAGE_worker_outcomes, &outcomes);
    }
    const struct rf_event *event = stage_event(&stage, "breaker.opened/elevenlabs");
    const char *told = json_string_value(json_object_get(event->data, "last_error"));
    assert_non_null(told);
    assert_int_equal(strlen(told), 253); // one byte, and 84 of three
}

static const struct rf_breaker_controlled *control(const char *action, int64_t until,
                                                   const char *why) {
    struct rf_breaker_control message = {.rid = "c",
                                         .service = "elevenlabs",
                                         .action = action,
                                         .until = until,
                                         .who = "ada",
                                         .why = why};
    stage_receive(&stage, &watcher, RF_MESSAGE_breaker_control, &message);
    return &stage_next(&stage, &watcher, RF_MESSAGE_breaker_controlled)->as.breaker_controlled;
}

static struct rf_guard *guard(void) {
    return &stage.core->authority.guards[0];
}

static void policy_is(const struct rf_breaker_policy *policy) {
    rf_breaker_init(&guard()->breaker, policy, stage.core->ground.now.instant);
}

static void a_person_forces_it_and_all_gateways_are_told_who_and_why(void **state) {
    (void)state;
    assert_true(control("force_open", STAGE_UTC + 60 * RF_NS_PER_S, "maintenance")->ok);
    const struct rf_breaker_view *view = next_push(&one);
    assert_string_equal(view->state, "open");
    assert_string_equal(view->force, "open");
    assert_string_equal(view->force_who, "ada");
    assert_string_equal(view->force_why, "maintenance");
    assert_int_equal(view->force_until, STAGE_UTC + 60 * RF_NS_PER_S);
    assert_string_equal(next_push(&two)->state, "open");
    assert_string_equal(rf_breaker_cause_name(guard()->cause), "forced_open");
    pass(60 * RF_NS_PER_S);
    assert_int_equal(breaker()->state, RF_BREAKER_HALF_OPEN);
    stage_hush(&stage);
    assert_true(control("reset", 0, "over")->ok);
    assert_string_equal(next_push(&one)->state, "closed");
    assert_int_equal(breaker()->force, RF_BREAKER_UNFORCED);
}

static void a_word_that_cannot_be_carried_out_names_what_was_expected(void **state) {
    (void)state;
    assert_string_equal(control("explode", 0, "x")->code, "unknown_action");
    assert_string_equal(control("disable", STAGE_UTC - 1, "x")->code, "until_past");
    assert_string_equal(control("disable", 0, "")->code, "no_reason");
    assert_int_equal(breaker()->epoch, 0);
}

static void a_restarted_broker_learns_a_force_from_its_gateways(void **state) {
    (void)state;
    struct rf_breaker_view view = {.service = "elevenlabs",
                                   .state = "closed",
                                   .epoch = 7,
                                   .force = "closed",
                                   .force_who = "ada",
                                   .force_why = "a test",
                                   .force_until = STAGE_UTC + 5 * RF_NS_PER_S};
    rf_authority_learn(&stage.core->authority, &view, 1);
    assert_int_equal(breaker()->force, RF_BREAKER_FORCE_CLOSED);
    assert_string_equal(rf_authority_view(guard()).force_why, "a test");
    fail_times(&one, 9, 7);
    assert_int_equal(breaker()->state, RF_BREAKER_CLOSED);
    pass(5 * RF_NS_PER_S);
    assert_int_equal(breaker()->force, RF_BREAKER_UNFORCED);
}

static void incident_28_attempts_that_gateways_tell_slow_open_it_while_they_run(void **state) {
    (void)state;
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    policy.slow_rate = 1.0;
    policy.slow_after = rf_seconds(2);
    policy.minimum_calls = 2;
    policy_is(&policy);
    struct rf_outcome_report batch[3] = {outcome_of(1, 0, NULL, "local"),
                                         outcome_of(2, 0, NULL, "ok"),
                                         outcome_of(3, 0, NULL, "local")};
    batch[0].slow = batch[2].slow = batch[1].slow_told = true;
    batch[0].took_ns = batch[2].took_ns = 2 * RF_NS_PER_S;
    batch[1].took_ns = 3 * RF_NS_PER_S;
    struct rf_worker_outcomes two_of_them = {.outcomes = {batch, 2}},
                              all = {.outcomes = {batch, 3}};
    stage_receive(&stage, &one, RF_MESSAGE_worker_outcomes, &two_of_them);
    assert_int_equal(breaker()->speeds.total, 1); // told slow, and its result: one attempt
    assert_int_equal(breaker()->results.total, 1);
    stage_receive(&stage, &one, RF_MESSAGE_worker_outcomes, &all);
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
    assert_int_equal(guard()->cause, RF_BREAKER_CAUSE_SLOW_RATE);
}

static void an_observing_breaker_is_told_closed_and_its_events_say_so(void **state) {
    (void)state;
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    policy.mode = RF_BREAKER_OBSERVE;
    policy_is(&policy);
    fail_times(&one, 4, 0);
    stage_hush(&stage);
    fail_times(&one, 1, 0);
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
    const struct rf_breaker_view *view = next_push(&one);
    assert_string_equal(view->state, "closed");
    assert_string_equal(view->mode, "observe");
    assert_int_equal(view->epoch, 1);
    assert_int_equal(view->until, 0);
    const json_t *data = stage_event(&stage, "breaker.opened/elevenlabs")->data;
    assert_string_equal(json_string_value(json_object_get(data, "mode")), "observe");
    const json_t *window = json_object_get(data, "window");
    assert_int_equal(json_integer_value(json_object_get(window, "failed")), 5);
    pass(RECOVERY);
    report(&one, 2, NULL, "ok");
    assert_int_equal(breaker()->state, RF_BREAKER_CLOSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(incident_05_the_threshold_is_one_for_the_whole_fleet),
        TEST(incident_07_a_transition_is_pushed_to_all_before_it_is_recorded),
        TEST(the_event_tells_the_counts_the_cause_and_the_last_error),
        TEST(the_state_is_retained_for_whoever_looks),
        TEST(a_person_forces_it_and_all_gateways_are_told_who_and_why),
        TEST(a_word_that_cannot_be_carried_out_names_what_was_expected),
        TEST(a_restarted_broker_learns_a_force_from_its_gateways),
        TEST(incident_28_attempts_that_gateways_tell_slow_open_it_while_they_run),
        TEST(an_observing_breaker_is_told_closed_and_its_events_say_so),
        TEST(many_outcomes_are_acknowledged_at_once),
        TEST(outcomes_are_counted_once_however_often_they_come),
        TEST(unknown_providers_and_classes_are_acknowledged_and_ignored),
        TEST(open_ends_by_time_alone_to_the_tick),
        TEST(incident_04_one_permit_for_the_fleet),
        TEST(the_holder_that_asks_again_gets_the_same_permit),
        TEST(permits_are_refused_in_every_other_state_epoch_and_provider),
        TEST(a_good_test_closes_and_tells),
        TEST(a_failed_test_opens_again),
        TEST(incident_01_a_test_that_never_settles_ends_with_its_lease),
        TEST(the_permit_of_a_worker_that_leaves_in_order_is_free_at_once),
        TEST(a_permit_that_could_not_be_delivered_is_free_at_once),
        TEST(incident_02_an_outcome_that_does_not_count_gives_the_permit_back),
        TEST(incident_03_results_from_before_a_change_do_not_count),
        TEST(a_permit_of_another_broker_is_worth_nothing),
        TEST(incident_05_a_restarted_broker_takes_the_highest_epoch_and_the_time_left),
        TEST(incident_04_a_restarted_broker_gives_no_permit_before_a_lease_is_over),
        TEST(what_is_left_of_open_is_clamped),
        TEST(the_same_state_under_a_higher_epoch_is_taken_and_told),
        TEST(a_worker_that_missed_a_push_gets_it_after_its_heartbeat),
        TEST(views_that_make_no_sense_are_ignored),
        TEST(outcomes_of_a_new_registration_count_once_whatever_their_numbers),
        TEST(an_outcome_that_comes_before_earlier_ones_does_not_make_them_repeated),
        TEST(a_long_last_error_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
