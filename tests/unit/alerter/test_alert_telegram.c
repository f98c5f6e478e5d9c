#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "format.h"

static size_t units_of(const char *text) {
    size_t units = 0, size = strlen(text);
    for (size_t i = 0; i < size;) {
        uint32_t code = 0;
        size_t length = rf_utf8_decode(text + i, size - i, &code);
        assert_true(length > 0); // never cut within a character
        units += code > 0xFFFF ? 2 : 1;
        i += length;
    }
    return units;
}

static json_t *formatted(char *text, struct rf_utc now) {
    struct rf_alert alert = {.id = "01JDF",
                             .at = {RF_NS_PER_S},
                             .severity = (char *)"error",
                             .title = (char *)"Provider twilio is down",
                             .text = text};
    char *body;
    struct rf_error error;
    assert_int_equal(rf_format_telegram(&alert, "-100123", now, &body, &error), RF_OK);
    json_t *object = json_loads(body, 0, NULL);
    free(body);
    assert_string_equal(json_string_value(json_object_get(object, "chat_id")), "-100123");
    assert_null(json_object_get(object, "parse_mode"));
    return object;
}

static const char *text_in(const json_t *object) {
    return json_string_value(json_object_get(object, "text"));
}

static void a_short_alert_stands_whole_with_its_id(void **state) {
    (void)state;
    json_t *object = formatted((char *)"Line *one* <b>\n", (struct rf_utc){2 * RF_NS_PER_S});
    assert_string_equal(text_in(object),
                        "[error] Provider twilio is down\n\nLine *one* <b>\n\nid: 01JDF");
    json_decref(object);
}

static void a_late_alert_says_how_late_it_is(void **state) {
    (void)state;
    json_t *object = formatted((char *)"x\n", (struct rf_utc){1801 * RF_NS_PER_S});
    assert_non_null(strstr(text_in(object), "Late: this happened 30 min ago"));
    json_decref(object);
}

// Every length around the limit of one-unit and of two-unit characters, then a long one.
static size_t next_count(size_t count) {
    return count == 2050 ? 3950 : count == 4100 ? 10000 : count + 1;
}

// At and around the limit, with characters of one to four bytes: never over it, never refused, the
// id always there, and what was left out is counted.
static void incident_35_a_long_alert_is_cut_at_the_limit_and_counts_what_is_left_out(void **state) {
    (void)state;
    const char *const characters[] = {"x", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x94\xA5"};
    char *text = malloc(4 * 10000 + 1);
    for (size_t c = 0; c < 4; c++) {
        for (size_t count = 1950; count <= 10000; count = next_count(count)) {
            text[0] = '\0';
            size_t length = strlen(characters[c]);
            for (size_t i = 0; i < count; i++)
                memcpy(text + i * length, characters[c], length + 1);
            json_t *object = formatted(text, (struct rf_utc){0});
            size_t units = units_of(text_in(object));
            assert_true(units <= RF_TELEGRAM_UNITS);
            assert_non_null(strstr(text_in(object), "\nid: 01JDF"));
            const char *left_out = strstr(text_in(object), " characters left out]");
            if (left_out == NULL)
                assert_non_null(strstr(text_in(object), text));
            else {
                assert_true(units > RF_TELEGRAM_UNITS - 80);
                const char *open = left_out;
                while (*open != '[')
                    open--;
                size_t kept = 0;
                for (const char *p = text_in(object); (p = strstr(p, characters[c])) != NULL;
                     p += length)
                    kept++;
                assert_int_equal(strtoul(open + 1, NULL, 10) + kept, count);
            }
            json_decref(object);
        }
    }
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_alert_stands_whole_with_its_id),
        cmocka_unit_test(a_late_alert_says_how_late_it_is),
        cmocka_unit_test(incident_35_a_long_alert_is_cut_at_the_limit_and_counts_what_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
