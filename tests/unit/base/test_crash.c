// Each case runs in a child of its own, as the environment is read once a process.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/crash.h"

// Passes `hits` points named "dial_sent" under RF_CRASH_AT=`value`; returns how the child ended.
static int status_of_child(const char *value, int hits) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (value)
            setenv("RF_CRASH_AT", value, 1);
        else
            unsetenv("RF_CRASH_AT");
        for (int i = 0; i < hits; i++)
            rf_crash_point("dial_sent");
        _exit(7);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void assert_killed(int status) {
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void assert_lived(int status) {
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

static void without_the_variable_nothing_happens(void **state) {
    (void)state;
    assert_lived(status_of_child(NULL, 3));
    assert_lived(status_of_child("", 3));
}

static void the_named_point_kills_at_its_first_hit(void **state) {
    (void)state;
    assert_killed(status_of_child("dial_sent", 1));
    assert_lived(status_of_child("dial_sent", 0));
}

static void another_point_does_not_kill(void **state) {
    (void)state;
    assert_lived(status_of_child("dial_sen", 3));
    assert_lived(status_of_child("dial_sent2", 3));
}

static void a_hit_number_counts(void **state) {
    (void)state;
    assert_lived(status_of_child("dial_sent:3", 2));
    assert_killed(status_of_child("dial_sent:3", 3));
    assert_lived(status_of_child("dial_sent:0", 3));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_variable_nothing_happens),
        cmocka_unit_test(the_named_point_kills_at_its_first_hit),
        cmocka_unit_test(another_point_does_not_kill),
        cmocka_unit_test(a_hit_number_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
