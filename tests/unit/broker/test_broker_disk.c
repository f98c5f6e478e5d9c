// The disk against a real file: what is told to be written is there, and in one piece.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "disk_bench.h"
#include "disk_queue.h"
#include "disk_writer.h"

static void what_was_written_is_found_by_the_next_broker(void **state) {
    (void)state;
    open_disk();
    assert_int_equal(found.last, 0);
    put_stream(1, "one", 0);
    put_event(1, 1, 1);
    put_event(2, 1, 2);
    put_stream(2, "two", 40);
    put_event(3, 2, 41);
    put((struct rf_record){.type = RF_RECORD_STREAM_SEQ, .stream = 1, .seq = 9, .at = 8});
    put_event(4, 0, 0);
    put_value("a", 11, "{\"x\":1}", 0);
    put_value("b", 12, "[2]", 99);
    put_value("a", 13, "{}", 0);
    put_value("c", 14, "[]", 0);
    put((struct rf_record){.type = RF_RECORD_VALUE_GONE, .name = "c"});
    put_stream(3, "three", 0);
    put((struct rf_record){.type = RF_RECORD_STREAM_GONE, .stream = 3});
    await_written();
    rf_disk_close(&disk);
    assert_string_equal(load(3, true), "stream 2 two 41 me 7\nstream 1 one 9 me 8\n"
                                       "value b 12 [2] 99\nvalue a 13 {} 0\n"
                                       "event 2 a.b/c\nevent 3 a.b/c\nevent 4 a.b/c\n");
    // It ended in order: numbers go on without a hole, also that of the version which is gone.
    assert_int_equal(found.last, 4);
    assert_int_equal(found.version, 14);
    assert_int_equal(found.stream, 2);
}

static void what_waits_at_the_end_is_written_first(void **state) {
    (void)state;
    open_disk();
    put_stream(1, "s", 0);
    for (int64_t n = 1; n <= 20000; n++)
        put_event(n, 1, n);
    rf_disk_close(&disk);
    load(100000, false);
    assert_int_equal(events_found, 20000);
    assert_int_equal(last_seq, 20000);
}

static void records_that_came_before_the_thread_are_written_when_it_starts(void **state) {
    (void)state;
    struct rf_error error;
    load(1, false);
    put_event(1, 0, 0);
    assert_int_equal(rf_disk_start(disk, &error), RF_OK);
    await_written();
}

// Writes as fast as it can and tells what it was told.
static void write_until_killed(int out) {
    open_disk();
    put_stream(1, "s", 0);
    struct rf_disk_progress progress;
    for (int64_t n = 1;; n++) {
        put_event(n, 1, n);
        if (n % 50 != 0)
            continue;
        rf_disk_flush(disk);
        while (next_progress(&progress, 0))
            if (write(out, &progress.written, sizeof progress.written) < 0)
                _exit(1);
    }
}

static void a_writer_killed_at_any_moment_keeps_what_it_told_of(void **state) {
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0)
            write_until_killed(ends[1]);
        close(ends[1]);
        int64_t told = 0, next;
        assert_int_equal(read(ends[0], &told, sizeof told), sizeof told);
        usleep(1000U * (unsigned)(rand() % 100)); // NOLINT: any moment will do
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(ends[0], &next, sizeof next) == sizeof next)
            told = next;
        close(ends[0]);
        load(INT32_MAX, false);
        // Position 1 was the stream's. The stream stands where its events stand, never apart.
        assert_true(events_found >= told - 1);
        assert_int_equal(last_event, events_found);
        assert_int_equal(last_seq, events_found);
        rf_disk_close(&disk);
        remove_folder(NULL);
        make_folder(NULL);
    }
}

static void what_belongs_together_is_not_split_over_two_transactions(void **state) {
    (void)state;
    // Without a thread: the queue as the writer sees it.
    struct rf_disk_queue queue = {0};
    struct rf_disk_writer writer;
    struct rf_error error;
    sqlite3 *db;
    load(1, false);
    assert_int_equal(sqlite3_open(rf_disk_path(disk), &db), SQLITE_OK);
    assert_int_equal(rf_disk_writer_open(&writer, db, &error), RF_OK);
    for (int64_t i = 1; i <= RF_DISK_GROUP_RECORDS + 3; i++) {
        struct rf_record record = {.type = RF_RECORD_VALUE,
                                   .joined = i == RF_DISK_GROUP_RECORDS + 1,
                                   .position = i,
                                   .number = i,
                                   .name = "k",
                                   .body = "{}",
                                   .body_size = 2};
        assert_true(rf_disk_queue_put(&queue, &record));
    }
    size_t at = 0;
    int64_t reached = 0;
    assert_int_equal(rf_disk_writer_group(&writer, &queue, &at, &reached, &error), RF_OK);
    assert_int_equal(reached, RF_DISK_GROUP_RECORDS + 1);
    assert_int_equal(rf_disk_writer_group(&writer, &queue, &at, &reached, &error), RF_OK);
    assert_int_equal(reached, RF_DISK_GROUP_RECORDS + 3);
    assert_int_equal(at, queue.size);
    rf_disk_writer_close(&writer);
    sqlite3_close(db);
    rf_disk_queue_fini(&queue);
}

// The thread takes what waits as soon as it has written, also while the loop is still at it.
static void what_belongs_together_is_not_taken_before_it_is_whole(void **state) {
    (void)state;
    sqlite3 *other;
    struct rf_disk_progress progress = {0};
    open_disk();
    assert_int_equal(sqlite3_open(rf_disk_path(disk), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    put_event(1, 0, 0);
    rf_disk_flush(disk);
    assert_false(next_progress(&progress, 100)); // it is busy with that
    put_value("a", 1, "{}", 0);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    while (progress.written < 1)
        assert_true(next_progress(&progress, 30000));
    assert_int_equal(progress.written, 1);
    assert_false(next_progress(&progress, 300));
    put((struct rf_record){.type = RF_RECORD_EVENT,
                           .joined = true,
                           .number = 2,
                           .name = "a.b/c",
                           .body = "frame 2",
                           .body_size = 7});
    await_written();
}

static void a_queue_gives_back_what_was_put_in(void **state) {
    (void)state;
    struct rf_disk_queue queue = {0};
    char name[300], body[3000];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 5000; i++) {
            memset(name, 'a' + i % 26, sizeof name);
            name[i % 255] = '\0';
            memset(body, i, sizeof body);
            struct rf_record record = {.type = RF_RECORD_EVENT,
                                       .position = i,
                                       .name = i % 7 == 0 ? NULL : name,
                                       .body = body,
                                       .body_size = (size_t)(i * 37 % 3000)};
            assert_true(rf_disk_queue_put(&queue, &record));
        }
        struct rf_record got;
        size_t at = 0;
        for (int i = 0; i < 5000; i++) {
            memset(name, 'a' + i % 26, sizeof name);
            name[i % 255] = '\0';
            memset(body, i, sizeof body);
            assert_true(rf_disk_queue_get(&queue, &at, &got));
            assert_int_equal(got.position, i);
            if (i % 7 == 0)
                assert_null(got.name);
            else
                assert_string_equal(got.name, name);
            assert_int_equal(got.body_size, i * 37 % 3000);
            assert_memory_equal(got.body, body, got.body_size);
        }
        assert_false(rf_disk_queue_get(&queue, &at, &got));
        rf_disk_queue_clear(&queue);
        assert_int_equal(queue.count, 0);
    }
    assert_true(queue.room <= (size_t)8 * 1024 * 1024);
    rf_disk_queue_fini(&queue);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DISK_TEST(what_was_written_is_found_by_the_next_broker),
        DISK_TEST(what_waits_at_the_end_is_written_first),
        DISK_TEST(records_that_came_before_the_thread_are_written_when_it_starts),
        DISK_TEST(a_writer_killed_at_any_moment_keeps_what_it_told_of),
        DISK_TEST(what_belongs_together_is_not_split_over_two_transactions),
        DISK_TEST(what_belongs_together_is_not_taken_before_it_is_whole),
        DISK_TEST(a_queue_gives_back_what_was_put_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
