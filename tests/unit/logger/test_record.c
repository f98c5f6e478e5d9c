#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

#define AT INT64_C(1763981280123456789)

// Without secrets of its own: nothing that these tests write is one.
static struct rf_redaction *redaction;

static int setup(void **state) {
    (void)state;
    redaction = rf_redaction_new(&(struct rf_redact_rules){0});
    return redaction == NULL;
}

static int teardown(void **state) {
    (void)state;
    rf_redaction_destroy(&redaction);
    return 0;
}

static char *json_of(const struct rf_event *event) {
    struct rf_recorder recorder = {0};
    struct rf_text text = {0};
    rf_record(&recorder, redaction, event, &text, NULL);
    rf_recorder_fini(&recorder);
    return rf_text_take(&text);
}

static char *text_of(const struct rf_event *event) {
    struct rf_recorder recorder = {0};
    struct rf_text text = {0};
    rf_record(&recorder, redaction, event, NULL, &text);
    rf_recorder_fini(&recorder);
    return rf_text_take(&text);
}

static void a_json_line_holds_what_the_event_has_and_nothing_else(void **state) {
    (void)state;
    struct rf_event event = {.n = 42,
                             .ts = AT,
                             .id = "01JDF",
                             .type = "provider.down",
                             .severity = "error",
                             .subject = "twilio",
                             .origin = "health-monitor-1",
                             .stream = "health-monitor-1",
                             .seq = 4,
                             .data = json_pack("{s:s}", "why", "HTTP 503")};
    char *line = json_of(&event);
    assert_string_equal(line,
                        "{\"n\":42,\"time\":\"2025-11-24T10:48:00.123456Z\",\"id\":\"01JDF\","
                        "\"type\":\"provider.down\",\"severity\":\"error\",\"subject\":\"twilio\","
                        "\"origin\":\"health-monitor-1\",\"stream\":\"health-monitor-1\",\"seq\":4,"
                        "\"message\":\"Provider twilio is down: HTTP 503\","
                        "\"data\":{\"why\":\"HTTP 503\"}}\n");
    int64_t n;
    assert_true(rf_record_json_n(line, strlen(line) - 1, &n));
    assert_int_equal(n, 42);
    free(line);
    json_decref(event.data);
}

static void a_text_line_is_aligned_and_begins_with_its_number(void **state) {
    (void)state;
    struct rf_event event = {
        .n = 42, .ts = AT, .type = "provider.up", .severity = "info", .subject = "twilio"};
    char *line = text_of(&event);
    assert_string_equal(line,
                        "        42  2025-11-24T10:48:00.123456Z  info      provider.up         "
                        "  Provider twilio is up\n");
    int64_t n;
    assert_true(rf_record_text_n(line, strlen(line) - 1, &n));
    assert_int_equal(n, 42);
    free(line);
}

static void sentences_begin_in_one_column_whatever_the_type(void **state) {
    (void)state;
    for (int type = 0; type < RF_EVENT_COUNT; type++) {
        struct rf_event event = {.n = 42,
                                 .ts = AT,
                                 .type = rf_event_type_name((enum rf_event_type)type),
                                 .severity = "critical",
                                 .subject = "x"};
        char *line = text_of(&event);
        if (strncmp(line + 51, event.type, strlen(event.type)) != 0 ||
            strncmp(line + 71, "  ", 2) != 0)
            fail_msg("%s", line);
        free(line);
    }
}

// Whatever stands in an event, a line is one line, for readers that split at Unicode's line ends
// too, and its number is found again.
static void a_hostile_event_is_one_line_in_every_form(void **state) {
    (void)state;
    char hostile[10001];
    static const char pattern[] = "\r\n\x0b\x0c\x1c.\"\\\xC2\x85\xE2\x80\xA8\xE2\x80\xA9{}\t=cmd|'";
    for (size_t i = 0; i < sizeof hostile - 1; i++)
        hostile[i] = pattern[i % (sizeof pattern - 1)];
    hostile[(sizeof hostile - 1) / (sizeof pattern - 1) * (sizeof pattern - 1)] = '\0';
    struct rf_event event = {.n = INT64_MAX,
                             .ts = AT,
                             .id = hostile,
                             .type = hostile,
                             .severity = hostile,
                             .subject = hostile,
                             .contact = hostile,
                             .data = json_pack("{s:s}", "message", hostile)};
    json_object_set_new(event.data, hostile, json_true());
    char *lines[] = {json_of(&event), text_of(&event)};
    for (size_t i = 0; i < 2; i++) {
        size_t size = strlen(lines[i]);
        assert_int_equal(strcspn(lines[i], "\r\n\x0b\x0c\x1c"), size - 1);
        assert_null(strstr(lines[i], "\xC2\x85"));
        assert_null(strstr(lines[i], "\xE2\x80\xA8"));
        assert_null(strstr(lines[i], "\xE2\x80\xA9"));
        int64_t n = 0;
        assert_true(i == 0 ? rf_record_json_n(lines[0], size - 1, &n)
                           : rf_record_text_n(lines[1], size - 1, &n));
        assert_true(n == INT64_MAX);
    }
    // The escapes mean what the bytes did.
    json_t *object = json_loads(lines[0], 0, NULL);
    assert_string_equal(json_string_value(json_object_get(object, "subject")), hostile);
    json_decref(object);
    free(lines[0]);
    free(lines[1]);
    json_decref(event.data);
}

static void an_event_that_is_not_utf8_is_still_a_json_line(void **state) {
    (void)state;
    struct rf_event event = {
        .n = 7, .ts = AT, .type = "a.b", .severity = "info", .subject = "caf\xE9"};
    char *line = json_of(&event);
    json_t *object = json_loads(line, 0, NULL);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "subject")), "caf\xEF\xBF\xBD");
    json_decref(object);
    free(line);
}

static void a_row_is_seven_texts(void **state) {
    (void)state;
    struct rf_event event = {.n = 42,
                             .ts = AT,
                             .type = "contact.done",
                             .severity = "info",
                             .subject = "=HYPERLINK(\"x\")",
                             .contact = NULL};
    json_t *row = rf_record_row(redaction, &event);
    assert_int_equal(json_array_size(row), RF_RECORD_COLUMNS);
    for (size_t i = 0; i < RF_RECORD_COLUMNS; i++)
        assert_true(json_is_string(json_array_get(row, i)));
    assert_string_equal(json_string_value(json_array_get(row, 0)), "42");
    assert_string_equal(json_string_value(json_array_get(row, 1)), "2025-11-24T10:48:00.123456Z");
    assert_string_equal(json_string_value(json_array_get(row, 4)), "'=HYPERLINK(\"x\")");
    assert_string_equal(json_string_value(json_array_get(row, 5)), "");
    json_decref(row);
    json_t *header = rf_record_header();
    assert_int_equal(json_array_size(json_array_get(header, 0)), RF_RECORD_COLUMNS);
    json_decref(header);
}

static void no_cell_begins_as_a_formula_does(void **state) {
    (void)state;
    static const struct {
        const char *subject, *cell;
    } cases[] = {
        {"=1", "'=1"},
        {"+1", "'+1"},
        {"-1", "'-1"},
        {"@a", "'@a"},
        {"\t=1", "' =1"},
        {"\r\n@", "'  @"},
        {"  =1", "'  =1"},
        {"\xEF\xBC\x9D"
         "1",
         "'\xEF\xBC\x9D"
         "1"},
        {"'=1", "'=1"},
        {"a=1", "a=1"},
        {"1-1", "1-1"},
        {"\xEF\xBC\x91", "\xEF\xBC\x91"},
        {" ", " "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_event event = {.n = -1,
                                 .ts = AT,
                                 .type = cases[i].subject,
                                 .severity = cases[i].subject,
                                 .subject = cases[i].subject};
        json_t *row = rf_record_row(redaction, &event);
        for (size_t c = 2; c < 5; c++)
            assert_string_equal(json_string_value(json_array_get(row, c)), cases[i].cell);
        // The sentence of an unknown type begins with it.
        assert_memory_equal(json_string_value(json_array_get(row, 6)), cases[i].cell,
                            strlen(cases[i].cell));
        assert_string_equal(json_string_value(json_array_get(row, 0)), "-1"); // ours is left alone
        json_decref(row);
    }
}

static void a_line_of_another_program_has_no_number(void **state) {
    (void)state;
    const char *const lines[] = {"",
                                 "{}",
                                 "{\"n\":\"42\"}",
                                 "{\"n\":-1}",
                                 "{\"n\":1.5}",
                                 "{\"n\":42",
                                 "[42]",
                                 "42",
                                 "42  hello world, here",
                                 "  99999999999999999999  2025-11-24T10:48:00.123456Z  info",
                                 "        42  2025-11-24",
                                 "-4  2025-11-24T10:48:00.123456Z"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        int64_t n;
        assert_false(rf_record_json_n(lines[i], strlen(lines[i]), &n));
        assert_false(rf_record_text_n(lines[i], strlen(lines[i]), &n));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_json_line_holds_what_the_event_has_and_nothing_else),
        cmocka_unit_test(a_text_line_is_aligned_and_begins_with_its_number),
        cmocka_unit_test(sentences_begin_in_one_column_whatever_the_type),
        cmocka_unit_test(a_hostile_event_is_one_line_in_every_form),
        cmocka_unit_test(an_event_that_is_not_utf8_is_still_a_json_line),
        cmocka_unit_test(a_row_is_seven_texts),
        cmocka_unit_test(no_cell_begins_as_a_formula_does),
        cmocka_unit_test(a_line_of_another_program_has_no_number),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
