#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "status.h"

static const struct health_conditions conditions = {.slow_after = {RF_NS_PER_S}, .expect = NULL};

static struct health_verdict judged(long status, bool our_fault, const char *failure_text) {
    const struct health_answer answer = {
        .status = status, .our_fault = our_fault, .failure_text = failure_text};
    return health_judge(&answer, &conditions);
}

static bool told(struct health_probes *provider, long status, int64_t at,
                 enum health_status *from) {
    struct health_verdict verdict = judged(status, false, "connection refused");
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
        struct health_verdict verdict = judged(cases[i].status, false, "connection refused");
        assert_int_equal(verdict.status, cases[i].up ? HEALTH_UP : HEALTH_DOWN);
        assert_string_equal(verdict.why, cases[i].why);
    }
    assert_string_equal(judged(0, false, "").why, "no answer");
}

static void a_first_good_answer_is_up_at_once(void **state) {
    (void)state;
    enum health_status from;
    struct health_probes up = {0};
    assert_true(told(&up, 200, 7, &from));
    assert_int_equal(from, HEALTH_UNKNOWN);
    assert_int_equal(up.status, HEALTH_UP);
    assert_int_equal(up.since.ns, 7);
}

static void from_unknown_it_is_down_at_exactly_the_fall_count(void **state) {
    (void)state;
    enum health_status from;
    struct health_probes down = {0};
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
    struct health_probes provider = {0};
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
    struct health_probes provider = {0};
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
    struct health_probes provider = {0};
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
    struct health_probes provider = {0};
    for (int64_t at = 0; at < 10; at++)
        assert_false(told(&provider, 401, at, &from));
    assert_int_equal(provider.status, HEALTH_UNKNOWN);
    assert_string_equal(provider.why, "it refuses our key (HTTP 401)");
    told(&provider, 200, 10, &from);
    struct health_verdict certificate = judged(0, true, "certificate has expired");
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
    struct health_probes provider = {0};
    health_restore(&provider, HEALTH_UNKNOWN, (struct rf_utc){5}, "?");
    assert_string_equal(provider.why, "");
    health_restore(&provider, HEALTH_DOWN, (struct rf_utc){5}, "HTTP 503");
    assert_false(told(&provider, 503, 10, &from));
    assert_int_equal(provider.since.ns, 5);
    assert_false(told(&provider, 200, 20, &from));
    assert_true(told(&provider, 200, 30, &from));
    assert_int_equal(from, HEALTH_DOWN);
}

static struct health_verdict slow_or_not(int64_t took_ms, const char *body, const char *expect) {
    const struct health_answer answer = {
        .status = 200, .took = rf_ms(took_ms), .body = body, .body_size = strlen(body)};
    const struct health_conditions own = {.slow_after = rf_ms(1000), .expect = expect};
    return health_judge(&answer, &own);
}

static void a_good_answer_may_be_slow_or_lack_the_expected_text(void **state) {
    (void)state;
    assert_int_equal(slow_or_not(1000, "", NULL).status, HEALTH_UP);
    struct health_verdict slow = slow_or_not(1001, "tier: pro", "pro");
    assert_int_equal(slow.status, HEALTH_DEGRADED);
    assert_string_equal(slow.why, "HTTP 200 after 1.0 s (slow beyond 1 s)");
    struct health_verdict other = slow_or_not(5000, "maintenance", "tier");
    assert_int_equal(other.status, HEALTH_DOWN);
    assert_string_equal(other.why, "HTTP 200 without the text of probe_expect");
    const struct health_answer answer = {.status = 200, .took = rf_ms(60000)};
    const struct health_conditions none = {.slow_after = {0}};
    assert_int_equal(health_judge(&answer, &none).status, HEALTH_UP);
}

// One answer a step, at the step's number: u(p), d(egraded), x (down). Expected: the status after
// each, with rise 2 and fall 3.
static void each_row_of_answers_gives_the_status_nearest_to_what_it_was(void **state) {
    (void)state;
    const struct {
        const char *answers, *statuses;
    } rows[] = {
        {"uddd", "uuud"},         // slow three times
        {"udxd", "uuud"},         // all worse than up: degraded at least
        {"uxxx", "uuux"},         //
        {"uxxdxxx", "uuudddx"},   // nearest of three is degraded; then worse than that
        {"ddd", "??d"},           // from unknown, by the count
        {"xxd", "??d"},           // the mildest of them
        {"xxxuu", "??xxu"},       //
        {"xxxdd", "??xxd"},       //
        {"xxxud", "??xxd"},       // better than down, but not up yet
        {"uddduuxd", "uuudduuu"}, // "d" after "x" is a row of one: up is not left
        {"uddduxuu", "uuuddddu"}, // a worse one in between ends the row of better ones
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct health_probes probes = {0};
        enum health_status from;
        for (size_t at = 0; rows[i].answers[at] != '\0'; at++) {
            char letter = rows[i].answers[at];
            struct health_verdict verdict = {.status = letter == 'u'   ? HEALTH_UP
                                                       : letter == 'd' ? HEALTH_DEGRADED
                                                                       : HEALTH_DOWN};
            bool changed =
                health_record(&probes, &verdict, 2, 3, (struct rf_utc){(int64_t)at}, &from);
            assert_int_equal("?udx"[probes.status], rows[i].statuses[at]);
            assert_int_equal(changed, probes.status != from);
        }
    }
}

static void each_status_has_its_name(void **state) {
    (void)state;
    for (int i = HEALTH_UNKNOWN; i <= HEALTH_DOWN; i++) {
        enum health_status status;
        assert_true(health_status_parse(health_status_name((enum health_status)i), &status));
        assert_int_equal(status, i);
    }
    enum health_status status;
    assert_false(health_status_parse("UP", &status));
    assert_false(health_status_parse(NULL, &status));
}

static void answers_that_are_held_decide_when_they_are_let_go(void **state) {
    (void)state;
    struct health_probes probes = {0};
    struct health_verdict good = judged(200, false, ""), bad = judged(0, false, "timed out");
    enum health_status from;
    assert_true(health_record(&probes, &good, 2, 2, (struct rf_utc){1}, &from));
    for (int64_t at = 2; at < 9; at++)
        assert_false(health_record(&probes, &bad, 2, HEALTH_HELD, (struct rf_utc){at}, &from));
    assert_false(health_settle(&probes, 8));
    assert_int_equal(probes.status, HEALTH_UP);
    assert_true(health_settle(&probes, 7));
    assert_int_equal(probes.status, HEALTH_DOWN);
    assert_int_equal(probes.since.ns, 2);
    assert_string_equal(probes.why, "timed out");
    assert_false(health_settle(&probes, 1));
}

static void answers_that_are_forgotten_are_counted_anew(void **state) {
    (void)state;
    struct health_probes probes = {0};
    struct health_verdict good = judged(200, false, ""), bad = judged(503, false, "");
    enum health_status from;
    assert_true(health_record(&probes, &good, 2, 2, (struct rf_utc){1}, &from));
    assert_false(health_record(&probes, &bad, 2, 2, (struct rf_utc){2}, &from));
    health_forget(&probes);
    assert_false(health_record(&probes, &bad, 2, 2, (struct rf_utc){3}, &from));
    assert_true(health_record(&probes, &bad, 2, 2, (struct rf_utc){4}, &from));
    assert_int_equal(probes.since.ns, 3);
    // Good ones that are waited for settle nothing by themselves.
    assert_false(health_record(&probes, &good, 2, 2, (struct rf_utc){5}, &from));
    assert_false(health_settle(&probes, 1));
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
        cmocka_unit_test(a_good_answer_may_be_slow_or_lack_the_expected_text),
        cmocka_unit_test(each_row_of_answers_gives_the_status_nearest_to_what_it_was),
        cmocka_unit_test(each_status_has_its_name),
        cmocka_unit_test(answers_that_are_held_decide_when_they_are_let_go),
        cmocka_unit_test(answers_that_are_forgotten_are_counted_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
