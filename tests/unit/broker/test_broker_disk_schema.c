// The database at a start: its identity, where its numbers go on, and what is refused.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/file.h"
#include "disk_bench.h"

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

static void a_database_of_before_gets_its_identity(void **state) {
    (void)state;
    open_disk();
    put_event(1, 0, 0);
    rf_disk_close(&disk);
    run_sql("DROP TABLE starts; ALTER TABLE marks DROP COLUMN journal;"
            "ALTER TABLE streams DROP COLUMN owner;"
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

static void streams_from_before_owners_were_kept_are_anybodys(void **state) {
    (void)state;
    open_disk();
    put_stream(1, "one", 8);
    await_written();
    rf_disk_close(&disk);
    run_sql("ALTER TABLE streams DROP COLUMN owner; UPDATE schema_version SET version = 3");
    assert_string_equal(load(1, false), "stream 1 one 8 ? 5\n");
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
    set_schema_version(4);
    load(10, false);
    assert_int_equal(events_found, 1);
    assert_true(found.last > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        DISK_TEST(numbers_are_passed_over_after_an_end_that_was_not_in_order),
        DISK_TEST(each_start_is_known_with_the_number_it_reached),
        DISK_TEST(a_database_of_before_gets_its_identity),
        DISK_TEST(streams_from_before_owners_were_kept_are_anybodys),
        DISK_TEST(who_reads_the_database_keeps_no_broker_from_its_start),
        DISK_TEST(a_damaged_database_is_refused_with_its_name_and_the_mend),
        DISK_TEST(a_database_of_a_later_version_is_refused),
        DISK_TEST(a_refusal_does_not_hide_that_the_broker_before_was_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
