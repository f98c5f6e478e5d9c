// What was found clean is not looked through again, and never taken for clean by another redaction.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redact/clean_texts.h"

static struct rf_redaction *redaction_with(const char *secret) {
    struct rf_redact_rules rules = {.key = "sixteen bytes .."};
    struct rf_redaction *redaction = rf_redaction_new(&rules);
    assert_non_null(redaction);
    assert_int_equal(rf_redaction_secret(redaction, secret), RF_OK);
    return redaction;
}

// As rf_redact says it, given in a block of its own size.
static void assert_as_alone(const struct rf_redaction *redaction, struct rf_clean_texts *seen,
                            const char *text) {
    struct rf_text alone = {0}, again = {0};
    size_t size = strlen(text);
    char *block = malloc(size + (size == 0));
    memcpy(block, text, size);
    bool any = rf_redact(redaction, block, size, &alone);
    for (int i = 0; i < 2; i++) {
        again.size = 0;
        assert_int_equal(rf_redact_again(redaction, seen, block, size, &again), any);
        assert_int_equal(again.size, alone.size);
        if (any)
            assert_memory_equal(again.data, alone.data, alone.size);
    }
    rf_text_fini(&alone);
    rf_text_fini(&again);
    free(block);
}

static void texts_of_all_lengths_are_told_apart(void **state) {
    (void)state;
    struct rf_redaction *redaction = redaction_with("hunter22");
    struct rf_clean_texts *seen = calloc(1, sizeof *seen);
    char text[2 * RF_CLEAN_TEXT_BYTES + 1];
    for (size_t size = 0; size < sizeof text; size++) {
        memset(text, 'a', size);
        text[size] = '\0';
        assert_as_alone(redaction, seen, text);
        for (size_t at = 0; at + 8 <= size; at++) { // the same but for what is a secret
            memset(text, 'a', size);
            memcpy(text + at, "hunter22", 8);
            assert_as_alone(redaction, seen, text);
        }
    }
    free(seen);
    rf_redaction_destroy(&redaction);
}

// Far more than there are places: what stood there goes.
static void one_text_takes_the_place_of_another(void **state) {
    (void)state;
    struct rf_redaction *redaction = redaction_with("0042");
    struct rf_clean_texts *seen = calloc(1, sizeof *seen);
    char text[32];
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 20 * RF_CLEAN_TEXTS; i++) {
            snprintf(text, sizeof text, "spring-%05d.dial.1", i);
            assert_as_alone(redaction, seen, text);
        }
    free(seen);
    rf_redaction_destroy(&redaction);
}

static void another_secret_makes_it_forget(void **state) {
    (void)state;
    struct rf_redaction *redaction = redaction_with("hunter22");
    struct rf_clean_texts *seen = calloc(1, sizeof *seen);
    struct rf_text out = {0};
    assert_false(rf_redact_again(redaction, seen, "an opensesame", 13, &out));
    assert_int_equal(rf_redaction_secret(redaction, "opensesame"), RF_OK);
    assert_true(rf_redact_again(redaction, seen, "an opensesame", 13, &out));
    assert_string_equal(out.data, "an [redacted]");
    rf_text_fini(&out);
    free(seen);
    rf_redaction_destroy(&redaction);
}

// The new one may well stand where the old one stood.
static void another_redaction_makes_it_forget(void **state) {
    (void)state;
    struct rf_clean_texts *seen = calloc(1, sizeof *seen);
    for (int i = 0; i < 100; i++) {
        struct rf_redaction *redaction = redaction_with(i % 2 == 0 ? "hunter22" : "opensesame");
        assert_as_alone(redaction, seen, "an opensesame");
        assert_as_alone(redaction, seen, "a hunter22");
        rf_redaction_destroy(&redaction);
    }
    free(seen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_all_lengths_are_told_apart),
        cmocka_unit_test(one_text_takes_the_place_of_another),
        cmocka_unit_test(another_secret_makes_it_forget),
        cmocka_unit_test(another_redaction_makes_it_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
