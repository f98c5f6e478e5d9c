// What is retained of ejections and suspicions, and a restart.
#include "stage_fleet.h"

#include <stdio.h>
#include <stdlib.h>

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

#define TEST(name) cmocka_unit_test_teardown(name, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_ejection_is_retained_until_it_is_over),
        TEST(a_restarted_broker_takes_ejections_from_its_state),
        TEST(a_broker_that_lost_its_state_takes_ejections_from_the_gateways),
        TEST(a_suspicion_ends_with_the_broker_that_had_it),
        TEST(the_status_names_who_is_ejected_and_who_is_suspected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
