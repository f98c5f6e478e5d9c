// Kept audio on a real disk: what is believed, and what is cleared.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "shelf.h"

#define KEY   "1111111111111111111111111111111111111111111111111111111111111111"
#define OTHER "2222222222222222222222222222222222222222222222222222222222222222"

static char folder[32];

static int open_folder(void **state) {
    (void)state;
    struct rf_error error;
    snprintf(folder, sizeof folder, "/tmp/rf-shelf-XXXXXX");
    return mkdtemp(folder) == NULL || shelf_make(folder, &error) != RF_OK ? -1 : 0;
}

static int close_folder(void **state) {
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static struct recording put(const char *key, const char *data) {
    struct recording audio = {.size = (int64_t)strlen(data), .format = "mp3"};
    struct rf_error error;
    rf_sha256_hex(data, strlen(data), audio.sha256);
    assert_int_equal(shelf_put(folder, key, &audio, data, &error), RF_OK);
    return audio;
}

static enum rf_err find(const char *key, struct recording *audio) {
    struct rf_error error;
    return shelf_find(folder, key, audio, &error);
}

static const char *path_to(const struct recording *audio) {
    static char path[160];
    snprintf(path, sizeof path, "%s/%s.%s", folder, audio->sha256, audio->format);
    return path;
}

static const char *path_in(const char *name) {
    static char path[160];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const char *data) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, strlen(data)), strlen(data));
    close(fd);
}

static void make_old(const char *path, int64_t age_s) {
    const struct timespec times[2] = {{.tv_sec = rf_clock_utc().ns / RF_NS_PER_S - age_s},
                                      {.tv_sec = rf_clock_utc().ns / RF_NS_PER_S - age_s}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static int64_t age_of(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return rf_clock_utc().ns / RF_NS_PER_S - status.st_mtim.tv_sec;
}

static struct shelf_sweep sweep(int64_t max_bytes, int64_t keep_s) {
    const struct evict_rule rule = {.max_bytes = max_bytes, .keep = rf_seconds(keep_s)};
    struct shelf_sweep done;
    struct rf_error error;
    assert_int_equal(shelf_sweep(folder, &rule, rf_clock_utc(), &done, &error), RF_OK);
    return done;
}

static void what_was_put_is_found_again(void **state) {
    (void)state;
    struct recording found, audio = put(KEY, "some audio");
    assert_int_equal(find(OTHER, &found), RF_ERR_NOT_FOUND);
    assert_int_equal(find(KEY, &found), RF_OK);
    assert_string_equal(found.sha256, audio.sha256);
    assert_int_equal(found.size, 10);
    assert_string_equal(found.format, "mp3");
}

static void without_a_key_there_is_audio_and_nothing_to_find_it_by(void **state) {
    (void)state;
    struct recording audio = put("", "some audio");
    assert_int_equal(access(path_to(&audio), R_OK), 0);
    assert_int_equal(sweep(65536, 60).left, 10);
}

static void a_folder_that_cannot_be_written_is_an_error(void **state) {
    (void)state;
    struct recording audio = {.size = 1, .format = "mp3"};
    struct rf_error error;
    assert_int_equal(shelf_put("/nonexistent", KEY, &audio, "a", &error), RF_ERR_IO);
    assert_non_null(strstr(error.message, "/nonexistent/cache/lock"));
}

// A process that was killed, or a disk that lied, may leave anything under the name of the audio.
static void audio_that_is_not_whole_is_not_found(void **state) {
    (void)state;
    static const char *const bodies[] = {"", "some aud", "some audio and more", "some audix"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct recording found, audio = put(KEY, "some audio");
        write_file(path_to(&audio), bodies[i]);
        assert_int_equal(find(KEY, &found), RF_ERR_NOT_FOUND);
    }
    struct recording found, audio = put(KEY, "some audio");
    assert_int_equal(find(KEY, &found), RF_OK);
    unlink(path_to(&audio));
    assert_int_equal(find(KEY, &found), RF_ERR_NOT_FOUND);
}

static void a_damaged_key_is_not_believed(void **state) {
    (void)state;
    struct recording found, audio = put(KEY, "some audio");
    char good[128];
    snprintf(good, sizeof good, "1 %s mp3 10\n", audio.sha256);
    const char *const bad[] = {
        "", "1", "2 x mp3 10\n", "1 ../../etc/passwd mp3 10\n", "1 zz mp3 10\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_file(path_in("cache/" KEY), bad[i]);
        assert_int_equal(find(KEY, &found), RF_ERR_NOT_FOUND);
    }
    for (size_t length = 0; length < strlen(good); length++) { // cut off anywhere
        char text[128];
        snprintf(text, sizeof text, "%.*s", (int)length, good);
        write_file(path_in("cache/" KEY), text);
        assert_int_equal(find(KEY, &found), RF_ERR_NOT_FOUND);
    }
    for (size_t i = 0; i < 3; i++) {
        char text[160];
        snprintf(text, sizeof text, "1 %s %s\n", audio.sha256,
                 i == 0   ? "mp3 10x"
                 : i == 1 ? "m/3 10"
                          : "mp3 -10");
        write_file(path_in("cache/" KEY), text);
        assert_int_equal(find(KEY, &found), RF_ERR_NOT_FOUND);
    }
    write_file(path_in("cache/" KEY), good);
    assert_int_equal(find(KEY, &found), RF_OK);
}

static void a_use_renews_the_date(void **state) {
    (void)state;
    struct recording found, audio = put(KEY, "some audio");
    make_old(path_to(&audio), 5000);
    assert_true(age_of(path_to(&audio)) > 4000);
    assert_int_equal(find(KEY, &found), RF_OK);
    assert_true(age_of(path_to(&audio)) < 100);
    make_old(path_to(&audio), 5000);
    assert_true(shelf_touch(folder, &audio));
    assert_true(age_of(path_to(&audio)) < 100);
    unlink(path_to(&audio));
    assert_false(shelf_touch(folder, &audio));
}

static void a_sweep_keeps_the_bound_and_drops_keys_without_audio(void **state) {
    (void)state;
    struct recording found, first = put(KEY, "0123456789"), second = put(OTHER, "abcdefghij");
    make_old(path_to(&first), 5000);
    make_old(path_to(&second), 4000);
    struct shelf_sweep done = sweep(15, 60);
    assert_int_equal(done.files_removed, 1);
    assert_int_equal(done.removed, 10);
    assert_int_equal(done.left, 10);
    assert_int_equal(find(KEY, &found), RF_ERR_NOT_FOUND);
    assert_int_equal(access(path_in("cache/" KEY), F_OK), -1);
    assert_int_equal(find(OTHER, &found), RF_OK);
    assert_int_equal(sweep(5, 60).left, 10); // it was used just now
}

static void a_sweep_clears_what_was_left_half_written_and_nothing_else(void **state) {
    (void)state;
    static const char *const old[] = {KEY ".mp3.Ab12Cd", "cache/" KEY ".Ab12Cd"};
    static const char *const others[] = {KEY, "notes.txt", KEY ".MP3", "cache/notes.txt"};
    for (size_t i = 0; i < 2; i++) {
        write_file(path_in(old[i]), "half");
        make_old(path_in(old[i]), 5000);
    }
    for (size_t i = 0; i < 4; i++) {
        write_file(path_in(others[i]), "not ours");
        make_old(path_in(others[i]), 5000);
    }
    write_file(path_in(OTHER ".mp3.Ab12Cd"), "being written by another gateway");
    sweep(1, 60);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(access(path_in(old[i]), F_OK), -1);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(access(path_in(others[i]), F_OK), 0);
    assert_int_equal(access(path_in(OTHER ".mp3.Ab12Cd"), F_OK), 0);
}

// One gateway uses what another is about to clear: what a find has promised is there.
#define ROUNDS 4000

static struct {
    pthread_mutex_t mutex;
    bool end;
} clearing = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool is_over(void) {
    pthread_mutex_lock(&clearing.mutex);
    bool end = clearing.end;
    pthread_mutex_unlock(&clearing.mutex);
    return end;
}

static void *clear_again_and_again(void *arg) {
    const struct evict_rule rule = {.max_bytes = 1, .keep = rf_seconds(1000)};
    while (!is_over()) {
        struct shelf_sweep done;
        struct rf_error error;
        if (shelf_sweep(folder, &rule, rf_clock_utc(), &done, &error) != RF_OK)
            return arg;
    }
    return NULL;
}

static void what_was_found_is_not_cleared_by_another(void **state) {
    (void)state;
    pthread_t other;
    struct recording found, audio = put(KEY, "some audio");
    int promised = 0, cleared = 0;
    assert_int_equal(pthread_create(&other, NULL, clear_again_and_again, folder), 0);
    for (int i = 0; i < ROUNDS; i++) {
        char path[160];
        const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
        snprintf(path, sizeof path, "%s", path_to(&audio));
        (void)utimensat(AT_FDCWD, path, old, 0); // and now both reach for it
        if (find(KEY, &found) != RF_OK) {
            cleared++;
            put(KEY, "some audio");
            continue;
        }
        promised++;
        assert_int_equal(access(path, R_OK), 0);
    }
    pthread_mutex_lock(&clearing.mutex);
    clearing.end = true;
    pthread_mutex_unlock(&clearing.mutex);
    void *failed;
    pthread_join(other, &failed);
    assert_null(failed);
    print_message("%d were found, %d cleared\n", promised, cleared);
    assert_true(promised > 0 && cleared > 0); // both had their turn
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_folder, close_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_was_put_is_found_again),
        TEST(without_a_key_there_is_audio_and_nothing_to_find_it_by),
        TEST(a_folder_that_cannot_be_written_is_an_error),
        TEST(audio_that_is_not_whole_is_not_found),
        TEST(a_damaged_key_is_not_believed),
        TEST(a_use_renews_the_date),
        TEST(a_sweep_keeps_the_bound_and_drops_keys_without_audio),
        TEST(a_sweep_clears_what_was_left_half_written_and_nothing_else),
        TEST(what_was_found_is_not_cleared_by_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
