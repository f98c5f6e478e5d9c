// What `tail` and `replay` are made of: moments, filters, lines, pace.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event_filter.h"
#include "event_line.h"
#include "moment.h"
#include "pace.h"

#define S RF_NS_PER_S

// 2026-11-24T10:48:00Z
static const struct rf_utc now = {INT64_C(1795517280) * S};

static void a_moment_is_a_length_of_time_ago_or_a_date(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t at;
    } cases[] = {
        {"10m", INT64_C(1795517280) - 600},
        {"2h", INT64_C(1795517280) - 7200},
        {"7d", INT64_C(1795517280) - 7 * 86400},
        {"2026-11-24", INT64_C(1795478400)},
        {"2026-11-24T10:48:00Z", INT64_C(1795517280)},
        {"2026-11-24 10:48", INT64_C(1795517280)},
        {"2026-11-24T10:48:00", INT64_C(1795517280)},
        {"2026-11-24T11:48:00+01:00", INT64_C(1795517280)},
        {"2026-11-24T05:18:00-05:30", INT64_C(1795517280)},
        {"2028-02-29", INT64_C(1835395200)}, // leap years
        {"2000-02-29", INT64_C(951782400)},
        {"36500d", 0}, // before there was time
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_utc moment;
        struct rf_error error;
        assert_int_equal(cli_moment_read("--since", cases[i].text, now, &moment, &error), RF_OK);
        assert_int_equal(moment.ns, cases[i].at * S);
    }
    struct rf_utc moment;
    assert_int_equal(cli_moment_read("--since", "2026-11-24T10:48:00.25Z", now, &moment, NULL),
                     RF_OK);
    assert_int_equal(moment.ns, now.ns + S / 4);
}

static void what_is_no_moment_is_refused_with_the_option_and_what_was_expected(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "10",
                                        "m",
                                        "-5m",
                                        "yesterday",
                                        "7dd",
                                        "1e3d",
                                        "2026-13-01",
                                        "2026-11-24T",
                                        "2026-11-24T25:00:00Z",
                                        "2026-11-24T10:48:00.Z",
                                        "2026-11-24T10:48:00+1",
                                        "2026-11-24T10:48:00+01:00x",
                                        "2026-11-24T10:48:00+-1:30",
                                        "2026-11-24x",
                                        "1914-11-24",
                                        "2026-02-31", // days that there are not
                                        "2026-02-29",
                                        "2100-02-29T10:00:00Z",
                                        "2026-04-31",
                                        "99999999999999999999-01-01"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct rf_utc moment;
        struct rf_error error;
        assert_int_equal(cli_moment_read("--since", texts[i], now, &moment, &error),
                         RF_ERR_INVALID);
        assert_non_null(strstr(error.message, "--since: "));
        assert_non_null(strstr(error.message, "expected a length of time before now"));
    }
}

static void a_number_is_read_strictly(void **state) {
    (void)state;
    int64_t number;
    struct rf_error error;
    assert_int_equal(cli_number_read("--last", "10", 1, 10, &number, &error), RF_OK);
    assert_int_equal(number, 10);
    static const char *const texts[] = {"",   "0",  "11",  "+1",
                                        " 1", "1 ", "0x1", "99999999999999999999"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(cli_number_read("--last", texts[i], 1, 10, &number, &error),
                         RF_ERR_INVALID);
    assert_string_equal(error.message, "--last: \"99999999999999999999\"; expected a whole number "
                                       "from 1 to 10");
}

static void a_filter_lets_through_what_has_all_that_is_wanted(void **state) {
    (void)state;
    const struct rf_event event = {.type = "contact.step",
                                   .subject = "c-1",
                                   .severity = "warning",
                                   .contact = "c-1",
                                   .campaign = "c",
                                   .service = "openai",
                                   .ts = 100};
    const struct {
        struct cli_event_filter filter;
        bool passes;
    } cases[] = {
        {{0}, true},
        {{.contact = "c-1", .campaign = "c", .service = "openai", .severity = 1}, true},
        {{.contact = "c-2"}, false},
        {{.campaign = "d"}, false},
        {{.service = "elevenlabs"}, false},
        {{.severity = 2}, false},
        {{.since = {100}, .until = {100}}, true},
        {{.since = {101}}, false},
        {{.until = {99}}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(cli_event_filter_passes(&cases[i].filter, &event), cases[i].passes);
        assert_int_equal(cli_event_filter_narrow(&cases[i].filter), i > 0);
    }
    const struct rf_event bare = {.type = "x.y", .subject = "z", .severity = "new"};
    assert_true(cli_event_filter_passes(&(struct cli_event_filter){.severity = 2}, &bare));
    assert_false(cli_event_filter_passes(&(struct cli_event_filter){.contact = "c-1"}, &bare));
}

static void a_line_for_programs_has_the_names_of_the_bus(void **state) {
    (void)state;
    json_t *data = json_pack("{s:i}", "a", 1);
    const struct rf_event event = {.id = "01J",
                                   .n = 7,
                                   .stream = "s",
                                   .seq = 3,
                                   .ts = now.ns,
                                   .origin = "o-1",
                                   .severity = "info",
                                   .type = "contact.done",
                                   .subject = "c-1",
                                   .contact = "c-1",
                                   .data = data};
    char *line = cli_event_line(&event, true, true);
    assert_string_equal(line,
                        "{\"ts\":\"2026-11-24T10:48:00.000000Z\",\"topic\":\"contact.done/c-1\","
                        "\"id\":\"01J\",\"n\":7,\"stream\":\"s\",\"seq\":3,\"origin\":\"o-1\","
                        "\"severity\":\"info\",\"type\":\"contact.done\",\"subject\":\"c-1\","
                        "\"contact\":\"c-1\",\"data\":{\"a\":1}}");
    free(line);
    line = cli_event_line(&event, false, false);
    assert_string_equal(line, "2026-11-24T10:48:00.000000Z info     contact.done/c-1  Contact c-1: "
                              "its call ended");
    free(line);
    json_decref(data);
}

static void add(struct cli_pace *pace, int64_t at_s, const char *text) {
    assert_true(cli_pace_add(pace, (struct rf_utc){at_s * S}, strdup(text)));
}

static void expect(struct cli_pace *pace, int64_t now_ms, const char *text, int64_t due_ms) {
    struct rf_instant due;
    char *line = cli_pace_next(pace, (struct rf_instant){now_ms * RF_NS_PER_MS}, &due);
    if (text == NULL)
        assert_null(line);
    else
        assert_string_equal(line, text);
    free(line);
    assert_int_equal(due.ns, due_ms * RF_NS_PER_MS);
}

static void lines_keep_their_distances_divided_by_the_speed(void **state) {
    (void)state;
    struct cli_pace pace = {0};
    struct rf_error error;
    assert_int_equal(cli_pace_read("2", &pace, &error), RF_OK);
    add(&pace, 1000, "a");
    add(&pace, 1004, "b");
    add(&pace, 1002, "late");
    expect(&pace, 500, "a", 0);
    expect(&pace, 500, NULL, 2500);
    expect(&pace, 2499, NULL, 2500);
    expect(&pace, 2500, "b", 0);
    expect(&pace, 2500, "late", 0);
    expect(&pace, 2500, NULL, 0);
    add(&pace, 1010, "of the next page");
    expect(&pace, 2500, NULL, 5500);
    expect(&pace, 9000, "of the next page", 0);
    cli_pace_fini(&pace);
}

static void without_a_speed_all_is_due_at_once(void **state) {
    (void)state;
    struct cli_pace pace = {0};
    struct rf_error error;
    assert_int_equal(cli_pace_read(NULL, &pace, &error), RF_OK);
    for (int i = 0; i < 1000; i++)
        add(&pace, i, "x");
    for (int i = 0; i < 999; i++)
        expect(&pace, 1, "x", 0);
    cli_pace_fini(&pace); // with a line in it
    static const char *const texts[] = {"0", "-1", "x", "1x", "nan", "inf", "1e7", ""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(cli_pace_read(texts[i], &pace, &error), RF_ERR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moment_is_a_length_of_time_ago_or_a_date),
        cmocka_unit_test(what_is_no_moment_is_refused_with_the_option_and_what_was_expected),
        cmocka_unit_test(a_number_is_read_strictly),
        cmocka_unit_test(a_filter_lets_through_what_has_all_that_is_wanted),
        cmocka_unit_test(a_line_for_programs_has_the_names_of_the_bus),
        cmocka_unit_test(lines_keep_their_distances_divided_by_the_speed),
        cmocka_unit_test(without_a_speed_all_is_due_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
