#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/dialect.h"

static void parameters_are_numbered_and_what_is_quoted_stays(void **state) {
    (void)state;
    static const struct {
        const char *sql, *expected;
        int parameters;
    } cases[] = {
        {"", "", 0},
        {"SELECT 1", "SELECT 1", 0},
        {"a = ? AND b = ?", "a = $1 AND b = $2", 2},
        {"'?' || ?", "'?' || $1", 1},
        {"'it''s ?' || ?", "'it''s ?' || $1", 1},
        {"\"a?\" = ?", "\"a?\" = $1", 1},
        {"'no end ?", "'no end ?", 0},
        {"x /*! FOR UPDATE */ y", "x  FOR UPDATE  y", 0},
        {"? /*! + ? */, ?", "$1  + $2 , $3", 3},
        {"/* kept */ ?", "/* kept */ $1", 1},
        {"'/*! ? */' ?", "'/*! ? */' $1", 1},
        {"a * b */ c", "a * b */ c", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[64];
        int parameters = -1;
        assert_true(rf_dialect_postgres(cases[i].sql, out, sizeof out, &parameters));
        assert_string_equal(out, cases[i].expected);
        assert_int_equal(parameters, cases[i].parameters);
    }
}

static void what_does_not_fit_is_refused(void **state) {
    (void)state;
    char out[8];
    int parameters;
    assert_true(rf_dialect_postgres("1234567", out, sizeof out, &parameters));
    assert_false(rf_dialect_postgres("12345678", out, sizeof out, &parameters));
    assert_false(rf_dialect_postgres("123456?", out, sizeof out, &parameters));
    assert_false(rf_dialect_postgres("'345678'", out, sizeof out, &parameters));
    assert_string_equal(out, "");
    assert_false(rf_dialect_postgres("", out, 0, &parameters));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_numbered_and_what_is_quoted_stays),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
