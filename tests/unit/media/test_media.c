// The signed media paths: what the orchestrator signs is what the console accepts, and nothing
// else.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "media/media.h"

#define SECRET "a secret of the console"
#define HASH   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct rf_utc expiry = {1800000000 * RF_NS_PER_S};

static void make(char *path) {
    struct rf_error error;
    assert_int_equal(rf_media_path(SECRET, expiry, HASH, "mp3", path, &error), RF_OK);
}

// The value comes from: printf '%s' "1800000000/$HASH.mp3" | openssl dgst -sha256 -hmac "$SECRET"
static void a_path_is_the_documented_hmac(void **state) {
    (void)state;
    char path[RF_MEDIA_PATH_SIZE];
    make(path);
    assert_string_equal(path, "/media/1800000000/2d22aaf11fe7e86a90e283ebffef7a9c/" HASH ".mp3");
}

static void a_signed_path_is_accepted_and_names_its_file(void **state) {
    (void)state;
    char path[RF_MEDIA_PATH_SIZE], file[RF_MEDIA_FILE_SIZE];
    make(path);
    assert_true(rf_media_check(SECRET, path, (struct rf_utc){0}, file));
    assert_string_equal(file, HASH ".mp3");
}

static void a_path_is_valid_through_its_expiry_and_not_a_second_longer(void **state) {
    (void)state;
    char path[RF_MEDIA_PATH_SIZE], file[RF_MEDIA_FILE_SIZE];
    make(path);
    assert_true(rf_media_check(SECRET, path, expiry, file));
    assert_true(rf_media_check(SECRET, path, rf_utc_add(expiry, rf_ms(999)), file));
    assert_false(rf_media_check(SECRET, path, rf_utc_add(expiry, rf_seconds(1)), file));
    assert_string_equal(file, "");
}

// Every byte of the path is under the signature or fixed by the form.
static void a_change_of_any_one_byte_is_refused(void **state) {
    (void)state;
    char path[RF_MEDIA_PATH_SIZE], file[RF_MEDIA_FILE_SIZE];
    make(path);
    for (size_t i = 0; i < strlen(path); i++) {
        char changed[RF_MEDIA_PATH_SIZE];
        memcpy(changed, path, sizeof changed);
        changed[i] = changed[i] == '7' ? '8' : '7';
        if (rf_media_check(SECRET, changed, (struct rf_utc){0}, file))
            fail_msg("accepted with byte %zu changed: %s", i, changed);
    }
}

static void another_secret_or_none_is_refused(void **state) {
    (void)state;
    char path[RF_MEDIA_PATH_SIZE], file[RF_MEDIA_FILE_SIZE];
    make(path);
    assert_false(rf_media_check("another", path, (struct rf_utc){0}, file));
    assert_false(rf_media_check("", path, (struct rf_utc){0}, file));
    assert_false(rf_media_check(NULL, path, (struct rf_utc){0}, file));
}

static void paths_of_another_form_are_refused(void **state) {
    (void)state;
    static const char *const paths[] = {
        "",
        "/",
        "/media",
        "/media/",
        "/media/1800000000",
        "/media/1800000000/",
        "/media//0123456789abcdef0123456789abcdef/" HASH ".mp3",
        "/media/-1/0123456789abcdef0123456789abcdef/" HASH ".mp3",
        "/media/99999999999999999999999/0123456789abcdef0123456789abcdef/" HASH ".mp3",
        "/media/1800000000/0123456789abcdef0123456789abcdef/../" HASH ".mp3",
        "/media/1800000000/0123456789abcdef0123456789abcdef/" HASH,
        "/media/1800000000/0123456789abcdef0123456789abcdef/" HASH ".",
        "/media/1800000000/0123456789abcdef0123456789abcdef/" HASH ".mp3/..",
        "/media/1800000000/0123456789abcdef0123456789abcdef/" HASH "0.mp3",
        "/media/1800000000/0123456789abcdef0123456789abcdef/etc/passwd",
    };
    char file[RF_MEDIA_FILE_SIZE];
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (rf_media_check(SECRET, paths[i], (struct rf_utc){0}, file))
            fail_msg("accepted: %s", paths[i]);
}

static void text_after_a_signed_path_is_refused(void **state) {
    (void)state;
    static const char *const tails[] = {"/", "x", ".mp3", "\n", " "};
    char path[RF_MEDIA_PATH_SIZE], file[RF_MEDIA_FILE_SIZE];
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        char longer[RF_MEDIA_PATH_SIZE + 8];
        make(path);
        snprintf(longer, sizeof longer, "%s%s", path, tails[i]);
        assert_false(rf_media_check(SECRET, longer, (struct rf_utc){0}, file));
    }
}

// 01800000000 means the same number; were it signed too, a path would have more than one spelling.
static void an_expiry_with_a_leading_zero_is_refused(void **state) {
    (void)state;
    char path[RF_MEDIA_PATH_SIZE], changed[RF_MEDIA_PATH_SIZE + 1], file[RF_MEDIA_FILE_SIZE];
    make(path);
    snprintf(changed, sizeof changed, "/media/0%s", path + strlen("/media/"));
    assert_false(rf_media_check(SECRET, changed, (struct rf_utc){0}, file));
}

static void what_cannot_be_signed_is_an_error(void **state) {
    (void)state;
    char upper[] = HASH;
    upper[0] = 'E';
    const struct {
        const char *secret, *hash, *format;
        int64_t expiry_ns;
    } cases[] = {
        {"", HASH, "mp3", 1},        {NULL, HASH, "mp3", 1},       {SECRET, "", "mp3", 1},
        {SECRET, upper, "mp3", 1},   {SECRET, HASH "0", "mp3", 1}, {SECRET, HASH, "", 1},
        {SECRET, HASH, "../etc", 1}, {SECRET, HASH, "MP3", 1},     {SECRET, HASH, "ninechars", 1},
        {SECRET, HASH, "mp3", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[RF_MEDIA_PATH_SIZE];
        struct rf_error error = {0};
        enum rf_err code = rf_media_path(cases[i].secret, (struct rf_utc){cases[i].expiry_ns},
                                         cases[i].hash, cases[i].format, path, &error);
        if (code != RF_ERR_INVALID || error.message[0] == '\0' || path[0] != '\0')
            fail_msg("case %zu was signed", i);
    }
}

static void the_content_type_follows_the_suffix(void **state) {
    (void)state;
    assert_string_equal(rf_media_content_type(HASH ".mp3"), "audio/mpeg");
    assert_string_equal(rf_media_content_type(HASH ".wav"), "audio/wav");
    assert_string_equal(rf_media_content_type(HASH ".ulaw"), "audio/basic");
    assert_null(rf_media_content_type(HASH ".html"));
    assert_null(rf_media_content_type(HASH));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_the_documented_hmac),
        cmocka_unit_test(a_signed_path_is_accepted_and_names_its_file),
        cmocka_unit_test(a_path_is_valid_through_its_expiry_and_not_a_second_longer),
        cmocka_unit_test(a_change_of_any_one_byte_is_refused),
        cmocka_unit_test(another_secret_or_none_is_refused),
        cmocka_unit_test(paths_of_another_form_are_refused),
        cmocka_unit_test(text_after_a_signed_path_is_refused),
        cmocka_unit_test(an_expiry_with_a_leading_zero_is_refused),
        cmocka_unit_test(what_cannot_be_signed_is_an_error),
        cmocka_unit_test(the_content_type_follows_the_suffix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
