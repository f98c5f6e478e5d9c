// What the console answers, and what it reads from the media folder.
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
#include <unistd.h>

#include "core.h"
#include "media_file.h"

#define HASH   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SECRET "secret"

static const struct rf_utc now = {1800000000 * RF_NS_PER_S};

static struct console_answer ask(const char *method, const char *path, bool connected) {
    struct console_request request = {method, path};
    struct console_view view = {.connected = connected, .media_secret = SECRET, .now = now};
    struct console_answer answer;
    assert_true(console_decide(&request, &view, &answer));
    return answer;
}

static void sign(const char *format, struct rf_utc expiry, char path[RF_MEDIA_PATH_SIZE]) {
    struct rf_error error;
    assert_int_equal(rf_media_path(SECRET, expiry, HASH, format, path, &error), RF_OK);
}

static void health_is_200_with_a_broker_and_503_with_a_reason_without(void **state) {
    (void)state;
    struct console_answer answer = ask("GET", "/healthz", true);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.text, "\"ok\""));
    answer = ask("GET", "/healthz", false);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.text, "\"reason\""));
    assert_string_equal(answer.content_type, "application/json");
}

static void a_signed_path_gives_its_file_with_its_type(void **state) {
    (void)state;
    static const char *const types[][2] = {
        {"mp3", "audio/mpeg"}, {"wav", "audio/wav"}, {"ulaw", "audio/basic"}};
    for (size_t i = 0; i < 3; i++) {
        char path[RF_MEDIA_PATH_SIZE], file[RF_MEDIA_FILE_SIZE];
        sign(types[i][0], rf_utc_add(now, rf_seconds(1)), path);
        snprintf(file, sizeof file, HASH ".%s", types[i][0]);
        struct console_answer answer = ask("GET", path, false);
        assert_int_equal(answer.status, 200);
        assert_null(answer.text);
        assert_string_equal(answer.file, file);
        assert_string_equal(answer.content_type, types[i][1]);
        assert_int_equal(ask("HEAD", path, false).status, 200);
    }
}

static void everything_else_below_them_is_the_same_404(void **state) {
    (void)state;
    char expired[RF_MEDIA_PATH_SIZE], forged[RF_MEDIA_PATH_SIZE], good[RF_MEDIA_PATH_SIZE];
    char unknown_type[RF_MEDIA_PATH_SIZE];
    sign("mp3", rf_utc_add(now, rf_seconds(-1)), expired);
    sign("mp3", rf_utc_add(now, rf_seconds(1)), good);
    sign("html", rf_utc_add(now, rf_seconds(1)), unknown_type);
    memcpy(forged, good, sizeof forged);
    forged[20] = forged[20] == 'a' ? 'b' : 'a';
    const char *const cases[][2] = {
        {"GET", "/media/"},
        {"GET", expired},
        {"GET", forged},
        {"POST", good},
        {"POST", "/healthz"},
        {"DELETE", good},
        {"GET", unknown_type},
        {"GET", "/media/../../etc/passwd"},
        {"GET", "/media/" HASH ".mp3"},
    };
    struct console_answer first = ask("GET", "/media/", true);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct console_answer answer = ask(cases[i][0], cases[i][1], true);
        if (answer.status != 404 || answer.text == NULL || strcmp(answer.text, first.text) != 0)
            fail_msg("%s %s: %u", cases[i][0], cases[i][1], answer.status);
    }
}

static void other_paths_are_for_others(void **state) {
    (void)state;
    static const char *const paths[] = {"/", "/media", "/healthz/", "/api/v1/overview", ""};
    struct console_view view = {.media_secret = SECRET, .now = now};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct console_request request = {"GET", paths[i]};
        struct console_answer answer;
        assert_false(console_decide(&request, &view, &answer));
    }
}

static void without_a_secret_there_are_no_media_paths(void **state) {
    (void)state;
    char path[RF_MEDIA_PATH_SIZE];
    sign("mp3", rf_utc_add(now, rf_seconds(1)), path);
    struct console_request request = {"GET", path};
    struct console_view view = {.connected = true, .now = now};
    struct console_answer answer;
    assert_true(console_decide(&request, &view, &answer));
    assert_int_equal(answer.status, 404);
}

// ---- files ----

static int make_folder(void **state) {
    char *folder = strdup("/tmp/rf-console-XXXXXX");
    assert_non_null(folder);
    assert_non_null(mkdtemp(folder));
    *state = folder;
    return 0;
}

static void path_in(const char *folder, const char *name, char out[256]) {
    snprintf(out, 256, "%s/%s", folder, name);
}

static int remove_folder(void **state) {
    static const char *const names[] = {"file", "link", "fifo", "folder"};
    for (size_t i = 0; i < 4; i++) {
        char path[256];
        path_in(*state, names[i], path);
        remove(path);
    }
    rmdir(*state);
    free(*state);
    return 0;
}

static void a_file_is_read_whole(void **state) {
    char path[256];
    path_in(*state, "file", path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite("a\0b", 1, 3, file), 3);
    assert_int_equal(fclose(file), 0);
    char *data = NULL;
    size_t size = 0;
    struct rf_error error;
    assert_int_equal(media_file_read(*state, "file", &data, &size, &error), RF_OK);
    assert_int_equal(size, 3);
    assert_memory_equal(data, "a\0b", 3);
    free(data);
}

static void links_pipes_folders_and_what_is_missing_are_not_found(void **state) {
    char path[256];
    path_in(*state, "link", path);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    path_in(*state, "fifo", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    path_in(*state, "folder", path);
    assert_int_equal(mkdir(path, 0700), 0);
    static const char *const names[] = {"link", "fifo", "folder", "missing"};
    for (size_t i = 0; i < 4; i++) {
        char *data = NULL;
        size_t size = 0;
        struct rf_error error;
        if (media_file_read(*state, names[i], &data, &size, &error) != RF_ERR_NOT_FOUND)
            fail_msg("%s was read, or its error is another", names[i]);
        assert_null(data);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_is_200_with_a_broker_and_503_with_a_reason_without),
        cmocka_unit_test(a_signed_path_gives_its_file_with_its_type),
        cmocka_unit_test(everything_else_below_them_is_the_same_404),
        cmocka_unit_test(other_paths_are_for_others),
        cmocka_unit_test(without_a_secret_there_are_no_media_paths),
        cmocka_unit_test_setup_teardown(a_file_is_read_whole, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(links_pipes_folders_and_what_is_missing_are_not_found,
                                        make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
