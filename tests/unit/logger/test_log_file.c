#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "log_file.h"
#include "record.h"

// They stand here in the way of the C library's, and count.
static int data_syncs, syncs;

int fdatasync(int fd) {
    (void)fd;
    data_syncs++;
    return 0;
}

int fsync(int fd) {
    (void)fd;
    syncs++;
    return 0;
}

struct bench {
    char folder[32];
    char path[64];
    struct rf_log_file file;
};

static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    strcpy(bench->folder, "/tmp/rf-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->path, sizeof bench->path, "%s/deep/app.log", bench->folder);
    struct rf_error error;
    assert_int_equal(rf_log_file_init(&bench->file, bench->path, rf_record_json_n, &error), RF_OK);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    char deep[64];
    rf_log_file_fini(&bench->file);
    unlink(bench->path);
    snprintf(deep, sizeof deep, "%s/deep", bench->folder);
    rmdir(deep);
    rmdir(bench->folder);
    free(bench);
    return 0;
}

static void put(const struct bench *bench, const char *data, size_t size) {
    struct rf_error error;
    char deep[64];
    snprintf(deep, sizeof deep, "%s/deep", bench->folder);
    assert_int_equal(rf_folder_make(deep, 0700, &error), RF_OK);
    assert_int_equal(rf_file_replace(bench->path, data, size, &error), RF_OK);
}

static int64_t open_file(struct bench *bench) {
    struct rf_error error = {0};
    int64_t n = -1;
    if (rf_log_file_open(&bench->file, &n, &error) != RF_OK)
        fail_msg("%s", error.message);
    return n;
}

static void assert_content(const struct bench *bench, const char *expected, size_t size) {
    char *data;
    size_t there;
    struct rf_error error;
    assert_int_equal(rf_file_read(bench->path, 1 << 26, &data, &there, &error), RF_OK);
    assert_int_equal(there, size);
    assert_memory_equal(data, expected, size);
    free(data);
}

static void write_text(struct bench *bench, const char *text) {
    struct rf_error error;
    assert_int_equal(rf_log_file_write(&bench->file, text, strlen(text), &error), RF_OK);
}

static void a_new_file_is_private_and_has_no_number(void **state) {
    struct bench *bench = *state;
    assert_int_equal(open_file(bench), 0);
    struct stat status;
    assert_int_equal(stat(bench->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    write_text(bench, "{\"n\":1}\n");
    assert_int_equal(open_file(bench), 1);
}

// A kill can leave any prefix of what was being written.
static void
a_tail_torn_at_any_byte_is_cut_and_writing_goes_on_behind_the_last_number(void **state) {
    struct bench *bench = *state;
    static const char whole[] = "{\"n\":1,\"message\":\"one\"}\n"
                                "{\"n\":22,\"message\":\"two \\n \xC3\xA9\"}\n"
                                "{\"n\":333,\"message\":\"three\"}\n";
    for (size_t size = 0; size < sizeof whole; size++) {
        put(bench, whole, size);
        size_t kept = size;
        while (kept > 0 && whole[kept - 1] != '\n')
            kept--;
        int64_t lines = 0;
        for (size_t i = 0; i < kept; i++)
            lines += whole[i] == '\n';
        static const int64_t numbers[] = {0, 1, 22, 333};
        assert_int_equal(open_file(bench), numbers[lines]);
        assert_content(bench, whole, kept);
        write_text(bench, "{\"n\":4444}\n");
        char expected[sizeof whole + 16];
        memcpy(expected, whole, kept);
        memcpy(expected + kept, "{\"n\":4444}\n", 11);
        assert_content(bench, expected, kept + 11);
    }
}

static void zeros_that_a_power_loss_left_are_cut_like_any_torn_line(void **state) {
    struct bench *bench = *state;
    put(bench, "{\"n\":1}\n\0\0\0\0\0\0\0\0", 16);
    assert_int_equal(open_file(bench), 1);
    assert_content(bench, "{\"n\":1}\n", 8);
}

static void lines_without_a_number_are_looked_past_and_left_alone(void **state) {
    struct bench *bench = *state;
    static const char text[] = "{\"n\":5}\nwritten by hand\n\n{\"n\":\"x\"}\n";
    put(bench, text, sizeof text - 1);
    assert_int_equal(open_file(bench), 5);
    assert_content(bench, text, sizeof text - 1);
    put(bench, "by hand\n", 8);
    assert_int_equal(open_file(bench), 0);
}

// Lines longer than the first look, at sizes around its borders.
static void a_last_line_of_any_length_is_found(void **state) {
    struct bench *bench = *state;
    for (size_t length = 65536 - 12; length <= 65536 + 12; length++) {
        char *text = malloc(3 * length + 64);
        size_t size = (size_t)sprintf(text, "{\"n\":7}\n{\"n\":8,\"x\":\"");
        memset(text + size, 'y', 2 * length);
        size += 2 * length;
        size += (size_t)sprintf(text + size, "\"}\n");
        size_t kept = size;
        memset(text + size, 'z', length); // and a long torn one
        put(bench, text, size + length);
        assert_int_equal(open_file(bench), 8);
        assert_content(bench, text, kept);
        free(text);
    }
}

static void a_full_disk_leaves_no_half_page_behind(void **state) {
    struct bench *bench = *state;
    struct rlimit before, low;
    struct rf_error error;
    assert_int_equal(open_file(bench), 0);
    write_text(bench, "{\"n\":1}\n");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    low = before;
    low.rlim_cur = 20; // takes half of the next page, then refuses
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    assert_int_equal(rf_log_file_write(&bench->file, "{\"n\":2}\n{\"n\":3}\n", 16, &error),
                     RF_ERR_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_content(bench, "{\"n\":1}\n", 8);
    write_text(bench, "{\"n\":2}\n{\"n\":3}\n");
    assert_content(bench, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n", 24);
}

static void a_file_that_was_moved_away_is_noticed(void **state) {
    struct bench *bench = *state;
    char other[80];
    open_file(bench);
    assert_int_equal(rf_log_file_look(&bench->file), RF_LOG_FILE_SAME);
    snprintf(other, sizeof other, "%s.1", bench->path);
    assert_int_equal(rename(bench->path, other), 0);
    assert_int_equal(rf_log_file_look(&bench->file), RF_LOG_FILE_MOVED);
    put(bench, "", 0);
    assert_int_equal(rf_log_file_look(&bench->file), RF_LOG_FILE_MOVED);
    assert_int_equal(open_file(bench), 0);
    assert_int_equal(rf_log_file_look(&bench->file), RF_LOG_FILE_SAME);
    unlink(other);
}

// logrotate's copytruncate.
static void
a_file_that_was_cut_under_us_is_noticed_once_and_written_from_its_beginning(void **state) {
    struct bench *bench = *state;
    open_file(bench);
    write_text(bench, "{\"n\":1}\n");
    assert_int_equal(rf_log_file_look(&bench->file), RF_LOG_FILE_SAME);
    assert_int_equal(truncate(bench->path, 0), 0);
    assert_int_equal(rf_log_file_look(&bench->file), RF_LOG_FILE_SHORTER);
    assert_int_equal(rf_log_file_look(&bench->file), RF_LOG_FILE_SAME);
    write_text(bench, "{\"n\":2}\n");
    assert_content(bench, "{\"n\":2}\n", 8);
    assert_int_equal(rf_log_file_look(&bench->file), RF_LOG_FILE_SAME);
}

static void a_settled_file_tells_its_first_and_its_last_number(void **state) {
    struct bench *bench = *state;
    struct rf_error error;
    int64_t first = -1, last = -1;
    open_file(bench);
    assert_int_equal(rf_log_file_settle(&bench->file, &first, &last, &error), RF_OK);
    assert_int_equal(first, 0);
    assert_int_equal(last, 0);
    write_text(bench, "by hand\n{\"n\":7}\n{\"n\":8}\n{\"n\":15}\nby hand\n");
    assert_int_equal(rf_log_file_settle(&bench->file, &first, &last, &error), RF_OK);
    assert_int_equal(first, 7);
    assert_int_equal(last, 15);
}

static void a_first_line_of_any_length_is_found(void **state) {
    struct bench *bench = *state;
    for (size_t length = 65536 - 20; length <= 65536 + 4; length++) {
        struct rf_error error;
        int64_t first = 0, last = 0;
        char *text = malloc(length + 64);
        size_t size = (size_t)sprintf(text, "{\"n\":7,\"x\":\"");
        memset(text + size, 'y', length);
        size += length;
        size += (size_t)sprintf(text + size, "\"}\n{\"n\":8}\n");
        put(bench, text, size);
        free(text);
        assert_int_equal(open_file(bench), 8);
        assert_int_equal(rf_log_file_settle(&bench->file, &first, &last, &error), RF_OK);
        assert_int_equal(first, 7);
        assert_int_equal(last, 8);
    }
}

static void two_writers_of_one_file_are_one_too_many(void **state) {
    struct bench *bench = *state;
    struct rf_log_file second;
    struct rf_error error;
    int64_t n;
    open_file(bench);
    assert_int_equal(rf_log_file_init(&second, bench->path, rf_record_json_n, &error), RF_OK);
    assert_int_equal(rf_log_file_open(&second, &n, &error), RF_ERR_CONFLICT);
    rf_log_file_close(&bench->file);
    assert_int_equal(rf_log_file_open(&second, &n, &error), RF_OK);
    rf_log_file_fini(&second);
}

static void what_is_no_plain_file_is_refused_without_hanging(void **state) {
    struct bench *bench = *state;
    struct rf_error error;
    int64_t n;
    put(bench, "", 0);
    unlink(bench->path);
    assert_int_equal(mkfifo(bench->path, 0600), 0);
    assert_int_not_equal(rf_log_file_open(&bench->file, &n, &error), RF_OK);
    unlink(bench->path);
    assert_int_equal(mkdir(bench->path, 0700), 0);
    assert_int_not_equal(rf_log_file_open(&bench->file, &n, &error), RF_OK);
    rmdir(bench->path);
}

// The keeper of rotated files follows no link either, and a rotation would rename the link alone.
static void a_link_is_refused_with_the_mend(void **state) {
    struct bench *bench = *state;
    struct rf_error error = {0};
    int64_t n;
    char file[80];
    put(bench, "", 0);
    snprintf(file, sizeof file, "%s.there", bench->path);
    assert_int_equal(rename(bench->path, file), 0);
    assert_int_equal(symlink(file, bench->path), 0);
    assert_int_not_equal(rf_log_file_open(&bench->file, &n, &error), RF_OK);
    assert_non_null(strstr(error.message, "is a symbolic link: name the file"));
    unlink(file);
}

static void half_a_page_that_could_not_be_cut_is_not_rotated_with_the_rest(void **state) {
    struct bench *bench = *state;
    struct rf_error error;
    int64_t first, last;
    open_file(bench);
    write_text(bench, "{\"n\":1}\n");
    bench->file.cut_to = bench->file.size; // as a write leaves it whose ftruncate failed too
    assert_int_equal(write(bench->file.fd, "{\"n\"", 4), 4);
    assert_int_equal(rf_log_file_settle(&bench->file, &first, &last, &error), RF_OK);
    assert_int_equal(last, 1);
    assert_content(bench, "{\"n\":1}\n", 8);
}

static void the_first_lines_of_a_file_outlive_a_power_loss(void **state) {
    struct bench *bench = *state;
    open_file(bench);
    int data = data_syncs, whole = syncs;
    write_text(bench, "{\"n\":1}\n");
    assert_int_equal(data_syncs, data + 1);
    assert_int_equal(syncs, whole + 1); // of the folder
    write_text(bench, "{\"n\":2}\n");
    assert_int_equal(data_syncs, data + 1);
    assert_int_equal(syncs, whole + 1);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_file_is_private_and_has_no_number),
        TEST(a_tail_torn_at_any_byte_is_cut_and_writing_goes_on_behind_the_last_number),
        TEST(zeros_that_a_power_loss_left_are_cut_like_any_torn_line),
        TEST(lines_without_a_number_are_looked_past_and_left_alone),
        TEST(a_last_line_of_any_length_is_found),
        TEST(a_full_disk_leaves_no_half_page_behind),
        TEST(a_file_that_was_moved_away_is_noticed),
        TEST(a_file_that_was_cut_under_us_is_noticed_once_and_written_from_its_beginning),
        TEST(a_settled_file_tells_its_first_and_its_last_number),
        TEST(a_first_line_of_any_length_is_found),
        TEST(two_writers_of_one_file_are_one_too_many),
        TEST(what_is_no_plain_file_is_refused_without_hanging),
        TEST(a_link_is_refused_with_the_mend),
        TEST(half_a_page_that_could_not_be_cut_is_not_rotated_with_the_rest),
        TEST(the_first_lines_of_a_file_outlive_a_power_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
