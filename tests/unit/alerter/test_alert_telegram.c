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
#include "forms/forms.h"

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

static struct rf_forms *forms;

static struct rf_alert alert_of(const char *text) {
    return (struct rf_alert){.id = "01JDF",
                             .thread = "01JDF",
                             .at = {RF_NS_PER_S},
                             .opened = {RF_NS_PER_S},
                             .severity = (char *)(uintptr_t) "error",
                             .type = (char *)(uintptr_t) "provider.down",
                             .subject = (char *)(uintptr_t) "twilio",
                             .incident = (char *)(uintptr_t) "provider/twilio",
                             .title = (char *)(uintptr_t) "Provider twilio is down",
                             .text = (char *)(uintptr_t)text};
}

static json_t *formatted(const struct rf_telegram_form *wanted, const char *method) {
    struct rf_telegram_form form = *wanted;
    struct rf_error error, trouble = {0};
    const char *called;
    char *body;
    form.forms = forms;
    form.chat_id = "-100123";
    form.trouble = &trouble;
    assert_int_equal(rf_format_telegram(&form, &called, &body, &error), RF_OK);
    assert_string_equal(called, method);
    assert_string_equal(trouble.message, "");
    json_t *object = json_loads(body, 0, NULL);
    free(body);
    assert_string_equal(json_string_value(json_object_get(object, "chat_id")), "-100123");
    return object;
}

static json_t *plain(const char *text, struct rf_utc now) {
    struct rf_alert alert = alert_of(text);
    json_t *object = formatted(
        &(struct rf_telegram_form){.alert = &alert, .plain = true, .now = now}, "sendMessage");
    assert_null(json_object_get(object, "parse_mode"));
    return object;
}

static const char *text_in(const json_t *object) {
    return json_string_value(json_object_get(object, "text"));
}

static void an_alert_is_escaped_and_marked_up(void **state) {
    (void)state;
    struct rf_alert alert = alert_of("Line *one* <b>\n");
    json_t *object = formatted(
        &(struct rf_telegram_form){.alert = &alert, .now = {2 * RF_NS_PER_S}}, "sendMessage");
    assert_string_equal(json_string_value(json_object_get(object, "parse_mode")), "MarkdownV2");
    assert_string_equal(text_in(object), "*\\[error\\] Provider twilio is down*\n\n"
                                         "Line \\*one\\* <b\\>\n\nid: `01JDF`");
    json_decref(object);
}

static void without_markup_it_says_the_same(void **state) {
    (void)state;
    json_t *object = plain("Line *one* <b>\n", (struct rf_utc){2 * RF_NS_PER_S});
    assert_string_equal(text_in(object),
                        "[error] Provider twilio is down\n\nLine *one* <b>\n\nid: 01JDF");
    json_decref(object);
}

static void a_late_alert_says_how_late_it_is(void **state) {
    (void)state;
    json_t *object = plain("x\n", (struct rf_utc){1801 * RF_NS_PER_S});
    assert_non_null(strstr(text_in(object), "Late: this happened 30 min ago"));
    json_decref(object);
}

static json_int_t member(const json_t *object, const char *key, const char *inner) {
    const json_t *value = json_object_get(object, key);
    return json_integer_value(inner == NULL ? value : json_object_get(value, inner));
}

static void an_update_changes_the_first_message_and_all_else_answers_it(void **state) {
    (void)state;
    struct rf_alert alert = alert_of("x\n");
    for (int kind = 0; kind < RF_NOTICE_COUNT; kind++) {
        alert.kind = (enum rf_notice)kind;
        bool edits = kind == RF_NOTICE_UPDATED;
        struct rf_telegram_form form = {.alert = &alert, .remote = "77"};
        json_t *object = formatted(&form, edits ? "editMessageText" : "sendMessage");
        assert_int_equal(member(object, "message_id", NULL), edits ? 77 : 0);
        assert_int_equal(member(object, "reply_parameters", "message_id"), edits ? 0 : 77);
        assert_int_equal(json_is_true(json_object_get(json_object_get(object, "reply_parameters"),
                                                      "allow_sending_without_reply")),
                         !edits);
        json_decref(object);
        // Where that message is gone, or never was, it is one of its own.
        form.anew = true;
        object = formatted(&form, "sendMessage");
        assert_int_equal(member(object, "message_id", NULL), 0);
        json_decref(object);
        form.remote = NULL;
        object = formatted(&form, "sendMessage");
        assert_null(json_object_get(object, "reply_parameters"));
        json_decref(object);
    }
}

// Lengths around the limit of one-unit and of two-unit characters, then a long one.
static size_t next_count(size_t count) {
    return count == 2050 ? 3950 : count == 4100 ? 10000 : count + 5;
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
            json_t *object = plain(text, (struct rf_utc){0});
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

static int open_forms(void **state) {
    (void)state;
    struct rf_error error;
    return rf_forms_new(NULL, &forms, &error) == RF_OK ? 0 : -1;
}

static int close_forms(void **state) {
    (void)state;
    rf_forms_destroy(&forms);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alert_is_escaped_and_marked_up),
        cmocka_unit_test(without_markup_it_says_the_same),
        cmocka_unit_test(an_update_changes_the_first_message_and_all_else_answers_it),
        cmocka_unit_test(a_late_alert_says_how_late_it_is),
        cmocka_unit_test(incident_35_a_long_alert_is_cut_at_the_limit_and_counts_what_is_left_out),
    };
    return cmocka_run_group_tests(tests, open_forms, close_forms);
}
