// The lines that two files get of the same pages, whatever they share, are those that each would
// make for itself.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

#define PAGE 3

static struct rf_redaction *redaction;

static int setup(void **state) {
    (void)state;
    redaction = rf_redaction_new(&(struct rf_redact_rules){0});
    return redaction == NULL;
}

static int teardown(void **state) {
    (void)state;
    rf_redaction_destroy(&redaction);
    return 0;
}

// The events of list `list`.
static void fill(struct rf_event events[PAGE], uint64_t list) {
    for (size_t i = 0; i < PAGE; i++)
        events[i] = (struct rf_event){.n = (int64_t)(list * PAGE + i),
                                      .type = "provider.up",
                                      .severity = "info",
                                      .subject = "twilio"};
}

static char *alone(uint64_t list, enum rf_line kind) {
    struct rf_recorder recorder = {0};
    struct rf_event events[PAGE];
    struct rf_text out = {0};
    fill(events, list);
    for (size_t i = 0; i < PAGE; i++)
        rf_record(&recorder, redaction, &events[i], kind == RF_LINE_JSON ? &out : NULL,
                  kind == RF_LINE_TEXT ? &out : NULL);
    rf_recorder_fini(&recorder);
    return rf_text_take(&out);
}

// Takes the lines and holds them against those that it would make alone.
static void check(struct rf_lines *lines, uint64_t list, enum rf_line kind, const char *before) {
    struct rf_event events[PAGE];
    struct rf_text out = {0};
    char *should = alone(list, kind);
    fill(events, list);
    rf_text_add(&out, "%s", before);
    rf_lines_take(lines, list, redaction, events, PAGE, kind, &out);
    assert_memory_equal(out.data, before, strlen(before));
    assert_string_equal(out.data + strlen(before), should);
    rf_text_fini(&out);
    free(should);
}

static void files_side_by_side_have_their_lines_made_at_once(void **state) {
    (void)state;
    struct rf_lines lines = {0};
    for (uint64_t list = 1; list < 10; list++) {
        // The one or the other may be the first.
        enum rf_line first = list % 3 == 0 ? RF_LINE_TEXT : RF_LINE_JSON;
        check(&lines, list, first, "");
        assert_int_equal(lines.ready.size > 0, list > 1);
        check(&lines, list, first == RF_LINE_JSON ? RF_LINE_TEXT : RF_LINE_JSON,
              list % 2 == 0 ? "" : "already there\n");
        assert_int_equal(lines.ready.size, 0);
    }
    rf_lines_fini(&lines);
}

static void a_file_that_goes_alone_has_no_lines_made_for_the_other(void **state) {
    (void)state;
    struct rf_lines lines = {0};
    check(&lines, 1, RF_LINE_JSON, "");
    check(&lines, 1, RF_LINE_TEXT, "");
    check(&lines, 2, RF_LINE_JSON, "");
    assert_true(lines.ready.size > 0); // in vain, as is seen now:
    for (uint64_t list = 3; list < 6; list++) {
        check(&lines, list, RF_LINE_JSON, "");
        assert_int_equal(lines.ready.size, 0);
    }
    check(&lines, 4, RF_LINE_TEXT, "");
    check(&lines, 5, RF_LINE_TEXT, "");
    check(&lines, 6, RF_LINE_TEXT, "");
    check(&lines, 6, RF_LINE_JSON, ""); // together again
    check(&lines, 7, RF_LINE_JSON, "");
    assert_true(lines.ready.size > 0);
    check(&lines, 7, RF_LINE_TEXT, "");
    rf_lines_fini(&lines);
}

static void lines_of_an_older_redaction_are_not_given(void **state) {
    (void)state;
    struct rf_lines lines = {0};
    check(&lines, 1, RF_LINE_JSON, "");
    check(&lines, 1, RF_LINE_TEXT, "");
    check(&lines, 2, RF_LINE_JSON, "");
    assert_true(lines.ready.size > 0);
    const char *secret = "twilio";
    assert_int_equal(rf_redaction_secret(redaction, secret), RF_OK);
    check(&lines, 2, RF_LINE_TEXT, "");
    rf_lines_fini(&lines);
    teardown(NULL);
    assert_int_equal(setup(NULL), 0);
}

// 0: nobody knows whether they are the same.
static void unknown_lists_are_never_the_same(void **state) {
    (void)state;
    struct rf_lines lines = {0};
    for (unsigned i = 0; i < 4; i++) {
        check(&lines, 0, RF_LINE_JSON, "");
        check(&lines, 0, RF_LINE_TEXT, "");
        assert_int_equal(lines.ready.size, 0);
    }
    rf_lines_fini(&lines);
}

static void the_same_file_may_ask_again(void **state) {
    (void)state;
    struct rf_lines lines = {0};
    for (unsigned i = 0; i < 3; i++)
        check(&lines, 1, RF_LINE_JSON, "");
    check(&lines, 1, RF_LINE_TEXT, "");
    check(&lines, 2, RF_LINE_TEXT, "");
    check(&lines, 2, RF_LINE_TEXT, "");
    check(&lines, 2, RF_LINE_JSON, "");
    rf_lines_fini(&lines);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_side_by_side_have_their_lines_made_at_once),
        cmocka_unit_test(a_file_that_goes_alone_has_no_lines_made_for_the_other),
        cmocka_unit_test(lines_of_an_older_redaction_are_not_given),
        cmocka_unit_test(unknown_lists_are_never_the_same),
        cmocka_unit_test(the_same_file_may_ask_again),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
