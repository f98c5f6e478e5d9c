// What `logs` is made of: which lines, how they look, where they begin in files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "logs_files.h"
#include "logs_filter.h"
#include "logs_follow.h"
#include "logs_lines.h"

static const char plain[] =
    "{\"n\":7,\"time\":\"2026-11-24T10:48:00.000001Z\",\"id\":\"x\",\"type\":\"contact.done\","
    "\"severity\":\"warning\",\"subject\":\"c-1\",\"service\":\"twilio\",\"campaign\":\"spring\","
    "\"contact\":\"c-1\",\"origin\":\"orchestrator-01JDF0000000000000000000AB\","
    "\"message\":\"Contact c-1: Done +1\xE2\x80\xA6"
    "23#0a1b2c3d\",\"data\":{\"to\":\"+12025550123\"}}";

static void a_line_matches_if_all_that_was_asked_for_is_in_it(void **state) {
    (void)state;
    static const struct {
        struct cli_logs_filter filter;
        enum cli_logs_verdict verdict;
    } cases[] = {
        {{0}, CLI_LOGS_MATCH},
        {{.contact = "c-1"}, CLI_LOGS_MATCH},
        {{.contact = "c-"}, CLI_LOGS_OTHER},
        {{.contact = "contact"}, CLI_LOGS_OTHER},
        {{.contact = "(202) 555-0123", .number = "+12025550123"}, CLI_LOGS_MATCH},
        {{.contact = "x", .number = "+12025550124"}, CLI_LOGS_OTHER},
        {{.contact = "x",
          .number = "+12025550124",
          .redacted = "+1\xE2\x80\xA6"
                      "23#0a1b2c3d"},
         CLI_LOGS_MATCH},
        {{.contact = "x",
          .number = "+12025550124",
          .redacted = "+1\xE2\x80\xA6"
                      "24#0a1b2c3d"},
         CLI_LOGS_OTHER},
        {{.contact = "x", .number = "+12025550124", .ids = {"c-0", "c-1"}}, CLI_LOGS_MATCH},
        {{.contact = "x", .number = "+12025550124", .ids = {"c-0", "c-"}}, CLI_LOGS_OTHER},
        {{.service = "twilio"}, CLI_LOGS_MATCH},
        {{.service = "orchestrator"}, CLI_LOGS_MATCH},
        {{.service = "orchestrato"}, CLI_LOGS_OTHER},
        {{.service = "openai"}, CLI_LOGS_OTHER},
        {{.campaign = "spring"}, CLI_LOGS_MATCH},
        {{.campaign = "c-1"}, CLI_LOGS_OTHER},
        {{.type = "contact."}, CLI_LOGS_MATCH},
        {{.type = "contact.done"}, CLI_LOGS_MATCH},
        {{.type = "done"}, CLI_LOGS_OTHER},
        {{.severity = 1}, CLI_LOGS_MATCH},
        {{.severity = 2}, CLI_LOGS_OTHER},
        {{.grep = "done +1"}, CLI_LOGS_MATCH},
        {{.grep = "Done +1"}, CLI_LOGS_MATCH},
        {{.grep = "DONE"}, CLI_LOGS_OTHER},
        {{.since = "2026-11-24T10:48:00.000001Z"}, CLI_LOGS_MATCH},
        {{.since = "2026-11-24T10:48:00.000002Z"}, CLI_LOGS_OTHER},
        {{.until = "2026-11-24T10:48:00.000001Z"}, CLI_LOGS_MATCH},
        {{.until = "2026-11-24T10:48:00.000000Z"}, CLI_LOGS_OTHER},
        {{.contact = "c-1", .service = "twilio", .severity = 3}, CLI_LOGS_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (cli_logs_judge(&cases[i].filter, plain, sizeof plain - 1, NULL) != cases[i].verdict)
            fail_msg("case %zu", i);
}

// Another program may have written the same members in another order, with blanks and escapes.
static void a_line_in_another_form_matches_as_well(void **state) {
    (void)state;
    static const char other[] =
        "{\"severity\": \"error\", \"type\": \"a.b\", \"contact\": "
        "\"J\\u00f6rg \\\"J\\\"\", \"time\": \"2026-11-24T10:48:00.000001Z\"}";
    const struct cli_logs_filter name = {.contact = "J\xC3\xB6rg \"J\""};
    const struct cli_logs_filter late = {.since = "2026-11-24T10:49:00.000000Z"};
    assert_int_equal(cli_logs_judge(&name, other, sizeof other - 1, NULL), CLI_LOGS_MATCH);
    assert_int_equal(cli_logs_judge(&late, other, sizeof other - 1, NULL), CLI_LOGS_OTHER);
    assert_false(cli_logs_before(other, sizeof other - 1, late.since));
    assert_true(cli_logs_before(plain, sizeof plain - 1, late.since));
}

static void what_is_no_line_of_a_log_is_bad(void **state) {
    (void)state;
    static const char *const texts[] = {
        "", "by hand", "{", "[]", "{}", "7", "{\"n\":1", "{\"n\":1,\"type\":7}", "\xFF\xFE"};
    const struct cli_logs_filter all = {0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(cli_logs_judge(&all, texts[i], strlen(texts[i]), NULL), CLI_LOGS_BAD);
    // Every beginning of a line, as a kill may leave it before it is mended.
    for (size_t size = 0; size < sizeof plain - 1; size++)
        assert_int_equal(cli_logs_judge(&all, plain, size, NULL), CLI_LOGS_BAD);
}

static void a_line_for_people_is_aligned_and_says_nothing_else_to_a_terminal(void **state) {
    (void)state;
    json_t *parsed = NULL;
    struct rf_text text = {0};
    const struct cli_logs_filter all = {0};
    assert_int_equal(cli_logs_judge(&all, plain, sizeof plain - 1, &parsed), CLI_LOGS_MATCH);
    cli_logs_text(parsed, false, &text);
    assert_string_equal(text.data, "2026-11-24T10:48:00.000001Z  warning   contact.done          "
                                   "Contact c-1: Done +1\xE2\x80\xA6"
                                   "23#0a1b2c3d");
    rf_text_fini(&text);
    cli_logs_text(parsed, true, &text);
    assert_string_equal(text.data,
                        "\033[2m2026-11-24T10:48:00.000001Z\033[0m  \033[33mwarning \033[0m  "
                        "contact.done          \033[2mContact c-1: Done +1\xE2\x80\xA6"
                        "23#0a1b2c3d\033[0m");
    rf_text_fini(&text);
    json_decref(parsed);
    parsed = json_pack("{s:s, s:s, s:s, s:s}", "time", "\033[2J", "severity", "\033]0;x\007",
                       "type", "a\nb", "message", "\033[31mred\r\n");
    cli_logs_text(parsed, false, &text);
    for (size_t i = 0; i < text.size; i++)
        assert_true((unsigned char)text.data[i] >= ' ');
    rf_text_fini(&text);
    json_decref(parsed);
}

// ---- files ----

struct bench {
    char folder[32], path[64];
};

static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    strcpy(bench->folder, "/tmp/rf-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->path, sizeof bench->path, "%s/a.json", bench->folder);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", bench->folder);
    assert_int_equal(system(command), 0);
    free(bench);
    return 0;
}

static void put(const struct bench *bench, const char *file, const char *data, size_t size) {
    char path[512];
    struct rf_error error;
    snprintf(path, sizeof path, "%s/%s", bench->folder, file);
    assert_int_equal(rf_file_replace(path, data, size, &error), RF_OK);
}

// Lines with these numbers, at that many seconds each.
static void put_lines(const struct bench *bench, const char *file, int first, int last) {
    struct rf_text text = {0};
    for (int n = first; n <= last; n++)
        rf_text_add(&text,
                    "{\"n\":%d,\"time\":\"2026-11-24T10:%02d:%02d.000000Z\",\"type\":\"a.b\","
                    "\"severity\":\"info\",\"message\":\"m\"}\n",
                    n, n / 60, n % 60);
    put(bench, file, text.data, text.size);
    rf_text_fini(&text);
}

struct back_lines {
    char text[256];
    size_t most;
};

static bool take_back(void *arg, const char *line, size_t size, off_t offset) {
    struct back_lines *taken = arg;
    char one[64];
    snprintf(one, sizeof one, "%.*s@%d ", size > 20 ? 20 : (int)size, line, (int)offset);
    strcat(taken->text, one);
    return --taken->most > 0;
}

static const char *backwards(const struct bench *bench, struct back_lines *taken) {
    struct rf_error error;
    int fd = open(bench->path, O_RDONLY);
    assert_int_equal(cli_logs_lines_back(fd, take_back, taken, &error), RF_OK);
    close(fd);
    return taken->text;
}

static void lines_are_read_backwards_with_their_places(void **state) {
    const struct bench *bench = *state;
    static const struct {
        const char *content;
        size_t most;
        const char *expected;
    } cases[] = {
        {"", 9, ""},
        {"torn", 9, ""},
        {"\n", 9, "@0 "},
        {"a\nbb\nccc\n", 9, "ccc@5 bb@2 a@0 "},
        {"a\n\nb\ntorn", 9, "b@3 @2 a@0 "},
        {"a\nbb\nccc\n", 2, "ccc@5 bb@2 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct back_lines taken = {.most = cases[i].most};
        put(bench, "a.json", cases[i].content, strlen(cases[i].content));
        assert_string_equal(backwards(bench, &taken), cases[i].expected);
    }
}

// Around the size of the pieces in which a file is read.
static void a_line_over_the_borders_of_pieces_is_whole_from_both_sides(void **state) {
    const struct bench *bench = *state;
    for (size_t length = (256 << 10) - 4; length <= (256 << 10) + 4; length++) {
        struct cli_logs_lines lines;
        struct rf_error error;
        const char *line;
        size_t size, sizes[3] = {1, length, 2 * length};
        char *data = malloc(3 * length + 16), expected[128], *at = data;
        for (size_t i = 0; i < 3; i++) {
            memset(at, (int)('a' + i), sizes[i]);
            at += sizes[i];
            *at++ = '\n';
        }
        put(bench, "a.json", data, (size_t)(at - data));
        free(data);
        struct back_lines taken = {.most = 9};
        snprintf(expected, sizeof expected, "%.20s@%zu %.20s@2 a@0 ", "cccccccccccccccccccc",
                 length + 3, "bbbbbbbbbbbbbbbbbbbb");
        assert_string_equal(backwards(bench, &taken), expected);
        assert_int_equal(
            cli_logs_lines_open(&lines, open(bench->path, O_RDONLY), RF_PACK_NONE, &error), RF_OK);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(cli_logs_lines_next(&lines, &line, &size, &error), RF_OK);
            assert_non_null(line);
            assert_int_equal(size, sizes[i]);
            assert_int_equal(line[0], 'a' + (int)i);
            assert_int_equal(line[size - 1], 'a' + (int)i);
        }
        assert_int_equal(cli_logs_lines_next(&lines, &line, &size, &error), RF_OK);
        assert_null(line);
        cli_logs_lines_close(&lines);
    }
}

static void a_line_that_is_too_long_is_left_out_and_counted(void **state) {
    const struct bench *bench = *state;
    struct cli_logs_lines lines;
    struct rf_error error;
    const char *line;
    size_t size, long_bytes = CLI_LOGS_LINE_MOST + 600000;
    char *data = malloc(long_bytes + 16);
    memcpy(data, "a\n", 2);
    memset(data + 2, 'x', long_bytes);
    memcpy(data + 2 + long_bytes, "\nb\n", 3);
    put(bench, "a.json", data, long_bytes + 5);
    free(data);
    assert_int_equal(cli_logs_lines_open(&lines, open(bench->path, O_RDONLY), RF_PACK_NONE, &error),
                     RF_OK);
    assert_int_equal(cli_logs_lines_next(&lines, &line, &size, &error), RF_OK);
    assert_memory_equal(line, "a", 1);
    assert_int_equal(cli_logs_lines_next(&lines, &line, &size, &error), RF_OK);
    assert_int_equal(size, 1);
    assert_memory_equal(line, "b", 1);
    assert_int_equal(lines.too_long, 1);
    cli_logs_lines_close(&lines);
    struct back_lines taken = {.most = 1};
    char expected[32];
    snprintf(expected, sizeof expected, "b@%zu ", long_bytes + 3);
    assert_string_equal(backwards(bench, &taken), expected);
}

static void take_number(void *arg, const char *line, size_t size) {
    char one[16];
    (void)size;
    snprintf(one, sizeof one, "%d ", atoi(line + 5));
    strcat(arg, one);
}

// The numbers that would be shown.
static char *shown(const struct bench *bench, const struct cli_logs_filter *filter, int64_t last,
                   char *out) {
    struct cli_logs_files files;
    struct rf_error error = {0};
    out[0] = '\0';
    assert_int_equal(cli_logs_files_open(&files, bench->path, filter, (struct rf_utc){-1}, &error),
                     RF_OK);
    assert_int_equal(cli_logs_files_narrow(&files, filter, last, &error), RF_OK);
    for (size_t i = 0; i < files.count; i++) {
        struct cli_logs_lines lines;
        const char *line;
        size_t size;
        int64_t skip = files.items[i].skip;
        assert_int_equal(cli_logs_file_open(&files.items[i], &error), RF_OK);
        assert_int_equal(lseek(files.items[i].fd, files.items[i].from, SEEK_SET),
                         files.items[i].from);
        assert_int_equal(
            cli_logs_lines_open(&lines, files.items[i].fd, files.items[i].pack, &error), RF_OK);
        files.items[i].fd = -1;
        while (cli_logs_lines_next(&lines, &line, &size, &error) == RF_OK && line != NULL)
            if (cli_logs_judge(filter, line, size, NULL) == CLI_LOGS_MATCH && skip-- <= 0)
                take_number(out, line, size);
        cli_logs_lines_close(&lines);
    }
    cli_logs_files_close(&files);
    return out;
}

static void pack(const struct bench *bench, const char *tool, const char *file) {
    char command[256];
    snprintf(command, sizeof command, "%s %s/%s", tool, bench->folder, file);
    assert_int_equal(system(command), 0);
}

static void put_log(const struct bench *bench) {
    put_lines(bench, "a.json.20261124T100003.000000Z.1-3", 1, 3);
    put_lines(bench, "a.json.20261124T100006.000000Z.4-6", 4, 6);
    put_lines(bench, "a.json.20261124T100009.000000Z.7-9", 7, 9);
    put_lines(bench, "a.json", 10, 12);
    pack(bench, "gzip", "a.json.20261124T100003.000000Z.1-3");
    pack(bench, "zstd -q --rm", "a.json.20261124T100006.000000Z.4-6");
    put(bench, "a.json.20261124T100006.000000Z.4-6.gz.partial", "half", 4);
    put(bench, "a.json.1", "of logrotate\n", 13);
}

static void the_last_lines_are_found_over_all_files(void **state) {
    const struct bench *bench = *state;
    static const struct {
        int64_t last;
        const char *expected;
    } cases[] = {
        {-1, "1 2 3 4 5 6 7 8 9 10 11 12 "},
        {0, ""},
        {1, "12 "},
        {3, "10 11 12 "},
        {4, "9 10 11 12 "},
        {6, "7 8 9 10 11 12 "},
        {8, "5 6 7 8 9 10 11 12 "},
        {11, "2 3 4 5 6 7 8 9 10 11 12 "},
        {12, "1 2 3 4 5 6 7 8 9 10 11 12 "},
        {1000, "1 2 3 4 5 6 7 8 9 10 11 12 "},
    };
    const struct cli_logs_filter all = {0};
    char out[256];
    put_log(bench);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(shown(bench, &all, cases[i].last, out), cases[i].expected);
}

static void a_time_is_found_over_all_files(void **state) {
    const struct bench *bench = *state;
    struct cli_logs_filter filter = {.since = "2026-11-24T10:00:05.000000Z",
                                     .until = "2026-11-24T10:00:11.000000Z"};
    char out[256];
    put_log(bench);
    assert_string_equal(shown(bench, &filter, -1, out), "5 6 7 8 9 10 11 ");
    assert_string_equal(shown(bench, &filter, 3, out), "9 10 11 ");
    strcpy(filter.since, "2026-11-24T12:00:00.000000Z");
    strcpy(filter.until, "");
    assert_string_equal(shown(bench, &filter, -1, out), "");
}

// An event of an outbox, an hour late, stands between newer ones.
static void a_late_event_hides_no_newer_one_before_it(void **state) {
    const struct bench *bench = *state;
    static const char log[] = "{\"n\":1,\"time\":\"2026-11-24T09:00:00.000000Z\",\"type\":\"a\"}\n"
                              "{\"n\":2,\"time\":\"2026-11-24T10:00:00.000000Z\",\"type\":\"a\"}\n"
                              "{\"n\":3,\"time\":\"2026-11-24T09:00:00.000000Z\",\"type\":\"a\"}\n"
                              "{\"n\":4,\"time\":\"2026-11-24T10:01:00.000000Z\",\"type\":\"a\"}\n";
    const struct cli_logs_filter filter = {.since = "2026-11-24T10:00:00.000000Z"};
    char out[256];
    put(bench, "a.json", log, sizeof log - 1);
    assert_string_equal(shown(bench, &filter, -1, out), "2 4 ");
}

static void a_file_that_is_compressed_between_two_looks_is_found(void **state) {
    const struct bench *bench = *state;
    const struct cli_logs_filter all = {0};
    struct cli_logs_files files;
    struct rf_error error;
    put_lines(bench, "a.json.20261124T100003.000000Z.1-3", 1, 3);
    assert_int_equal(cli_logs_files_open(&files, bench->path, &all, (struct rf_utc){-1}, &error),
                     RF_OK);
    assert_int_equal(files.count, 1);
    assert_int_equal(files.ino, 0);
    pack(bench, "gzip", "a.json.20261124T100003.000000Z.1-3");
    assert_int_equal(cli_logs_file_open(&files.items[0], &error), RF_OK);
    assert_int_equal(files.items[0].pack, RF_PACK_GZIP);
    cli_logs_files_close(&files);
    assert_int_equal(cli_logs_files_open(&files, bench->path, &all, (struct rf_utc){-1}, &error),
                     RF_OK);
    pack(bench, "rm", "a.json.20261124T100003.000000Z.1-3.gz");
    assert_int_equal(cli_logs_file_open(&files.items[0], &error), RF_ERR_NOT_FOUND);
    cli_logs_files_close(&files);
}

static void move(const struct bench *bench, const char *to) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", bench->folder, to);
    assert_int_equal(rename(bench->path, path), 0);
}

static void append(const struct bench *bench, const char *text) {
    FILE *file = fopen(bench->path, "a");
    fputs(text, file);
    fclose(file);
}

static void following_goes_on_over_every_kind_of_rotation(void **state) {
    const struct bench *bench = *state;
    const struct cli_logs_filter all = {0};
    struct cli_logs_files files;
    struct rf_error error = {0};
    char out[256] = "";
    struct cli_logs_follow follow = {.path = bench->path, .fn = take_number, .arg = out};
#define LOOK(expected)                                                                             \
    do {                                                                                           \
        out[0] = '\0';                                                                             \
        assert_int_equal(cli_logs_follow_look(&follow, &error), RF_OK);                            \
        assert_string_equal(out, expected);                                                        \
    } while (0)
    put_lines(bench, "a.json.20261124T100003.000000Z.1-3", 1, 3);
    put_lines(bench, "a.json", 4, 5);
    assert_int_equal(cli_logs_files_open(&files, bench->path, &all, (struct rf_utc){-1}, &error),
                     RF_OK);
    assert_int_equal(cli_logs_follow_begin(&follow, &files, &error), RF_OK);
    cli_logs_files_close(&files);
    LOOK("4 5 ");
    LOOK("");
    append(bench, "{\"n\":6}\n{\"n\":7");
    LOOK("6 ");
    append(bench, "}\n");
    LOOK("7 ");
    // Rotated with a line that was not read, and nothing new yet.
    append(bench, "{\"n\":8}\n");
    move(bench, "a.json.20261124T100008.000000Z.4-8");
    LOOK("8 ");
    LOOK("");
    put_lines(bench, "a.json", 9, 9);
    LOOK("9 ");
    // Twice between two looks, and compressed.
    move(bench, "a.json.20261124T100009.000000Z.9-9");
    pack(bench, "gzip", "a.json.20261124T100009.000000Z.9-9");
    put_lines(bench, "a.json.20261124T100011.000000Z.10-11", 10, 11);
    pack(bench, "zstd -q --rm", "a.json.20261124T100011.000000Z.10-11");
    put_lines(bench, "a.json", 12, 12);
    LOOK("10 11 12 ");
    // By logrotate.
    append(bench, "{\"n\":13}\n");
    move(bench, "a.json.1");
    put_lines(bench, "a.json", 14, 14);
    LOOK("13 14 ");
    // And its copytruncate.
    assert_int_equal(truncate(bench->path, 0), 0);
    LOOK("");
    append(bench, "{\"n\":15}\n");
    LOOK("15 ");
    // Half a line that was cut off when the logger started again.
    append(bench, "{\"n\":16,\"x");
    LOOK("");
    assert_int_equal(truncate(bench->path, 9), 0);
    append(bench, "{\"n\":17}\n");
    LOOK("17 ");
    cli_logs_follow_end(&follow);
}

int main(void) {
#define FILES(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_matches_if_all_that_was_asked_for_is_in_it),
        cmocka_unit_test(a_line_in_another_form_matches_as_well),
        cmocka_unit_test(what_is_no_line_of_a_log_is_bad),
        cmocka_unit_test(a_line_for_people_is_aligned_and_says_nothing_else_to_a_terminal),
        FILES(lines_are_read_backwards_with_their_places),
        FILES(a_line_over_the_borders_of_pieces_is_whole_from_both_sides),
        FILES(a_line_that_is_too_long_is_left_out_and_counted),
        FILES(the_last_lines_are_found_over_all_files),
        FILES(a_time_is_found_over_all_files),
        FILES(a_late_event_hides_no_newer_one_before_it),
        FILES(a_file_that_is_compressed_between_two_looks_is_found),
        FILES(following_goes_on_over_every_kind_of_rotation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
