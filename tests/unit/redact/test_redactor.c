// The redaction of a process follows the files of its secrets, and does not forget at once.
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

#include "config/config.h"
#include "redact/redact.h"
#include "redact/redactor.h"

#define KEY_FILE "openai.key"

struct bench {
    char folder[64];
    char before[1024];
    struct rf_config *config;
    struct rf_redactor *redactor;
    struct rf_instant now;
};

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

// As an editor or an orchestrator of secrets does: a new file in the old one's place.
static void replace_file(const char *name, const char *text) {
    write_file("fresh", text);
    assert_int_equal(rename("fresh", name), 0);
}

static struct rf_config *load(const char *yaml) {
    struct rf_config *config;
    struct rf_error error;
    write_file("ringfence.yaml", yaml);
    enum rf_err err = rf_config_load("ringfence.yaml", &config, &error);
    if (err != RF_OK)
        fail_msg("%s", error.message);
    return config;
}

static void begin(struct bench *b, const char *yaml) {
    struct rf_error error;
    b->config = load(yaml);
    b->now = (struct rf_instant){1000 * RF_NS_PER_S};
    assert_int_equal(rf_redactor_new(b->config, RF_REDACTOR_ALL, b->now, &b->redactor, &error),
                     RF_OK);
}

static void take(struct bench *b, const char *yaml) {
    struct rf_error error;
    struct rf_config *fresh = load(yaml);
    assert_int_equal(rf_redactor_take(b->redactor, fresh, b->now, &error), RF_OK);
    rf_config_destroy(&b->config);
    b->config = fresh;
}

static void advance(struct bench *b, struct rf_duration time) {
    b->now = rf_instant_add(b->now, time);
}

static int setup(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    snprintf(b->folder, sizeof b->folder, "/tmp/test_redactor.XXXXXX");
    if (getcwd(b->before, sizeof b->before) == NULL || mkdtemp(b->folder) == NULL ||
        chdir(b->folder) != 0)
        return -1;
    *state = b;
    return 0;
}

static int teardown(void **state) {
    struct bench *b = *state;
    char command[128];
    rf_redactor_destroy(&b->redactor);
    rf_config_destroy(&b->config);
    int left = chdir(b->before);
    snprintf(command, sizeof command, "rm -rf %s", b->folder);
    left = left != 0 ? left : system(command);
    free(b);
    return left;
}

static void assert_hidden(struct bench *b, const char *secret, bool hidden) {
    struct rf_text out = {0};
    const struct rf_redaction *redaction = rf_redactor_now(b->redactor, b->now);
    rf_redact_add(redaction, secret, strlen(secret), &out);
    if ((strcmp(out.data, RF_REDACTED) == 0) != hidden)
        fail_msg("%s became %s", secret, out.data);
    rf_text_fini(&out);
}

static const char one_key[] =
    "state_dir: state\nproviders: {openai: {key: \"file:" KEY_FILE "\"}}\n";

static void a_new_value_of_a_file_is_known_from_the_next_look_on(void **state) {
    struct bench *b = *state;
    write_file(KEY_FILE, "first value\n");
    begin(b, one_key);
    assert_hidden(b, "first value", true);
    assert_hidden(b, "other value", false);
    advance(b, rf_seconds(3600));
    assert_hidden(b, "first value", true);
    replace_file(KEY_FILE, "other value\n");
    assert_hidden(b, "other value", true);
    assert_hidden(b, "first value", true);
}

static void a_change_that_the_file_systems_clock_does_not_show_is_seen(void **state) {
    struct bench *b = *state;
    struct stat is;
    write_file(KEY_FILE, "value one");
    begin(b, one_key);
    // Before the first look, after the configuration was read.
    write_file(KEY_FILE, "value two");
    assert_hidden(b, "value two", true);
    assert_int_equal(stat(KEY_FILE, &is), 0);
    // In place, of the same length, with the same time. A tick later its change time tells.
    write_file(KEY_FILE, "value six");
    struct timespec times[2] = {is.st_atim, is.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, KEY_FILE, times, 0), 0);
    assert_hidden(b, "value six", true);
    assert_hidden(b, "value two", true);
    assert_hidden(b, "value one", true);
}

static void a_former_value_is_hidden_for_a_day(void **state) {
    struct bench *b = *state;
    write_file(KEY_FILE, "first value");
    begin(b, one_key);
    replace_file(KEY_FILE, "other value");
    assert_hidden(b, "other value", true);
    advance(b, rf_ns(RF_REDACTOR_FORMER.ns - 1));
    assert_hidden(b, "first value", true);
    advance(b, rf_ns(1));
    assert_hidden(b, "first value", false);
    assert_hidden(b, "other value", true);
}

static void of_too_many_former_values_the_oldest_goes(void **state) {
    struct bench *b = *state;
    char value[32];
    write_file(KEY_FILE, "value-00");
    begin(b, one_key);
    for (int i = 1; i <= RF_REDACTOR_FORMER_MOST + 1; i++) {
        snprintf(value, sizeof value, "value-%02d", i);
        replace_file(KEY_FILE, value);
        assert_hidden(b, value, true);
    }
    assert_hidden(b, "value-00", false);
    assert_hidden(b, "value-01", true);
}

static void a_reload_keeps_what_was_a_secret(void **state) {
    struct bench *b = *state;
    write_file(KEY_FILE, "first value");
    begin(b, one_key);
    take(b, "state_dir: state\nproviders: {anthropic: {key: plain-old-key}}\n");
    assert_hidden(b, "first value", true);
    assert_hidden(b, "plain-old-key", true);
    take(b, "state_dir: state\n");
    assert_hidden(b, "plain-old-key", true);
    advance(b, RF_REDACTOR_FORMER);
    assert_hidden(b, "plain-old-key", false);
}

static void a_file_that_cannot_be_read_leaves_its_value(void **state) {
    struct bench *b = *state;
    write_file(KEY_FILE, "first value");
    begin(b, one_key);
    assert_int_equal(unlink(KEY_FILE), 0);
    assert_hidden(b, "first value", true);
    replace_file(KEY_FILE, ""); // half of a change
    assert_hidden(b, "first value", true);
    write_file(KEY_FILE, "other value");
    assert_hidden(b, "other value", true);
}

static void each_part_of_a_secret_is_one(void **state) {
    struct bench *b = *state;
    begin(
        b,
        "state_dir: state\n"
        "alerter:\n"
        "  webhook: {secret: 'whsec_bmV3IG9uZSAwMDAwMDA= whsec_b2xkIG9uZSAwMDAwMDA='}\n"
        "  channels:\n"
        "    - {name: chat, shape: slack, url: 'https://chat.example/in/T0/B0/one-of-ours'}\n"
        "logger: {otlp: {headers: ['Authorization: Zap one.of-ours.too', 'x-own: third one']}}\n");
    static const char *const parts[] = {
        "whsec_bmV3IG9uZSAwMDAwMDA=",
        "b2xkIG9uZSAwMDAwMDA=",
        "/in/T0/B0/one-of-ours",
        "one.of-ours.too",
        "third one",
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_hidden(b, parts[i], true);
}

static void for_the_journal_only_secrets_are_hidden_and_no_key_is_made(void **state) {
    struct bench *b = *state;
    struct rf_text out = {0};
    struct rf_error error;
    write_file(KEY_FILE, "first value");
    b->config = load(one_key);
    assert_int_equal(rf_redactor_new(b->config, RF_REDACTOR_SECRETS, b->now, &b->redactor, &error),
                     RF_OK);
    static const char text[] = "+12025550123 with first value";
    rf_redact_add(rf_redactor_now(b->redactor, b->now), text, strlen(text), &out);
    assert_string_equal(out.data, "+12025550123 with " RF_REDACTED);
    rf_text_fini(&out);
    assert_int_not_equal(access("state", F_OK), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_value_of_a_file_is_known_from_the_next_look_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_change_that_the_file_systems_clock_does_not_show_is_seen,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_former_value_is_hidden_for_a_day, setup, teardown),
        cmocka_unit_test_setup_teardown(of_too_many_former_values_the_oldest_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reload_keeps_what_was_a_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_read_leaves_its_value, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(each_part_of_a_secret_is_one, setup, teardown),
        cmocka_unit_test_setup_teardown(for_the_journal_only_secrets_are_hidden_and_no_key_is_made,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
