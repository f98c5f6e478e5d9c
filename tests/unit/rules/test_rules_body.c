// Bodies from outside: what is JSON, what is not, and that nothing in them does harm.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules/rules.h"

static struct rf_value *parse(const char *text) {
    return rf_body_parse(text, strlen(text));
}

static void maps_and_arrays_are_json_and_nothing_else_is(void **state) {
    (void)state;
    static const struct {
        const char *body;
        bool json;
    } cases[] = {
        {"{}", true},
        {" \r\n\t[1, 2]", true},
        {"\xef\xbb\xbf{\"a\": 1}", true},
        {"", false},
        {"   ", false},
        {"null", false},
        {"\"text\"", false},
        {"<html>", false},
        {"ID3\x03 audio", false},
        {"{\"a\": 1} and more", false},
        {"{\"a\": 1", false},
        {"{\"a\": 99999999999999999999999}", false},
        {"{\"a\": \"\\u0000\"}", false},
        {"{\"a\": \"\\ud800\"}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_value *json = parse(cases[i].body);
        if ((json != NULL) != cases[i].json)
            fail_msg("case %zu: %s", i, cases[i].body);
        rf_value_destroy(&json);
    }
}

static void bytes_that_are_not_utf8_are_taken_for_latin_1(void **state) {
    (void)state;
    struct rf_value *json = parse("{\"a\": \"\xe9t\xe9 \xc3\xa9 \xff\xc0\xaf\"}");
    assert_non_null(json);
    assert_string_equal(rf_value_text(rf_value_get(json, "a")),
                        "\xc3\xa9t\xc3\xa9 \xc3\xa9 \xc3\xbf\xc3\x80\xc2\xaf");
    rf_value_destroy(&json);
}

static void a_path_leads_through_maps_and_arrays(void **state) {
    (void)state;
    static const struct {
        const char *path, *text; // NULL: leads nowhere
    } cases[] = {
        {"error.code", "x"},
        {"detail.0.msg", "m"},
        {"detail.1.msg", NULL},
        {"detail.00.msg", "m"},
        {"detail.a", NULL},
        {"detail.-1", NULL},
        {"error", NULL},
        {"error.code.x", NULL},
        {"absent", NULL},
        {"detail.", NULL},
        {"", NULL},
        {"0", NULL},
        {"detail.18446744073709551616.msg", NULL},
    };
    struct rf_value *json = parse("{\"error\": {\"code\": \"x\"}, \"detail\": [{\"msg\": \"m\"}]}");
    assert_non_null(json);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = rf_value_text(rf_body_field(json, cases[i].path, strlen(cases[i].path)));
        if ((text == NULL) != (cases[i].text == NULL))
            fail_msg("%s", cases[i].path);
        if (text != NULL)
            assert_string_equal(text, cases[i].text);
    }
    assert_null(rf_body_field(NULL, "a", 1));
    rf_value_destroy(&json);
}

// `count` times `open` and then `count` times `close`.
static char *nested(size_t count, char open, char close, size_t *size) {
    char *text = malloc(2 * count);
    assert_non_null(text);
    memset(text, open, count);
    memset(text + count, close, count);
    *size = 2 * count;
    return text;
}

static void a_body_beyond_the_bounds_is_not_parsed(void **state) {
    (void)state;
    size_t size;
    char *text = nested(RF_BODY_MAX_DEPTH, '[', ']', &size);
    struct rf_value *json = rf_body_parse(text, size);
    assert_non_null(json);
    rf_value_destroy(&json);
    free(text);
    text = nested(RF_BODY_MAX_DEPTH + 1, '[', ']', &size);
    assert_null(rf_body_parse(text, size));
    free(text);
    text = nested(1000000, '[', ']', &size); // would be a million calls deep
    assert_null(rf_body_parse(text, size));
    free(text);

    // Many small values cost far more than their text.
    size = 2 * (RF_BODY_MAX_VALUES + 10) + 1;
    text = malloc(size);
    assert_non_null(text);
    for (size_t i = 0; i < size; i++)
        text[i] = i % 2 == 1 ? '1' : ',';
    text[0] = '[';
    text[size - 1] = ']';
    assert_null(rf_body_parse(text, size));
    assert_non_null(json = rf_body_parse("[1,1,1]", 7));
    rf_value_destroy(&json);
    free(text);

    size = RF_BODY_MAX_BYTES + 1;
    text = malloc(size);
    assert_non_null(text);
    memset(text, ' ', size);
    text[0] = '{';
    text[size - 1] = '}';
    assert_null(rf_body_parse(text, size));
    json = rf_body_parse(text + 1, size - 1); // blanks and a brace
    assert_null(json);
    text[1] = '{';
    assert_non_null(json = rf_body_parse(text + 1, size - 1));
    rf_value_destroy(&json);
    free(text);
}

static uint64_t next(uint64_t *seed) {
    *seed += 0x9e3779b97f4a7c15ULL; // splitmix64
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static const char *no_header(const void *arg, const char *name) {
    (void)arg, (void)name;
    return NULL;
}

// Whatever comes, one rule decides, and nothing is read beyond the body: each stands at the end of
// its own block, where a sanitizer sees a byte too many.
static void random_bodies_do_no_harm(void **state) {
    (void)state;
    static const char *const seeds[] = {
        "{\"error\": {\"code\": \"insufficient_quota\", \"message\": \"m\", \"type\": null}}",
        "{\"detail\": [{\"loc\": [\"body\"], \"msg\": \"field required\"}]}",
        "{\"type\": \"error\", \"error\": {\"details\": {\"error_code\": \"e\"}, \"type\": 5}}",
        "{\"code\": 21211, \"message\": \"no\\u00e9\", \"status\": 400}",
    };
    static const char tokens[] = "{}[]\",:\\u0e9+-.tfn\x00\xff\xc3\xa9 ";
    struct rf_config_list own = {0};
    uint64_t seed = 4;
    for (int round = 0; round < 20000; round++) {
        const char *from = seeds[next(&seed) % 4];
        size_t size = next(&seed) % (strlen(from) + 1);
        char *body = malloc(size > 0 ? size : 1);
        assert_non_null(body);
        memcpy(body, from, size);
        for (uint64_t changes = next(&seed) % 6; size > 0 && changes > 0; changes--)
            body[next(&seed) % size] = next(&seed) % 2 == 0
                                           ? tokens[next(&seed) % (sizeof tokens - 1)]
                                           : (char)next(&seed);
        struct rf_value *json = rf_body_parse(body, size);
        struct rf_facts facts = {.provider = (enum rf_provider)(next(&seed) % RF_PROVIDER_COUNT),
                                 .operation = "dial",
                                 .status = 100 + (long)(next(&seed) % 900),
                                 .whole = true,
                                 .sent = true,
                                 .body = json,
                                 .header = no_header};
        char scratch[24], text[64];
        struct rf_rule rule = rf_rules_judge(&own, &facts);
        assert_true(rule.class != RF_CLASS_OK);
        assert_non_null(rule.source);
        (void)rf_rules_code(&rule, &facts, scratch);
        (void)rf_rules_message(&facts);
        assert_true(strlen(rf_rule_text(&rule, text, sizeof text)) > 0);
        rf_value_destroy(&json);
        free(body);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_and_arrays_are_json_and_nothing_else_is),
        cmocka_unit_test(bytes_that_are_not_utf8_are_taken_for_latin_1),
        cmocka_unit_test(a_path_leads_through_maps_and_arrays),
        cmocka_unit_test(a_body_beyond_the_bounds_is_not_parsed),
        cmocka_unit_test(random_bodies_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
