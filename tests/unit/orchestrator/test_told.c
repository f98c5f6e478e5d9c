// What is told of a call: in any order, more than once, of other calls, and late.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "dial.h"
#include "follow.h"
#include "told.h"

#define S  RF_NS_PER_S
#define NO RF_TOLD_NOTHING

static enum rf_told_news tell(struct rf_told *told, const char *sid, const char *subject,
                              const char *status, const char *heard, int duration_s) {
    json_t *data = json_object();
    if (status)
        json_object_set_new(data, "status", json_string(status));
    if (heard)
        json_object_set_new(data, "answered_by", json_string(heard));
    if (duration_s >= 0)
        json_object_set_new(data, "duration_s", json_integer(duration_s));
    const struct rf_event event = {.subject = subject, .data = data};
    enum rf_told_news news = rf_told_take(told, sid, &event);
    json_decref(data);
    return news;
}

// Every order of what is told of one call, each thing twice, ends the same.
static void the_order_and_the_number_of_callbacks_do_not_matter(void **state) {
    (void)state;
    static const char *const texts[][2] = {
        {"initiated", NULL}, {NULL, "machine_start"}, {"completed", NULL}};
    static const int orders[][6] = {{0, 1, 2, 0, 1, 2}, {0, 2, 1, 1, 2, 0}, {1, 0, 2, 2, 0, 1},
                                    {1, 2, 0, 0, 2, 1}, {2, 0, 1, 0, 1, 2}, {2, 1, 0, 2, 1, 0},
                                    {2, 2, 1, 1, 0, 0}};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct rf_told told = {0};
        int ends = 0;
        for (int k = 0; k < 6; k++) {
            int what = orders[i][k];
            enum rf_told_news news =
                tell(&told, "CA1", "CA1", texts[what][0], texts[what][1], what == 2 ? 7 : -1);
            ends += news == RF_TOLD_END;
        }
        assert_int_equal(ends, 1);
        assert_string_equal(told.status, "completed");
        assert_string_equal(told.answered_by, "machine_start");
        assert_int_equal(told.duration_s, 7);
        assert_true(rf_told_ended(&told, true));
    }
}

static void a_call_that_ended_stays_as_it_ended(void **state) {
    (void)state;
    struct rf_told told = {0};
    assert_int_equal(tell(&told, "CA1", "CA1", "busy", NULL, 0), RF_TOLD_END);
    assert_int_equal(tell(&told, "CA1", "CA1", "completed", NULL, 9), NO);
    assert_int_equal(tell(&told, "CA1", "CA1", "in-progress", NULL, -1), NO);
    assert_string_equal(told.status, "busy");
    assert_int_equal(told.duration_s, 0);
}

static void what_is_told_of_another_call_or_says_nothing_changes_nothing(void **state) {
    (void)state;
    static const struct rf_told none = {0};
    struct rf_told told = {0};
    char long_sid[RF_SID_SIZE + 1];
    memset(long_sid, 'A', RF_SID_SIZE);
    long_sid[RF_SID_SIZE] = '\0';
    assert_int_equal(tell(&told, "CA1", "CA2", "completed", NULL, 1), RF_TOLD_OTHER_CALL);
    assert_int_equal(tell(&told, "CA1", "", "completed", NULL, 1), NO);
    assert_int_equal(tell(&told, "CA1", NULL, "completed", NULL, 1), NO);
    assert_int_equal(tell(&told, "", long_sid, "completed", NULL, 1), NO);
    const struct rf_event empty = {.subject = "CA1"};
    assert_memory_equal(&told, &none, sizeof told);
    // A status that we do not know ends nothing.
    assert_int_equal(tell(&told, "CA1", "CA1", "transferred", NULL, 1), RF_TOLD_CALL);
    assert_int_equal(rf_told_take(&told, "CA1", &empty), NO);
    assert_false(rf_told_ended(&told, false));
    // Before the dial's reply the first call that is told of is its call.
    told = none;
    assert_int_equal(tell(&told, "", "CA1", "initiated", NULL, -1), RF_TOLD_CALL);
    assert_int_equal(tell(&told, "", "CA2", "completed", NULL, 1), RF_TOLD_OTHER_CALL);
    assert_string_equal(told.sid, "CA1");
}

// Somebody answered: it may have been a machine, which is told apart.
static void a_completed_call_waits_for_who_answered_it_if_the_provider_listens(void **state) {
    (void)state;
    static const struct {
        const char *status, *heard;
        bool ended, ended_if_listening;
    } cases[] = {
        {"completed", NULL, true, false}, {"completed", "human", true, true},
        {"completed", "fax", true, true}, {"no-answer", NULL, true, true},
        {"failed", NULL, true, true},     {"in-progress", "human", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rf_told told = {0};
        (void)tell(&told, "CA1", "CA1", cases[i].status, cases[i].heard, 3);
        assert_int_equal(rf_told_ended(&told, false), cases[i].ended);
        assert_int_equal(rf_told_ended(&told, true), cases[i].ended_if_listening);
    }
}

static struct rf_contact contact = {.state = RF_CONTACT_FOLLOW,
                                    .step = RF_STEP_DIAL,
                                    .phone = "+12025550100",
                                    .dial = {.state = RF_DIAL_PLACED, .sid = "CA1"}};
static const struct rf_rules rules = {
    .poll_initial = {1 * S}, .poll_max = {5 * S}, .told_poll = {60 * S}, .lost_after = {600 * S}};
static const struct rf_utc now = {1000 * S};

static void an_end_that_is_told_is_an_answer_like_any_other(void **state) {
    (void)state;
    struct rf_told told = {0};
    struct rf_follow follow = {0};
    struct rf_plan plan;
    (void)tell(&told, "CA1", "CA1", "completed", "human", 12);
    json_t *result = rf_told_result(&told);
    const struct rf_call_reply reply = {.ok = true, .provider = "twilio", .result = result};
    rf_follow_answer(&contact, &reply, &rules, &follow, now, &plan);
    assert_int_equal(plan.to, RF_CONTACT_DONE);
    assert_int_equal(plan.dial, RF_DIAL_ENDED);
    assert_string_equal(plan.status, "completed");
    assert_string_equal(plan.sid, "CA1");
    assert_int_equal(plan.duration_s, 12);
    json_decref(result);
}

static void who_is_told_asks_seldom_and_never_gives_up_asking(void **state) {
    (void)state;
    struct rf_duration interval = {0};
    for (int i = 0; i < 5; i++) {
        interval = rf_follow_interval(interval, &rules);
        assert_int_equal(interval.ns, 60 * S);
    }
    struct rf_rules alone = rules;
    alone.told_poll = rf_ns(0);
    interval = rf_ns(0);
    int64_t expected[] = {1 * S, 3 * S / 2, 9 * S / 4, 27 * S / 8, 5 * S, 5 * S};
    for (int i = 0; i < 6; i++) {
        interval = rf_follow_interval(interval, &alone);
        assert_int_equal(interval.ns, expected[i]);
    }
}

static void a_call_that_is_told_of_is_adopted_by_its_dial(void **state) {
    (void)state;
    struct rf_contact asking = contact;
    struct rf_plan plan;
    asking.state = RF_CONTACT_ASK;
    asking.dial = (struct rf_dial){.state = RF_DIAL_UNKNOWN};
    asking.deferrals = 3;
    rf_dial_told(&asking, "CA7", &rules, now, &plan);
    assert_int_equal(plan.to, RF_CONTACT_FOLLOW);
    assert_int_equal(plan.dial, RF_DIAL_PLACED);
    assert_string_equal(plan.sid, "CA7");
    assert_int_equal(plan.due.ns, now.ns + 60 * S);
    assert_int_equal(plan.deferrals, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_and_the_number_of_callbacks_do_not_matter),
        cmocka_unit_test(a_call_that_ended_stays_as_it_ended),
        cmocka_unit_test(what_is_told_of_another_call_or_says_nothing_changes_nothing),
        cmocka_unit_test(a_completed_call_waits_for_who_answered_it_if_the_provider_listens),
        cmocka_unit_test(an_end_that_is_told_is_an_answer_like_any_other),
        cmocka_unit_test(who_is_told_asks_seldom_and_never_gives_up_asking),
        cmocka_unit_test(a_call_that_is_told_of_is_adopted_by_its_dial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
