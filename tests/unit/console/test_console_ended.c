// Sessions that were logged out: what is remembered of them, for how long, and over restarts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ended.h"

static const struct rf_utc now = {INT64_C(1800000000) * RF_NS_PER_S};

static struct console_session session_of(unsigned number, int64_t seconds) {
    struct console_session session = {.expires = rf_utc_add(now, rf_seconds(seconds))};
    snprintf(session.nonce, sizeof session.nonce, "%032x", number);
    return session;
}

static void one_that_was_logged_out_is_known_until_its_end(void **state) {
    static struct console_ended ended;
    struct console_session one = session_of(1, 60), other = session_of(2, 90);
    (void)state;
    console_ended_add(&ended, &one, now);
    console_ended_add(&ended, &one, now);
    assert_int_equal(ended.count, 1);
    assert_true(console_ended_has(&ended, &one));
    assert_false(console_ended_has(&ended, &other));
    console_ended_add(&ended, &other, rf_utc_add(now, rf_seconds(61)));
    assert_int_equal(ended.count, 1);
    assert_true(console_ended_has(&ended, &other));
}

static void where_there_are_too_many_the_first_to_end_is_forgotten(void **state) {
    static struct console_ended ended;
    (void)state;
    for (unsigned i = 0; i <= CONSOLE_ENDED_MOST; i++) {
        struct console_session session = session_of(i, 5000 - i);
        console_ended_add(&ended, &session, now);
    }
    struct console_session first = session_of(0, 0), before = session_of(CONSOLE_ENDED_MOST - 1, 0),
                           last = session_of(CONSOLE_ENDED_MOST, 0);
    assert_int_equal(ended.count, CONSOLE_ENDED_MOST);
    assert_true(console_ended_has(&ended, &first));
    assert_false(console_ended_has(&ended, &before));
    assert_true(console_ended_has(&ended, &last));
}

static void a_restart_does_not_forget_them(void **state) {
    static struct console_ended ended, again, late;
    char path[] = "/tmp/rf-ended-XXXXXX";
    struct rf_error error;
    struct console_session one = session_of(1, 60), other = session_of(2, 90);
    (void)state;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    console_ended_add(&ended, &one, now);
    console_ended_add(&ended, &other, now);
    assert_int_equal(console_ended_save(&ended, path, &error), RF_OK);
    assert_int_equal(console_ended_load(&again, path, now, &error), RF_OK);
    assert_int_equal(again.count, 2);
    assert_true(console_ended_has(&again, &one) && console_ended_has(&again, &other));
    assert_int_equal(console_ended_load(&late, path, rf_utc_add(now, rf_seconds(70)), &error),
                     RF_OK);
    assert_int_equal(late.count, 1);
    close(fd);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("nonsense\n", file);
    fclose(file);
    assert_int_not_equal(console_ended_load(&again, path, now, &error), RF_OK);
    assert_non_null(strstr(error.message, path));
    unlink(path);
    assert_int_equal(console_ended_load(&again, path, now, &error), RF_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_was_logged_out_is_known_until_its_end),
        cmocka_unit_test(where_there_are_too_many_the_first_to_end_is_forgotten),
        cmocka_unit_test(a_restart_does_not_forget_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
