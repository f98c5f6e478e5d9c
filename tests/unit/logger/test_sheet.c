#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sheet.h"

// A spreadsheet that lives through the logger's crashes, and the logger's file.
struct bench {
    struct rf_sheet sheet;
    json_t *cells; // rows of the tab
    bool bare;     // with no names of columns asked for: most tests are about what comes below
    int peeks, headers;
    char *file; // what was kept; NULL: nothing
    int appends, looks, updates, tokens, keeps;
    size_t read; // rows
    struct rf_instant now;
};

static struct rf_error error;

static void start(struct bench *bench, const char *spreadsheet) {
    assert_int_equal(rf_sheet_init(&bench->sheet, spreadsheet, "events", bench->file, &error),
                     RF_OK);
    if (bench->bare)
        rf_sheet_headed(&bench->sheet);
}

static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    bench->cells = json_array();
    bench->bare = true;
    start(bench, "s");
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    rf_sheet_fini(&bench->sheet);
    json_decref(bench->cells);
    free(bench->file);
    free(bench);
    return 0;
}

static json_t *rows_from(int first, int count) {
    json_t *rows = json_array();
    for (int n = first; n < first + count; n++)
        json_array_append_new(
            rows, json_pack("[o, o, s]", json_sprintf("%d", n), json_sprintf("t%d", n), "text"));
    return rows;
}

static void append(struct bench *bench, char range[64]) {
    json_t *keys = rf_sheet_keys(&bench->sheet);
    size_t first = json_array_size(bench->cells) + 1;
    snprintf(range, 64, "events!A%zu:B%zu", first, first + json_array_size(keys) - 1);
    json_array_extend(bench->cells, keys);
    json_decref(keys);
    bench->appends++;
}

static void update(struct bench *bench) {
    for (size_t i = 0; i < json_array_size(bench->sheet.rows); i++)
        json_array_set(bench->cells, (size_t)bench->sheet.place.row - 1 + i,
                       json_array_get(bench->sheet.rows, i));
    bench->updates++;
}

static void write_header(struct bench *bench) {
    json_t *names = json_pack("[s, s]", "n", "time");
    if (json_array_size(bench->cells) == 0)
        json_array_append_new(bench->cells, names);
    else
        json_array_set_new(bench->cells, 0, names);
    bench->headers++;
}

static void look(struct bench *bench) {
    json_t *values = json_array();
    for (size_t i = (size_t)rf_sheet_look_row(&bench->sheet) - 1; i < json_array_size(bench->cells);
         i++)
        json_array_append(values, json_array_get(bench->cells, i));
    bench->looks++;
    bench->read += json_array_size(values);
    rf_sheet_looked(&bench->sheet, values);
    json_decref(values);
}

// Carries out one action whole, with a good answer. False when there is nothing to do.
static bool step(struct bench *bench) {
    char range[64];
    switch (rf_sheet_next(&bench->sheet, bench->now)) {
    case RF_SHEET_NOTHING:
        return false;
    case RF_SHEET_TOKEN:
        bench->tokens++;
        assert_int_equal(
            rf_sheet_token(&bench->sheet, "token", rf_seconds(3600), bench->now, &error), RF_OK);
        return true;
    case RF_SHEET_KEEP:
        bench->keeps++;
        free(bench->file);
        bench->file = rf_sheet_dump(&bench->sheet);
        rf_sheet_kept(&bench->sheet);
        return true;
    case RF_SHEET_PEEK:
        rf_sheet_peeked(&bench->sheet, json_array_size(bench->cells) > 0 ? bench->cells : NULL);
        bench->peeks++;
        return true;
    case RF_SHEET_HEADER:
        write_header(bench);
        rf_sheet_headed(&bench->sheet);
        return true;
    case RF_SHEET_LOOK:
        look(bench);
        return true;
    case RF_SHEET_APPEND:
        append(bench, range);
        assert_true(rf_sheet_appended(&bench->sheet, RF_SHEET_OK, range));
        return true;
    case RF_SHEET_UPDATE:
        update(bench);
        rf_sheet_updated(&bench->sheet);
        return true;
    }
    return false;
}

static void step_until(struct bench *bench, enum rf_sheet_action action) {
    while (rf_sheet_next(&bench->sheet, bench->now) != action)
        assert_true(step(bench));
}

static void assert_rows_once(const struct bench *bench, int first, int count) {
    json_t *expected = rows_from(first, count);
    assert_true(json_equal(bench->cells, expected));
    json_decref(expected);
}

static void a_batch_is_one_append_and_one_update(void **state) {
    struct bench *bench = *state;
    assert_int_equal(rf_sheet_next(&bench->sheet, bench->now), RF_SHEET_NOTHING);
    rf_sheet_batch(&bench->sheet, rows_from(1, 3), 9, NULL);
    while (step(bench)) {
    }
    assert_rows_once(bench, 1, 3);
    assert_int_equal(bench->appends, 1);
    assert_int_equal(bench->updates, 1);
    assert_int_equal(bench->looks, 0);
    assert_int_equal(bench->sheet.cursor, 9);
    rf_sheet_batch(&bench->sheet, rows_from(4, 2), 11, NULL);
    while (step(bench)) {
    }
    assert_rows_once(bench, 1, 5);
    assert_int_equal(bench->tokens, 1);
}

static void an_empty_batch_moves_the_cursor_only(void **state) {
    struct bench *bench = *state;
    rf_sheet_batch(&bench->sheet, json_array(), 7, NULL);
    while (step(bench)) {
    }
    assert_int_equal(bench->tokens + bench->appends, 0);
    rf_sheet_fini(&bench->sheet);
    start(bench, "s");
    assert_int_equal(bench->sheet.cursor, 7);
    assert_true(bench->sheet.known);
}

// The process dies before, or after, the effect of every single action; each row comes once.
static void a_kill_at_any_moment_loses_no_row_and_doubles_none(void **state) {
    (void)state;
    for (int moment = 0; moment < 48; moment++) {
        void *fresh;
        set_up(&fresh);
        struct bench *bench = fresh;
        int steps = 0;
        int64_t cursor = 0;
        while (cursor < 6) {
            if (bench->sheet.rows == NULL && !bench->sheet.dirty)
                rf_sheet_batch(&bench->sheet, rows_from((int)bench->sheet.cursor + 1, 2),
                               bench->sheet.cursor + 2, NULL);
            if (steps++ == moment / 2) {
                // After the effect, but before the answer is read.
                enum rf_sheet_action action = rf_sheet_next(&bench->sheet, bench->now);
                char range[64];
                if (moment % 2 == 1 && action == RF_SHEET_APPEND)
                    append(bench, range);
                else if (moment % 2 == 1 && action == RF_SHEET_UPDATE)
                    update(bench);
                rf_sheet_fini(&bench->sheet);
                start(bench, "s");
            }
            step(bench);
            cursor = bench->sheet.dirty ? cursor : bench->sheet.cursor;
        }
        assert_rows_once(bench, 1, 6);
        tear_down(&fresh);
    }
}

// An empty sheet, whose first row the program looks at in each of its lives.
static void set_up_bare(struct bench *bench) {
    bench->bare = false;
    rf_sheet_fini(&bench->sheet);
    start(bench, "s");
}

static void assert_rows_below_the_header(const struct bench *bench, int first, int count) {
    json_t *expected = rows_from(first, count);
    json_array_insert_new(expected, 0, json_pack("[s, s]", "n", "time"));
    assert_true(json_equal(bench->cells, expected));
    json_decref(expected);
}

static void an_empty_sheet_gets_the_names_of_its_columns_once(void **state) {
    struct bench *bench = *state;
    set_up_bare(bench);
    assert_int_equal(rf_sheet_next(&bench->sheet, bench->now), RF_SHEET_NOTHING);
    for (int batch = 0; batch < 3; batch++) {
        if (batch == 2) { // in another life
            rf_sheet_fini(&bench->sheet);
            start(bench, "s");
        }
        rf_sheet_batch(&bench->sheet, rows_from(1 + 2 * batch, 2), batch + 1, NULL);
        while (step(bench)) {
        }
    }
    assert_rows_below_the_header(bench, 1, 6);
    assert_int_equal(bench->headers, 1);
    assert_int_equal(bench->peeks, 2);
}

static void what_stands_in_the_first_row_is_left_alone(void **state) {
    struct bench *bench = *state;
    json_array_append_new(bench->cells, json_pack("[s]", "somebody's"));
    set_up_bare(bench);
    rf_sheet_batch(&bench->sheet, rows_from(1, 2), 2, NULL);
    while (step(bench)) {
    }
    assert_string_equal(json_string_value(json_array_get(json_array_get(bench->cells, 0), 0)),
                        "somebody's");
    assert_int_equal(json_array_size(bench->cells), 3);
    assert_int_equal(bench->headers, 0);
}

static void a_kill_at_any_moment_doubles_no_header_and_no_row(void **state) {
    (void)state;
    for (int moment = 0; moment < 40; moment++) {
        void *fresh;
        set_up(&fresh);
        struct bench *bench = fresh;
        char range[64];
        set_up_bare(bench);
        rf_sheet_batch(&bench->sheet, rows_from(1, 2), 2, NULL);
        for (int steps = 0; bench->sheet.cursor < 2 || bench->sheet.dirty; steps++) {
            if (steps == moment / 2) {
                // After the effect, but before the answer is read.
                enum rf_sheet_action action = rf_sheet_next(&bench->sheet, bench->now);
                if (moment % 2 == 1 && action == RF_SHEET_HEADER)
                    write_header(bench);
                else if (moment % 2 == 1 && action == RF_SHEET_APPEND)
                    append(bench, range);
                rf_sheet_fini(&bench->sheet);
                start(bench, "s");
                if (bench->sheet.rows == NULL && bench->sheet.cursor < 2)
                    rf_sheet_batch(&bench->sheet, rows_from(1, 2), 2, NULL);
            }
            step(bench);
        }
        assert_rows_below_the_header(bench, 1, 2);
        tear_down(&fresh);
    }
}

// The answer of the first append was lost, before the sheet's first row was ever seen by this life.
static void no_header_is_written_while_an_append_may_yet_come(void **state) {
    struct bench *bench = *state;
    char range[64];
    rf_sheet_batch(&bench->sheet, rows_from(1, 2), 2, NULL);
    step_until(bench, RF_SHEET_APPEND);
    append(bench, range);
    set_up_bare(bench);
    while (step(bench)) {
    }
    assert_rows_once(bench, 1, 2);
    assert_int_equal(bench->headers, 0);
}

static void an_ambiguous_append_is_looked_for_before_it_is_repeated(void **state) {
    struct bench *bench = *state;
    char range[64];
    rf_sheet_batch(&bench->sheet, rows_from(1, 2), 2, NULL);
    step_until(bench, RF_SHEET_APPEND);
    append(bench, range); // carried out, but the answer was lost
    rf_sheet_appended(&bench->sheet, RF_SHEET_AMBIGUOUS, NULL);
    assert_int_equal(rf_sheet_next(&bench->sheet, bench->now), RF_SHEET_LOOK);
    while (step(bench)) {
    }
    assert_rows_once(bench, 1, 2);
    assert_int_equal(bench->appends, 1);

    rf_sheet_batch(&bench->sheet, rows_from(3, 2), 4, NULL);
    step_until(bench, RF_SHEET_APPEND);
    rf_sheet_appended(&bench->sheet, RF_SHEET_AMBIGUOUS, NULL); // not carried out
    assert_int_equal(rf_sheet_next(&bench->sheet, bench->now), RF_SHEET_LOOK);
    while (step(bench)) {
    }
    assert_rows_once(bench, 1, 4);
    assert_int_equal(bench->appends, 2);
}

// A thousand rows stand there; ten more were appended, and the answer was lost.
static void ask_in_vain(struct bench *bench) {
    char range[64];
    for (int batch = 0; batch < 100; batch++) {
        rf_sheet_batch(&bench->sheet, rows_from(1 + batch * 10, 10), batch + 1, NULL);
        while (step(bench)) {
        }
    }
    assert_int_equal(bench->looks, 0);
    rf_sheet_batch(&bench->sheet, rows_from(1001, 10), 101, NULL);
    step_until(bench, RF_SHEET_APPEND);
    append(bench, range);
    rf_sheet_appended(&bench->sheet, RF_SHEET_AMBIGUOUS, NULL);
}

static void only_what_came_after_the_batch_before_is_looked_through(void **state) {
    struct bench *bench = *state;
    ask_in_vain(bench);
    // In another life of the logger, too.
    rf_sheet_fini(&bench->sheet);
    start(bench, "s");
    while (step(bench)) {
    }
    assert_rows_once(bench, 1, 1010);
    assert_int_equal(bench->looks, 1);
    assert_int_equal(bench->read, 11);
}

static void a_sheet_whose_rows_were_moved_by_hand_is_looked_through_whole(void **state) {
    struct bench *bench = *state;
    ask_in_vain(bench);
    json_array_remove(bench->cells, 3);
    while (step(bench)) {
    }
    assert_int_equal(json_array_size(bench->cells), 1009);
    assert_int_equal(bench->looks, 2);
    assert_int_equal(bench->appends, 101);
    // So it is when there are not even so many rows as we know.
    assert_true(rf_sheet_look_refused(&bench->sheet));
    assert_int_equal(rf_sheet_look_row(&bench->sheet), 1);
    assert_false(rf_sheet_look_refused(&bench->sheet));
}

static void an_append_that_was_refused_is_repeated_without_a_look(void **state) {
    struct bench *bench = *state;
    const enum rf_sheet_outcome outcomes[] = {RF_SHEET_REFUSED, RF_SHEET_LATER};
    rf_sheet_batch(&bench->sheet, rows_from(1, 1), 1, NULL);
    step_until(bench, RF_SHEET_APPEND);
    for (size_t i = 0; i < 2; i++) {
        rf_sheet_appended(&bench->sheet, outcomes[i], NULL);
        assert_int_equal(rf_sheet_next(&bench->sheet, bench->now), RF_SHEET_APPEND);
    }
}

static void an_unreadable_range_is_as_good_as_no_answer(void **state) {
    struct bench *bench = *state;
    const char *const ranges[] = {NULL, "", "events", "events!A:G", "5"};
    rf_sheet_batch(&bench->sheet, rows_from(1, 1), 1, NULL);
    step_until(bench, RF_SHEET_APPEND);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        assert_false(rf_sheet_appended(&bench->sheet, RF_SHEET_OK, ranges[i]));
        assert_int_equal(rf_sheet_next(&bench->sheet, bench->now), RF_SHEET_LOOK);
    }
}

// A broker that lost its numbers gives them again; the old rows stay as they are.
static void a_number_that_comes_again_does_not_overwrite_the_old_row(void **state) {
    struct bench *bench = *state;
    json_array_append_new(bench->cells, json_pack("[s, s, s]", "1", "another time", "old"));
    json_array_append_new(bench->cells, json_array());
    json_array_append_new(bench->cells, json_pack("[i]", 1));
    rf_sheet_batch(&bench->sheet, rows_from(1, 1), 1, NULL);
    step_until(bench, RF_SHEET_APPEND);
    rf_sheet_appended(&bench->sheet, RF_SHEET_AMBIGUOUS, NULL);
    while (step(bench)) {
    }
    assert_int_equal(json_array_size(bench->cells), 4);
    assert_string_equal(json_string_value(json_array_get(json_array_get(bench->cells, 0), 2)),
                        "old");
}

static void rows_that_were_deleted_by_hand_are_appended_again_below_a_new_header(void **state) {
    struct bench *bench = *state;
    rf_sheet_batch(&bench->sheet, rows_from(1, 2), 2, NULL);
    step_until(bench, RF_SHEET_UPDATE);
    json_array_clear(bench->cells);
    rf_sheet_misplaced(&bench->sheet); // UPDATE was refused
    while (step(bench)) {
    }
    assert_rows_below_the_header(bench, 1, 2);
}

static void a_batch_kept_for_another_spreadsheet_is_written_into_this_one(void **state) {
    struct bench *bench = *state;
    rf_sheet_batch(&bench->sheet, rows_from(1, 2), 2, NULL);
    step_until(bench, RF_SHEET_UPDATE);
    rf_sheet_fini(&bench->sheet);
    json_array_clear(bench->cells);
    start(bench, "other");
    while (step(bench)) {
    }
    assert_rows_once(bench, 1, 2);
    assert_int_equal(bench->looks, 0);
}

static void a_token_is_replaced_ahead_of_its_end_and_when_it_is_refused(void **state) {
    struct bench *bench = *state;
    rf_sheet_batch(&bench->sheet, rows_from(1, 1), 1, NULL);
    step_until(bench, RF_SHEET_TOKEN);
    assert_int_equal(rf_sheet_token(&bench->sheet, "a", rf_seconds(3600), bench->now, &error),
                     RF_OK);
    bench->now.ns = 3540 * RF_NS_PER_S - 1;
    assert_int_equal(rf_sheet_next(&bench->sheet, bench->now), RF_SHEET_APPEND);
    bench->now.ns += 1;
    assert_int_equal(rf_sheet_next(&bench->sheet, bench->now), RF_SHEET_TOKEN);
    // A short-lived one is used for half of its time, not for none.
    assert_int_equal(rf_sheet_token(&bench->sheet, "b", rf_seconds(60), bench->now, &error), RF_OK);
    bench->now.ns += 29 * RF_NS_PER_S;
    assert_int_equal(rf_sheet_next(&bench->sheet, bench->now), RF_SHEET_APPEND);
    bench->now.ns += RF_NS_PER_S;
    assert_int_equal(rf_sheet_next(&bench->sheet, bench->now), RF_SHEET_TOKEN);
    // Refused: two new ones at once, then it waits.
    for (int i = 0; i < 4; i++) {
        assert_int_equal(rf_sheet_token(&bench->sheet, "c", rf_seconds(3600), bench->now, &error),
                         RF_OK);
        assert_int_equal(rf_sheet_no_access(&bench->sheet), i < 2);
        assert_int_equal(rf_sheet_next(&bench->sheet, bench->now), RF_SHEET_TOKEN);
    }
}

static void a_file_that_is_not_ours_is_refused(void **state) {
    (void)state;
    const char *const files[] = {
        "",
        "{}",
        "[]",
        "{\"cursor\": -1, \"place\": \"s/events\"}",
        "{\"cursor\": \"1\", \"place\": \"s/events\"}",
        "{\"cursor\": 1, \"place\": 2}",
        "{\"cursor\": 1, \"place\": \"s/events\", \"rows\": {}}",
        "{\"cursor\": 1, \"place\": \"s/events\", \"rows\": []}",
        "{\"cursor\": 1, \"place\": \"s/events\", \"rows\": [[\"1\"]]}",
        "{\"cursor\": 1, \"place\": \"s/events\", \"rows\": [[\"1\", \"t\"]], \"row\": 5}",
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct rf_sheet sheet;
        assert_int_equal(rf_sheet_init(&sheet, "s", "events", files[i], &error), RF_ERR_INVALID);
        rf_sheet_fini(&sheet);
    }
}

// The batch that is in hand is of the next place, whose journal may be another.
static void the_journal_is_kept_with_each_number(void **state) {
    (void)state;
    struct rf_sheet sheet;
    char *file;
    assert_int_equal(
        rf_sheet_init(&sheet, "s", "events", "{\"cursor\":7,\"place\":\"s/events\"}", &error),
        RF_OK);
    assert_null(sheet.journal); // of an earlier version
    rf_sheet_batch(&sheet, json_array(), 8, strdup("J.1"));
    assert_string_equal(sheet.journal, "J.1");
    rf_sheet_batch(&sheet, rows_from(1, 2), 2, strdup("K.1"));
    for (int life = 0; life < 2; life++) {
        assert_int_equal(sheet.cursor, 8);
        assert_string_equal(sheet.journal, "J.1");
        assert_string_equal(sheet.scanned_journal, "K.1");
        file = rf_sheet_dump(&sheet);
        rf_sheet_fini(&sheet);
        assert_int_equal(rf_sheet_init(&sheet, "s", "events", file, &error), RF_OK);
        free(file);
    }
    rf_sheet_updated(&sheet);
    assert_int_equal(sheet.cursor, 2);
    assert_string_equal(sheet.journal, "K.1");
    assert_null(sheet.scanned_journal);
    rf_sheet_fini(&sheet);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_batch_is_one_append_and_one_update),
        TEST(an_empty_batch_moves_the_cursor_only),
        cmocka_unit_test(a_kill_at_any_moment_loses_no_row_and_doubles_none),
        TEST(an_empty_sheet_gets_the_names_of_its_columns_once),
        TEST(what_stands_in_the_first_row_is_left_alone),
        cmocka_unit_test(a_kill_at_any_moment_doubles_no_header_and_no_row),
        TEST(no_header_is_written_while_an_append_may_yet_come),
        TEST(an_ambiguous_append_is_looked_for_before_it_is_repeated),
        TEST(only_what_came_after_the_batch_before_is_looked_through),
        TEST(a_sheet_whose_rows_were_moved_by_hand_is_looked_through_whole),
        TEST(an_append_that_was_refused_is_repeated_without_a_look),
        TEST(an_unreadable_range_is_as_good_as_no_answer),
        TEST(a_number_that_comes_again_does_not_overwrite_the_old_row),
        TEST(rows_that_were_deleted_by_hand_are_appended_again_below_a_new_header),
        TEST(a_batch_kept_for_another_spreadsheet_is_written_into_this_one),
        TEST(a_token_is_replaced_ahead_of_its_end_and_when_it_is_refused),
        cmocka_unit_test(the_journal_is_kept_with_each_number),
        cmocka_unit_test(a_file_that_is_not_ours_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
