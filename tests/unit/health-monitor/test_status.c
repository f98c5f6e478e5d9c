#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "status.h"

static bool told(struct health_provider *provider, long status, int64_t at,
                 enum health_status *from) {
    struct health_verdict verdict = health_judge(status, false, "connection refused");
    return health_record(provider, &verdict, 2, 3, (struct rf_utc){at}, from);
}

static void answers_are_judged_by_their_status(void **state) {
    (void)state;
    const struct {
        long status;
        bool up;
        const char *why;
    } cases[] = {
        {200, true, "HTTP 200"},
        {204, true, "HTTP 204"},
        {199, false, "HTTP 199"},
        {300, false, "HTTP 300"},
        {401, false, "it refuses our key (HTTP 401)"},
        {403, false, "it refuses our key (HTTP 403)"},
        {404, false, "HTTP 404"},
        {429, true, "it works, and limits our rate (HTTP 429)"},
        {503, false, "HTTP 503"},
        {0, false, "connection refused"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct health_verdict verdict = health_judge(cases[i].status, false, "connection refused");
        assert_int_equal(verdict.up, cases[i].up);
        assert_string_equal(verdict.why, cases[i].why);
    }
    assert_string_equal(health_judge(0, false, "").why, "no answer");
}

static void a_first_good_answer_is_up_at_once(void **state) {
    (void)state;
    enum health_status from;
    struct health_provider up = {0};
    assert_true(told(&up, 200, 7, &from));
    assert_int_equal(from, HEALTH_UNKNOWN);
    assert_int_equal(up.status, HEALTH_UP);
    assert_int_equal(up.since.ns, 7);
}

static void from_unknown_it_is_down_at_exactly_the_fall_count(void **state) {
    (void)state;
    enum health_status from;
    struct health_provider down = {0};
    assert_false(told(&down, 0, 8, &from));
    assert_false(told(&down, 0, 9, &from));
    assert_int_equal(down.status, HEALTH_UNKNOWN);
    assert_true(told(&down, 0, 10, &from));
    assert_int_equal(from, HEALTH_UNKNOWN);
    assert_int_equal(down.status, HEALTH_DOWN);
    assert_int_equal(down.since.ns, 8);
    assert_string_equal(down.why, "connection refused");
}

static void it_is_down_at_exactly_the_fall_count_since_the_first_bad_answer(void **state) {
    (void)state;
    enum health_status from;
    struct health_provider provider = {0};
    told(&provider, 200, 1, &from);
    assert_false(told(&provider, 503, 10, &from));
    assert_false(told(&provider, 503, 20, &from));
    assert_int_equal(provider.status, HEALTH_UP);
    assert_true(told(&provider, 503, 30, &from));
    assert_int_equal(from, HEALTH_UP);
    assert_int_equal(provider.status, HEALTH_DOWN);
    assert_int_equal(provider.since.ns, 10);
    assert_false(told(&provider, 503, 40, &from));
    assert_int_equal(provider.since.ns, 10);
}

static void a_good_answer_in_between_starts_the_count_anew(void **state) {
    (void)state;
    enum health_status from;
    struct health_provider provider = {0};
    told(&provider, 200, 1, &from);
    for (int64_t at = 10; at < 100; at += 10) {
        assert_false(told(&provider, 503, at, &from));
        assert_false(told(&provider, 503, at + 1, &from));
        assert_false(told(&provider, 200, at + 2, &from));
    }
    assert_int_equal(provider.status, HEALTH_UP);
}

static void it_is_up_at_exactly_the_rise_count(void **state) {
    (void)state;
    enum health_status from;
    struct health_provider provider = {0};
    for (int64_t at = -1; at < 2; at++)
        told(&provider, 503, at, &from);
    assert_false(told(&provider, 200, 2, &from));
    assert_false(told(&provider, 503, 3, &from));
    assert_false(told(&provider, 200, 4, &from));
    assert_true(told(&provider, 200, 5, &from));
    assert_int_equal(from, HEALTH_DOWN);
    assert_int_equal(provider.status, HEALTH_UP);
    assert_int_equal(provider.since.ns, 4);
}

static void a_fault_of_ours_says_nothing_about_the_provider(void **state) {
    (void)state;
    enum health_status from;
    struct health_provider provider = {0};
    for (int64_t at = 0; at < 10; at++)
        assert_false(told(&provider, 401, at, &from));
    assert_int_equal(provider.status, HEALTH_UNKNOWN);
    assert_string_equal(provider.why, "it refuses our key (HTTP 401)");
    told(&provider, 200, 10, &from);
    struct health_verdict certificate = health_judge(0, true, "certificate has expired");
    for (int64_t at = 11; at < 20; at++)
        assert_false(health_record(&provider, &certificate, 2, 3, (struct rf_utc){at}, &from));
    assert_int_equal(provider.status, HEALTH_UP);
    assert_string_equal(provider.why, "certificate has expired");
    // It neither adds to a row of bad answers nor ends it.
    told(&provider, 503, 20, &from);
    told(&provider, 503, 21, &from);
    told(&provider, 403, 22, &from);
    assert_true(told(&provider, 503, 23, &from));
    assert_int_equal(provider.since.ns, 20);
}

static void a_restored_status_tells_no_change_that_is_none(void **state) {
    (void)state;
    enum health_status from;
    struct health_provider provider = {0};
    assert_false(health_restore(&provider, "unknown", (struct rf_utc){5}, "?"));
    assert_true(health_restore(&provider, "down", (struct rf_utc){5}, "HTTP 503"));
    assert_false(told(&provider, 503, 10, &from));
    assert_int_equal(provider.since.ns, 5);
    assert_false(told(&provider, 200, 20, &from));
    assert_true(told(&provider, 200, 30, &from));
    assert_int_equal(from, HEALTH_DOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_judged_by_their_status),
        cmocka_unit_test(a_first_good_answer_is_up_at_once),
        cmocka_unit_test(from_unknown_it_is_down_at_exactly_the_fall_count),
        cmocka_unit_test(it_is_down_at_exactly_the_fall_count_since_the_first_bad_answer),
        cmocka_unit_test(a_good_answer_in_between_starts_the_count_anew),
        cmocka_unit_test(it_is_up_at_exactly_the_rise_count),
        cmocka_unit_test(a_fault_of_ours_says_nothing_about_the_provider),
        cmocka_unit_test(a_restored_status_tells_no_change_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
