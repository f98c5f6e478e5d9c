#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "events/field.h"
#include "events/text.h"

static void every_code_point_survives_encoding_and_decoding(void **state) {
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        if (code >= 0xD800 && code <= 0xDFFF)
            continue;
        char bytes[4];
        uint32_t back = 0;
        size_t length = rf_utf8_encode(code, bytes);
        assert_int_equal(rf_utf8_decode(bytes, length, &back), length);
        assert_int_equal(back, code);
    }
}

static void what_is_not_utf8_is_refused(void **state) {
    (void)state;
    const char *const cases[] = {
        "\x80",             // a continuation without a lead
        "\xC0\xAF",         // overlong slash
        "\xE0\x80\xAF",     // overlong in three bytes
        "\xF0\x80\x80\xAF", // overlong in four
        "\xED\xA0\x80",     // a surrogate
        "\xF4\x90\x80\x80", // beyond U+10FFFF
        "\xF8\x88\x80\x80", // five-byte lead
        "\xE2\x82",         // cut off
        "\xC3(",            // a lead without continuation
        "\xFF",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t code;
        assert_int_equal(rf_utf8_decode(cases[i], strlen(cases[i]), &code), 0);
    }
    uint32_t code;
    assert_int_equal(rf_utf8_decode("", 0, &code), 0);
}

static char *cleaned(const char *outside, size_t limit) {
    struct rf_text text = {0};
    rf_text_add_clean(&text, outside, limit);
    return rf_text_take(&text);
}

static void text_from_outside_stays_on_one_line(void **state) {
    (void)state;
    const struct {
        const char *given, *expected;
    } cases[] = {
        {"plain", "plain"},
        {"a\r\nBcc: x@y", "a  Bcc: x@y"},
        {"tab\tand\x1b[31mred", "tab and [31mred"},
        {"del\x7F", "del "},
        {"next\xC2\x85line", "next line"},              // U+0085
        {"sep\xE2\x80\xA8line", "sep line"},            // U+2028
        {"turn\xE2\x80\xAEgnp.exe", "turn gnp.exe"},    // U+202E
        {"caf\xC3\xA9", "caf\xC3\xA9"},                 //
        {"bad\xFF", "bad\xEF\xBF\xBD"},                 //
        {"cut\xE2\x82", "cut\xEF\xBF\xBD\xEF\xBF\xBD"}, //
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = cleaned(cases[i].given, 100);
        assert_string_equal(text, cases[i].expected);
        free(text);
    }
    char *nothing = cleaned(NULL, 100);
    assert_string_equal(nothing, "");
    free(nothing);
}

static void a_long_text_is_cut_between_characters_within_its_limit(void **state) {
    (void)state;
    const char *const long_text = "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"; // five times e acute
    char *text = cleaned(long_text, 10);
    assert_string_equal(text, long_text);
    free(text);
    text = cleaned(long_text, 9);
    assert_string_equal(text, "\xC3\xA9\xC3\xA9\xC3\xA9...");
    free(text);
    text = cleaned(long_text, 8);
    assert_string_equal(text, "\xC3\xA9\xC3\xA9...");
    free(text);
    text = cleaned(long_text, 2);
    assert_string_equal(text, "");
    free(text);
    assert_int_equal(rf_utf8_cut(long_text, 10, 5), 4);
    assert_int_equal(rf_utf8_cut(long_text, 10, 10), 10);
}

static void ten_thousand_additions_make_one_text(void **state) {
    (void)state;
    struct rf_text text = {0};
    for (int i = 0; i < 10000; i++)
        rf_text_add(&text, "%d,", i % 10);
    assert_int_equal(text.size, 20000);
    char *data = rf_text_take(&text);
    assert_int_equal(strlen(data), 20000);
    assert_null(text.data);
    free(data);
    data = rf_text_take(&text);
    assert_string_equal(data, "");
    free(data);
}

static void spans_are_told_in_a_unit_that_people_read(void **state) {
    (void)state;
    const struct {
        int64_t ns;
        const char *expected;
    } cases[] = {
        {-1, "0.0 s"},
        {0, "0.0 s"},
        {1, "1 ms"},
        {34 * RF_NS_PER_MS, "34 ms"},
        {99 * RF_NS_PER_MS, "99 ms"},
        {100 * RF_NS_PER_MS, "0.1 s"},
        {400 * RF_NS_PER_MS, "0.4 s"},
        {10 * RF_NS_PER_S, "10 s"},
        {119 * RF_NS_PER_S, "119 s"},
        {120 * RF_NS_PER_S, "2 min"},
        {7200 * RF_NS_PER_S, "2 h"},
        {48 * 3600 * RF_NS_PER_S, "2 d"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[RF_TIME_TEXT_SIZE];
        assert_string_equal(rf_span_text(rf_ns(cases[i].ns), out), cases[i].expected);
    }
    char out[RF_TIME_TEXT_SIZE];
    assert_string_equal(rf_time_text((struct rf_utc){INT64_C(1763981280123456789)}, out),
                        "2025-11-24 10:48:00 UTC");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_survives_encoding_and_decoding),
        cmocka_unit_test(what_is_not_utf8_is_refused),
        cmocka_unit_test(text_from_outside_stays_on_one_line),
        cmocka_unit_test(a_long_text_is_cut_between_characters_within_its_limit),
        cmocka_unit_test(ten_thousand_additions_make_one_text),
        cmocka_unit_test(spans_are_told_in_a_unit_that_people_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
