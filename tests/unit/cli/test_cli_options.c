// The command line: words, options anywhere among them, and what is wrong with it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "options.h"

static int run_nothing(const struct cli_options *options) {
    (void)options;
    return 0;
}

static const struct cli_command commands[] = {
    {"status", 0, 0, "", "s", CLI_TAKES(WATCH) | CLI_TAKES(JSON), run_nothing, ""},
    {"campaign run", 1, 1, "CONTACTS.csv", "s", CLI_TAKES(NAME) | CLI_TAKES(JSON), run_nothing, ""},
    {"campaign status", 0, 1, "[NAME]", "s", CLI_TAKES(WATCH), run_nothing, ""},
    {"campaign load", 2, 2, "NAME CONTACTS.csv\n        [--separator SIGN]", "s", 0, run_nothing,
     ""},
    {"campaign priority", 2, 2, "NAME N", "s", CLI_TAKES_BELOW_ZERO | CLI_TAKES(JSON), run_nothing,
     ""},
};

static enum rf_err parse(const char *line, struct cli_options *options, struct rf_error *error) {
    static char buffer[256];
    char *argv[16] = {"ringfence"};
    int argc = 1;
    strncpy(buffer, line, sizeof buffer - 1);
    for (char *word = strtok(buffer, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    return cli_options_parse(commands, sizeof commands / sizeof commands[0], argc, argv, options,
                             error);
}

static void options_may_stand_anywhere(void **state) {
    (void)state;
    static const char *const lines[] = {
        "--config c.yaml --json campaign run list.csv --name n --timeout 250ms",
        "campaign run --name n --json list.csv --config=c.yaml --timeout=250ms",
        "campaign --json --name n run --timeout 250ms list.csv --config c.yaml",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct cli_options options;
        struct rf_error error = {0};
        assert_int_equal(parse(lines[i], &options, &error), RF_OK);
        assert_string_equal(options.command->words, "campaign run");
        assert_string_equal(options.config, "c.yaml");
        assert_string_equal(options.own[CLI_NAME], "n");
        assert_int_equal(options.timeout.ns, 250 * RF_NS_PER_MS);
        assert_true(options.json);
        assert_int_equal(options.count, 1);
        assert_string_equal(options.arguments[0], "list.csv");
    }
}

static void a_number_below_zero_is_a_word(void **state) {
    (void)state;
    static const char *const lines[] = {
        "campaign priority spring -10",
        "campaign priority spring -10 --json",
        "campaign --json priority -- spring -10",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct cli_options options;
        struct rf_error error = {0};
        assert_int_equal(parse(lines[i], &options, &error), RF_OK);
        assert_string_equal(options.command->words, "campaign priority");
        assert_string_equal(options.arguments[0], "spring");
        assert_string_equal(options.arguments[1], "-10");
        assert_int_equal(options.json, i > 0);
    }
    struct cli_options options;
    struct rf_error error = {0};
    assert_int_equal(parse("campaign priority -5 spring --json", &options, &error), RF_OK);
    assert_string_equal(options.arguments[0], "-5");
    assert_int_equal(parse("campaign priority spring -5x", &options, &error), RF_ERR_INVALID);
    assert_string_equal(error.message, "unknown option -5");
}

static void what_is_not_given_has_its_default(void **state) {
    (void)state;
    struct cli_options options;
    struct rf_error error = {0};
    assert_int_equal(parse("status", &options, &error), RF_OK);
    assert_int_equal(options.timeout.ns, 10 * RF_NS_PER_S);
    assert_null(options.config);
    assert_false(options.json);
    assert_int_equal(options.count, 0);
}

static void a_file_may_begin_with_a_dash_behind_two_of_them(void **state) {
    (void)state;
    struct cli_options options;
    struct rf_error error = {0};
    assert_int_equal(parse("campaign run -- -list.csv", &options, &error), RF_OK);
    assert_string_equal(options.arguments[0], "-list.csv");
}

static void a_wrong_line_is_told(void **state) {
    (void)state;
    static const struct {
        const char *line, *message;
    } cases[] = {
        {"", "a command is missing"},
        {"--json", "a command is missing"},
        {"launch", "unknown command \"launch\""},
        {"campaign", "\"campaign\" wants a further word, such as \"campaign run\""},
        {"campaign walk x", "unknown command \"campaign walk\""},
        {"campaign stauts",
         "unknown command \"campaign stauts\"; did you mean \"campaign status\"?"},
        {"satus", "unknown command \"satus\"; did you mean \"status\"?"},
        {"campaign load x", "campaign load: too few arguments; usage: ringfence campaign load NAME "
                            "CONTACTS.csv [--separator SIGN]"},
        {"campaign run", "campaign run: too few arguments; usage: ringfence campaign run "
                         "CONTACTS.csv [--json]"},
        {"status now", "status: too many arguments; usage: ringfence status [--json]"},
        {"campaign status --json", "campaign status: there is no option --json"},
        {"status --name n", "status: there is no option --name"},
        {"status --colour", "unknown option --colour"},
        {"tail -10", "unknown option -10"},
        {"campaign status -3", "unknown option -3"},
        {"-vv status", "unknown option -v"},
        {"status --json=yes", "unknown option --json=yes"},
        {"status --config", "--config needs a value"},
        {"campaign run list.csv --rejects=", "--rejects: the name is empty"},
        {"status --timeout 5",
         "--timeout: \"5\" has no unit; expected a duration with a unit from 1ms to 24h, such as "
         "250ms, 5s, 10m or 1h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_options options;
        struct rf_error error = {0};
        assert_int_equal(parse(cases[i].line, &options, &error), RF_ERR_INVALID);
        assert_string_equal(error.message, cases[i].message);
    }
}

static void help_needs_no_whole_command(void **state) {
    (void)state;
    struct cli_options options;
    struct rf_error error = {0};
    assert_int_equal(parse("--help", &options, &error), RF_OK);
    assert_true(options.help);
    assert_null(options.command);
    assert_int_equal(parse("campaign run --help", &options, &error), RF_OK);
    assert_string_equal(options.command->words, "campaign run");
    assert_int_equal(parse("help", &options, &error), RF_OK);
    assert_true(options.help);
    assert_null(options.command);
    assert_int_equal(parse("help campaign run", &options, &error), RF_OK);
    assert_true(options.help);
    assert_string_equal(options.command->words, "campaign run");
    assert_null(options.group);
    assert_int_equal(parse("help campaign", &options, &error), RF_OK);
    assert_null(options.command);
    assert_string_equal(options.group, "campaign");
    assert_int_equal(parse("campaig --help", &options, &error), RF_OK);
    assert_null(options.group);
    assert_int_equal(parse("--version", &options, &error), RF_OK);
    assert_true(options.version);
}

static void a_time_behind_watch_is_its_interval(void **state) {
    (void)state;
    static const struct {
        const char *line, *interval, *argument;
    } cases[] = {
        {"status --watch", "", NULL},
        {"status --watch=5s", "5s", NULL},
        {"status --watch 500ms", "500ms", NULL},
        {"status --watch 500ms --json", "500ms", NULL},
        {"campaign status --watch spring", "", "spring"},
        {"campaign status --watch 5s spring", "5s", "spring"},
        {"campaign status --watch=1s 5s", "1s", "5s"},
        {"campaign status --watch 2026", "", "2026"},
        {"campaign status 5s --watch", "", "5s"},
        {"--watch 5s campaign status spring", "5s", "spring"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_options options;
        struct rf_error error = {0};
        assert_int_equal(parse(cases[i].line, &options, &error), RF_OK);
        assert_string_equal(options.own[CLI_WATCH], cases[i].interval);
        assert_int_equal(options.count, cases[i].argument != NULL ? 1 : 0);
        if (cases[i].argument != NULL)
            assert_string_equal(options.arguments[0], cases[i].argument);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_anywhere),
        cmocka_unit_test(a_number_below_zero_is_a_word),
        cmocka_unit_test(what_is_not_given_has_its_default),
        cmocka_unit_test(a_file_may_begin_with_a_dash_behind_two_of_them),
        cmocka_unit_test(a_wrong_line_is_told),
        cmocka_unit_test(help_needs_no_whole_command),
        cmocka_unit_test(a_time_behind_watch_is_its_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
