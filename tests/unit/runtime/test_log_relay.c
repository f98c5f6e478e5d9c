#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "runtime/log_relay.h"

#define MOST 4000

struct stage {
    struct rf_loop *loop;
    struct rf_log_relay relay;
    struct rf_timer limit;
    bool open, answers; // `answers`: each event that is taken makes the process say a line
    int refuse;         // so many events are not taken
    int wanted;
    int count;
    int64_t left_out;
    struct rf_utc at[MOST];
    char texts[MOST][64], severities[MOST][16];
    int stderr_fd;
};

static bool is_open(void *arg) {
    return ((struct stage *)arg)->open;
}

static bool publish(void *arg, const struct rf_event *event) {
    struct stage *stage = arg;
    json_int_t left_out = 0, pid = 0;
    const char *level = NULL, *message = NULL;
    assert_string_equal(event->type, "log.line");
    assert_string_equal(event->subject, "tester");
    assert_int_equal(json_unpack_ex(event->data, NULL, JSON_STRICT, "{s:s, s:s, s:I, s?I}", "level",
                                    &level, "message", &message, "pid", &pid, "left_out",
                                    &left_out),
                     0);
    assert_string_equal(level, event->severity);
    assert_int_equal(pid, getpid());
    if (stage->refuse > 0) {
        stage->refuse--;
        return false;
    }
    assert_true(stage->count < MOST);
    snprintf(stage->texts[stage->count], sizeof stage->texts[0], "%s", message);
    snprintf(stage->severities[stage->count], sizeof stage->severities[0], "%s", event->severity);
    stage->at[stage->count++] = (struct rf_utc){event->ts};
    stage->left_out += left_out;
    if (stage->answers)
        rf_log(RF_LOG_INFO, "said while %s was published", message);
    if (stage->count >= stage->wanted)
        rf_loop_stop(stage->loop);
    return true;
}

static const struct rf_log_outlet outlet = {is_open, publish};

static void on_limit(void *arg) {
    rf_loop_stop(((struct stage *)arg)->loop);
}

static void run(struct stage *stage, int wanted) {
    struct rf_error error;
    stage->wanted = wanted;
    rf_timer_after(&stage->limit, rf_seconds(20));
    assert_int_equal(rf_loop_run(stage->loop, &error), RF_OK);
    assert_true(stage->count >= wanted);
}

static void start(struct stage *stage) {
    struct rf_error error;
    assert_int_equal(rf_log_relay_run(&stage->relay, stage->loop, &outlet, stage, &error), RF_OK);
}

static int setup(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    if (stage == NULL || (stage->loop = rf_loop_new()) == NULL)
        return -1;
    stage->open = true;
    rf_timer_init(&stage->limit, stage->loop, on_limit, stage);
    // The lines stand on stderr as well, which is of no interest here.
    stage->stderr_fd = dup(STDERR_FILENO);
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
    rf_log_relay_open(&stage->relay, "tester");
    *state = stage;
    return 0;
}

static int teardown(void **state) {
    struct stage *stage = *state;
    rf_log_relay_close(&stage->relay);
    rf_timer_stop(&stage->limit);
    rf_loop_destroy(&stage->loop);
    dup2(stage->stderr_fd, STDERR_FILENO);
    close(stage->stderr_fd);
    free(stage);
    return 0;
}

static void a_line_from_before_the_way_was_there_is_passed_on_with_its_time(void **state) {
    struct stage *stage = *state;
    struct rf_utc before = rf_clock_utc();
    rf_log(RF_LOG_INFO, "early");
    struct rf_utc after = rf_clock_utc();
    rf_clock_pause(rf_ms(5));
    start(stage);
    rf_log(RF_LOG_ERROR, "late");
    run(stage, 2);
    assert_string_equal(stage->texts[0], "early");
    assert_string_equal(stage->severities[0], "info");
    assert_in_range(stage->at[0].ns, before.ns, after.ns);
    assert_string_equal(stage->texts[1], "late");
    assert_string_equal(stage->severities[1], "error");
    assert_true(rf_log_relay_flush(&stage->relay));
}

static void lines_wait_while_the_way_is_shut(void **state) {
    struct stage *stage = *state;
    start(stage);
    stage->open = false;
    rf_log(RF_LOG_WARNING, "one");
    rf_log(RF_LOG_WARNING, "two");
    assert_false(rf_log_relay_flush(&stage->relay));
    assert_int_equal(stage->count, 0);
    stage->open = true;
    run(stage, 2); // by itself
    assert_string_equal(stage->texts[1], "two");
}

static void a_line_that_is_said_while_another_is_passed_on_does_no_harm(void **state) {
    struct stage *stage = *state;
    start(stage);
    stage->answers = true;
    rf_log(RF_LOG_INFO, "a");
    assert_int_equal(rf_log_relay_flush(&stage->relay), false); // it ends, though there is more
    assert_int_equal(stage->count, 1);
    run(stage, 3);
    assert_string_equal(stage->texts[0], "a");
    assert_string_equal(stage->texts[1], "said while a was published");
    assert_string_equal(stage->texts[2], "said while said while a was published was published");
}

static void the_words_of_the_way_itself_are_not_passed_on(void **state) {
    struct stage *stage = *state;
    start(stage);
    rf_log_alone(RF_LOG_ERROR, "the journal is broken");
    rf_log(RF_LOG_ERROR, "another");
    run(stage, 1);
    assert_string_equal(stage->texts[0], "another");
}

static void what_is_not_utf_8_or_a_control_is_mended(void **state) {
    struct stage *stage = *state;
    start(stage);
    rf_log(RF_LOG_INFO, "a\xff\n%s", "\xc3\xa4");
    run(stage, 1);
    assert_string_equal(stage->texts[0], "a\xc3\xbf?\xc3\xa4");
}

static void the_level_and_the_rate_are_as_configured(void **state) {
    struct stage *stage = *state;
    start(stage);
    rf_log_relay_limit(&stage->relay, &(struct rf_config_log){
                                          .bus = RF_CONFIG_LOG_WARNING, .rate = 1, .burst = 3});
    for (int i = 0; i < 100; i++) {
        rf_log(RF_LOG_INFO, "too low");
        rf_log(RF_LOG_WARNING, "storm %d", i);
    }
    run(stage, 4);
    for (int i = 0; i < 3; i++)
        assert_memory_equal(stage->texts[i], "storm ", 6);
    // Nothing came behind them that could tell, so that is told by a line of its own.
    assert_string_equal(stage->texts[3],
                        "97 lines were left out here, more than log.rate allows; they st");
    assert_string_equal(stage->severities[3], "warning");
    assert_int_equal(stage->left_out, 97);
    rf_log_relay_limit(&stage->relay, &(struct rf_config_log){.bus = RF_CONFIG_LOG_OFF});
    rf_log(RF_LOG_ERROR, "off");
    assert_true(rf_log_relay_flush(&stage->relay));
    assert_int_equal(stage->count, 4);
}

static void an_event_that_is_not_taken_counts_as_left_out(void **state) {
    struct stage *stage = *state;
    start(stage);
    stage->refuse = 2;
    rf_log(RF_LOG_INFO, "lost");
    rf_log(RF_LOG_INFO, "lost too");
    assert_true(rf_log_relay_flush(&stage->relay));
    rf_log(RF_LOG_INFO, "here");
    run(stage, 1);
    assert_string_equal(stage->texts[0], "here");
    assert_int_equal(stage->left_out, 2);
}

enum { THREADS = 4, LINES = 200 };

static void *say_much(void *arg) {
    for (int i = 0; i < LINES; i++)
        rf_log(RF_LOG_INFO, "%s %d", (const char *)arg, i);
    return NULL;
}

static void threads_may_speak_while_the_loop_runs_and_ends(void **state) {
    struct stage *stage = *state;
    pthread_t threads[THREADS];
    static const char *const names[THREADS] = {"a", "b", "c", "d"};
    int seen[THREADS] = {0};
    start(stage);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, say_much, (void *)names[i]), 0);
    run(stage, THREADS * LINES);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < stage->count; i++) {
        int who = stage->texts[i][0] - 'a';
        assert_in_range(who, 0, THREADS - 1);
        assert_int_equal(atoi(stage->texts[i] + 2), seen[who]++); // each thread's in its order
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(seen[i], LINES);
    // And while it is closed: what they still say stands on stderr alone.
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, say_much, (void *)names[i]), 0);
    rf_log_relay_close(&stage->relay);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_line_from_before_the_way_was_there_is_passed_on_with_its_time),
        TEST(lines_wait_while_the_way_is_shut),
        TEST(a_line_that_is_said_while_another_is_passed_on_does_no_harm),
        TEST(the_words_of_the_way_itself_are_not_passed_on),
        TEST(what_is_not_utf_8_or_a_control_is_mended),
        TEST(the_level_and_the_rate_are_as_configured),
        TEST(an_event_that_is_not_taken_counts_as_left_out),
        TEST(threads_may_speak_while_the_loop_runs_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
