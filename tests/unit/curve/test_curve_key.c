// Keys: made, written, read again; and which endpoints need them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "curve/endpoint.h"
#include "curve/key.h"

struct fixture {
    char folder[64];
    char secret[96], open[96];
    struct rf_curve_pair pair;
};

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct rf_error error;
    assert_non_null(fixture);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/rf-curve-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->secret, sizeof fixture->secret, "%s/k.secret", fixture->folder);
    snprintf(fixture->open, sizeof fixture->open, "%s/k.public", fixture->folder);
    assert_int_equal(rf_curve_pair_new(&fixture->pair, &error), RF_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    unlink(fixture->secret);
    unlink(fixture->open);
    assert_int_equal(rmdir(fixture->folder), 0);
    free(fixture);
    return 0;
}

static void write_pair(const struct fixture *fixture) {
    struct rf_error error = {0};
    if (rf_curve_pair_write(&fixture->pair, fixture->folder, "k", &error) != RF_OK)
        fail_msg("%s", error.message);
}

static void write_text(const char *path, const char *text) {
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static void what_is_written_can_be_read(void **state) {
    const struct fixture *fixture = *state;
    struct rf_curve_pair again;
    char key[RF_CURVE_KEY_SIZE], name[RF_CURVE_NAME_SIZE];
    struct rf_error error = {0};
    write_pair(fixture);
    assert_int_equal(rf_curve_secret_read(fixture->secret, &again, &error), RF_OK);
    assert_string_equal(again.secret, fixture->pair.secret);
    assert_string_equal(again.public_key, fixture->pair.public_key);
    assert_int_equal(rf_curve_public_read(fixture->open, key, name, &error), RF_OK);
    assert_string_equal(key, fixture->pair.public_key);
    assert_string_equal(name, "k");
    rf_curve_pair_wipe(&again);
    assert_string_equal(again.secret, "");
}

static void the_secret_is_for_its_owner_alone(void **state) {
    const struct fixture *fixture = *state;
    struct stat status;
    write_pair(fixture);
    assert_int_equal(stat(fixture->secret, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0660, 0644};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct rf_curve_pair pair;
        struct rf_error error = {0};
        assert_int_equal(chmod(fixture->secret, modes[i]), 0);
        assert_int_equal(rf_curve_secret_read(fixture->secret, &pair, &error), RF_ERR_INVALID);
        assert_non_null(strstr(error.message, "chmod 600"));
        assert_null(strstr(error.message, fixture->pair.secret));
    }
}

static void a_key_that_is_there_is_not_replaced(void **state) {
    const struct fixture *fixture = *state;
    struct rf_curve_pair other, again;
    struct rf_error error = {0};
    write_pair(fixture);
    assert_int_equal(rf_curve_pair_new(&other, &error), RF_OK);
    // Neither of the two, whichever is there.
    assert_int_equal(rf_curve_pair_write(&other, fixture->folder, "k", &error), RF_ERR_CONFLICT);
    unlink(fixture->open);
    assert_int_equal(rf_curve_pair_write(&other, fixture->folder, "k", &error), RF_ERR_CONFLICT);
    assert_int_equal(access(fixture->open, F_OK), -1);
    assert_int_equal(rf_curve_secret_read(fixture->secret, &again, &error), RF_OK);
    assert_string_equal(again.secret, fixture->pair.secret);
}

static void files_without_a_key_are_refused(void **state) {
    const struct fixture *fixture = *state;
    struct rf_curve_pair pair;
    char key[RF_CURVE_KEY_SIZE], name[RF_CURVE_NAME_SIZE];
    struct rf_error error;
    static const char *const texts[] = {
        "",
        "\n",
        "# only a comment\n",
        "too short\n",
        "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7x\n", // one too long
        "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf\x80\n",
        "secret \n",
        "secret rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7x\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_text(fixture->secret, texts[i]);
        assert_int_equal(rf_curve_secret_read(fixture->secret, &pair, &error), RF_ERR_INVALID);
        assert_int_equal(rf_curve_public_read(fixture->secret, key, name, &error), RF_ERR_INVALID);
    }
    write_text(fixture->open, "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7 no/name\n");
    assert_int_equal(rf_curve_public_read(fixture->open, key, name, &error), RF_ERR_INVALID);
    unlink(fixture->secret);
    assert_int_equal(rf_curve_secret_read(fixture->secret, &pair, &error), RF_ERR_NOT_FOUND);
    assert_int_equal(rf_curve_secret_read(fixture->folder, &pair, &error), RF_ERR_INVALID);
}

static void a_secret_key_is_not_taken_for_a_public_one_nor_the_other_way_round(void **state) {
    const struct fixture *fixture = *state;
    struct rf_curve_pair pair;
    char key[RF_CURVE_KEY_SIZE], name[RF_CURVE_NAME_SIZE];
    struct rf_error error;
    write_pair(fixture);
    assert_int_equal(rf_curve_public_read(fixture->secret, key, name, &error), RF_ERR_INVALID);
    assert_null(strstr(error.message, fixture->pair.secret));
    assert_int_equal(chmod(fixture->open, 0600), 0);
    assert_int_equal(rf_curve_secret_read(fixture->open, &pair, &error), RF_ERR_INVALID);
}

static void a_key_without_a_name_is_fine(void **state) {
    const struct fixture *fixture = *state;
    char key[RF_CURVE_KEY_SIZE], name[RF_CURVE_NAME_SIZE];
    struct rf_error error = {0};
    write_text(fixture->open, "  rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\r\n");
    assert_int_equal(rf_curve_public_read(fixture->open, key, name, &error), RF_OK);
    assert_string_equal(key, "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7");
    assert_string_equal(name, "");
}

static void loopback_is_told_from_everything_else(void **state) {
    (void)state;
    static const struct {
        const char *endpoint;
        bool tcp, loopback;
    } cases[] = {
        {"ipc:///tmp/x", false, false},
        {"tcp://127.0.0.1:7000", true, true},
        {"tcp://127.9.9.9:7000", true, true},
        {"tcp://[::1]:7000", true, true},
        {"tcp://localhost:7000", true, true},
        {"tcp://*:7000", true, false},
        {"tcp://0.0.0.0:7000", true, false},
        {"tcp://[::]:7000", true, false},
        {"tcp://128.0.0.1:7000", true, false},
        {"tcp://localhost.example.com:7000", true, false},
        {"tcp://127.0.0.1.example.com:7000", true, false},
        {"tcp://192.0.2.1:0;127.0.0.1:7000", true, false},
        {"tcp://127.0.0.1:0;192.0.2.1:7000", true, false},
        {"tcp://eth0:7000", true, false},
        {"tcp://7000", true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(rf_endpoint_is_tcp(cases[i].endpoint), cases[i].tcp);
        if (rf_endpoint_is_loopback(cases[i].endpoint) != cases[i].loopback)
            fail_msg("%s", cases[i].endpoint);
    }
}

static void the_path_of_a_secret_names_the_service(void **state) {
    (void)state;
    char path[32];
    struct rf_error error;
    assert_int_equal(rf_curve_path("/k/{service}.secret", "broker", path, sizeof path, &error),
                     RF_OK);
    assert_string_equal(path, "/k/broker.secret");
    assert_int_equal(rf_curve_path("/k/one", "broker", path, sizeof path, &error), RF_OK);
    assert_string_equal(path, "/k/one");
    assert_int_equal(rf_curve_path("/{service}/{service}{", "a", path, sizeof path, &error), RF_OK);
    assert_string_equal(path, "/a/a{");
    assert_int_equal(
        rf_curve_path("/{service}", "0123456789012345678901234567890", path, sizeof path, &error),
        RF_ERR_INVALID);
    assert_int_equal(
        rf_curve_path("/{service}", "012345678901234567890123456789", path, sizeof path, &error),
        RF_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_can_be_read, setup, teardown),
        cmocka_unit_test_setup_teardown(the_secret_is_for_its_owner_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_that_is_there_is_not_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(files_without_a_key_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_secret_key_is_not_taken_for_a_public_one_nor_the_other_way_round, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_without_a_name_is_fine, setup, teardown),
        cmocka_unit_test(loopback_is_told_from_everything_else),
        cmocka_unit_test(the_path_of_a_secret_names_the_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
