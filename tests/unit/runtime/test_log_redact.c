// What a process says on stderr holds no secret and no number, whatever the process is given.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "runtime/log_redact.h"

#define THREADS 4
#define LINES   200

struct bench {
    char folder[64], before[1024];
    int stderr_fd;
    struct rf_config *config;
    struct rf_log_redaction redaction;
};

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct rf_config *load(const char *yaml) {
    struct rf_config *config;
    struct rf_error error;
    write_file("ringfence.yaml", yaml);
    if (rf_config_load("ringfence.yaml", &config, &error) != RF_OK)
        fail_msg("%s", error.message);
    return config;
}

// What was written to stderr since the last look, without the words before each line.
static char *said(void) {
    static char text[1 << 20];
    FILE *file = fopen("stderr", "r");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    fclose(file);
    assert_int_equal(ftruncate(STDERR_FILENO, 0), 0);
    return text;
}

static int setup(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    snprintf(b->folder, sizeof b->folder, "/tmp/test_log_redact.XXXXXX");
    if (getcwd(b->before, sizeof b->before) == NULL || mkdtemp(b->folder) == NULL ||
        chdir(b->folder) != 0)
        return -1;
    int file = open("stderr", O_CREAT | O_RDWR | O_APPEND, 0600);
    b->stderr_fd = dup(STDERR_FILENO);
    if (file < 0 || b->stderr_fd < 0 || dup2(file, STDERR_FILENO) < 0)
        return -1;
    close(file);
    *state = b;
    return 0;
}

static int teardown(void **state) {
    struct bench *b = *state;
    char command[128];
    dup2(b->stderr_fd, STDERR_FILENO);
    close(b->stderr_fd);
    rf_log_redact_end(&b->redaction);
    rf_config_destroy(&b->config);
    snprintf(command, sizeof command, "rm -rf '%s'", b->folder);
    int failed = chdir(b->before) != 0 || system(command) != 0;
    free(b);
    return failed;
}

static void start(struct bench *b, const char *yaml) {
    struct rf_error error;
    b->config = load(yaml);
    assert_int_equal(rf_log_redact_start(&b->redaction, b->config, &error), RF_OK);
}

static void secrets_and_numbers_are_taken_out_of_lines(void **state) {
    write_file("key", "the-key-of-openai");
    start(*state, "providers: {openai: {key: \"file:key\"}}\n");
    rf_log(RF_LOG_INFO, "it answered: wrong key the-key-of-openai for %s", "+12025550123");
    char *line = said();
    assert_null(strstr(line, "the-key-of-openai"));
    assert_null(strstr(line, "2025550"));
    assert_non_null(strstr(line, "info: it answered: wrong key [redacted] for +1"));
    assert_int_equal(line[strlen(line) - 1], '\n');
    rf_log(RF_LOG_INFO, "nothing in it");
    assert_string_equal(said(), "ringfence: info: nothing in it\n");
}

static void a_secret_that_changed_in_its_file_is_known_to_the_next_line(void **state) {
    write_file("key", "the-key-of-openai");
    start(*state, "providers: {openai: {key: \"file:key\"}}\n");
    write_file("fresh", "another-one-of-them");
    assert_int_equal(rename("fresh", "key"), 0);
    rf_log(RF_LOG_INFO, "first the-key-of-openai, then another-one-of-them");
    assert_string_equal(said(), "ringfence: info: first [redacted], then [redacted]\n");
}

static void what_cannot_be_read_is_not_told_from_within(void **state) {
    write_file("key", "the-key-of-openai");
    start(*state, "providers: {openai: {key: \"file:key\"}}\n");
    assert_int_equal(unlink("key"), 0);
    rf_log(RF_LOG_INFO, "wrong key the-key-of-openai");
    assert_string_equal(said(), "ringfence: info: wrong key [redacted]\n");
}

static void a_process_without_a_place_for_the_key_redacts_all_the_same(void **state) {
    write_file("state", "a file, not a folder");
    start(*state, "state_dir: state\n");
    rf_log(RF_LOG_INFO, "of %s", "+12025550123");
    assert_null(strstr(said(), "2025550"));
}

static void a_reload_brings_other_secrets(void **state) {
    struct bench *b = *state;
    struct rf_error error;
    write_file("key", "the-key-of-openai");
    write_file("other", "another-one-of-them");
    start(b, "providers: {openai: {key: \"file:key\"}}\n");
    rf_config_destroy(&b->config);
    b->config = load("providers: {openai: {key: \"file:other\"}}\n");
    assert_int_equal(rf_log_redact_take(&b->redaction, b->config, &error), RF_OK);
    rf_log(RF_LOG_INFO, "the-key-of-openai, another-one-of-them");
    assert_string_equal(said(), "ringfence: info: [redacted], [redacted]\n");
    rf_log_redact_end(&b->redaction);
    rf_log(RF_LOG_INFO, "the-key-of-openai");
    assert_string_equal(said(), "ringfence: info: the-key-of-openai\n");
}

static void a_line_that_grows_is_cut_at_its_end(void **state) {
    char yaml[64], text[2000] = "";
    snprintf(yaml, sizeof yaml, "providers: {openai: {key: \"file:key\"}}\n");
    write_file("key", "#-#-");
    start(*state, yaml);
    for (size_t i = 0; i + 6 < sizeof text; i += 6)
        strcat(text, " #-#- ");
    rf_log(RF_LOG_INFO, "%s", text);
    char *line = said();
    assert_int_equal(strlen(line), 2047);
    assert_int_equal(line[2046], '\n');
    assert_null(strstr(line, "#-#-"));
}

static void *say_lines(void *arg) {
    for (int i = 0; i < LINES; i++)
        rf_log(RF_LOG_INFO, "the-key-of-openai said by %s", (const char *)arg);
    return NULL;
}

static void any_thread_may_say_a_line_also_while_others_and_a_reload_go_on(void **state) {
    struct bench *b = *state;
    struct rf_error error;
    pthread_t threads[THREADS];
    write_file("key", "the-key-of-openai");
    start(b, "providers: {openai: {key: \"file:key\"}}\n");
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, say_lines, "one"), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(rf_log_redact_take(&b->redaction, b->config, &error), RF_OK);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    size_t lines = 0;
    char *text = said();
    assert_null(strstr(text, "the-key-of-openai"));
    for (char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, THREADS * LINES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(secrets_and_numbers_are_taken_out_of_lines, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_secret_that_changed_in_its_file_is_known_to_the_next_line,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_not_told_from_within, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_process_without_a_place_for_the_key_redacts_all_the_same,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_reload_brings_other_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_that_grows_is_cut_at_its_end, setup, teardown),
        cmocka_unit_test_setup_teardown(
            any_thread_may_say_a_line_also_while_others_and_a_reload_go_on, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
