#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "a1.h"

static void ranges_are_read_as_sheets_writes_them(void **state) {
    (void)state;
    const struct {
        const char *range;
        int64_t row, column;
    } cases[] = {
        {"events!A5:G14", 5, 1},         {"events!A1", 1, 1},         {"'my tab'!B10:H10", 10, 2},
        {"'odd ! name'!AA7:AG9", 7, 27}, {"ZZ1048576", 1048576, 702}, {"'it''s'!A2:B3", 2, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_a1_place place;
        assert_true(rf_a1_parse(cases[i].range, &place));
        assert_int_equal(place.row, cases[i].row);
        assert_int_equal(place.column, cases[i].column);
    }
    const char *const bad[] = {"",
                               "events!",
                               "events!A",
                               "events!5:7",
                               "A0",
                               "A5x",
                               "events!a5",
                               "A999999999999999999999",
                               "A-5:B7",
                               "events!A:G",
                               "AAAAAAAAAAAAAAAAAAAA5"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rf_a1_place place;
        assert_false(rf_a1_parse(bad[i], &place));
    }
}

static void blocks_are_written_for_a_path(void **state) {
    (void)state;
    const struct {
        const char *sheet;
        int64_t row, column, rows;
        const char *expected;
    } cases[] = {
        {"events", 5, 1, 10, "events!A5:G14"},
        {"my tab", 5, 26, 1, "'my%20tab'!Z5:AF5"},
        {"it's/2026?", 1, 1, 1, "'it''s%2F2026%3F'!A1:G1"},
        {"A1", 1, 1, 1, "'A1'!A1:G1"}, // a tab that is named like a cell
        {"\xC3\xA9v", 1, 1, 1, "'%C3%A9v'!A1:G1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = rf_a1_block(
            cases[i].sheet, (struct rf_a1_place){.row = cases[i].row, .column = cases[i].column},
            cases[i].rows, 7);
        assert_string_equal(text, cases[i].expected);
        free(text);
    }
    char *rows = rf_a1_rows("events", 120, 1, 2);
    assert_string_equal(rows, "events!A120:B");
    free(rows);
    char *columns = rf_a1_columns("events", 1, 2);
    assert_string_equal(columns, "events!A:B");
    free(columns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read_as_sheets_writes_them),
        cmocka_unit_test(blocks_are_written_for_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
