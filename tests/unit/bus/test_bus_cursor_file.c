#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/cursor_file.h"

static char folder[64], path[96];

static int setup(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/rf-cursor-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/cursor", folder);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static struct rf_cursor_file open_file(bool expected, int64_t n, const char *journal) {
    struct rf_cursor_file file;
    struct rf_error error;
    bool known;
    struct rf_journal_place found;
    if (rf_cursor_file_open(&file, path, &known, &found, &error) != RF_OK)
        fail_msg("%s", error.message);
    assert_int_equal(known, expected);
    assert_int_equal(found.n, n);
    assert_string_equal(found.journal, journal);
    return file;
}

static void put(const char *text, size_t size) {
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
}

static void a_number_is_there_for_the_next_life(void **state) {
    (void)state;
    struct rf_cursor_file file = open_file(false, 0, "");
    static const int64_t numbers[] = {0, INT64_MAX, 7, 4000000000};
    static const char *const ids[] = {
        "01JOURNAL.01START", "", "A.B",
        "an-id-of-the-longest-length-that-there-may-be-63-bytes-of-text."};
    assert_int_equal(strlen(ids[3]), RF_JOURNAL_ID_SIZE - 1);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct rf_journal_place place = {.n = numbers[i]};
        strcpy(place.journal, ids[i]);
        assert_int_equal(rf_cursor_file_write(&file, &place, NULL), RF_OK);
        rf_cursor_file_close(&file);
        file = open_file(true, numbers[i], ids[i]);
    }
    rf_cursor_file_close(&file);
    rf_cursor_file_close(&file);
    struct stat is;
    assert_int_equal(stat(path, &is), 0);
    assert_int_equal(is.st_mode & 0777, 0600);
}

static void a_file_of_before_is_taken_over_and_gets_its_journal(void **state) {
    (void)state;
    put("00000000000000000042\n", 21);
    struct rf_cursor_file file = open_file(true, 42, "");
    struct rf_journal_place place = {.n = 43, .journal = "J.1"};
    assert_int_equal(rf_cursor_file_write(&file, &place, NULL), RF_OK);
    rf_cursor_file_close(&file);
    file = open_file(true, 43, "J.1");
    rf_cursor_file_close(&file);
}

static void a_file_is_for_one_reader_alone(void **state) {
    (void)state;
    struct rf_cursor_file first = open_file(false, 0, ""), second;
    struct rf_error error;
    bool known;
    struct rf_journal_place n;
    assert_int_equal(rf_cursor_file_open(&second, path, &known, &n, &error), RF_ERR_CONFLICT);
    rf_cursor_file_close(&second);
    rf_cursor_file_close(&first);
    first = open_file(false, 0, "");
    rf_cursor_file_close(&first);
}

static void a_file_of_anything_else_is_refused_and_left_alone(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "5\n",
        "0000000000000000000x\n",
        "-0000000000000000005\n",
        "99999999999999999999\n",
        "09223372036854775808\n",
        "00000000000000000005\n1",
        "00000000000000000005 J.1\n",
        "0000000000x",
        "0000 J.1",
        "00000000000000000005xJ.1",
        "00000000000000000005 J 1                                                            \n",
        "00000000000000000005xJ.1                                                            \n",
        "[Unit]\nDescription=x\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct rf_cursor_file file;
        struct rf_error error;
        bool known;
        struct rf_journal_place n;
        char after[128] = {0};
        put(wrong[i], strlen(wrong[i]));
        assert_int_equal(rf_cursor_file_open(&file, path, &known, &n, &error), RF_ERR_INVALID);
        assert_non_null(strstr(error.message, path));
        FILE *in = fopen(path, "r");
        assert_non_null(in);
        assert_int_equal(fread(after, 1, sizeof after - 1, in), strlen(wrong[i]));
        fclose(in);
        assert_string_equal(after, wrong[i]);
    }
}

// What a first write leaves that did not come to its end.
static void a_line_that_breaks_off_counts_as_far_as_it_is_whole(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool known;
        int64_t n;
    } torn[] = {
        {"0", false, 0},
        {"0000000000000000000", false, 0},
        {"00000000000000000005", true, 5},
        {"00000000000000000005 ", true, 5},
        {"00000000000000000005 01JOURNAL.01ST", true, 5},
        {"00000000000000000005 J.1                                                   ", true, 5},
    };
    for (size_t i = 0; i < sizeof torn / sizeof torn[0]; i++) {
        put(torn[i].text, strlen(torn[i].text));
        struct rf_cursor_file file = open_file(torn[i].known, torn[i].n, "");
        struct rf_journal_place place = {.n = 6, .journal = "J.1"};
        assert_int_equal(rf_cursor_file_write(&file, &place, NULL), RF_OK);
        rf_cursor_file_close(&file);
        file = open_file(true, 6, "J.1");
        rf_cursor_file_close(&file);
    }
}

// Files may grow to so many bytes: what a full disk does to a write that needs more.
static void bound_files(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_disk_that_takes_a_part_leaves_what_stood_there(void **state) {
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    static const char *const before[] = {"", "00000000000000000042\n"};
    struct rf_journal_place place = {.n = 43, .journal = "J.1"};
    for (size_t i = 0; i < 2; i++)
        for (rlim_t bytes = 0; bytes < RF_CURSOR_FILE_BYTES; bytes++) {
            struct rf_error error;
            put(before[i], strlen(before[i]));
            struct rf_cursor_file file = open_file(i == 1, i == 1 ? 42 : 0, "");
            bound_files(bytes);
            enum rf_err err = rf_cursor_file_write(&file, &place, &error);
            bound_files(RLIM_INFINITY);
            assert_int_equal(err, RF_ERR_IO);
            rf_cursor_file_close(&file);
            struct stat is;
            assert_int_equal(stat(path, &is), 0);
            assert_int_equal(is.st_size, strlen(before[i]));
            file = open_file(i == 1, i == 1 ? 42 : 0, "");
            // There is room again.
            assert_int_equal(rf_cursor_file_write(&file, &place, NULL), RF_OK);
            rf_cursor_file_close(&file);
            file = open_file(true, 43, "J.1");
            rf_cursor_file_close(&file);
        }
}

static void what_cannot_be_opened_or_written_is_an_error(void **state) {
    (void)state;
    struct rf_cursor_file file;
    struct rf_error error;
    bool known;
    struct rf_journal_place n;
    assert_int_equal(rf_cursor_file_open(&file, folder, &known, &n, &error), RF_ERR_IO);
    assert_int_equal(rf_cursor_file_open(&file, "/dev/full", &known, &n, &error), RF_ERR_INVALID);
    assert_int_equal(rf_cursor_file_open(&file, "/nowhere/at/all", &known, &n, &error), RF_ERR_IO);
    // The file that is always full.
    struct rf_cursor_file full = {.path = path, .fd = open("/dev/full", O_WRONLY)};
    assert_true(full.fd >= 0);
    assert_int_equal(rf_cursor_file_write(&full, &(struct rf_journal_place){.n = 5}, &error),
                     RF_ERR_IO);
    assert_non_null(strstr(error.message, "No space left"));
    close(full.fd);
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        FILE_TEST(a_number_is_there_for_the_next_life),
        FILE_TEST(a_file_of_before_is_taken_over_and_gets_its_journal),
        FILE_TEST(a_file_is_for_one_reader_alone),
        FILE_TEST(a_file_of_anything_else_is_refused_and_left_alone),
        FILE_TEST(a_line_that_breaks_off_counts_as_far_as_it_is_whole),
        FILE_TEST(a_disk_that_takes_a_part_leaves_what_stood_there),
        FILE_TEST(what_cannot_be_opened_or_written_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
