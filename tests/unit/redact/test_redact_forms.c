// Each text of the corpus by itself: no piece of a secret is left, and what is none stays as it is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "corpus.h"

static json_t *corpus;
static struct rf_redaction *redaction;

static int setup(void **state) {
    (void)state;
    corpus = corpus_load();
    redaction = corpus_redaction(corpus, RF_REDACT_NAMES_SHOW);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    rf_redaction_destroy(&redaction);
    json_decref(corpus);
    return 0;
}

// All that is wrong, not only the first.
static size_t complain(const char *text, const char *left, const char *piece) {
    print_error("%s\n    became %s\n    which has %s\n", text, left, piece);
    return 1;
}

static size_t leaks_of(const char *kind) {
    const json_t *entry;
    size_t i, leaks = 0;
    assert_true(json_array_size(json_object_get(corpus, kind)) > 0);
    json_array_foreach(json_object_get(corpus, kind), i, entry) {
        const char *text = json_string_value(json_object_get(entry, "text"));
        struct rf_text out = {0};
        assert_non_null(corpus_leak(entry, text)); // else nothing could fail
        rf_redact_add(redaction, text, strlen(text), &out);
        const char *piece = corpus_leak(entry, out.data);
        leaks += piece != NULL ? complain(text, out.data, piece) : 0;
        rf_text_fini(&out);
    }
    return leaks;
}

static void no_secret_is_left_of_any_text(void **state) {
    (void)state;
    assert_int_equal(leaks_of("secret"), 0);
}

static void no_number_is_left_of_any_text(void **state) {
    (void)state;
    assert_int_equal(leaks_of("phone"), 0);
}

static void what_is_no_secret_stays_as_it_is(void **state) {
    (void)state;
    const json_t *entry;
    size_t i, changed = 0;
    json_array_foreach(json_object_get(corpus, "clean"), i, entry) {
        const char *text = json_string_value(entry);
        struct rf_text out = {0};
        if (rf_redact(redaction, text, strlen(text), &out))
            changed += complain(text, out.data, "changed");
        rf_text_fini(&out);
    }
    assert_int_equal(changed, 0);
}

// What was redacted comes round again: the alerter's words to the logger.
static void what_is_left_stays_as_it_is(void **state) {
    (void)state;
    static const char *const kinds[] = {"secret", "phone"};
    for (size_t kind = 0; kind < 2; kind++) {
        const json_t *entry;
        size_t i;
        json_array_foreach(json_object_get(corpus, kinds[kind]), i, entry) {
            const char *text = json_string_value(json_object_get(entry, "text"));
            struct rf_text once = {0}, twice = {0};
            rf_redact_add(redaction, text, strlen(text), &once);
            if (rf_redact(redaction, once.data, once.size, &twice))
                fail_msg("%s\nbecame %s\nand then %s", text, once.data, twice.data);
            rf_text_fini(&once);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_secret_is_left_of_any_text),
        cmocka_unit_test(no_number_is_left_of_any_text),
        cmocka_unit_test(what_is_no_secret_stays_as_it_is),
        cmocka_unit_test(what_is_left_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
