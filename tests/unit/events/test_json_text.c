// JSON that is written piece by piece. jansson is the oracle.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "events/json_text.h"

static void maps_and_arrays_have_their_commas(void **state) {
    struct rf_text text = {0};
    (void)state;
    rf_json_open(&text, NULL, '{');
    rf_json_open(&text, "none", '{');
    rf_json_close(&text, '}');
    rf_json_add_integer(&text, "n", INT64_MIN);
    rf_json_open(&text, "list", '[');
    rf_json_open(&text, NULL, '{');
    rf_json_add_text(&text, "a", "{");
    rf_json_add_text(&text, "b", "");
    rf_json_close(&text, '}');
    rf_json_add_text(&text, NULL, "[");
    rf_json_add_integer(&text, NULL, 0);
    rf_json_open(&text, NULL, '[');
    rf_json_close(&text, ']');
    rf_json_close(&text, ']');
    rf_json_add_text(&text, "last:", ":");
    rf_json_add_json(&text, "made", "[1,{}]");
    rf_json_add_json(&text, "empty", "{}");
    rf_json_add_integer(&text, "m", INT64_MAX);
    rf_json_close(&text, '}');
    assert_string_equal(text.data, "{\"none\":{},\"n\":-9223372036854775808,\"list\":"
                                   "[{\"a\":\"{\",\"b\":\"\"},\"[\",0,[]],\"last:\":\":\","
                                   "\"made\":[1,{}],\"empty\":{},\"m\":9223372036854775807}");
    rf_text_fini(&text);
}

static void each_character_is_written_as_jansson_writes_it(void **state) {
    (void)state;
    for (int c = 1; c < 0x80; c++) {
        const char value[] = {'a', (char)c, (char)c, 'z', '\0'};
        struct rf_text text = {0};
        rf_json_open(&text, NULL, '{');
        rf_json_add_text(&text, value, value);
        rf_json_close(&text, '}');
        json_t *json = json_pack("{s:s}", value, value);
        char *wanted = json_dumps(json, JSON_COMPACT);
        assert_non_null(wanted);
        assert_string_equal(text.data, wanted);
        free(wanted);
        json_decref(json);
        rf_text_fini(&text);
    }
}

static void other_characters_are_written_as_they_are(void **state) {
    struct rf_text text = {0};
    (void)state;
    rf_json_add_text(&text, NULL, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/");
    assert_string_equal(text.data, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80/\"");
    rf_text_fini(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_and_arrays_have_their_commas),
        cmocka_unit_test(each_character_is_written_as_jansson_writes_it),
        cmocka_unit_test(other_characters_are_written_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
