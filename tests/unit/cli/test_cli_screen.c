// What is painted on a terminal.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "screen.h"

static void a_text_is_painted_from_the_top_without_a_control_of_its_own(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int rows;
        const char *painted;
    } cases[] = {
        {"", 5, "\033[?7l\033[H\033[J\033[?7h"},
        {"a\nb\n", 5, "\033[?7l\033[Ha\033[K\r\nb\033[K\033[J\033[?7h"},
        {"a\nb\nc\n", 2, "\033[?7l\033[Ha\033[K\r\nb\033[K\033[J\033[?7h"},
        {"a\nb", 1, "\033[?7l\033[Ha\033[K\033[J\033[?7h"},
        {"a\n\nb", 3, "\033[?7l\033[Ha\033[K\r\n\033[K\r\nb\033[K\033[J\033[?7h"},
        {"a\033[2J\a\r\t\x7f\xc3\xa4", 3, "\033[?7l\033[Ha[2J\xc3\xa4\033[K\033[J\033[?7h"},
        {"a\xc2\x9b"
         "31m",
         3, "\033[?7l\033[Ha31m\033[K\033[J\033[?7h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_text out = {0};
        const struct cli_screen_size size = {.columns = 20, .rows = cases[i].rows};
        cli_screen_text(cases[i].text, &size, &out);
        assert_string_equal(out.data, cases[i].painted);
        rf_text_fini(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_painted_from_the_top_without_a_control_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
