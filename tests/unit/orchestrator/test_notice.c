#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "notice.h"

#define NOW ((struct rf_utc){INT64_C(1795852800) * RF_NS_PER_S})

static json_t *read_notice(char *text) {
    assert_non_null(text);
    json_t *event = json_loads(text, 0, NULL);
    assert_non_null(event);
    free(text);
    return event;
}

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

// The script was written, and what is shut is the speech that comes after it.
static void a_step_is_its_own_providers_also_where_the_contact_rests_for_another(void **state) {
    (void)state;
    const struct rf_contact contact = {
        .id = "spring-7", .campaign = "spring", .state = RF_CONTACT_SCRIPT};
    const struct rf_call_reply reply = {.ok = true, .provider = "openai"};
    const struct rf_rules rules = {.defer_delay = rf_seconds(60)};
    struct rf_plan plan;
    rf_plan_stay(&contact, &plan);
    plan.step = RF_STEP_SPEECH;
    rf_plan_rest(&plan, "elevenlabs", "breaker_open", &rules, NOW);
    const struct rf_notice_step done = {.step = RF_STEP_SCRIPT, .reply = &reply};
    const struct rf_notice_step next = {.step = RF_STEP_SPEECH};
    json_t *finished = read_notice(rf_notice_step(&contact, &plan, &done, NOW));
    json_t *deferred = read_notice(rf_notice_deferred(&contact, &plan, &next, NOW));
    assert_string_equal(text_of(json_object_get(finished, "data"), "provider"), "openai");
    assert_string_equal(text_of(finished, "service"), "openai");
    assert_string_equal(text_of(json_object_get(deferred, "data"), "provider"), "elevenlabs");
    assert_string_equal(text_of(deferred, "service"), "elevenlabs");
    json_decref(finished);
    json_decref(deferred);
}

// Whoever draws what happened over time has nothing else to go by.
static void what_was_not_finished_tells_its_call_who_worked_on_it_and_how_long(void **state) {
    (void)state;
    const struct rf_contact contact = {
        .id = "spring-7", .campaign = "spring", .state = RF_CONTACT_FOLLOW};
    const struct rf_call_reply reply = {.id = "01J", .worker = "service-gateway-1"};
    const struct rf_notice_step steps[] = {
        {.step = RF_STEP_DIAL, .took = rf_ms(20), .reply = &reply},
        {.step = RF_STEP_DIAL, .reply = &reply, .operation = "call_status"},
        {.step = RF_STEP_DIAL, .operation = "call_status"}};
    struct rf_plan plan;
    rf_plan_stay(&contact, &plan);
    for (size_t i = 0; i < 6; i++) {
        const struct rf_notice_step *step = &steps[i / 2];
        json_t *event = read_notice(i % 2 == 0 ? rf_notice_deferred(&contact, &plan, step, NOW)
                                               : rf_notice_set_aside(&contact, &plan, step, NOW));
        const json_t *data = json_object_get(event, "data");
        assert_int_equal(json_integer_value(json_object_get(data, "took_ns")), step->took.ns);
        if (step->reply) {
            assert_string_equal(text_of(data, "call"), "01J");
            assert_string_equal(text_of(data, "worker"), "service-gateway-1");
        }
        if (step->reply && step->operation)
            assert_string_equal(text_of(data, "operation"), "call_status");
        else
            assert_null(text_of(data, "operation"));
        json_decref(event);
    }
}

// Of the dial itself nobody tells, as its answer decided nothing.
static void what_was_asked_about_a_dial_in_doubt_tells_of_the_dial(void **state) {
    (void)state;
    struct rf_contact contact = {.id = "spring-7",
                                 .campaign = "spring",
                                 .state = RF_CONTACT_ASK,
                                 .dial = {.id = "01D", .created = {4711}}};
    const struct rf_call_reply reply = {.id = "01J", .ok = true};
    const struct rf_notice_step step = {
        .step = RF_STEP_DIAL, .reply = &reply, .operation = "find_call"};
    struct rf_plan plan;
    rf_plan_stay(&contact, &plan);
    for (int i = 0; i < 9; i++) {
        contact.state = i < 6 ? RF_CONTACT_ASK : RF_CONTACT_FOLLOW;
        contact.dial.question = i >= 3; // never sent, but asked about
        json_t *event =
            read_notice(i % 3 == 0   ? rf_notice_step(&contact, &plan, &step, NOW)
                        : i % 3 == 1 ? rf_notice_deferred(&contact, &plan, &step, NOW)
                                     : rf_notice_set_aside(&contact, &plan, &step, NOW));
        const json_t *data = json_object_get(event, "data");
        if (i < 3)
            assert_string_equal(text_of(data, "dial"), "01D");
        else
            assert_null(text_of(data, "dial"));
        assert_int_equal(json_integer_value(json_object_get(data, "dialled")), i < 3 ? 4711 : 0);
        json_decref(event);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_its_own_providers_also_where_the_contact_rests_for_another),
        cmocka_unit_test(what_was_not_finished_tells_its_call_who_worked_on_it_and_how_long),
        cmocka_unit_test(what_was_asked_about_a_dial_in_doubt_tells_of_the_dial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
