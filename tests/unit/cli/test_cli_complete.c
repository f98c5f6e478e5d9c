// What can come next in a command line, from the table of commands alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "complete.h"

static const struct cli_command commands[] = {
    {"status", 0, 0, "", "how it is\nmore", CLI_TAKES(JSON), NULL, ""},
    {"campaign run", 1, 1,
     "CONTACTS.csv [--name NAME] [--map NAME=COLUMN]...\n        [--out FOLDER]", "run",
     CLI_TAKES(NAME) | CLI_TAKES(MAP) | CLI_TAKES(OUT), NULL, ""},
    {"campaign load", 2, 2, "NAME CONTACTS.csv", "load", CLI_TAKES(JSON), NULL, ""},
    {"campaign export", 1, 1, "NAME [--format csv|jsonl]", "export", CLI_TAKES(FORMAT), NULL, ""},
    {"mark clear", 1, 1, "PROVIDER[/KEY]", "clear", 0, NULL, ""},
    {"keys revoke", 1, 1, "NAME|KEY|FILE", "revoke", 0, NULL, ""},
    {"tail", 0, 16, "[TOPIC]... [--last N] [--campaign NAME]", "tail",
     CLI_TAKES(LAST) | CLI_TAKES(CAMPAIGN), NULL, ""},
    {"alert resend", 0, 1, "NOTICE|--all [--channel NAME]", "resend",
     CLI_TAKES(ALL) | CLI_TAKES(CHANNEL), NULL, ""},
};

// The last word of a line is what stands behind its last space.
static void complete(const char *line, struct rf_text *out, struct cli_wanted *wanted) {
    static char buffer[256];
    const char *words[16];
    size_t count = 0;
    strncpy(buffer, line, sizeof buffer - 1);
    for (char *at = buffer; at != NULL;) {
        words[count++] = at;
        at = strchr(at, ' ');
        if (at != NULL)
            *at++ = '\0';
    }
    cli_complete(commands, sizeof commands / sizeof commands[0], words, count, out, wanted);
}

static const struct {
    const char *line, *told;
    enum cli_names names;
} cases[] = {
    {"", "status\thow it is\ncampaign\nmark\nkeys\ntail\ttail\nalert\nhelp\twhat a command takes\n",
     0},
    {"ca", "campaign\n", 0},
    {"campaign ", "run\trun\nload\tload\nexport\texport\n", 0},
    {"--timeout 5s campaign l", "load\tload\n", 0},
    {"campaign --timeout=5s l", "load\tload\n", 0},
    {"help campaign r", "run\trun\n", 0},
    {"help campaign run ", "", 0},
    {"help help ", "", 0},
    {"nothing ", "", 0},
    {"status ", "", 0},
    {"status --j", "--json\n", 0},
    {"status --json --j", "", 0},
    {"status -x", "", 0},
    {"campaign run --map a=b --m", "--map\n", 0},
    {"--v", "--version\twhich version this is\n", 0},
    {"status --v", "", 0},
    {"campaign run ", ":files\n", 0},
    {"campaign run list.csv ", "", 0},
    {"campaign run --name ", "", 0},
    {"campaign run --out ", ":folders\n", 0},
    {"--config ", ":files\n", 0},
    {"campaign load ", "", CLI_NAMES_CAMPAIGNS},
    {"campaign load june ", ":files\n", 0},
    {"campaign export june --format j", "jsonl\n", 0},
    {"campaign export june --format=j", "--format=jsonl\n", 0},
    {"campaign export june --format = j", "jsonl\n", 0},
    {"campaign export june --format =", "csv\njsonl\n", 0},
    {"mark clear ", "", CLI_NAMES_MARKS},
    {"keys revoke ", ":files\n", 0},
    {"tail breaker.h", "breaker.half_open\n", 0},
    {"tail a b c breaker.h", "breaker.half_open\n", 0},
    {"tail -n 5 breaker.h", "breaker.half_open\n", 0},
    {"tail -n ", "", 0},
    {"tail --campaign ", "", CLI_NAMES_CAMPAIGNS},
    {"tail --campaign=s", "", CLI_NAMES_CAMPAIGNS},
    {"alert resend --channel ", "", CLI_NAMES_CHANNELS},
    {"alert resend ", "", 0},
    {"status --nothing ", "", 0},
};

static void what_can_come_next_is_told(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_text out = {0};
        struct cli_wanted wanted;
        complete(cases[i].line, &out, &wanted);
        if (strcmp(out.data != NULL ? out.data : "", cases[i].told) != 0 ||
            wanted.names != cases[i].names)
            fail_msg("\"%s\": \"%s\", names %d", cases[i].line, out.data, (int)wanted.names);
        rf_text_fini(&out);
    }
}

static void the_configuration_of_the_line_is_known(void **state) {
    (void)state;
    static const char *const lines[] = {"--config c.yaml campaign load ",
                                        "campaign load --config=c.yaml ",
                                        "campaign load --config = c.yaml "};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct rf_text out = {0};
        struct cli_wanted wanted;
        complete(lines[i], &out, &wanted);
        assert_string_equal(wanted.config, "c.yaml");
        assert_int_equal(wanted.names, CLI_NAMES_CAMPAIGNS);
        rf_text_fini(&out);
    }
}

static void names_that_would_tear_a_line_are_left_out(void **state) {
    (void)state;
    static const char *const names[] = {"spring", "sp\nring", "sp\x1b[2J", ":files",
                                        "sp\xff", "",         "summer",    "sp\xc3\xa4t"};
    struct rf_text out = {0};
    struct cli_wanted wanted;
    complete("tail --campaign=s", &out, &wanted);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        cli_complete_name(&wanted, names[i], &out);
    assert_string_equal(out.data, "--campaign=spring\n--campaign=summer\n--campaign=sp\xc3\xa4t\n");
    rf_text_fini(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_come_next_is_told),
        cmocka_unit_test(the_configuration_of_the_line_is_known),
        cmocka_unit_test(names_that_would_tear_a_line_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
