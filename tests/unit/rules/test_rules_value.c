// JSON from outside: what is taken, what is refused, and what it says. jansson is the oracle.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "rules/value.h"

#define DEPTH 16
#define MARKS 200

static struct rf_value *read_all(const char *text, size_t size) {
    struct rf_value *value = NULL;
    enum rf_value_fault fault = rf_value_read(text, size, DEPTH, MARKS, &value);
    assert_true((value != NULL) == (fault == RF_VALUE_WELL));
    return value;
}

static bool is_same(const json_t *wanted, const struct rf_value *value);

static bool is_same_array(const json_t *wanted, const struct rf_value *array) {
    size_t count = 0;
    for (const struct rf_value *item = rf_value_first(array); item != NULL;
         item = rf_value_next(array, item))
        if (!is_same(json_array_get(wanted, count++), item))
            return false;
    return count == json_array_size(wanted);
}

static bool is_same_map(json_t *wanted, const struct rf_value *map) {
    const char *name;
    json_t *member;
    json_object_foreach(wanted, name,
                        member) if (!is_same(member, rf_value_get(map, name))) return false;
    return rf_value_get(map, "no such name") == NULL;
}

static bool is_same(const json_t *wanted, const struct rf_value *value) {
    switch (rf_value_type(value)) {
    case RF_VALUE_NULL:
        return json_is_null(wanted);
    case RF_VALUE_FALSE:
        return json_is_false(wanted);
    case RF_VALUE_TRUE:
        return json_is_true(wanted);
    case RF_VALUE_INTEGER:
        return json_is_integer(wanted) && json_integer_value(wanted) == rf_value_integer(value);
    case RF_VALUE_REAL:
        return json_is_real(wanted) && json_real_value(wanted) == rf_value_real(value);
    case RF_VALUE_TEXT:
        return json_is_string(wanted) &&
               strcmp(json_string_value(wanted), rf_value_text(value)) == 0 &&
               strlen(rf_value_text(value)) == json_string_length(wanted);
    case RF_VALUE_ARRAY:
        return json_is_array(wanted) && is_same_array(wanted, value);
    case RF_VALUE_MAP:
        return json_is_object(wanted) && is_same_map((json_t *)wanted, value);
    case RF_VALUE_NONE:
    default:
        return false;
    }
}

// Whether both refuse it, or both take it for the same. The text ends where its block ends, so that
// a sanitizer sees a byte read too many.
static bool agrees(const char *text, size_t size, bool *taken) {
    char *exact = malloc(size > 0 ? size : 1);
    assert_non_null(exact);
    memcpy(exact, text, size);
    // jansson loses a NUL behind a number, so that it takes "[1\0]"; the standard knows no NUL.
    json_t *wanted = memchr(exact, '\0', size) == NULL ? json_loadb(exact, size, 0, NULL) : NULL;
    struct rf_value *value = read_all(exact, size);
    memset(exact, '#', size); // what was read stands alone
    bool same = wanted == NULL ? value == NULL : value != NULL && is_same(wanted, value);
    *taken = value != NULL;
    rf_value_destroy(&value);
    json_decref(wanted);
    free(exact);
    return same;
}

// Of each: what RFC 8259 has, and what it has not though many readers take it.
static const struct {
    const char *text;
    bool taken;
} cases[] = {
    {"{}", true},
    {"[]", true},
    {" [ ] \r\n\t", true},
    {"[[], {}, [{}]]", true},
    {"{\"a\": {\"b\": [1, {\"c\": null}, true]}, \"d\": false, \"\": \"\"}", true},
    {"{\"a\": 1, \"a\": 2, \"b\": 0, \"a\": [3]}", true},
    {"[0, -0, 1, -1, 9223372036854775807, -9223372036854775808]", true},
    {"[9223372036854775808]", false},
    {"[-9223372036854775809]", false},
    {"[99999999999999999999999999]", false},
    {"[0.0, -0.5, 1e3, 1E+3, 1.5e-3, 1e-999, 99999999999999999999.0]", true},
    {"[1e999]", false},
    {"[-1e999]", false},
    {"[01]", false},
    {"[-01]", false},
    {"[00]", false},
    {"[+1]", false},
    {"[-]", false},
    {"[.5]", false},
    {"[1.]", false},
    {"[1.e3]", false},
    {"[1e]", false},
    {"[1e+]", false},
    {"[0x1]", false},
    {"[1 2]", false},
    {"[Infinity]", false},
    {"[NaN]", false},
    {"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", true},
    {"[\"a\\u00e9\\u20AC\\ud83d\\ude00z\", \"\\u0001\", \"\\u0800\"]", true},
    {"[\"\x7f\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"]", true},
    {"[\"\\u0000\"]", false},
    {"{\"\\u0000\": 1}", false},
    {"[\"\\ud83d\"]", false},
    {"[\"\\ud83dx\"]", false},
    {"[\"\\ud83d\\n\"]", false},
    {"[\"\\ud83d\\u0041\"]", false},
    {"[\"\\ude00\"]", false},
    {"[\"\\u12g4\"]", false},
    {"[\"\\u12", false},
    {"[\"\\ud83d\\u", false},
    {"[\"\\", false},
    {"[\"\\x41\"]", false},
    {"[\"\\'\"]", false},
    {"[\"a\tb\"]", false},
    {"[\"a\nb\"]", false},
    {"[\"\x01\"]", false},
    {"['a']", false},
    {"[a]", false},
    {"{a: 1}", false},
    {"{\"a\" 1}", false},
    {"{\"a\":}", false},
    {"{\"a\": 1,}", false},
    {"{\"a\"}", false},
    {"{1: 1}", false},
    {"{,}", false},
    {"[1,]", false},
    {"[,1]", false},
    {"[1,,2]", false},
    {"[}", false},
    {"{]", false},
    {"[1}", false},
    {"[", false},
    {"{", false},
    {"[\"a", false},
    {"[1", false},
    {"[true, false, null]", true},
    {"[truE]", false},
    {"[truex]", false},
    {"[tru", false},
    {"[nul]", false},
    {"[] []", false},
    {"[]x", false},
    {"[] // no", false},
    {"[/* no */]", false},
    {"\v[]", false},
    {"", false},
    {" ", false},
    {"1", false},
    {"\"a\"", false},
    {"null", false},
};

static void what_is_taken_and_refused_is_what_the_standard_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool taken;
        if (!agrees(cases[i].text, strlen(cases[i].text), &taken) || taken != cases[i].taken)
            fail_msg("case %zu: %s", i, cases[i].text);
    }
}

static void a_nul_ends_no_text_and_no_body(void **state) {
    static const char *const bodies[] = {"[\"a\0b\"]", "[1]\0", "[1]\0[1", "[\0 1]", "[1\0]"};
    static const size_t sizes[] = {7, 4, 6, 5, 4};
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        bool taken;
        assert_true(agrees(bodies[i], sizes[i], &taken));
        assert_false(taken);
    }
}

static void bytes_that_are_not_utf8_are_told_apart_from_what_is_no_json(void **state) {
    // An end without its beginning, a beginning without its end, a long form, a surrogate, and
    // what is beyond the last character.
    static const char *const bad[] = {
        "\x80",         "\xc3",         "\xe2\x82",         "\xf0\x9f\x98", "\xc0\xaf",
        "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80", "\xff"};
    struct rf_value *value;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[32];
        snprintf(text, sizeof text, "[\"x%s\"]", bad[i]);
        assert_int_equal(rf_value_read(text, strlen(text), DEPTH, MARKS, &value),
                         RF_VALUE_NOT_UTF8);
        assert_null(value);
        snprintf(text, sizeof text, "[\"x%s", bad[i]); // and at the very end
        assert_int_equal(rf_value_read(text, strlen(text), DEPTH, MARKS, &value),
                         RF_VALUE_NOT_UTF8);
    }
    assert_int_equal(rf_value_read("[\"\x01\xff\"]", 6, DEPTH, MARKS, &value), RF_VALUE_NO_JSON);
}

static void bounds_are_kept_to_the_last_value(void **state) {
    struct rf_value *value;
    (void)state;
    assert_int_equal(rf_value_read("[[[1]]]", 7, 3, MARKS, &value), RF_VALUE_WELL);
    rf_value_destroy(&value);
    assert_int_equal(rf_value_read("[[[1]]]", 7, 2, MARKS, &value), RF_VALUE_NO_JSON);
    assert_int_equal(rf_value_read("[1,2,[]]", 8, DEPTH, 4, &value), RF_VALUE_WELL);
    rf_value_destroy(&value);
    assert_int_equal(rf_value_read("[1,2,[]]", 8, DEPTH, 3, &value), RF_VALUE_NO_JSON);
    // The most values that a text of its length can have, all open, and all closed.
    char open[RF_VALUE_MAX_DEPTH + 2];
    memset(open, '[', sizeof open);
    assert_int_equal(rf_value_read(open, sizeof open, RF_VALUE_MAX_DEPTH, MARKS, &value),
                     RF_VALUE_NO_JSON);
    assert_int_equal(rf_value_read("[1,1,1,1,1,1,1,1]", 17, 1, 8, &value), RF_VALUE_WELL);
    rf_value_destroy(&value);
}

static void what_is_not_there_has_no_text_and_no_members(void **state) {
    struct rf_value *value = read_all("[{}, \"x\", 5]", 12);
    const struct rf_value *map = rf_value_first(value), *text = rf_value_next(value, map);
    (void)state;
    assert_int_equal(rf_value_type(NULL), RF_VALUE_NONE);
    assert_null(rf_value_get(NULL, "a"));
    assert_null(rf_value_get(map, ""));
    assert_null(rf_value_get(value, "a"));
    assert_null(rf_value_get(text, "a"));
    assert_null(rf_value_first(NULL));
    assert_null(rf_value_first(map));
    assert_null(rf_value_first(text));
    assert_null(rf_value_text(NULL));
    assert_null(rf_value_text(map));
    assert_int_equal(rf_value_integer(text), 0);
    assert_int_equal(rf_value_integer(rf_value_next(value, text)), 5);
    assert_true(rf_value_real(rf_value_next(value, text)) == 0);
    rf_value_destroy(&value);
    rf_value_destroy(&value);
}

static uint64_t next(uint64_t *seed) {
    *seed += 0x9e3779b97f4a7c15ULL; // splitmix64
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

// Without a NUL behind them.
static void put(char *to, const char *bytes, size_t size) {
    memcpy(to, bytes, size);
}

// Bytes changed, put in, taken out and doubled: one of the words that matter, or any byte.
static size_t mutate(char *text, size_t size, size_t room, uint64_t *seed) {
    static const char *const words[] = {"{",        "}",       "[",          "]",       "\"",
                                        ",",        ":",       "\\u",        "\\ud83d", "\\",
                                        "\\u0000",  "\\ude00", "0",          "-",       ".",
                                        "e",        "E+5",     "9999999999", "true",    "null",
                                        "\"a\":",   "\t",      "\n",         " ",       "\x7f",
                                        "\xc3\xa9", "\xff",    "1",          "\x01",    "\xe2\x82",
                                        "\"\"",     "[1,2]",   "{\"a\":1}"};
    const char *word = words[next(seed) % (sizeof words / sizeof words[0])];
    size_t length = strlen(word), at = next(seed) % (size + 1), cut = next(seed) % 4;
    switch (next(seed) % 4) {
    case 0:
        if (size + length > room)
            return size;
        memmove(text + at + length, text + at, size - at);
        put(text + at, word, length);
        return size + length;
    case 1:
        cut = cut < size - at ? cut : size - at;
        memmove(text + at, text + at + cut, size - at - cut);
        return size - cut;
    case 2:
        if (size + length <= room && at + length <= size)
            put(text + at, word, length);
        return size;
    default:
        if (at < size)
            text[at] = (char)next(seed);
        return size;
    }
}

// RF_FUZZ_ROUNDS=20000000 for a long one.
static void mutations_are_read_as_jansson_reads_them(void **state) {
    const char *wish = getenv("RF_FUZZ_ROUNDS");
    long rounds = wish != NULL ? strtol(wish, NULL, 10) : 40000, accepted = 0;
    uint64_t seed = 11;
    (void)state;
    for (long round = 0; round < rounds; round++) {
        char text[256];
        const char *from = cases[next(&seed) % (sizeof cases / sizeof cases[0])].text;
        size_t size = strlen(from);
        bool taken;
        put(text, from, size);
        for (uint64_t changes = next(&seed) % 5; changes > 0; changes--)
            size = mutate(text, size, sizeof text, &seed);
        if (!agrees(text, size, &taken))
            fail_msg("round %ld: %.*s", round, (int)size, text);
        accepted += taken;
    }
    assert_true(accepted > rounds / 20); // it is no test of refusals alone
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_and_refused_is_what_the_standard_says),
        cmocka_unit_test(a_nul_ends_no_text_and_no_body),
        cmocka_unit_test(bytes_that_are_not_utf8_are_told_apart_from_what_is_no_json),
        cmocka_unit_test(bounds_are_kept_to_the_last_value),
        cmocka_unit_test(what_is_not_there_has_no_text_and_no_members),
        cmocka_unit_test(mutations_are_read_as_jansson_reads_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
