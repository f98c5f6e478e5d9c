// The thread that works on files, with a disk that is as slow as the test wants it.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <unistd.h>

#include "base/file.h"
#include "disk.h"
#include "runtime/loop.h"

// The disk of ours. Static, as the way of writing has no argument.
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool held;
    int begun, ended;
    char paths[8][64];
} slow = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

struct bench {
    struct rf_loop *loop;
    struct disk *disk;
    disk_work_fn *how;
    struct rf_timer guard;
    int wanted, calls;
    enum rf_err results[8];
    char message[512];
};

struct paper {
    char path[64], data[8];
    size_t size;
};

static enum rf_err write_slowly(void *work, struct rf_error *error) {
    const struct paper *paper = work;
    pthread_mutex_lock(&slow.mutex);
    snprintf(slow.paths[slow.begun], sizeof slow.paths[0], "%s", paper->path);
    slow.begun++;
    pthread_cond_broadcast(&slow.changed);
    while (slow.held)
        pthread_cond_wait(&slow.changed, &slow.mutex);
    slow.ended++;
    pthread_mutex_unlock(&slow.mutex);
    if (paper->size != 5 || memcmp(paper->data, "audio", 5) != 0)
        return rf_error_set(error, RF_ERR_INVALID, "other bytes than were given");
    if (strcmp(paper->path, "full") == 0)
        return rf_error_set(error, RF_ERR_IO, "no space is left");
    return RF_OK;
}

static enum rf_err write_really(void *work, struct rf_error *error) {
    const struct paper *paper = work;
    return rf_file_replace(paper->path, paper->data, paper->size, error);
}

static void hold(bool held) {
    pthread_mutex_lock(&slow.mutex);
    slow.held = held;
    pthread_cond_broadcast(&slow.changed);
    pthread_mutex_unlock(&slow.mutex);
}

static void wait_until_begun(int count) {
    pthread_mutex_lock(&slow.mutex);
    while (slow.begun < count)
        pthread_cond_wait(&slow.changed, &slow.mutex);
    pthread_mutex_unlock(&slow.mutex);
}

static void on_guard(void *arg) {
    struct bench *b = arg;
    rf_loop_stop(b->loop);
}

static void open_bench(struct bench *b, disk_work_fn *how) {
    struct rf_error error;
    *b = (struct bench){.loop = rf_loop_new(), .how = how};
    slow.held = false;
    slow.begun = slow.ended = 0;
    assert_non_null(b->loop);
    assert_int_equal(disk_new(b->loop, &b->disk, &error), RF_OK);
    rf_timer_init(&b->guard, b->loop, on_guard, b);
}

static void close_bench(struct bench *b) {
    rf_timer_stop(&b->guard);
    disk_destroy(&b->disk);
    assert_null(b->disk);
    rf_loop_destroy(&b->loop);
}

static void on_done(void *arg, enum rf_err result, const struct rf_error *error, const void *work) {
    struct bench *b = arg;
    assert_int_equal(((const struct paper *)work)->size, 5);
    b->results[b->calls++] = result;
    if (result != RF_OK)
        snprintf(b->message, sizeof b->message, "%s", error->message);
    if (b->calls == b->wanted)
        rf_loop_stop(b->loop);
}

static struct disk_job *begin(struct bench *b, const char *path) {
    struct rf_error error;
    struct disk_job *job;
    struct paper *paper = calloc(1, sizeof *paper);
    assert_non_null(paper);
    snprintf(paper->path, sizeof paper->path, "%s", path);
    paper->size = 5;
    memcpy(paper->data, "audio", 5);
    assert_int_equal(disk_do(b->disk, b->how, paper, on_done, b, &job, &error), RF_OK);
    return job;
}

static void run(struct bench *b, int wanted) {
    struct rf_error error;
    b->wanted = wanted;
    rf_timer_after(&b->guard, rf_seconds(40));
    assert_int_equal(rf_loop_run(b->loop, &error), RF_OK);
    assert_int_equal(b->calls, wanted);
}

static void files_are_written_in_order_and_each_is_told(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, write_slowly);
    begin(&b, "one");
    begin(&b, "full");
    begin(&b, "three");
    assert_int_equal(b.calls, 0); // never from inside
    run(&b, 3);
    assert_string_equal(slow.paths[0], "one");
    assert_string_equal(slow.paths[1], "full");
    assert_string_equal(slow.paths[2], "three");
    assert_int_equal(b.results[0], RF_OK);
    assert_int_equal(b.results[1], RF_ERR_IO);
    assert_string_equal(b.message, "no space is left");
    assert_int_equal(b.results[2], RF_OK);
    close_bench(&b);
}

static void the_loop_runs_while_the_disk_is_slow(void **state) {
    (void)state;
    struct bench b;
    struct rf_error error;
    open_bench(&b, write_slowly);
    hold(true);
    begin(&b, "one");
    wait_until_begun(1);
    rf_timer_after(&b.guard, rf_ms(1)); // a loop that waited for the disk would never stop
    assert_int_equal(rf_loop_run(b.loop, &error), RF_OK);
    assert_int_equal(b.calls, 0);
    hold(false);
    run(&b, 1);
    close_bench(&b);
}

static void a_forgotten_file_is_never_told_and_not_begun(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, write_slowly);
    hold(true);
    struct disk_job *writing = begin(&b, "one");
    struct disk_job *waiting = begin(&b, "two");
    begin(&b, "three");
    wait_until_begun(1);
    disk_forget(writing);
    disk_forget(waiting);
    hold(false);
    run(&b, 1);
    assert_int_equal(slow.begun, 2);
    assert_string_equal(slow.paths[1], "three");
    close_bench(&b);
}

static void a_file_that_is_written_but_not_told_yet_can_be_forgotten(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, write_slowly);
    struct disk_job *first = begin(&b, "one");
    begin(&b, "two");
    wait_until_begun(2); // so the first one is done, and the loop has not run
    disk_forget(first);
    run(&b, 1);
    close_bench(&b);
}

static void *let_go(void *arg) {
    hold(false);
    return arg;
}

static void an_end_waits_for_the_file_in_hand_only(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b, write_slowly);
    hold(true);
    begin(&b, "one");
    begin(&b, "two");
    wait_until_begun(1);
    pthread_t helper;
    // The writer is let go by another thread, as disk_destroy waits for it.
    assert_int_equal(pthread_create(&helper, NULL, let_go, NULL), 0);
    close_bench(&b);
    pthread_join(helper, NULL);
    assert_int_equal(slow.ended, slow.begun);
    assert_int_equal(b.calls, 0);
}

static void the_file_is_whole_on_the_real_disk(void **state) {
    (void)state;
    struct bench b;
    struct rf_error error;
    char folder[] = "/tmp/rf-disk-XXXXXX", path[64], nowhere[64], *data;
    size_t size;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.mp3", folder);
    snprintf(nowhere, sizeof nowhere, "%s/nowhere/a.mp3", folder);
    open_bench(&b, write_really);
    begin(&b, path);
    begin(&b, nowhere);
    run(&b, 2);
    assert_int_equal(b.results[0], RF_OK);
    assert_int_equal(b.results[1], RF_ERR_IO);
    assert_non_null(strstr(b.message, nowhere));
    assert_int_equal(rf_file_read(path, 100, &data, &size, &error), RF_OK);
    assert_int_equal(size, 5);
    assert_memory_equal(data, "audio", 5);
    free(data);
    close_bench(&b);
    unlink(path);
    rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_written_in_order_and_each_is_told),
        cmocka_unit_test(the_loop_runs_while_the_disk_is_slow),
        cmocka_unit_test(a_forgotten_file_is_never_told_and_not_begun),
        cmocka_unit_test(a_file_that_is_written_but_not_told_yet_can_be_forgotten),
        cmocka_unit_test(an_end_waits_for_the_file_in_hand_only),
        cmocka_unit_test(the_file_is_whole_on_the_real_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
