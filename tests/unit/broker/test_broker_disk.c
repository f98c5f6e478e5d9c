// The disk against a real file: what is told to be written is there, whatever happens next.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "disk.h"
#include "disk_queue.h"
#include "disk_writer.h"

static char folder[] = "/tmp/rf-disk-XXXXXX";
static struct rf_disk *disk;
static struct rf_disk_found found;
static int64_t position;
static const struct rf_disk_limits no_limits; // everything stays

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/rf-disk-XXXXXX");
    position = 0;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state) {
    (void)state;
    rf_disk_close(&disk);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); // NOLINT(bugprone-command-processor,cert-env33-c): our own path
}

static void open_disk(void) {
    struct rf_error error = {0};
    (void)!rf_disk_open(folder, RF_DISK_SYNC_NORMAL, &no_limits, &disk, &found, &error);
    assert_string_equal(error.message, "");
    assert_int_equal(rf_disk_start(disk, &error), RF_OK);
}

static void put(struct rf_record record) {
    record.position = ++position;
    rf_disk_put(disk, &record);
}

static void put_event(int64_t n, int64_t stream, int64_t seq) {
    char frame[64];
    int size = snprintf(frame, sizeof frame, "frame %lld", (long long)n);
    put((struct rf_record){.type = RF_RECORD_EVENT,
                           .number = n,
                           .at = 7,
                           .stream = stream,
                           .seq = seq,
                           .name = "a.b/c",
                           .body = frame,
                           .body_size = (size_t)size});
}

static void put_stream(int64_t stream, const char *name, int64_t seq) {
    put((struct rf_record){
        .type = RF_RECORD_STREAM, .stream = stream, .name = name, .seq = seq, .at = 5});
}

static void put_value(const char *key, int64_t version, const char *json, int64_t expires) {
    put((struct rf_record){.type = RF_RECORD_VALUE,
                           .name = key,
                           .number = version,
                           .at = expires,
                           .body = json,
                           .body_size = strlen(json)});
}

static bool next_progress(struct rf_disk_progress *progress, int wait_ms) {
    struct pollfd poll_it = {.fd = rf_disk_event(disk), .events = POLLIN};
    if (poll(&poll_it, 1, wait_ms) != 1)
        return false;
    rf_disk_look(disk, progress);
    return true;
}

static void await_written(void) {
    struct rf_disk_progress progress = {0};
    rf_disk_flush(disk);
    while (progress.written < position)
        assert_true(next_progress(&progress, 30000));
    assert_int_equal(progress.written, position);
    assert_false(progress.failing);
}

// ---- what is found, as text ----

static char text[65536];
static int64_t events_found, last_event, last_seq;

static void add(const char *format, ...) RF_PRINTF(1, 2);
static void add(const char *format, ...) {
    size_t length = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + length, sizeof text - length, format, args);
    va_end(args);
}

static char starts_found[4096];

static enum rf_err on_start(void *arg, const char *start, int64_t reached) {
    (void)arg;
    size_t length = strlen(starts_found);
    snprintf(starts_found + length, sizeof starts_found - length, "%s %lld\n", start,
             (long long)reached);
    return RF_OK;
}

static enum rf_err on_stream(void *arg, int64_t stream, const char *name, int64_t last,
                             int64_t heard) {
    (void)arg;
    last_seq = last;
    add("stream %lld %s %lld %lld\n", (long long)stream, name, (long long)last, (long long)heard);
    return RF_OK;
}

static enum rf_err on_value(void *arg, const char *key, int64_t version, const char *json,
                            size_t size, int64_t expires) {
    (void)arg;
    add("value %s %lld %.*s %lld\n", key, (long long)version, (int)size, json, (long long)expires);
    return RF_OK;
}

static enum rf_err on_event(void *arg, int64_t n, const char *topic, const void *frame,
                            size_t size) {
    char expected[64];
    snprintf(expected, sizeof expected, "frame %lld", (long long)n);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(frame, expected, size);
    if (arg != NULL)
        add("event %lld %s\n", (long long)n, topic);
    assert_true(n > last_event);
    last_event = n;
    events_found++;
    return RF_OK;
}

static const char *load(int64_t tail, bool each) {
    struct rf_disk_taker taker = {each ? text : NULL, on_start, on_stream, on_value, on_event};
    struct rf_error error = {0};
    text[0] = starts_found[0] = '\0';
    events_found = last_event = last_seq = 0;
    (void)!rf_disk_open(folder, RF_DISK_SYNC_NORMAL, &no_limits, &disk, &found, &error);
    assert_string_equal(error.message, "");
    (void)!rf_disk_load(disk, tail, &taker, &error);
    assert_string_equal(error.message, "");
    return text;
}

// ---- tests ----

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
    assert_string_equal(load(3, true), "stream 2 two 41 7\nstream 1 one 9 8\n"
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

static void numbers_are_passed_over_after_an_end_that_was_not_in_order(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        open_disk();
        put_event(1, 0, 0);
        put_value("a", 5, "{}", 0);
        await_written();
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    load(10, false);
    assert_int_equal(events_found, 1);
    assert_true(found.last > 1000);
    assert_true(found.version > 1000);
    int64_t last = found.last;
    rf_disk_close(&disk);
    // What was passed over once stays so: subscribers have been told of it.
    load(10, false);
    assert_int_equal(found.last, last);
}

static void each_start_is_known_with_the_number_it_reached(void **state) {
    (void)state;
    struct rf_disk_found first, second, third;
    open_disk();
    first = found;
    assert_int_equal(strlen(first.journal), RF_ULID_SIZE - 1);
    assert_int_equal(strlen(first.start), RF_ULID_SIZE - 1);
    put_event(1, 0, 0);
    put_event(2, 0, 0);
    rf_disk_close(&disk);
    pid_t child = fork();
    if (child == 0) {
        open_disk();
        put_event(3, 0, 0);
        await_written();
        _exit(0);
    }
    waitpid(child, NULL, 0);
    load(10, false);
    third = found;
    assert_string_equal(third.journal, first.journal);
    assert_string_not_equal(third.start, first.start);
    char expected[128];
    snprintf(expected, sizeof expected, "%s 2\n", first.start);
    assert_memory_equal(starts_found, expected, strlen(expected));
    // The second one was killed: what is passed over after it, it has not given.
    assert_string_equal(strchr(starts_found + strlen(expected), ' '), " 3\n");
    rf_disk_close(&disk);
    remove_folder(NULL);
    make_folder(NULL);
    load(10, false);
    second = found;
    assert_string_not_equal(second.journal, first.journal);
    assert_string_equal(starts_found, "");
}

static void run_sql(const char *sql) {
    sqlite3 *db;
    char path[64];
    snprintf(path, sizeof path, "%s/broker.db", folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_database_of_before_gets_its_identity(void **state) {
    (void)state;
    open_disk();
    put_event(1, 0, 0);
    rf_disk_close(&disk);
    run_sql("DROP TABLE starts; ALTER TABLE marks DROP COLUMN journal;"
            "UPDATE schema_version SET version = 2");
    load(10, false);
    assert_int_equal(events_found, 1);
    assert_string_equal(starts_found, "");
    struct rf_disk_found before = found;
    assert_int_equal(strlen(before.journal), RF_ULID_SIZE - 1);
    rf_disk_close(&disk);
    load(10, false);
    assert_string_equal(found.journal, before.journal);
    assert_non_null(strstr(starts_found, before.start));
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

static void who_reads_the_database_keeps_no_broker_from_its_start(void **state) {
    (void)state;
    sqlite3 *other;
    pid_t child = fork();
    if (child == 0) { // leaves a WAL file behind
        open_disk();
        put_event(1, 0, 0);
        await_written();
        _exit(0);
    }
    waitpid(child, NULL, 0);
    char path[64];
    snprintf(path, sizeof path, "%s/broker.db", folder);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN; SELECT * FROM events", NULL, NULL, NULL),
                     SQLITE_OK);
    load(10, false);
    assert_int_equal(events_found, 1);
    sqlite3_close(other);
}

static void expect_refusal(const char *part) {
    struct rf_error error = {0};
    assert_int_equal(rf_disk_open(folder, RF_DISK_SYNC_FULL, &no_limits, &disk, &found, &error),
                     RF_ERR_INVALID);
    assert_null(disk);
    assert_non_null(strstr(error.message, "/broker.db"));
    if (strstr(error.message, part) == NULL)
        fail_msg("\"%s\" does not tell \"%s\"", error.message, part);
}

static void a_damaged_database_is_refused_with_its_name_and_the_mend(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "%s/broker.db", folder);
    assert_int_equal(rf_file_replace(path, "this is not a database, is it?", 30, NULL), RF_OK);
    expect_refusal("move it away");
    // One of ours, whose pages are overwritten.
    assert_int_equal(unlink(path), 0);
    open_disk();
    for (int64_t n = 1; n <= 2000; n++)
        put_event(n, 0, 0);
    rf_disk_close(&disk);
    int fd = open(path, O_WRONLY);
    char noise[4096];
    memset(noise, 0x5a, sizeof noise);
    for (off_t at = 4096; at < 40960; at += 4096)
        assert_int_equal(pwrite(fd, noise, sizeof noise, at), sizeof noise);
    close(fd);
    expect_refusal("move it away");
}

static void set_schema_version(int version) {
    char sql[64];
    snprintf(sql, sizeof sql, "UPDATE schema_version SET version = %d", version);
    run_sql(sql);
}

static void a_database_of_a_later_version_is_refused(void **state) {
    (void)state;
    load(1, false);
    rf_disk_close(&disk);
    set_schema_version(99);
    expect_refusal("run the newer program");
}

// Whoever could not open it has not ended anything in order.
static void a_refusal_does_not_hide_that_the_broker_before_was_killed(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        open_disk();
        put_event(1, 0, 0);
        await_written();
        _exit(0);
    }
    waitpid(child, NULL, 0);
    set_schema_version(99);
    expect_refusal("run the newer program");
    set_schema_version(3);
    load(10, false);
    assert_int_equal(events_found, 1);
    assert_true(found.last > 1000);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_was_written_is_found_by_the_next_broker),
        TEST(what_waits_at_the_end_is_written_first),
        TEST(records_that_came_before_the_thread_are_written_when_it_starts),
        TEST(numbers_are_passed_over_after_an_end_that_was_not_in_order),
        TEST(each_start_is_known_with_the_number_it_reached),
        TEST(a_database_of_before_gets_its_identity),
        TEST(a_writer_killed_at_any_moment_keeps_what_it_told_of),
        TEST(what_belongs_together_is_not_split_over_two_transactions),
        TEST(what_belongs_together_is_not_taken_before_it_is_whole),
        TEST(a_full_disk_is_told_and_when_it_has_room_nothing_is_missing),
        TEST(an_end_on_a_full_disk_ends_and_keeps_what_was_told),
        TEST(a_lock_from_outside_holds_the_thread_up_and_nobody_else),
        TEST(who_reads_the_database_keeps_no_broker_from_its_start),
        TEST(a_damaged_database_is_refused_with_its_name_and_the_mend),
        TEST(a_database_of_a_later_version_is_refused),
        TEST(a_refusal_does_not_hide_that_the_broker_before_was_killed),
        TEST(a_queue_gives_back_what_was_put_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
