// A probe that finds the provider well again begins the test before its time.
#include "stage.h"

#include <stdio.h>

#define RECOVERY (30 * RF_NS_PER_S)
#define EARLY    (RECOVERY / 2) // early_share of the stage's policy

static struct stage stage;
static struct rf_peer worker, monitor;
static int64_t seq;

static int open_stage(void **state) {
    (void)state;
    stage_open(&stage, NULL);
    worker = peer(RF_SOCKET_WORKERS, "w1");
    monitor = peer(RF_SOCKET_INGEST, "health-monitor");
    seq = 0;
    beat(&stage, &worker, "g-1", NULL, 1, 0);
    stage_hush(&stage);
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static const struct rf_breaker *breaker(void) {
    return &stage.core->authority.guards[0].breaker;
}

static void probed(const char *status) {
    json_t *value = json_pack("{s:s, s:s}", "status", status, "probes", status);
    struct rf_state_put put = {.rid = "r", .key = "provider/elevenlabs", .value = value};
    stage_receive(&stage, &monitor, RF_MESSAGE_state_put, &put);
    json_decref(value);
}

static void fail_times(int times) {
    for (int i = 0; i < times; i++) {
        struct rf_outcome_report outcome = {.seq = ++seq,
                                            .service = "elevenlabs",
                                            .epoch = breaker()->epoch,
                                            .class = "transient",
                                            .took_ns = 1,
                                            .error = "503"};
        struct rf_worker_outcomes outcomes = {.outcomes = {&outcome, 1}};
        stage_receive(&stage, &worker, RF_MESSAGE_worker_outcomes, &outcomes);
    }
}

// The gateway lives on meanwhile.
static void pass(int64_t until) {
    for (int64_t at = stage.now.instant.ns; at < until; at += STAGE_HEARTBEAT) {
        stage_at(&stage, at);
        beat(&stage, &worker, "g-1", NULL, 1, 0);
    }
    stage_at(&stage, until);
}

static void
a_recovery_before_the_share_has_passed_is_acted_on_at_exactly_that_moment(void **state) {
    (void)state;
    probed("up");
    fail_times(5);
    probed("down");
    pass(RF_NS_PER_S);
    probed("up");
    pass(EARLY - 1);
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
    pass(EARLY);
    assert_int_equal(breaker()->state, RF_BREAKER_HALF_OPEN);
    const struct rf_event *event = stage_event(&stage, "breaker.half_open/elevenlabs");
    assert_string_equal(json_string_value(json_object_get(event->data, "cause")),
                        "probe_recovered");
}

static void a_recovery_after_it_is_acted_on_at_once(void **state) {
    (void)state;
    fail_times(5);
    probed("down");
    pass(EARLY + RF_NS_PER_S);
    probed("degraded");
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
    probed("up");
    assert_int_equal(breaker()->state, RF_BREAKER_HALF_OPEN);
}

static void probes_that_were_well_all_along_end_nothing(void **state) {
    (void)state;
    probed("up");
    fail_times(5);
    probed("up"); // as the monitor tells it again when it has lost the broker for a moment
    pass(EARLY + RF_NS_PER_S);
    probed("up");
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
    pass(RECOVERY);
    assert_int_equal(breaker()->state, RF_BREAKER_HALF_OPEN);
}

static void a_recovery_that_did_not_last_ends_nothing(void **state) {
    (void)state;
    fail_times(5);
    probed("down");
    probed("up");
    pass(RF_NS_PER_S);
    probed("down");
    pass(EARLY + RF_NS_PER_S);
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
}

static void a_probe_that_lies_ends_one_open_early_and_no_more_in_one_outage(void **state) {
    (void)state;
    fail_times(5);
    probed("down");
    probed("up");
    pass(EARLY);
    assert_int_equal(breaker()->state, RF_BREAKER_HALF_OPEN);
    struct rf_permit_request request = {
        .call = "c", .service = "elevenlabs", .epoch = breaker()->epoch};
    stage_hush(&stage);
    stage_receive(&stage, &worker, RF_MESSAGE_permit_request, &request);
    const char *permit =
        stage_next(&stage, &worker, RF_MESSAGE_permit_granted)->as.permit_granted.permit;
    struct rf_outcome_report outcome = {.seq = ++seq,
                                        .service = "elevenlabs",
                                        .epoch = breaker()->epoch,
                                        .permit = permit,
                                        .class = "transient",
                                        .took_ns = 1};
    struct rf_worker_outcomes outcomes = {.outcomes = {&outcome, 1}};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_outcomes, &outcomes);
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
    for (int i = 1; i <= 20; i++) { // it flickers
        probed("down");
        probed("up");
        pass(EARLY + i * RF_NS_PER_S);
        assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
    }
}

static void what_is_known_of_no_provider_of_ours_does_no_harm(void **state) {
    (void)state;
    json_t *values[] = {json_pack("{s:s}", "probes", "up"), json_array(), json_object(),
                        json_pack("{s:i}", "probes", 1)};
    static const char *const keys[] = {"provider/nobody", "provider/", "provider/elevenlabs",
                                       "provider/elevenlabs"};
    fail_times(5);
    for (size_t i = 0; i < 4; i++) {
        struct rf_state_put put = {.rid = "r", .key = keys[i], .value = values[i]};
        stage_receive(&stage, &monitor, RF_MESSAGE_state_put, &put);
        json_decref(values[i]);
    }
    pass(EARLY);
    assert_int_equal(breaker()->state, RF_BREAKER_OPEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_recovery_before_the_share_has_passed_is_acted_on_at_exactly_that_moment),
        TEST(a_recovery_after_it_is_acted_on_at_once),
        TEST(probes_that_were_well_all_along_end_nothing),
        TEST(a_recovery_that_did_not_last_ends_nothing),
        TEST(a_probe_that_lies_ends_one_open_early_and_no_more_in_one_outage),
        TEST(what_is_known_of_no_provider_of_ours_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
