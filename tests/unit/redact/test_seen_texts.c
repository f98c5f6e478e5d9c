// What was seen before reads as when it was looked through, and never by another redaction.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/json_line.h"
#include "redact/seen_texts.h"

static struct rf_redaction *redaction_with(const char *secret) {
    struct rf_redact_rules rules = {.key = "sixteen bytes .."};
    struct rf_redaction *redaction = rf_redaction_new(&rules);
    assert_non_null(redaction);
    assert_int_equal(rf_redaction_secret(redaction, secret), RF_OK);
    return redaction;
}

// As rf_redact says it, given in a block of its own size.
static void assert_as_alone(const struct rf_redaction *redaction, struct rf_seen_texts *seen,
                            const char *text) {
    struct rf_text alone = {0}, again = {0}, line = {0}, json = {0};
    rf_seen_texts_begin(seen, redaction);
    size_t size = strlen(text);
    char *block = malloc(size + (size == 0));
    memcpy(block, text, size);
    bool any = rf_redact(redaction, block, size, &alone);
    if (!any)
        rf_json_line_add(&line, block, size);
    for (int i = 0; i < 3; i++) {
        again.size = json.size = 0;
        bool wanted = i != 1;
        assert_int_equal(
            rf_redact_again(redaction, seen, block, size, &again, wanted ? &json : NULL), any);
        assert_int_equal(again.size, alone.size);
        if (any)
            assert_memory_equal(again.data, alone.data, alone.size);
        assert_int_equal(json.size, wanted ? line.size : 0);
        if (json.size > 0)
            assert_string_equal(json.data, line.data);
    }
    rf_text_fini(&alone);
    rf_text_fini(&again);
    rf_text_fini(&line);
    rf_text_fini(&json);
    free(block);
}

static void texts_of_all_lengths_are_told_apart(void **state) {
    (void)state;
    struct rf_redaction *redaction = redaction_with("hunter22");
    struct rf_seen_texts *seen = calloc(1, sizeof *seen);
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

static void texts_that_do_not_stand_for_themselves_in_json_are_escaped_each_time(void **state) {
    (void)state;
    static const char *const texts[] = {
        "a \"quote\"", "C:\\", "one\nline", "Zo\xC3\xAB", "next\xC2\x85line", "\xE2\x80\xA8"};
    struct rf_redaction *redaction = redaction_with("hunter22");
    struct rf_seen_texts *seen = calloc(1, sizeof *seen);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_as_alone(redaction, seen, texts[i]);
    free(seen);
    rf_redaction_destroy(&redaction);
}

// Far more than there are places: what stood there goes.
static void one_text_takes_the_place_of_another(void **state) {
    (void)state;
    struct rf_redaction *redaction = redaction_with("0042");
    struct rf_seen_texts *seen = calloc(1, sizeof *seen);
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
    struct rf_seen_texts *seen = calloc(1, sizeof *seen);
    struct rf_text out = {0};
    rf_seen_texts_begin(seen, redaction);
    assert_false(rf_redact_again(redaction, seen, "an opensesame", 13, &out, NULL));
    assert_int_equal(rf_redaction_secret(redaction, "opensesame"), RF_OK);
    rf_seen_texts_begin(seen, redaction);
    assert_true(rf_redact_again(redaction, seen, "an opensesame", 13, &out, NULL));
    assert_string_equal(out.data, "an [redacted]");
    rf_text_fini(&out);
    free(seen);
    rf_redaction_destroy(&redaction);
}

// The new one may well stand where the old one stood.
static void another_redaction_makes_it_forget(void **state) {
    (void)state;
    struct rf_seen_texts *seen = calloc(1, sizeof *seen);
    for (int i = 0; i < 100; i++) {
        struct rf_redaction *redaction = redaction_with(i % 2 == 0 ? "hunter22" : "opensesame");
        assert_as_alone(redaction, seen, "an opensesame");
        assert_as_alone(redaction, seen, "a hunter22");
        rf_redaction_destroy(&redaction);
    }
    free(seen);
}

// ---- numbers ----

static void assert_number_as_alone(const struct rf_redaction *redaction, struct rf_seen_texts *seen,
                                   const char *text) {
    struct rf_text alone = {0}, again = {0};
    rf_seen_texts_begin(seen, redaction);
    size_t size = strlen(text);
    char *block = malloc(size + (size == 0));
    memcpy(block, text, size);
    enum rf_redact_verdict verdict =
        rf_redact_value(redaction, RF_REDACT_PHONE, block, size, &alone);
    for (int i = 0; i < 2; i++) {
        again.size = 0;
        rf_text_add_bytes(&again, "before", 6);
        assert_int_equal(rf_redact_phone_again(redaction, seen, block, size, &again), verdict);
        assert_int_equal(again.size, 6 + alone.size);
        if (alone.size > 0)
            assert_string_equal(again.data + 6, alone.data);
    }
    rf_text_fini(&alone);
    rf_text_fini(&again);
    free(block);
}

static void a_number_that_comes_again_is_shown_alike(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "7",
                                        "+12025550123",
                                        "+12025550124",
                                        "202-555-0123",
                                        "+49 (30) 1234567",
                                        "hunter22",
                                        "a hunter22 in it",
                                        "not a number",
                                        "+1 (202) 555-0123 ext. 4711 and more",
                                        "sk-proj-Jx7Qm2Vb9Nc4Lp8Rt5Yw1Zs6"};
    struct rf_redaction *redaction = redaction_with("hunter22");
    struct rf_seen_texts *seen = calloc(1, sizeof *seen);
    char text[32];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_number_as_alone(redaction, seen, texts[i]);
    for (int i = 0; i < 20 * RF_SHOWN_PHONES; i++) {
        snprintf(text, sizeof text, "+1202555%04d", i);
        assert_number_as_alone(redaction, seen, text);
    }
    free(seen);
    rf_redaction_destroy(&redaction);
}

// Its hash has another key.
static void another_redaction_shows_a_number_in_its_own_way(void **state) {
    (void)state;
    struct rf_seen_texts *seen = calloc(1, sizeof *seen);
    struct rf_redact_rules rules = {.key = "sixteen bytes .."};
    struct rf_text shown[2] = {{0}};
    for (size_t i = 0; i < 2; i++) {
        rules.key[0] = (unsigned char)('a' + i);
        struct rf_redaction *redaction = rf_redaction_new(&rules);
        rf_seen_texts_begin(seen, redaction);
        assert_int_equal(rf_redact_phone_again(redaction, seen, "+12025550123", 12, &shown[i]),
                         RF_REDACT_CHANGED);
        rf_redaction_destroy(&redaction);
    }
    assert_string_not_equal(shown[0].data, shown[1].data);
    rf_text_fini(&shown[0]);
    rf_text_fini(&shown[1]);
    free(seen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_all_lengths_are_told_apart),
        cmocka_unit_test(texts_that_do_not_stand_for_themselves_in_json_are_escaped_each_time),
        cmocka_unit_test(one_text_takes_the_place_of_another),
        cmocka_unit_test(another_secret_makes_it_forget),
        cmocka_unit_test(another_redaction_makes_it_forget),
        cmocka_unit_test(a_number_that_comes_again_is_shown_alike),
        cmocka_unit_test(another_redaction_shows_a_number_in_its_own_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
