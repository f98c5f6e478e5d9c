// Dates of HTTP, and what one says of our clock.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/date.h"

#define MS RF_NS_PER_MS

static const char text[] = "Tue, 24 Nov 2026 11:08:00 GMT";
static const struct rf_utc date = {INT64_C(1795518480) * RF_NS_PER_S};

static void a_date_is_read_in_its_three_forms_and_nothing_else_is_one(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {text, true},
        {"Tuesday, 24-Nov-26 11:08:00 GMT", true}, // RFC 850
        {"Tue Nov 24 11:08:00 2026", true},        // asctime
        {NULL, false},
        {"", false},
        {"now", false},
        {"1795518480", false},
        {"Tue, 24 Nov 2026 25:08:00 GMT", false},
        {"Tue, 24 Nov 9999 11:08:00 GMT", false}, // nanoseconds do not reach so far
        {"Tue, 24 Nov 1926 11:08:00 GMT", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rf_utc read = {0};
        assert_int_equal(rf_http_date_parse(cases[i].text, &read), cases[i].good);
        if (cases[i].good)
            assert_int_equal(read.ns, date.ns);
    }
}

static void a_clock_is_ahead_by_what_the_answer_proves_and_no_more(void **state) {
    (void)state;
    static const struct {
        int64_t sent_ms, received_ms; // since the date
        int64_t ahead_ms;
    } cases[] = {
        {100, 300, 0},         {-200, 100, 0}, // the second began in between
        {950, 1050, 0},                        // or ended
        {-9000, 0, 0},                         // a slow answer may have been written at its end
        {1000, 9000, 0},                       // or at its beginning
        {1001, 9000, 1},                       // the whole second was over before we asked
        {-9000, -1, -1},                       // it had not begun when all was there
        {61000, 61200, 60000}, {-60200, -60000, -60000},
        {5000, -5000, 0}, // our clock was set while we waited
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rf_duration ahead =
            rf_http_clock_ahead(date, rf_utc_add(date, rf_ns(cases[i].sent_ms * MS)),
                                rf_utc_add(date, rf_ns(cases[i].received_ms * MS)));
        assert_int_equal(ahead.ns / MS, cases[i].ahead_ms);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_is_read_in_its_three_forms_and_nothing_else_is_one),
        cmocka_unit_test(a_clock_is_ahead_by_what_the_answer_proves_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
