// A process's socket in run_dir, and what is asked of it: by children, as whoever asks waits.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ringfence/id.h>

#include "base/clock.h"
#include "runtime/presence.h"

struct fixture {
    char root[256], run_dir[400];
    struct rf_loop *loop;
    struct rf_presence presence;
    char instance[64];
};

static void name_instance(char out[64], const char *service) {
    char id[RF_ULID_SIZE];
    snprintf(out, 64, "%s-%s", service, rf_ulid_new(rf_clock_utc(), id));
}

static int set_up(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    snprintf(fixture->root, sizeof fixture->root, "/tmp/rf-presence-XXXXXX");
    assert_non_null(mkdtemp(fixture->root));
    // Longer than the path of a socket may be.
    snprintf(fixture->run_dir, sizeof fixture->run_dir, "%s/%0120d", fixture->root, 1);
    fixture->loop = rf_loop_new();
    name_instance(fixture->instance, "alerter");
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    rf_presence_close(&fixture->presence);
    rf_loop_destroy(&fixture->loop);
    (void)rmdir(fixture->run_dir);
    assert_int_equal(rmdir(fixture->root), 0); // nothing was left in it
    free(fixture);
    return 0;
}

static void open_presence(struct fixture *fixture) {
    struct rf_error error;
    assert_int_equal(rf_presence_open(&fixture->presence, fixture->loop, fixture->run_dir,
                                      "alerter", fixture->instance, &error),
                     RF_OK);
}

struct heard {
    size_t count;
    char text[1024];
};

static void on_answer(void *arg, const char *instance, const char *state, const char *detail) {
    struct heard *heard = arg;
    heard->count++;
    snprintf(heard->text, sizeof heard->text, "%s|%s|%s", instance, state, detail);
}

static struct heard ask(const struct fixture *fixture, const char *service) {
    struct heard heard = {0};
    struct rf_error error;
    assert_int_equal(
        rf_presence_ask(fixture->run_dir, service, rf_ms(200), on_answer, &heard, &error), RF_OK);
    return heard;
}

static void on_readable(void *arg, int fd, unsigned events) {
    (void)fd;
    (void)events;
    rf_loop_stop(arg);
}

// A child asks while the loop runs here.
static struct heard ask_running(struct fixture *fixture, const char *service) {
    int ends[2];
    struct heard heard;
    struct rf_error error;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        heard = ask(fixture, service);
        _exit(write(ends[1], &heard, sizeof heard) == (ssize_t)sizeof heard ? 0 : 1);
    }
    assert_int_equal(
        rf_loop_fd_set(fixture->loop, ends[0], RF_LOOP_READ, on_readable, fixture->loop), RF_OK);
    assert_int_equal(rf_loop_run(fixture->loop, &error), RF_OK);
    assert_int_equal(rf_loop_fd_set(fixture->loop, ends[0], 0, NULL, NULL), RF_OK);
    assert_int_equal(read(ends[0], &heard, sizeof heard), sizeof heard);
    close(ends[0]);
    close(ends[1]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return heard;
}

static void assert_heard(const struct fixture *fixture, const struct heard *heard,
                         const char *rest) {
    char wanted[256];
    snprintf(wanted, sizeof wanted, "%s|%s", fixture->instance, rest);
    assert_int_equal(heard->count, 1);
    assert_string_equal(heard->text, wanted);
}

static void it_answers_how_it_is(void **state) {
    struct fixture *fixture = *state;
    open_presence(fixture);
    struct heard heard = ask_running(fixture, "alerter");
    assert_heard(fixture, &heard, "starting|");
    rf_presence_tell(&fixture->presence, "ready", "three channels");
    heard = ask_running(fixture, "alerter");
    assert_heard(fixture, &heard, "ready|three channels");
    rf_presence_tell(&fixture->presence, "draining", "");
    heard = ask_running(fixture, "alerter");
    assert_heard(fixture, &heard, "draining|");
}

static void a_loop_that_hangs_is_not_ready(void **state) {
    struct fixture *fixture = *state;
    open_presence(fixture);
    rf_presence_tell(&fixture->presence, "ready", "");
    struct heard heard = ask(fixture, "alerter");
    assert_heard(fixture, &heard, "|it does not answer within 0.2 s");
}

static void other_services_are_not_asked(void **state) {
    struct fixture *fixture = *state;
    open_presence(fixture);
    assert_int_equal(ask(fixture, "broker").count, 0);
    assert_int_equal(ask(fixture, "alert").count, 0);
    assert_true(rf_presence_is_of("logger-01M8JJHZ1Q0123456789ABCDEF.state", "logger"));
    assert_false(rf_presence_is_of("logger-2-01M8JJHZ1Q0123456789ABCDEF.state", "logger"));
    assert_false(rf_presence_is_of("logger-01M8JJHZ1Q0123456789ABCDEF.stat", "logger"));
}

static void a_folder_that_is_not_there_holds_nobody(void **state) {
    assert_int_equal(ask(*state, "alerter").count, 0);
}

// As after kill -9: the socket's file stays, and nobody listens.
static void one_that_was_killed_is_passed_over_and_cleared_away(void **state) {
    struct fixture *fixture = *state;
    struct rf_error error;
    char killed[64], left[600];
    int status;
    name_instance(killed, "alerter");
    snprintf(left, sizeof left, "%s/%s.state", fixture->run_dir, killed);
    pid_t child = fork();
    if (child == 0) {
        struct rf_presence presence = {0};
        _exit(rf_presence_open(&presence, rf_loop_new(), fixture->run_dir, "alerter", killed,
                               &error) == RF_OK
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(access(left, F_OK), 0);
    assert_int_equal(ask(fixture, "alerter").count, 0);

    open_presence(fixture);
    assert_int_equal(access(left, F_OK), -1);
    struct heard heard = ask_running(fixture, "alerter");
    assert_heard(fixture, &heard, "starting|");
}

static void one_that_runs_is_not_cleared_away(void **state) {
    struct fixture *fixture = *state;
    struct rf_presence second = {0};
    struct rf_error error;
    char instance[64];
    open_presence(fixture);
    name_instance(instance, "alerter");
    assert_int_equal(
        rf_presence_open(&second, fixture->loop, fixture->run_dir, "alerter", instance, &error),
        RF_OK);
    assert_int_equal(ask_running(fixture, "alerter").count, 2);
    rf_presence_close(&second);
    assert_int_equal(ask_running(fixture, "alerter").count, 1);
}

static void a_run_dir_that_cannot_be_made_is_told(void **state) {
    struct fixture *fixture = *state;
    struct rf_error error;
    char path[300];
    snprintf(path, sizeof path, "%s/file", fixture->root);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(rf_presence_open(&fixture->presence, fixture->loop, path, "alerter",
                                      fixture->instance, &error),
                     RF_ERR_IO);
    assert_non_null(strstr(error.message, path));
    close(fd);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_answers_how_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_loop_that_hangs_is_not_ready, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_services_are_not_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_holds_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_was_killed_is_passed_over_and_cleared_away, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_that_runs_is_not_cleared_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_run_dir_that_cannot_be_made_is_told, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
