#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "outcome.h"

#define S RF_NS_PER_S
#define M (60 * S)
#define H (3600 * S)

static const char *const endings[] = {"busy", "no-answer", "failed", "canceled", "voicemail"};

// Every ending is called again `retries` times, after 10 m, 20 m and so on up to an hour.
static struct rf_config_campaign campaign_of(int64_t max_calls, int64_t retries) {
    struct rf_config_campaign campaign = {.max_calls = max_calls};
    for (int i = RF_UNREACHED_BUSY; i < RF_UNREACHED_COUNT; i++)
        campaign.recall[i] = (struct rf_config_recall){
            .retries = retries, .delay = {10 * M}, .max_delay = {H}, .backoff_factor = 2};
    return campaign;
}

static struct rf_contact followed(void) {
    return (struct rf_contact){.row = 1,
                               .state = RF_CONTACT_FOLLOW,
                               .step = RF_STEP_DIAL,
                               .phone = (char *)"+12025550190",
                               .deferrals = 2,
                               .redials = 1};
}

// "2026-11-28T09:30:00Z"
static struct rf_utc utc(const char *text) {
    struct tm date = {0};
    assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%SZ", &date));
    return (struct rf_utc){timegm(&date) * S};
}

static struct rf_hours hours(const char *text) {
    struct rf_hours read = {0};
    struct rf_error error = {0};
    assert_int_equal(rf_hours_parse(text, &read, &error), RF_OK);
    return read;
}

static struct rf_config_list list_of(struct rf_hours *items, size_t count) {
    return (struct rf_config_list){.items = items, .count = count};
}

static struct rf_zone *zone_of(const char *name) {
    struct rf_zone *zone;
    struct rf_error error = {0};
    assert_int_equal(rf_zone_new(name, &zone, &error), RF_OK);
    return zone;
}

// Ends a call of the contact and takes over what the plan says of its calls.
static struct rf_plan end(struct rf_contact *contact, const char *how,
                          const struct rf_config_campaign *campaign, struct rf_utc now) {
    enum rf_unreached unreached = RF_UNREACHED_NONE;
    struct rf_plan plan;
    assert_true(rf_unreached_parse(how, &unreached));
    rf_plan_stay(contact, &plan);
    rf_outcome_ended(contact, unreached, campaign, NULL, NULL, now, &plan);
    memcpy(contact->unreached, plan.unreached, sizeof contact->unreached);
    contact->last_unreached = plan.last_unreached;
    return plan;
}

static void a_call_is_reached_unless_its_status_or_a_machine_says_otherwise(void **state) {
    (void)state;
    static const struct {
        const char *status, *answered_by;
        enum rf_unreached expected;
    } cases[] = {
        {"completed", NULL, RF_UNREACHED_NONE},
        {"completed", "human", RF_UNREACHED_NONE},
        {"completed", "unknown", RF_UNREACHED_NONE},
        {"completed", "machine_start", RF_UNREACHED_VOICEMAIL},
        {"completed", "machine_end_beep", RF_UNREACHED_VOICEMAIL},
        {"completed", "machine_end_silence", RF_UNREACHED_VOICEMAIL},
        {"completed", "machine_end_other", RF_UNREACHED_VOICEMAIL},
        {"completed", "fax", RF_UNREACHED_VOICEMAIL},
        {"busy", NULL, RF_UNREACHED_BUSY},
        {"no-answer", NULL, RF_UNREACHED_NO_ANSWER},
        {"failed", "machine_start", RF_UNREACHED_FAILED},
        {"canceled", NULL, RF_UNREACHED_CANCELED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(rf_outcome_unreached(cases[i].status, cases[i].answered_by),
                         cases[i].expected);
}

static void the_waits_of_a_plan_grow_up_to_their_bound(void **state) {
    (void)state;
    static const int64_t expected[] = {10 * M, 20 * M, 40 * M, H, H};
    struct rf_config_campaign campaign = campaign_of(100, 5);
    const struct rf_config_recall *recall = &campaign.recall[RF_UNREACHED_BUSY];
    struct rf_duration wait;
    for (int i = 0; i < 5; i++) {
        assert_true(rf_outcome_wait(recall, i + 1, &wait));
        assert_int_equal(wait.ns, expected[i]);
    }
    assert_false(rf_outcome_wait(recall, 6, &wait));
    // A factor that would overflow is held by the bound as well.
    struct rf_config_recall steep = {
        .retries = 100, .delay = {S}, .max_delay = {744 * H}, .backoff_factor = 100};
    assert_true(rf_outcome_wait(&steep, 100, &wait));
    assert_int_equal(wait.ns, 744 * H);
}

static void listed_waits_are_taken_one_by_one_and_bound_the_retries(void **state) {
    (void)state;
    struct rf_duration waits[] = {{5 * M}, {30 * M}, {24 * H}};
    const struct rf_config_recall recall = {
        .retries = 9, .delay = {1 * S}, .max_delay = {1 * S}, .waits = {waits, 3}};
    struct rf_duration wait;
    for (int i = 0; i < 3; i++) {
        assert_true(rf_outcome_wait(&recall, i + 1, &wait));
        assert_int_equal(wait.ns, waits[i].ns);
    }
    assert_false(rf_outcome_wait(&recall, 4, &wait));
}

static void a_busy_contact_is_called_again_after_the_wait(void **state) {
    (void)state;
    struct rf_config_campaign campaign = campaign_of(3, 2);
    struct rf_contact contact = followed();
    struct rf_plan plan = end(&contact, "busy", &campaign, (struct rf_utc){1000 * S});
    assert_int_equal(plan.to, RF_CONTACT_WAIT_RETRY);
    assert_int_equal(plan.step, RF_STEP_DIAL);
    assert_int_equal(plan.due.ns, 1000 * S + 10 * M);
    assert_int_equal(plan.dial, RF_DIAL_ENDED);
    assert_int_equal(plan.unreached[RF_UNREACHED_BUSY], 1);
    assert_int_equal(plan.last_unreached, RF_UNREACHED_BUSY);
    assert_string_equal(plan.reason, "busy");
    assert_string_equal(plan.message, "call 1 of at most 3 ended: busy");
    // What is not a call is left as it is.
    assert_int_equal(plan.deferrals, 2);
    assert_int_equal(plan.redials, 1);
    plan = end(&contact, "busy", &campaign, (struct rf_utc){5000 * S});
    assert_int_equal(plan.due.ns, 5000 * S + 20 * M);
    plan = end(&contact, "busy", &campaign, (struct rf_utc){9000 * S});
    assert_int_equal(plan.to, RF_CONTACT_DONE);
    assert_string_equal(plan.status, "busy");
    assert_int_equal(plan.unreached[RF_UNREACHED_BUSY], 3);
}

static void each_ending_has_a_count_of_its_own_below_the_cap(void **state) {
    (void)state;
    struct rf_config_campaign campaign = campaign_of(10, 1);
    struct rf_contact contact = followed();
    struct rf_utc now = {0};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(end(&contact, endings[i], &campaign, now).to, RF_CONTACT_WAIT_RETRY);
    assert_int_equal(rf_outcome_calls(contact.unreached), 5);
    assert_int_equal(end(&contact, "failed", &campaign, now).to, RF_CONTACT_DONE);
}

// Every order of endings, for every cap up to 6: never more calls than the cap says, however the
// endings change.
static void incident_17_the_cap_holds_over_all_orders_of_endings(void **state) {
    (void)state;
    int orders = 1;
    for (int64_t cap = 1; cap <= 6; cap++) {
        struct rf_config_campaign campaign = campaign_of(cap, 100);
        orders *= 5;
        for (int order = 0; order < orders; order++) {
            struct rf_contact contact = followed();
            struct rf_plan plan = {.to = RF_CONTACT_WAIT_RETRY};
            int64_t calls = 0;
            for (int rest = order; plan.to == RF_CONTACT_WAIT_RETRY && calls <= cap; rest /= 5) {
                plan = end(&contact, endings[rest % 5], &campaign, (struct rf_utc){0});
                calls++;
            }
            assert_int_equal(plan.to, RF_CONTACT_DONE);
            assert_int_equal(calls, cap);
        }
    }
}

static void a_cap_of_one_calls_nobody_again(void **state) {
    (void)state;
    struct rf_config_campaign campaign = campaign_of(1, 3);
    for (size_t i = 0; i < 5; i++) {
        struct rf_contact contact = followed();
        struct rf_plan plan = end(&contact, endings[i], &campaign, (struct rf_utc){0});
        assert_int_equal(plan.to, RF_CONTACT_DONE);
        assert_string_equal(plan.status, endings[i]);
    }
}

static void a_call_due_outside_the_window_is_put_into_the_next_one(void **state) {
    (void)state;
    struct rf_hours office = hours("mon-fri 09:00-17:00"), evening = hours("daily 16:00-20:00");
    struct rf_config_campaign campaign = campaign_of(3, 2);
    campaign.windows = list_of(&office, 1);
    campaign.recall[RF_UNREACHED_NO_ANSWER].windows = list_of(&evening, 1);
    campaign.time_zone = (char *)"Europe/Berlin";
    struct rf_zone *zone = zone_of("Europe/Berlin");
    struct rf_contact contact = followed();
    struct rf_plan plan;
    rf_plan_stay(&contact, &plan);
    // Friday 16:55 in Berlin; ten minutes later it is too late.
    rf_outcome_ended(&contact, RF_UNREACHED_BUSY, &campaign, zone, NULL,
                     utc("2026-11-27T15:55:00Z"), &plan);
    assert_int_equal(plan.to, RF_CONTACT_WAIT_WINDOW);
    assert_int_equal(plan.due.ns, utc("2026-11-30T08:00:00Z").ns);
    assert_string_equal(plan.reason, "hour");
    assert_string_equal(plan.message, "outside calling hours; its window opens at 2026-11-30 09:00 "
                                      "Europe/Berlin");
    assert_int_equal(plan.unreached[RF_UNREACHED_BUSY], 1);
    // The window of the ending is narrower.
    rf_plan_stay(&contact, &plan);
    rf_outcome_ended(&contact, RF_UNREACHED_NO_ANSWER, &campaign, zone, NULL,
                     utc("2026-11-26T09:00:00Z"), &plan);
    assert_int_equal(plan.to, RF_CONTACT_WAIT_WINDOW);
    assert_int_equal(plan.due.ns, utc("2026-11-26T15:00:00Z").ns);
    rf_plan_stay(&contact, &plan);
    rf_outcome_ended(&contact, RF_UNREACHED_NO_ANSWER, &campaign, zone, NULL,
                     utc("2026-11-26T15:00:00Z"), &plan);
    assert_int_equal(plan.to, RF_CONTACT_WAIT_RETRY);
    assert_int_equal(plan.due.ns, utc("2026-11-26T15:10:00Z").ns);
    rf_zone_destroy(&zone);
}

static void incident_45_waiting_for_the_window_costs_nothing_and_tells_until_when(void **state) {
    (void)state;
    struct rf_hours office = hours("mon-fri 09:00-17:00");
    struct rf_config_campaign campaign = campaign_of(3, 2);
    campaign.windows = list_of(&office, 1);
    campaign.time_zone = (char *)"America/New_York";
    struct rf_zone *zone = zone_of("Asia/Kathmandu");
    struct rf_contact contact = followed();
    contact.state = RF_CONTACT_DIAL;
    contact.time_zone = (char *)"Asia/Kathmandu";
    contact.unreached[RF_UNREACHED_BUSY] = 1;
    contact.last_unreached = RF_UNREACHED_BUSY;
    contact.spent = 1;
    struct rf_plan plan;
    assert_true(
        rf_outcome_may_dial(&contact, &campaign, zone, NULL, utc("2026-11-27T03:15:00Z"), &plan));
    assert_int_equal(plan.to, RF_CONTACT_DIAL);
    for (int i = 0; i < 50; i++)
        assert_false(rf_outcome_may_dial(&contact, &campaign, zone, NULL,
                                         utc("2026-11-27T11:15:00Z"), &plan));
    assert_int_equal(plan.to, RF_CONTACT_WAIT_WINDOW);
    assert_int_equal(plan.step, RF_STEP_DIAL);
    assert_int_equal(plan.due.ns, utc("2026-11-30T03:15:00Z").ns);
    assert_string_equal(plan.message, "outside calling hours; its window opens at 2026-11-30 09:00 "
                                      "Asia/Kathmandu");
    assert_int_equal(rf_outcome_calls(plan.unreached), 1);
    assert_int_equal(plan.deferrals, contact.deferrals);
    assert_int_equal(plan.spent, contact.spent);
    assert_int_equal(plan.redials, contact.redials);
    rf_zone_destroy(&zone);
}

static void incident_27_quiet_hours_are_looked_at_at_the_moment_of_dialling(void **state) {
    (void)state;
    struct rf_hours office = hours("mon-fri 09:00-17:00");
    struct rf_config_campaign campaign = campaign_of(3, 2);
    campaign.windows = list_of(&office, 1);
    campaign.time_zone = (char *)"Europe/Berlin";
    struct rf_zone *zone = zone_of("Europe/Berlin");
    struct rf_contact contact = followed();
    contact.state = RF_CONTACT_DIAL;
    struct rf_plan plan;
    // Claimed at 16:59:50; the dial may be sent for ten seconds, not for the margin of 20.
    assert_true(
        rf_outcome_may_dial(&contact, &campaign, zone, NULL, utc("2026-11-27T15:59:50Z"), &plan));
    assert_int_equal(plan.due.ns, utc("2026-11-27T16:00:00Z").ns);
    // Its script took until 17:00.
    assert_false(
        rf_outcome_may_dial(&contact, &campaign, zone, NULL, utc("2026-11-27T16:00:00Z"), &plan));
    assert_int_equal(plan.to, RF_CONTACT_WAIT_WINDOW);
    // Nobody knows what time it is: nobody calls.
    assert_false(
        rf_outcome_may_dial(&contact, &campaign, NULL, NULL, utc("2026-11-27T12:00:00Z"), &plan));
    assert_int_equal(plan.to, RF_CONTACT_SET_ASIDE);
    assert_string_equal(plan.reason, "time_zone_unknown");
    assert_non_null(strstr(plan.message, "no time zone Europe/Berlin"));
    // Where it does not matter it need not be known.
    campaign.windows.count = 0;
    assert_true(
        rf_outcome_may_dial(&contact, &campaign, NULL, NULL, utc("2026-11-27T23:00:00Z"), &plan));
    assert_int_equal(plan.due.ns, INT64_MAX);
    rf_zone_destroy(&zone);
}

static void a_call_of_someone_whose_clock_cannot_be_told_now_ends_as_any_other(void **state) {
    (void)state;
    struct rf_hours night = hours("daily 02:00-03:00");
    struct rf_config_campaign campaign = campaign_of(3, 2);
    campaign.windows = list_of(&night, 1);
    struct rf_contact contact = followed();
    struct rf_plan plan;
    assert_true(rf_outcome_needs_zone(&contact, &campaign, NULL));
    rf_plan_stay(&contact, &plan);
    rf_outcome_ended(&contact, RF_UNREACHED_BUSY, &campaign, NULL, NULL,
                     utc("2026-11-27T12:00:00Z"), &plan);
    assert_int_equal(plan.to, RF_CONTACT_WAIT_RETRY);
    assert_int_equal(plan.due.ns, utc("2026-11-27T12:00:00Z").ns + 10 * M);
    assert_string_equal(plan.reason, "busy");
    campaign.windows.count = 0;
    assert_false(rf_outcome_needs_zone(&contact, &campaign, NULL));
}

static void a_holiday_is_named(void **state) {
    (void)state;
    char text[] = "12-25 Christmas Day";
    struct rf_holidays *holidays;
    struct rf_error error = {0};
    assert_int_equal(rf_holidays_parse(text, "t", &holidays, &error), RF_OK);
    struct rf_config_campaign campaign = campaign_of(3, 2);
    campaign.time_zone = (char *)"UTC";
    struct rf_zone *zone = zone_of("UTC");
    struct rf_contact contact = followed();
    contact.state = RF_CONTACT_DIAL;
    struct rf_plan plan;
    assert_false(rf_outcome_may_dial(&contact, &campaign, zone, holidays,
                                     utc("2026-12-25T12:00:00Z"), &plan));
    assert_string_equal(plan.message,
                        "holiday: Christmas Day; its window opens at 2026-12-26 00:00 UTC");
    assert_string_equal(plan.reason, "holiday");
    rf_zone_destroy(&zone);
    rf_holidays_destroy(&holidays);
}

static void a_cap_that_is_lowered_holds_for_those_who_wait_for_their_next_call(void **state) {
    (void)state;
    struct rf_config_campaign campaign = campaign_of(3, 2);
    struct rf_contact contact = followed();
    struct rf_plan plan;
    assert_int_equal(end(&contact, "busy", &campaign, utc("2026-11-27T12:00:00Z")).to,
                     RF_CONTACT_WAIT_RETRY);
    assert_int_equal(end(&contact, "no-answer", &campaign, utc("2026-11-27T12:30:00Z")).to,
                     RF_CONTACT_WAIT_RETRY);
    contact.state = RF_CONTACT_DIAL;
    assert_true(
        rf_outcome_may_dial(&contact, &campaign, NULL, NULL, utc("2026-11-27T13:30:00Z"), &plan));
    campaign.max_calls = 2;
    assert_false(
        rf_outcome_may_dial(&contact, &campaign, NULL, NULL, utc("2026-11-27T13:30:00Z"), &plan));
    assert_int_equal(plan.to, RF_CONTACT_DONE);
    assert_string_equal(plan.status, "no-answer");
    assert_int_equal(rf_outcome_calls(plan.unreached), 2);
    assert_int_equal(plan.dial, RF_DIAL_NONE); // it had none open
    assert_true(rf_contact_may(RF_CONTACT_DIAL, RF_CONTACT_DONE));
    // Whom no call has ended for is called.
    contact = followed();
    contact.state = RF_CONTACT_DIAL;
    campaign.max_calls = 1;
    assert_true(
        rf_outcome_may_dial(&contact, &campaign, NULL, NULL, utc("2026-11-27T13:30:00Z"), &plan));
}

static void who_was_called_by_settings_that_nobody_can_read_waits_for_them(void **state) {
    (void)state;
    const struct rf_rules rules = {.defer_delay = {30 * S}};
    struct rf_config_campaign campaign = campaign_of(3, 1);
    struct rf_contact contact = followed();
    struct rf_utc now = utc("2026-11-27T12:00:00Z");
    struct rf_plan plan;
    rf_plan_stay(&contact, &plan);
    rf_outcome_unjudged(RF_UNREACHED_BUSY, "holidays.txt is gone", &rules, now, &plan);
    assert_int_equal(plan.to, RF_CONTACT_WAIT_RETRY);
    assert_int_equal(plan.step, RF_STEP_DIAL);
    assert_int_equal(plan.dial, RF_DIAL_ENDED);
    assert_int_equal(plan.due.ns, now.ns + 30 * S);
    assert_string_equal(plan.reason, "settings");
    assert_string_equal(plan.message, "holidays.txt is gone");
    assert_string_equal(plan.status, "busy");
    assert_int_equal(plan.unreached[RF_UNREACHED_BUSY], 1);
    assert_true(plan.judged);
    // With settings again it is called once more, or has had its last call.
    contact.state = RF_CONTACT_DIAL;
    memcpy(contact.unreached, plan.unreached, sizeof contact.unreached);
    contact.last_unreached = plan.last_unreached;
    assert_true(rf_outcome_may_dial(&contact, &campaign, NULL, NULL, now, &plan));
    campaign.recall[RF_UNREACHED_BUSY].retries = 0;
    assert_false(rf_outcome_may_dial(&contact, &campaign, NULL, NULL, now, &plan));
    assert_int_equal(plan.to, RF_CONTACT_DONE);
    assert_string_equal(plan.status, "busy");
    campaign = campaign_of(1, 1);
    assert_false(rf_outcome_may_dial(&contact, &campaign, NULL, NULL, now, &plan));
    assert_int_equal(plan.to, RF_CONTACT_DONE);
}

static void a_contact_whose_window_never_opens_is_set_aside(void **state) {
    (void)state;
    struct rf_hours monday = hours("mon 09:00-10:00"), tuesday = hours("tue 09:00-10:00");
    struct rf_config_campaign campaign = campaign_of(3, 2);
    campaign.windows = list_of(&monday, 1);
    campaign.recall[RF_UNREACHED_BUSY].windows = list_of(&tuesday, 1);
    campaign.time_zone = (char *)"UTC";
    struct rf_zone *zone = zone_of("UTC");
    struct rf_contact contact = followed();
    struct rf_plan plan;
    rf_plan_stay(&contact, &plan);
    rf_outcome_ended(&contact, RF_UNREACHED_BUSY, &campaign, zone, NULL,
                     utc("2026-11-27T12:00:00Z"), &plan);
    assert_int_equal(plan.to, RF_CONTACT_SET_ASIDE);
    assert_string_equal(plan.reason, "no_window");
    assert_int_equal(plan.dial, RF_DIAL_ENDED);
    assert_non_null(strstr(plan.message, "campaign.windows"));
    contact.state = RF_CONTACT_DIAL;
    contact.last_unreached = RF_UNREACHED_BUSY;
    assert_false(
        rf_outcome_may_dial(&contact, &campaign, zone, NULL, utc("2026-11-30T09:30:00Z"), &plan));
    assert_int_equal(plan.to, RF_CONTACT_SET_ASIDE);
    rf_zone_destroy(&zone);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_reached_unless_its_status_or_a_machine_says_otherwise),
        cmocka_unit_test(the_waits_of_a_plan_grow_up_to_their_bound),
        cmocka_unit_test(listed_waits_are_taken_one_by_one_and_bound_the_retries),
        cmocka_unit_test(a_busy_contact_is_called_again_after_the_wait),
        cmocka_unit_test(each_ending_has_a_count_of_its_own_below_the_cap),
        cmocka_unit_test(incident_17_the_cap_holds_over_all_orders_of_endings),
        cmocka_unit_test(a_cap_of_one_calls_nobody_again),
        cmocka_unit_test(a_call_due_outside_the_window_is_put_into_the_next_one),
        cmocka_unit_test(incident_45_waiting_for_the_window_costs_nothing_and_tells_until_when),
        cmocka_unit_test(incident_27_quiet_hours_are_looked_at_at_the_moment_of_dialling),
        cmocka_unit_test(a_call_of_someone_whose_clock_cannot_be_told_now_ends_as_any_other),
        cmocka_unit_test(a_holiday_is_named),
        cmocka_unit_test(a_cap_that_is_lowered_holds_for_those_who_wait_for_their_next_call),
        cmocka_unit_test(who_was_called_by_settings_that_nobody_can_read_waits_for_them),
        cmocka_unit_test(a_contact_whose_window_never_opens_is_set_aside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
