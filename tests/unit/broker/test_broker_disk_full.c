// A disk that has no room, or is held up: nothing is lost, and nobody waits who need not.
#include <signal.h>
#include <sys/resource.h>

#include <sqlite3.h>

#include "disk_bench.h"

static void set_file_limit(rlim_t bytes) {
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_is_told_and_when_it_has_room_nothing_is_missing(void **state) {
    (void)state;
    struct rf_disk_progress progress = {0};
    signal(SIGXFSZ, SIG_IGN);
    open_disk();
    put_stream(1, "s", 0);
    put_event(1, 1, 1);
    await_written();
    set_file_limit(8192);
    for (int64_t n = 2; n <= 5000; n++)
        put_event(n, 1, n);
    rf_disk_flush(disk);
    int64_t before = 0;
    do {
        before = progress.written;
        assert_true(next_progress(&progress, 30000));
    } while (!progress.failing);
    assert_true(progress.written < position);
    assert_true(progress.written >= before);
    assert_true(progress.why[0] != '\0');
    set_file_limit(RLIM_INFINITY);
    await_written();
    rf_disk_close(&disk);
    load(10000, false);
    assert_int_equal(events_found, 5000);
    assert_int_equal(last_seq, 5000);
}

static void an_end_on_a_full_disk_ends_and_keeps_what_was_told(void **state) {
    (void)state;
    struct rf_disk_progress progress;
    signal(SIGXFSZ, SIG_IGN);
    open_disk();
    put_event(1, 0, 0);
    await_written();
    set_file_limit(4096);
    put_event(2, 0, 0);
    rf_disk_finish(disk);
    rf_disk_look(disk, &progress);
    assert_true(progress.failing);
    assert_int_equal(progress.written, 1);
    set_file_limit(RLIM_INFINITY);
    rf_disk_close(&disk);
    load(10, false);
    assert_int_equal(events_found, 1);
}

static void a_lock_from_outside_holds_the_thread_up_and_nobody_else(void **state) {
    (void)state;
    sqlite3 *other;
    struct rf_disk_progress progress;
    open_disk();
    assert_int_equal(sqlite3_open(rf_disk_path(disk), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    put_event(1, 0, 0);
    rf_disk_flush(disk); // comes back at once
    assert_false(next_progress(&progress, 100));
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    await_written();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DISK_TEST(a_full_disk_is_told_and_when_it_has_room_nothing_is_missing),
        DISK_TEST(an_end_on_a_full_disk_ends_and_keeps_what_was_told),
        DISK_TEST(a_lock_from_outside_holds_the_thread_up_and_nobody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
