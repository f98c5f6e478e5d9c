#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ringfence/error.h>
#include <ringfence/id.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/pending_file.h"

static void time_arithmetic_saturates_instead_of_wrapping(void **state) {
    (void)state;
    struct rf_instant late = {INT64_MAX - 1};
    assert_int_equal(rf_instant_add(late, rf_seconds(5)).ns, INT64_MAX);
    assert_int_equal(rf_instant_since((struct rf_instant){INT64_MIN}, late).ns, INT64_MIN);
    assert_int_equal(rf_seconds(INT64_MAX).ns, INT64_MAX);
    assert_int_equal(rf_ms(INT64_MIN).ns, INT64_MIN);
}

static void milliseconds_round_up_so_that_no_wait_is_cut_short(void **state) {
    (void)state;
    assert_int_equal(rf_duration_ms(rf_ns(1)), 1);
    assert_int_equal(rf_duration_ms(rf_ns(1000000)), 1);
    assert_int_equal(rf_duration_ms(rf_ns(1000001)), 2);
    assert_int_equal(rf_duration_ms(rf_ns(0)), 0);
    assert_int_equal(rf_duration_ms(rf_ns(-1)), 0);
}

static void a_date_is_written_by_rfc_3339_with_microseconds(void **state) {
    (void)state;
    char text[RF_RFC3339_SIZE];
    assert_string_equal(rf_utc_format((struct rf_utc){INT64_C(1763981280123456789)}, text),
                        "2025-11-24T10:48:00.123456Z");
    rf_utc_format_part((struct rf_utc){INT64_C(1763981280900000999)}, text);
    assert_string_equal(text, "2025-11-24T10:48:00.900000Z");
    assert_string_equal(rf_utc_format((struct rf_utc){0}, text), "1970-01-01T00:00:00.000000Z");
}

static void ulids_differ_and_sort_by_time(void **state) {
    (void)state;
    char a[RF_ULID_SIZE], b[RF_ULID_SIZE], c[RF_ULID_SIZE];
    rf_ulid_new((struct rf_utc){RF_NS_PER_S}, a);
    rf_ulid_new((struct rf_utc){RF_NS_PER_S}, b);
    rf_ulid_new((struct rf_utc){RF_NS_PER_S + RF_NS_PER_MS}, c);
    assert_int_equal(strlen(a), 26);
    assert_string_not_equal(a, b);
    assert_true(strcmp(a, c) < 0 && strcmp(b, c) < 0);
    assert_memory_equal(a, "00000000Z8", 10);
}

static void a_message_is_whole_characters_wherever_it_was_cut(void **state) {
    (void)state;
    struct rf_error error;
    char longer[RF_ERROR_MESSAGE_SIZE + 8];
    rf_error_set(&error, RF_ERR_INVALID, "\"%.3s\" is no number", "ab\xc3\xa9");
    assert_string_equal(error.message, "\"ab\xef\xbf\xbd\" is no number");
    rf_error_set(&error, RF_ERR_INVALID, "\"%.4s\" is no number", "ab\xe2\x82\xac");
    assert_string_equal(error.message, "\"ab\xef\xbf\xbd\" is no number");
    rf_error_prefix(&error, "M%cller.csv: ", 0xfc);
    assert_string_equal(error.message, "M\xef\xbf\xbdller.csv: \"ab\xef\xbf\xbd\" is no number");
    memset(longer, 'x', sizeof longer);
    memcpy(longer + RF_ERROR_MESSAGE_SIZE - 2, "\xc3\xa9", 3);
    rf_error_set(&error, RF_ERR_INVALID, "%s", longer);
    assert_int_equal(strlen(error.message), RF_ERROR_MESSAGE_SIZE - 2);
    assert_true(error.message[RF_ERROR_MESSAGE_SIZE - 3] == 'x');
    rf_error_prefix(&error, "y");
    assert_int_equal(strlen(error.message), RF_ERROR_MESSAGE_SIZE - 1);
    // Nothing but such bytes: each needs three, and what has no room is left out.
    memset(longer, 0xfc, sizeof longer);
    longer[0] = 'x';
    longer[sizeof longer - 1] = '\0';
    rf_error_set(&error, RF_ERR_INVALID, "%s", longer);
    assert_int_equal(strlen(error.message), 1 + (RF_ERROR_MESSAGE_SIZE - 2) / 3 * 3);
}

struct heard {
    unsigned lines;
    enum rf_log_level level;
    char text[64];
};

static void a_child_of_fork_has_ids_of_its_own(void **state) {
    (void)state;
    struct rf_utc now = {RF_NS_PER_S};
    char id[RF_ULID_SIZE], childs[RF_ULID_SIZE] = "";
    int pipe_fds[2], status;
    rf_ulid_new(now, id); // random bytes for the next ids are at hand
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t child = fork();
    if (child == 0) {
        rf_ulid_new(now, id);
        _exit(write(pipe_fds[1], id, sizeof id) == sizeof id ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(pipe_fds[0], childs, sizeof childs), sizeof childs);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    assert_string_not_equal(rf_ulid_new(now, id), childs);
}

static void no_ulid_of_many_comes_twice(void **state) {
    (void)state;
    enum { COUNT = 300 };
    static char ids[COUNT][RF_ULID_SIZE];
    for (int i = 0; i < COUNT; i++) {
        rf_ulid_new((struct rf_utc){RF_NS_PER_S}, ids[i]);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(ids[i], ids[k]);
    }
}

static void on_line(void *arg, enum rf_log_level level, const char *text) {
    struct heard *heard = arg;
    heard->lines++;
    heard->level = level;
    snprintf(heard->text, sizeof heard->text, "%s", text);
}

static void a_program_may_take_the_lines_of_the_library(void **state) {
    (void)state;
    struct heard heard = {0};
    rf_log_to(on_line, &heard);
    rf_log_least(RF_LOG_WARNING);
    rf_log(RF_LOG_INFO, "not this");
    rf_log(RF_LOG_WARNING, "%s\n", "this\x1b[2J");
    rf_log_to(NULL, NULL);
    rf_log_least(RF_LOG_INFO);
    assert_int_equal(heard.lines, 1);
    assert_int_equal(heard.level, RF_LOG_WARNING);
    assert_string_equal(heard.text, "this?[2J?");
}

static void a_prefixed_error_is_cut_and_stays_terminated(void **state) {
    (void)state;
    struct rf_error error;
    char longest[2 * RF_ERROR_MESSAGE_SIZE];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(rf_error_set(&error, RF_ERR_IO, "%s", longest), RF_ERR_IO);
    assert_int_equal(strlen(error.message), RF_ERROR_MESSAGE_SIZE - 1);
    rf_error_prefix(&error, "place: ");
    assert_memory_equal(error.message, "place: xxx", 10);
    assert_int_equal(strlen(error.message), RF_ERROR_MESSAGE_SIZE - 1);
    rf_error_set(&error, RF_ERR_IO, "short");
    rf_error_prefix(&error, "place %d: ", 7);
    assert_string_equal(error.message, "place 7: short");
}

static void digests_agree_with_their_published_vectors(void **state) {
    (void)state;
    // FIPS 180-4 example "abc"; RFC 4231 test case 2; RFC 4648 section 10.
    char hex[RF_SHA256_HEX_SIZE];
    assert_string_equal(rf_sha256_hex("abc", 3, hex),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    unsigned char mac[32];
    rf_hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
    assert_int_equal(mac[0], 0x5b);
    assert_int_equal(mac[31], 0x43);
    const char *const vectors[][2] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}};
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char *text = rf_base64_encode(vectors[i][0], strlen(vectors[i][0]));
        assert_string_equal(text, vectors[i][1]);
        unsigned char *data;
        size_t size;
        assert_int_equal(rf_base64_decode(text, &data, &size), RF_OK);
        assert_int_equal(size, strlen(vectors[i][0]));
        assert_memory_equal(data, vectors[i][0], size);
        free(data);
        free(text);
    }
    unsigned char *data;
    size_t size;
    assert_int_equal(rf_base64_decode("a", &data, &size), RF_ERR_INVALID);
    assert_int_equal(rf_base64_decode("!!!!", &data, &size), RF_ERR_INVALID);
    char *url = rf_base64url_encode("\xfb\xff", 2);
    assert_string_equal(url, "-_8");
    free(url);
}

static void a_replaced_file_holds_the_new_content_and_nothing_else_is_left(void **state) {
    (void)state;
    char folder[] = "/tmp/rf-base-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[128], command[160];
    snprintf(path, sizeof path, "%s/a/b", folder);
    struct rf_error error;
    assert_int_equal(rf_folder_make(path, 0700, &error), RF_OK);
    assert_int_equal(rf_folder_make(path, 0700, &error), RF_OK);
    snprintf(path, sizeof path, "%s/a/b/file", folder);
    char *data = NULL;
    assert_int_equal(rf_file_read(path, 100, &data, NULL, &error), RF_ERR_NOT_FOUND);
    assert_int_equal(rf_file_replace(path, "first", 5, &error), RF_OK);
    assert_int_equal(rf_file_replace(path, "second", 6, &error), RF_OK);
    size_t size;
    assert_int_equal(rf_file_read(path, 6, &data, &size, &error), RF_OK);
    assert_int_equal(size, 6);
    assert_string_equal(data, "second");
    free(data);
    assert_int_equal(rf_file_read(path, 5, &data, &size, &error), RF_ERR_FULL);
    snprintf(command, sizeof command, "test \"$(ls %s/a/b)\" = file", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(rf_file_replace(folder, "x", 1, &error), RF_ERR_IO);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void a_pending_file_has_its_name_only_when_it_is_whole(void **state) {
    (void)state;
    char folder[] = "/tmp/rf-base-XXXXXX", path[64], command[96];
    struct rf_pending_file file;
    struct rf_error error;
    char *data = NULL;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/out", folder);
    assert_int_equal(rf_file_replace(path, "old", 3, &error), RF_OK);
    for (int whole = 0; whole < 2; whole++) {
        assert_int_equal(rf_pending_file_open(&file, path, &error), RF_OK);
        fputs("fresh", file.out);
        fflush(file.out);
        assert_int_equal(rf_pending_file_check(&file, &error), RF_OK);
        assert_int_equal(rf_file_read(path, 100, &data, NULL, &error), RF_OK);
        assert_string_equal(data, "old");
        free(data);
        if (whole)
            assert_int_equal(rf_pending_file_commit(&file, &error), RF_OK);
        rf_pending_file_discard(&file); // twice is once, and not after it has its name
        rf_pending_file_discard(&file);
        assert_int_equal(rf_file_read(path, 100, &data, NULL, &error), RF_OK);
        assert_string_equal(data, whole ? "fresh" : "old");
        free(data);
        snprintf(command, sizeof command, "test \"$(ls %s)\" = out", folder);
        assert_int_equal(system(command), 0);
    }
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void a_pending_file_that_cannot_be_written_leaves_nothing_and_says_so(void **state) {
    (void)state;
    char folder[] = "/tmp/rf-base-XXXXXX", path[64], command[96];
    struct rf_pending_file file;
    struct rf_error error;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/none/out", folder);
    assert_int_equal(rf_pending_file_open(&file, path, &error), RF_ERR_IO);
    assert_non_null(strstr(error.message, "none/out: cannot be written: No such file"));
    rf_pending_file_discard(&file);
    snprintf(path, sizeof path, "%s/out", folder);
    assert_int_equal(rf_pending_file_open(&file, path, &error), RF_OK);
    fclose(file.out);
    file.out = fopen("/dev/full", "we");
    assert_non_null(file.out);
    fputs("much", file.out);
    assert_int_equal(rf_pending_file_commit(&file, &error), RF_ERR_IO);
    assert_non_null(strstr(error.message, "/out: cannot be written: No space left on device"));
    snprintf(command, sizeof command, "rmdir %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_arithmetic_saturates_instead_of_wrapping),
        cmocka_unit_test(milliseconds_round_up_so_that_no_wait_is_cut_short),
        cmocka_unit_test(a_date_is_written_by_rfc_3339_with_microseconds),
        cmocka_unit_test(ulids_differ_and_sort_by_time),
        cmocka_unit_test(a_message_is_whole_characters_wherever_it_was_cut),
        cmocka_unit_test(a_child_of_fork_has_ids_of_its_own),
        cmocka_unit_test(no_ulid_of_many_comes_twice),
        cmocka_unit_test(a_program_may_take_the_lines_of_the_library),
        cmocka_unit_test(a_prefixed_error_is_cut_and_stays_terminated),
        cmocka_unit_test(digests_agree_with_their_published_vectors),
        cmocka_unit_test(a_replaced_file_holds_the_new_content_and_nothing_else_is_left),
        cmocka_unit_test(a_pending_file_has_its_name_only_when_it_is_whole),
        cmocka_unit_test(a_pending_file_that_cannot_be_written_leaves_nothing_and_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
