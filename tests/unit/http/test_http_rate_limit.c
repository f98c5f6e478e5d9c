#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/rate_limit.h"

// 2026-11-24T12:00:00Z
static const struct rf_utc NOW = {INT64_C(1795521600) * RF_NS_PER_S};

static void a_reset_is_read_in_every_form(void **state) {
    (void)state;
    const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1s", 1000},
        {"6m0s", 360000},
        {"20ms", 20},
        {"1h2m3.5s", 3723500},
        {"0s", 0},
        {" 7", 7000},
        {"0.5", 500},
        {"1795521630", 30000},
        {"1795521630500", 30500},
        {"1795521500", 0},
        {"2026-11-24T12:00:30Z", 30000},
        {"2026-11-24T12:00:30.25Z", 30250},
        {"2026-11-24T14:00:30+02:00", 30000},
        {"2026-11-24T06:30:30-0530", 30000},
        {"2026-11-24T11:59:00Z", 0},
        {"999999999999999999", 315360000000},
        {"999999999h", 315360000000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rf_duration reset = {-1};
        assert_true(rf_http_reset_parse(rows[i].text, NOW, &reset));
        int64_t off = reset.ns - rows[i].ms * RF_NS_PER_MS;
        assert_true(off > -1000 && off < 1000);
    }
}

static void what_is_no_reset_is_refused(void **state) {
    (void)state;
    const char *const texts[] = {
        "",
        "-1",
        "s",
        "1x",
        "1s ",
        "1e5",
        "0x10",
        "nan",
        "inf",
        "6m0",
        "1 s",
        "2026-11-24",
        ".5s",
        "1.2.3s",
        "--1s",
        "soon",
        "1s,2s",
        "2026-13-24T12:00:30Z",
        "2026-11-24T12:00:30",
        "2026-11-24T12:00:30+",
        "2026-11-24T12:00:30.Z",
        "2026-11-24T12:00:30Zx",
        "2026-11-24T25:00:30Z",
        "1111111111111111111111111111s",
        "2026-11-24T12:00:30+99:99",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct rf_duration reset;
        if (rf_http_reset_parse(texts[i], NOW, &reset))
            fail_msg("\"%s\" was taken for a reset", texts[i]);
    }
}

// Pairs of name and value, ended by NULL.
static const char *header_of(const void *arg, const char *name) {
    for (const char *const *pair = arg; *pair != NULL; pair += 2)
        if (strcmp(pair[0], name) == 0)
            return pair[1];
    return NULL;
}

static void each_providers_headers_are_understood(void **state) {
    (void)state;
    const struct {
        const char *headers[13];
        int64_t limit, remaining, reset_s; // reset 0: it tells nothing
    } rows[] = {
        {{NULL}, 0, 0, 0},
        {{"x-ratelimit-limit-requests", "60", "x-ratelimit-remaining-requests", "59",
          "x-ratelimit-reset-requests", "1s"},
         60,
         59,
         1},
        {{"anthropic-ratelimit-requests-limit", "50", "anthropic-ratelimit-requests-remaining", "0",
          "anthropic-ratelimit-requests-reset", "2026-11-24T12:01:00Z"},
         50,
         0,
         60},
        {{"x-ratelimit-remaining", "3", "x-ratelimit-reset", "1795521610"}, 0, 3, 10},
        // Azure: openai-dotnet #838
        {{"x-ratelimit-limit-requests", "-1", "x-ratelimit-remaining-requests", "-1",
          "x-ratelimit-reset-requests", "0"},
         0,
         0,
         0},
        {{"x-ratelimit-limit-tokens", "-1", "x-ratelimit-remaining-tokens", "-1",
          "x-ratelimit-reset-tokens", "0"},
         0,
         0,
         0},
        {{"x-ratelimit-remaining-requests", "few", "x-ratelimit-reset-requests", "1s"}, 0, 0, 0},
        {{"x-ratelimit-remaining-requests", "5"}, 0, 0, 0},
        {{"x-ratelimit-remaining-requests", "5", "x-ratelimit-reset-requests", "1s",
          "x-ratelimit-limit-requests", "60; w=1"},
         0,
         0,
         0},
        // Tokens that are left say nothing of calls; when there are none, no call goes through.
        {{"x-ratelimit-remaining-tokens", "149984", "x-ratelimit-reset-tokens", "6m0s"}, 0, 0, 0},
        {{"x-ratelimit-limit-requests", "60", "x-ratelimit-remaining-requests", "59",
          "x-ratelimit-reset-requests", "1s", "x-ratelimit-limit-tokens", "1000",
          "x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "6m0s"},
         0,
         0,
         360},
        {{"x-ratelimit-remaining-requests", "0", "x-ratelimit-reset-requests", "7m",
          "x-ratelimit-remaining-tokens", "0", "x-ratelimit-reset-tokens", "6m0s"},
         0,
         0,
         420},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rf_rate_limit_told told;
        bool tells = rf_http_rate_limit(header_of, rows[i].headers, NOW, &told);
        assert_true(tells == (rows[i].reset_s > 0));
        if (!tells)
            continue;
        assert_int_equal(told.limit, rows[i].limit);
        assert_int_equal(told.remaining, rows[i].remaining);
        assert_int_equal(rf_duration_ms(told.reset), rows[i].reset_s * 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_is_read_in_every_form),
        cmocka_unit_test(what_is_no_reset_is_refused),
        cmocka_unit_test(each_providers_headers_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
