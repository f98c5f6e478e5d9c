// Which configuration a command line means.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config_file.h"

static void
what_is_given_comes_before_the_variable_and_that_before_what_is_installed(void **state) {
    (void)state;
    char there[] = "/tmp/rf-config-XXXXXX";
    int fd = mkstemp(there);
    assert_true(fd >= 0);
    close(fd);
    static const char absent[] = "/nonexistent/ringfence.yaml";
    const struct {
        const char *given, *variable, *installed, *found;
    } cases[] = {
        {"a", "b", there, "a"},     {NULL, "b", there, "b"},    {NULL, "", there, there},
        {NULL, NULL, there, there}, {NULL, NULL, absent, NULL}, {NULL, "b", absent, "b"},
        {"a", NULL, absent, "a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *found =
            cli_config_file_find(cases[i].given, cases[i].variable, cases[i].installed);
        if (cases[i].found == NULL)
            assert_null(found);
        else
            assert_string_equal(found, cases[i].found);
    }
    unlink(there);
}

static void a_file_that_may_not_be_seen_is_taken_so_that_it_is_told(void **state) {
    (void)state;
    char folder[] = "/tmp/rf-config-XXXXXX", file[64];
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/ringfence.yaml", folder);
    assert_int_equal(chmod(folder, 0), 0);
    // Nothing is hidden from root.
    bool became = geteuid() == 0 && setresuid((uid_t)-1, 65534, (uid_t)-1) == 0;
    const char *found = cli_config_file_find(NULL, NULL, file);
    if (became)
        assert_int_equal(setresuid((uid_t)-1, 0, (uid_t)-1), 0);
    assert_non_null(found);
    assert_string_equal(found, file);
    rmdir(folder);
}

static void only_the_installed_one_has_the_folders_of_the_units(void **state) {
    (void)state;
    unsetenv("RINGFENCE_CONFIG");
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    assert_string_equal(cli_config_file_take("other.yaml"), "other.yaml");
    assert_string_equal(getenv("XDG_RUNTIME_DIR"), "/run/user/7");
    setenv("RINGFENCE_CONFIG", CLI_INSTALLED_CONFIG, 1);
    assert_string_equal(cli_config_file_take(NULL), CLI_INSTALLED_CONFIG);
    assert_string_equal(getenv("XDG_RUNTIME_DIR"), "/run");
    assert_string_equal(getenv("XDG_STATE_HOME"), "/var/lib");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_comes_before_the_variable_and_that_before_what_is_installed),
        cmocka_unit_test(a_file_that_may_not_be_seen_is_taken_so_that_it_is_told),
        cmocka_unit_test(only_the_installed_one_has_the_folders_of_the_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
