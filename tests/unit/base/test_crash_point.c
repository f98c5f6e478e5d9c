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

#include "base/crash_point.h"

// Passes the point orchestrator.dial_sent `hits` times under RF_CRASH_AT=`value`; returns how the
// child ended.
static pid_t pid;

static int status_of_child(const char *value, int hits) {
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (value)
            setenv("RF_CRASH_AT", value, 1);
        else
            unsetenv("RF_CRASH_AT");
        for (int i = 0; i < hits; i++)
            RF_CRASH_POINT(orchestrator, dial_sent);
        _exit(7);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    return status;
}

// Of a child that was stopped.
static int status_after_continuing(void) {
    int status = 0;
    assert_int_equal(kill(pid, SIGCONT), 0);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
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
    assert_killed(status_of_child("orchestrator.dial_sent", 1));
    assert_lived(status_of_child("orchestrator.dial_sent", 0));
}

static void another_point_does_not_kill(void **state) {
    (void)state;
    assert_lived(status_of_child("orchestrator.attempt_committed", 3));
}

static void a_hit_number_counts(void **state) {
    (void)state;
    assert_lived(status_of_child("orchestrator.dial_sent:3", 2));
    assert_killed(status_of_child("orchestrator.dial_sent:3", 3));
}

static void
the_point_can_stop_the_process_instead_which_goes_on_when_it_is_continued(void **state) {
    (void)state;
    int status = status_of_child("orchestrator.dial_sent:2:stop", 2);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(WSTOPSIG(status), SIGSTOP);
    assert_lived(status_after_continuing());
    assert_true(WIFSTOPPED(status_of_child("orchestrator.dial_sent:stop", 1)));
    assert_lived(status_after_continuing());
}

static void what_is_no_point_ends_the_process(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "dial_sent",
        "orchestrator.dial_sen",
        "orchestrator.dial_sent2",
        "orchestrator.dial_sent:0",
        "orchestrator.dial_sent:x",
        "orchestrator.dial_sent:1:halt",
        ":1",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int status = status_of_child(wrong[i], 1);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_variable_nothing_happens),
        cmocka_unit_test(the_named_point_kills_at_its_first_hit),
        cmocka_unit_test(another_point_does_not_kill),
        cmocka_unit_test(a_hit_number_counts),
        cmocka_unit_test(the_point_can_stop_the_process_instead_which_goes_on_when_it_is_continued),
        cmocka_unit_test(what_is_no_point_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
