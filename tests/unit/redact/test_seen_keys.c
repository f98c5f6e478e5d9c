// What is known of a key is what is said of it alone, wherever it stands and however many there
// are.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redact/seen_keys.h"

static struct rf_redaction *redaction_with(const char *secret) {
    struct rf_redact_rules rules = {.key = "sixteen bytes .."};
    struct rf_redaction *redaction = rf_redaction_new(&rules);
    assert_non_null(redaction);
    assert_int_equal(rf_redaction_secret(redaction, secret), RF_OK);
    return redaction;
}

// With `behind` bytes after it in a block of just that size.
static void check(struct rf_seen_keys *keys, const struct rf_redaction *redaction, const char *text,
                  size_t behind, bool plain) {
    size_t size = strlen(text), there = size + behind;
    char *block = malloc(there + 1);
    assert_non_null(block);
    memcpy(block, text, size);
    memset(block + size, 'x', behind);
    const struct rf_seen_key *key = rf_seen_keys_find(keys, redaction, block, size, there);
    free(block);
    if (size == 0 || size > RF_SEEN_KEY_BYTES) {
        assert_null(key);
        return;
    }
    assert_non_null(key);
    assert_int_equal(key->size, size);
    assert_memory_equal(key->text, text, size);
    for (size_t i = size; i < RF_SEEN_KEY_BYTES; i++)
        assert_int_equal(key->text[i], '\0');
    assert_int_equal(key->kind, rf_redact_kind(text, size, RF_REDACT_PLAIN));
    assert_int_equal(key->plain, plain);
}

static void keys_are_told_apart_wherever_they_stand(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool plain;
    } cases[] = {{"", true},
                 {"a", true},
                 {"to", true},
                 {"phone", true},
                 {"phones", true},
                 {"phone_number", true},
                 {"password", true},
                 {"hunter22", false}, // a secret
                 {"a hunter22 b", false},
                 {"a \"quote\"", false},
                 {"Zo\xC3\xAB", false},
                 {"of_sixteen_bytes", true},
                 {"of_seventeen_byte", true}};
    struct rf_redaction *redaction = redaction_with("hunter22");
    struct rf_seen_keys *keys = calloc(1, sizeof *keys);
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
            for (size_t behind = 0; behind < 20; behind++)
                check(keys, redaction, cases[i].text, behind, cases[i].plain);
    free(keys);
    rf_redaction_destroy(&redaction);
}

static void more_keys_than_there_are_places_are_seen_anew(void **state) {
    (void)state;
    struct rf_redaction *redaction = redaction_with("hunter22");
    struct rf_seen_keys *keys = calloc(1, sizeof *keys);
    char text[16];
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < (size_t)10 * RF_SEEN_KEYS; i++) {
            snprintf(text, sizeof text, "key%zu", i);
            check(keys, redaction, text, i % 20, true);
            check(keys, redaction, "phone", i % 20, true);
        }
    free(keys);
    rf_redaction_destroy(&redaction);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_told_apart_wherever_they_stand),
        cmocka_unit_test(more_keys_than_there_are_places_are_seen_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
