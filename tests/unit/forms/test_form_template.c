#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forms/template.h"

static const char *const known[] = {"a", "b", "list", "label", "value", NULL};

static json_t *view(void) {
    return json_pack("{s:s, s:s, s:i, s:[{s:s, s:s}, {s:s, s:s}]}", "a", "<A&\"'>", "b", "",
                     "value", 7, "list", "label", "one", "value", "1", "label", "two", "value",
                     "2");
}

static char *rendered(const char *text, rf_template_escape_fn *escape) {
    struct rf_template *made;
    struct rf_error error;
    char *out;
    json_t *values = view();
    if (rf_template_new("t", text, strlen(text), known, &made, &error) != RF_OK)
        fail_msg("%s: %s", text, error.message);
    assert_int_equal(rf_template_render(made, values, escape, &out, &error), RF_OK);
    json_decref(values);
    rf_template_destroy(&made);
    assert_null(made);
    return out;
}

static void values_sections_and_absence_follow_mustache(void **state) {
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"x{{a}}y", "x<A&\"'>y"},
        {"{{ a }}|{{b}}|{{value}}|{{label}}|", "<A&\"'>||7||"}, // absent and empty give nothing
        {"{{#a}}yes{{/a}}{{^a}}no{{/a}}", "yes"},
        {"{{#b}}yes{{/b}}{{^b}}no{{/b}}", "no"},
        {"{{#label}}yes{{/label}}{{^label}}no{{/label}}", "no"},
        {"{{#list}}{{label}}={{value}};{{/list}}", "one=1;two=2;"},
        {"{{#list}}{{a}}{{/list}}", "<A&\"'><A&\"'>"}, // the outer scope is seen from within
        {"{{#a}}{{.}}{{/a}}", "<A&\"'>"},
        {"a{{! nothing to see }}b", "ab"},
        // A line of its own leaves nothing behind, whatever its end.
        {"1\n{{#a}}\n2\n{{/a}}\n3", "1\n2\n3"},
        {"1\r\n  {{#a}}  \r\n2\r\n{{/a}}", "1\r\n2\r\n"},
        {"{{! c }}\nx\n", "x\n"},
        {"  {{#a}}x\n{{/a}}", "  x\n"}, // this one is not alone
        {"{{#a}}\n{{#list}}\n- {{label}}\n{{/list}}\n{{/a}}\n", "- one\n- two\n"},
        {"{{a}}\n", "<A&\"'>\n"}, // a value's line stays
        {"{ {a} } }} {", "{ {a} } }} {"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *out = rendered(cases[i].text, rf_escape_nothing);
        if (strcmp(out, cases[i].expected) != 0)
            fail_msg("%s gave \"%s\"", cases[i].text, out);
        free(out);
    }
}

static void each_escape_leaves_its_reader_nothing_but_text(void **state) {
    (void)state;
    static const struct {
        rf_template_escape_fn *escape;
        const char *value, *expected;
    } cases[] = {
        {rf_escape_html, "<b a=\"1\" c='2'>&amp;",
         "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;"},
        {rf_escape_markdown, "_*[]()~`>#+-=|{}.!\\",
         "\\_\\*\\[\\]\\(\\)\\~\\`\\>\\#\\+\\-\\=\\|\\{\\}\\.\\!\\\\"},
        {rf_escape_markdown, "a \xC3\xA4 1", "a \xC3\xA4 1"},
        {rf_escape_json, "\"\\\n\t\x01 \xC3\xA4", "\\\"\\\\\\n\\u0009\\u0001 \xC3\xA4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_text out = {0};
        cases[i].escape(&out, cases[i].value);
        assert_string_equal(out.data, cases[i].expected);
        rf_text_fini(&out);
    }
}

static void what_is_wrong_is_told_with_its_place_and_the_mend(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"x\n  {{name}}", "t:2:3: unknown name \"name\"; expected one of: a b list label value"},
        {"{{a", "t:1:1: the tag does not end; expected }}"},
        {"{{{a}}}", "t:1:1: values are always escaped; expected {{name}}"},
        {"{{&a}}", "t:1:1: values are always escaped; expected {{name}}"},
        {"{{>a}}", "t:1:1: there are no partials; expected the text itself"},
        {"{{=<% %>=}}", "t:1:1: delimiters cannot be changed; expected {{ and }}"},
        {"{{}}", "t:1:1: not a name; expected lower-case letters and '_', or '.'"},
        {"{{A b}}", "t:1:1: not a name; expected lower-case letters and '_', or '.'"},
        {"{{/a}}", "t:1:1: no section is open here; expected {{#name}} before"},
        {"{{#a}}\n{{#b}}{{/a}}", "t:2:7: another section is open here; expected its end first"},
        {"1\n{{#a}}", "t:2:1: the section does not end; expected {{/name}}"},
        {"{{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}",
         "t:1:1: the name is too long; expected a known name"},
        {"{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}",
         "t:1:49: too many sections within sections; 8 are allowed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_template *made;
        struct rf_error error = {0};
        assert_int_equal(
            rf_template_new("t", cases[i].text, strlen(cases[i].text), known, &made, &error),
            RF_ERR_INVALID);
        assert_string_equal(error.message, cases[i].message);
        assert_null(made);
    }
    struct rf_template *made;
    struct rf_error error;
    assert_int_equal(rf_template_new("t", "a\0b", 3, known, &made, &error), RF_ERR_INVALID);
    char *large = malloc(RF_TEMPLATE_BYTES + 1);
    memset(large, 'x', RF_TEMPLATE_BYTES + 1);
    assert_int_equal(rf_template_new("t", large, RF_TEMPLATE_BYTES + 1, known, &made, &error),
                     RF_ERR_INVALID);
    free(large);
}

// Sections of sections of a long list: it ends at the bound, with an error.
static void a_rendering_is_bounded(void **state) {
    (void)state;
    static const char text[] = "{{#list}}{{#list}}{{#list}}xxxxxxxxxx{{/list}}{{/list}}{{/list}}";
    struct rf_template *made;
    struct rf_error error;
    char *out;
    json_t *list = json_array(), *values = json_object();
    for (int i = 0; i < 1000; i++)
        json_array_append_new(list, json_integer(1));
    json_object_set_new(values, "list", list);
    assert_int_equal(rf_template_new("t", text, sizeof text - 1, known, &made, &error), RF_OK);
    assert_int_equal(rf_template_render(made, values, rf_escape_nothing, &out, &error),
                     RF_ERR_INVALID);
    assert_null(out);
    json_decref(values);
    rf_template_destroy(&made);
}

// Every cut and every changed byte of a template is read or refused, never more.
static void garbage_is_read_or_refused(void **state) {
    (void)state;
    static const char text[] = "a{{#list}}\n{{label}}: {{^b}}{{.}}{{/b}}\n{{/list}}{{! c }}{{a}}";
    json_t *values = view();
    for (size_t size = 0; size < sizeof text; size++) {
        for (size_t at = 0; at < size; at++) {
            static const char bytes[] = "{}#/^!.a \n";
            for (size_t b = 0; b < sizeof bytes - 1; b++) {
                char changed[sizeof text];
                memcpy(changed, text, sizeof text);
                changed[at] = bytes[b];
                char *exact = malloc(size);
                memcpy(exact, changed, size);
                struct rf_template *made;
                struct rf_error error;
                if (rf_template_new("t", exact, size, known, &made, &error) == RF_OK) {
                    char *out;
                    assert_int_equal(rf_template_render(made, values, rf_escape_html, &out, &error),
                                     RF_OK);
                    free(out);
                }
                rf_template_destroy(&made);
                free(exact);
            }
        }
    }
    json_decref(values);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_sections_and_absence_follow_mustache),
        cmocka_unit_test(each_escape_leaves_its_reader_nothing_but_text),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place_and_the_mend),
        cmocka_unit_test(a_rendering_is_bounded),
        cmocka_unit_test(garbage_is_read_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
