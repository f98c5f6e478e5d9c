// What is taken out of texts and trees, and what is not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "contacts/country.h"
#include "redact/hash.h"
#include "redact/redact.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define TOKEN "tok3n-Of_Our.own/With+Signs=\"\\x"

static struct rf_redaction *redaction_of(const char *country) {
    struct rf_redact_rules rules = {.key = "sixteen bytes ..",
                                    .home = country == NULL ? NULL : rf_country_find(country)};
    struct rf_redaction *redaction = rf_redaction_new(&rules);
    assert_non_null(redaction);
    assert_int_equal(rf_redaction_secret(redaction, TOKEN), RF_OK);
    assert_int_equal(rf_redaction_secret(redaction, "s3cret"), RF_OK);
    assert_int_equal(rf_redaction_secret(redaction, "abc"), RF_OK); // too short to be looked for
    assert_int_equal(rf_redaction_secret(redaction, NULL), RF_OK);
    return redaction;
}

static int setup(void **state) {
    *state = redaction_of(NULL);
    return 0;
}

static int teardown(void **state) {
    struct rf_redaction *redaction = *state;
    rf_redaction_destroy(&redaction);
    return 0;
}

// What is left, and that it does not change any more. The text is given without a NUL behind it,
// in a block of its own size.
static void assert_left(const struct rf_redaction *redaction, const char *text,
                        const char *expected) {
    struct rf_text out = {0};
    char *block = malloc(strlen(text) + 1);
    memcpy(block, text, strlen(text));
    block = realloc(block, strlen(text) > 0 ? strlen(text) : 1);
    rf_redact_add(redaction, block, strlen(text), &out);
    char *left = rf_text_take(&out);
    assert_string_equal(left, expected);
    assert_false(rf_redact(redaction, left, strlen(left), &out));
    assert_null(out.data);
    free(left);
    free(block);
}

static void keys_and_tokens_are_known_by_their_form(void **state) {
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"sk-abcdefgh12345678", "[redacted]"},
        {"Incorrect API key provided: sk-abcd********wxyz. See",
         "Incorrect API key provided: [redacted]. See"},
        {"sk-ant-api03-Ab_c-dEfGh1234567890-xyzAA!", "[redacted]!"},
        {"xi-api-key: " HEX32, "xi-api-key: [redacted]"},
        {"sk_0123456789abcdef0123456789abcdef0123456789abcdef", "[redacted]"},
        {"AC" HEX32 ":" HEX32 "@api", "AC" HEX32 ":[redacted]@api"},
        {"SK" HEX32 ":aB3dEfGhIjKlMnOpQrStUvWxYz012345", "SK" HEX32 ":[redacted]"},
        {"https://api.telegram.org/bot123456789:AAFdeGhIjKlMnOpQrStUvWxYz0123456789/sendMessage",
         "https://api.telegram.org/bot123456789:[redacted]/sendMessage"},
        {"Authorization: Bearer abc.def", "Authorization: [redacted]"},
        {"authorization: basic QUM6dG9rZW4=", "authorization: [redacted]"},
        {"Authorization: abcdefgh", "Authorization: [redacted]"},
        {"sent Bearer abcdef123456 there", "sent [redacted] there"},
        {"Basic QUMwMTIzOnNlY3JldA==", "[redacted]"},
        {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "[redacted]"},
        {"AIzaSyA1234567890abcdefghijklmnopqrstuv", "[redacted]"},
        {"ya29.a0AfH6SMBx-1234567890", "[redacted]"},
        {"xoxb-123456789012-abcdefABCDEF", "[redacted]"},
        {"ghp_0123456789abcdefABCDEF0123456789abcd", "[redacted]"},
        {"SG.aBcDeFgHiJkLmNoPqRsTuV.0123456789abcdefghijklmnopqrstuvwxyzABCDEFG", "[redacted]"},
        {"AKIAIOSFODNN7EXAMPLE", "[redacted]"},
        {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g", "[redacted]"},
        {"-----BEGIN PRIVATE KEY-----\nMIIEvQ+/=\n-----END PRIVATE KEY-----\nafter",
         "[redacted]\nafter"},
        {"-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ cut", "[redacted]"},
        {"postgresql://ringfence:p@ss:word@db.example:5432/x",
         "postgresql://ringfence:[redacted]@db.example:5432/x"},
        {"https://tokenalone@example.org/x", "https://[redacted]@example.org/x"},
        {"https://example.org/?key=abc&to=x&access_token=d.e#f",
         "https://example.org/?key=[redacted]&to=x&access_token=[redacted]"},
        {"https://hooks.slack.com/services/T000/B000/XXXX now",
         "https://hooks.slack.com/services/[redacted] now"},
        {"https://discord.com/api/webhooks/12/ab-cd",
         "https://discord.com/api/webhooks/[redacted]"},
        {"password=hunter2, user=me", "password=[redacted], user=me"},
        {"DB_PASSWORD = 'two words' x", "DB_PASSWORD = '[redacted]' x"},
        {"ELEVENLABS_API_KEY=abc", "ELEVENLABS_API_KEY=[redacted]"},
        {"{\"api_key\":\"a \\\" b\",\"x\":1}", "{\"api_key\":\"[redacted]\",\"x\":1}"},
        {"{\\\"password\\\": \\\"abc\\\"}", "{\\\"password\\\": \\\"[redacted]\\\"}"},
        {"token: a1b2c3d4", "token: [redacted]"},
        {"password: correcthorse", "password: [redacted]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_left(*state, cases[i].text, cases[i].expected);
}

static void a_secret_of_the_configuration_is_found_in_every_form(void **state) {
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"a " TOKEN " b", "a [redacted] b"},
        {"s3cret", "[redacted]"},
        {"xs3crets3crety", "x[redacted][redacted]y"},
        {"a long text that a buffer somewhere has cut off in the middle of s3cr",
         "a long text that a buffer somewhere has cut off in the middle of [redacted]"},
        {"s3cr", "s3cr"}, // the secret may begin with a name
        {"ends in s3", "ends in s3"},
        {"abc", "abc"},
        // JSON's escapes, and an address.
        {"tok3n-Of_Our.own/With+Signs=\\\"\\\\x", "[redacted]"},
        {"tok3n-Of_Our.own\\/With+Signs=\\\"\\\\x", "[redacted]"},
        {"?a=tok3n-Of_Our.own%2FWith%2BSigns%3D%22%5Cx&b=1", "?a=[redacted]&b=1"},
        {"?a=tok3n-Of_Our.own%2fWith%2bSigns%3d%22%5cx&b=1", "?a=[redacted]&b=1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_left(*state, cases[i].text, cases[i].expected);
}

// Behind 0 to 5 bytes, as in "user:token".
static void a_secret_is_found_in_base64_wherever_it_begins(void **state) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t shift = 0; shift < 6; shift++) {
        char plain[128], encoded[256];
        memcpy(plain, "12345", shift);
        strcpy(plain + shift, TOKEN "!?");
        size_t size = strlen(plain), length = 0;
        for (size_t i = 0; i < size; i += 3) {
            unsigned bits = 0;
            for (size_t k = 0; k < 3; k++)
                bits = bits << 8 | (i + k < size ? (unsigned char)plain[i + k] : 0);
            for (int k = 18; k >= 0; k -= 6)
                encoded[length++] = alphabet[bits >> k & 63];
        }
        encoded[length] = '\0';
        struct rf_text out = {0};
        assert_true(rf_redact(*state, encoded, length, &out));
        assert_non_null(strstr(out.data, "[redacted]"));
        assert_true(strlen(out.data) < 30); // a few characters at its ends are left
        rf_text_fini(&out);
    }
}

static void numbers_keep_their_country_and_last_digits(void **state) {
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"+12025550123", "+1\xE2\x80\xA6"
                         "23#%"},
        {"call +442079460123, now", "call +44\xE2\x80\xA6"
                                    "23#%, now"},
        {"+1 (202) 555-0123", "+1\xE2\x80\xA6"
                              "23#%"},
        {"(202) 555-0123", "+1\xE2\x80\xA6"
                           "23#%"},
        {"202-555-0123.", "+1\xE2\x80\xA6"
                          "23#%."},
        {"1 202.555.0123", "+1\xE2\x80\xA6"
                           "23#%"},
        {"0049 30 1234567", "+49\xE2\x80\xA6"
                            "67#%"},
        {"+49\xC2\xA0"
         "30\xE2\x80\x93"
         "1234567",
         "+49\xE2\x80\xA6"
         "67#%"},
        {"To=%2B12025550123&x", "To=+1\xE2\x80\xA6"
                                "23#%&x"},
        {"tel:+12025550123;ext=4", "tel:+1\xE2\x80\xA6"
                                   "23#%;ext=4"},
        {"+12025550123 2026-11-28", "+1\xE2\x80\xA6"
                                    "23#% 2026-11-28"},
        {"+1 202 555 01", "+1\xE2\x80\xA6"
                          "01#%"}, // a wrong number is somebody's too
        {"sip:+12025550123@example.org", "sip:+1\xE2\x80\xA6"
                                         "23#%@example.org"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_text out = {0};
        rf_redact_add(*state, cases[i].text, strlen(cases[i].text), &out);
        const char *mark = strchr(cases[i].expected, '%');
        size_t head = (size_t)(mark - cases[i].expected);
        assert_true(out.size == head + 8 + strlen(mark + 1));
        assert_memory_equal(out.data, cases[i].expected, head);
        assert_int_equal(strspn(out.data + head, "0123456789abcdef"), 8);
        assert_string_equal(out.data + head + 8, mark + 1);
        struct rf_text again = {0};
        assert_false(rf_redact(*state, out.data, out.size, &again));
        rf_text_fini(&out);
    }
}

static char *left_of(const struct rf_redaction *redaction, const char *text) {
    struct rf_text out = {0};
    rf_redact_add(redaction, text, strlen(text), &out);
    return rf_text_take(&out);
}

static void one_number_has_one_hash_however_it_is_written(void **state) {
    static const char *const same[] = {"+1 202 555 0123", "(202) 555-0123", "0012025550123",
                                       "1-202-555-0123"};
    char *first = left_of(*state, "+12025550123"), *other = left_of(*state, "+12025550124");
    assert_string_not_equal(first + strlen(first) - 8, other + strlen(other) - 8);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        char *left = left_of(*state, same[i]);
        assert_string_equal(left, first);
        free(left);
    }
    free(first);
    free(other);
    struct rf_redaction *german = redaction_of("DE");
    char *national = left_of(german, "0171 1234567"), *abroad = left_of(german, "+491711234567");
    assert_string_equal(national, abroad);
    free(national);
    free(abroad);
    rf_redaction_destroy(&german);
}

static void innocent_texts_come_out_unchanged(void **state) {
    static const char *const texts[] = {
        "",
        "a",
        "01JDF8ZQ6V7N2K3M4P5R6S7T8V",
        "CA" HEX32,
        "AC" HEX32,
        "SM" HEX32,
        HEX32,
        "2026-11-28T21:43:00.123456Z",
        "2026-11-28 21:43:00 UTC",
        "1764366180123456789",
        "1764366180",
        "service-gateway-01JDF8ZQ6V7N2K3M4P5R6S7T8V",
        "breaker.opened/elevenlabs",
        "HTTP 503: Service Unavailable",
        "a risk-free task-force, sk-SK",
        "Basic authentication is needed",
        "Bearer token is missing",
        "Bearer realm=\"api\"",
        "the token is expired: try again",
        "token: expired",
        "max_tokens=300",
        "tokens: 12345",
        "key=3 of 4",
        "10.20.30.40:8080",
        "tcp://127.0.0.1:18090",
        "ipc:///run/ringfence/calls",
        "https://api.openai.com/v1/models?limit=5",
        "https://example.org/a@b",
        "+01:00",
        "+0100",
        "1+1=2",
        "100,000,000",
        "3.14159265358979",
        "numbers 123 456 7890",
        "192-168-0-1",
        "12:34:56",
        "5e9c1b7a#23",
        "(see above)",
        "(2025)",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "n 10000000 of 20000000",
        "0x1234567890",
        "0.12345678901",
        "0000123456",
        "version 1.2.3-rc4",
        "caf\xC3\xA9 \xE2\x82\xAC 5",
        "50%25 of it",
        "-----BEGIN CERTIFICATE-----",
        "eyJust a word",
        "AIza",
        "whsec_",
        "xoxo",
        "data:audio/mpeg",
        "contact 4711 is called again at 2026-11-29 09:00:00 UTC",
        "req_011CSHoEeqs5C35K2UUqR7Fy",
        "20210930091500-deadbeef",
        "\xff\xfe+",
        "a:b",
        "=",
        ":",
        "+",
        "--",
        "(",
        "%2B",
        "%",
    };
    struct rf_redaction *german = redaction_of("DE");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_left(*state, texts[i], texts[i]);
        assert_left(german, texts[i], texts[i]);
    }
    rf_redaction_destroy(&german);
}

static json_t *tree(const char *text) {
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

static void assert_tree(const struct rf_redaction *redaction, const char *text,
                        const char *expected) {
    json_t *json = tree(text), *left = rf_redact_json(redaction, json);
    char *dumped = json_dumps(left, JSON_COMPACT);
    assert_string_equal(dumped, expected);
    if (strcmp(text, expected) == 0)
        assert_ptr_equal(left, json);
    free(dumped);
    json_decref(left);
    json_decref(json);
}

static void names_of_values_count(void **state) {
    assert_tree(
        *state, "{\"password\":\"x\",\"apiKey\":12,\"key\":\"a1b2\",\"token\":\"\"}",
        "{\"password\":\"[redacted]\",\"apiKey\":\"[redacted]\",\"key\":\"a1b2\",\"token\":\"\"}");
    assert_tree(*state,
                "{\"script\":\"Hello \xC3\xA4\",\"transcript\":[{\"who\":\"me\"}],\"bytes\":12}",
                "{\"script\":\"[7 characters]\",\"transcript\":[{\"who\":\"[2 "
                "characters]\"}],\"bytes\":12}");
    assert_tree(*state, "{\"from\":1234567890,\"to\":\"closed\",\"n\":[1,2.5,null,true]}",
                "{\"from\":1234567890,\"to\":\"closed\",\"n\":[1,2.5,null,true]}");
    assert_tree(*state, "{\"s3cret\":{\"a\":\"s3cret\"}}",
                "{\"[redacted]\":{\"a\":\"[redacted]\"}}");
    json_t *json =
        tree("{\"phone\":\"12025550123\",\"mobile\":12025550123,\"to\":\"12025550123\"}");
    json_t *left = rf_redact_json(*state, json);
    char *dumped = json_dumps(left, JSON_COMPACT);
    assert_null(strstr(dumped, "2025550"));
    free(dumped);
    json_decref(left);
    json_decref(json);
}

static void rules_say_what_becomes_of_texts_and_numbers(void **state) {
    (void)state;
    struct rf_redact_rules rules = {.texts = RF_REDACT_TEXTS_KEEP, .phones = RF_REDACT_PHONES_KEEP};
    struct rf_redaction *redaction = rf_redaction_new(&rules);
    assert_tree(redaction, "{\"script\":\"Hello\",\"phone\":\"+12025550123\"}",
                "{\"script\":\"Hello\",\"phone\":\"+12025550123\"}");
    // Kept is not told: what is secret within it goes all the same.
    assert_tree(redaction, "{\"script\":\"sk-abcdefgh12345678\"}", "{\"script\":\"[redacted]\"}");
    rf_redaction_destroy(&redaction);
    rules.texts = RF_REDACT_TEXTS_DROP;
    redaction = rf_redaction_new(&rules);
    assert_tree(redaction, "{\"script\":\"Hello\",\"a\":1}", "{\"a\":1}");
    rf_redaction_destroy(&redaction);
}

// The vectors of the hash's authors: the key is 00 to 0f, the data 00 to n.
static void the_hash_is_siphash(void **state) {
    (void)state;
    static const struct {
        size_t size;
        uint64_t expected;
    } cases[] = {{0, UINT64_C(0x726fdb47dd0e0e31)},
                 {1, UINT64_C(0x74f839c593dc67fd)},
                 {8, UINT64_C(0x93f5f5799a932462)},
                 {15, UINT64_C(0xa129ca6149be45e5)}};
    unsigned char key[16], data[16];
    for (unsigned char i = 0; i < 16; i++)
        key[i] = data[i] = i;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(rf_siphash(key, data, cases[i].size), cases[i].expected);
}

static void a_number_that_came_as_an_integer_is_one(void **state) {
    static const struct {
        enum rf_redact_kind kind;
        long long number;
        bool hidden;
    } cases[] = {
        {RF_REDACT_PHONE, 12025550123, true},
        {RF_REDACT_PHONE, 2025550123, true},
        {RF_REDACT_PARTY, 12025550123, true},
        {RF_REDACT_PARTY, 442079460123, true},
        {RF_REDACT_PARTY, 42, false},
        {RF_REDACT_PARTY, 1234567890, false},          // a place in a journal
        {RF_REDACT_PARTY, 1763981280123456789, false}, // a time
        {RF_REDACT_PARTY, -12025550123, false},
        {RF_REDACT_PLAIN, 12025550123, false},
        {RF_REDACT_SECRET, 1234, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_text out = {0};
        bool hidden =
            rf_redact_number(*state, cases[i].kind, cases[i].number, &out) == RF_REDACT_CHANGED;
        if (hidden != cases[i].hidden)
            fail_msg("%lld is %s", cases[i].number, hidden ? out.data : "shown");
        rf_text_fini(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_that_came_as_an_integer_is_one),
        cmocka_unit_test(keys_and_tokens_are_known_by_their_form),
        cmocka_unit_test(a_secret_of_the_configuration_is_found_in_every_form),
        cmocka_unit_test(a_secret_is_found_in_base64_wherever_it_begins),
        cmocka_unit_test(numbers_keep_their_country_and_last_digits),
        cmocka_unit_test(one_number_has_one_hash_however_it_is_written),
        cmocka_unit_test(innocent_texts_come_out_unchanged),
        cmocka_unit_test(names_of_values_count),
        cmocka_unit_test(rules_say_what_becomes_of_texts_and_numbers),
        cmocka_unit_test(the_hash_is_siphash),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
