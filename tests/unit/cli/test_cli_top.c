// The picture of `ringfence top`, and how it is cut to a terminal.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "screen.h"
#include "top_keys.h"
#include "top_text.h"

#define NOW ((struct rf_utc){INT64_C(1700000100000000000)})

static json_t *known(void) {
    static const char text[] =
        "{\"broker\": {\"breakers\": ["
        "  {\"service\": \"twilio\", \"state\": \"closed\", \"since\": 1700000000000000000,"
        "   \"figures\": {\"failed\": 1, \"total\": 8}},"
        "  {\"service\": \"elevenlabs\", \"state\": \"open\", \"since\": 1700000090000000000,"
        "   \"until\": 1700000112300000000, \"last_error\": \"HTTP\\u001b[2J 503\"}]},"
        " \"provider\": {\"openai\": {\"status\": \"up\", \"since\": 1700000000000000000},"
        "   \"twilio\": {\"status\": \"down\", \"since\": 1700000000000000000, \"why\": \"no "
        "answer\"}},"
        " \"mark\": {\"openai\": {\"since\": 1700000040000000000, \"message\": \"key revoked\"}},"
        " \"process\": {\"b-1\": {\"service\": \"broker\", \"state\": \"ready\", \"pid\": 7,"
        "   \"rss_bytes\": 20971520, \"lag_ns\": 3000000, \"queues\": {\"disk\": 4, \"none\": "
        "0}}}}";
    json_t *all = json_loads(text, 0, NULL);
    assert_non_null(all);
    return all;
}

static char *body_of(const struct cli_top *top) {
    struct rf_text text = {0};
    cli_top_body(top, NOW, 100, &text);
    return rf_text_take(&text);
}

static void what_is_known_is_shown(void **state) {
    (void)state;
    struct cli_top top = {
        .all = known(),
        .campaigns = json_loads("[{\"name\": \"spr\\u001b]0;x\\u0007ing\", \"state\": \"running\","
                                "  \"total\": 10, \"done\": 5, \"running\": 1}]",
                                0, NULL),
        .incidents = json_loads("[{\"severity\": \"critical\", \"title\": \"it burns\","
                                "  \"opened\": 1700000090000000000}]",
                                0, NULL)};
    cli_top_event(&top, strdup("first"));
    cli_top_event(&top, strdup("second\033[31m"));
    char *body = body_of(&top);
    static const char *const shown[] = {
        CLI_SCREEN_BOLD "breakers (2)\n",
        "\n  twilio           closed     for 100 s, 1 of 8 failed\n",
        CLI_SCREEN_RED
        "  elevenlabs       open       for 10 s, test request in 13 s: HTTP [2J 503\n",
        CLI_SCREEN_RED "  openai           unusable   for 60 s: key revoked\n",
        CLI_SCREEN_RED "  twilio           down       for 100 s: no answer\n",
        "\n  spr ]0;x ing         running   [",
        "5 of 10: 5 done, 1 in progress",
        "  broker           ready      pid 7          20 MiB  lag    3 ms  , disk 4\n",
        CLI_SCREEN_RED "  critical  for 10 s: it burns\n",
        "events, the newest first\n  second [31m\n  first\n",
    };
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        if (strstr(body, shown[i]) == NULL)
            fail_msg("not shown: \"%s\" in\n%s", shown[i], body);
    assert_null(strchr(body, '\033'));
    free(body);
    cli_top_fini(&top);
}

static void who_does_not_answer_is_told(void **state) {
    (void)state;
    struct cli_top top = {.all = json_object()};
    char *body = body_of(&top);
    assert_non_null(strstr(body, "the orchestrator does not answer"));
    assert_non_null(strstr(body, "the alerter does not answer"));
    free(body);
    cli_top_fini(&top);
}

static void only_the_last_events_are_kept(void **state) {
    (void)state;
    struct cli_top top = {.all = json_object()};
    char line[16];
    for (int i = 0; i <= CLI_TOP_EVENTS; i++) {
        snprintf(line, sizeof line, "<%d>", i);
        cli_top_event(&top, strdup(line));
    }
    char *body = body_of(&top);
    assert_non_null(strstr(body, "first\n  <100>\n  <99>\n"));
    assert_non_null(strstr(body, "\n  <1>\n"));
    assert_null(strstr(body, "<0>"));
    free(body);
    cli_top_fini(&top);
}

// ---- order and filter ----

static const char *const told_names[] = {"beta", "Alpha", "gamma", "delta"};

static char *rows_of(const struct cli_top_view *view) {
    struct cli_top_rows rows = {.view = view};
    struct rf_text text = {0};
    for (size_t i = 0; i < 4; i++) {
        struct cli_top_row *row = cli_top_rows_add(&rows, told_names[i]);
        assert_non_null(row);
        rf_text_add(&row->text, "%s", told_names[i]);
        row->figure[CLI_TOP_BY_STATE] = (double)(i % 2); // two alike each
        row->figure[CLI_TOP_BY_LOAD] = (double)i * 1e18;
        row->figure[CLI_TOP_BY_TIME] = -(double)i;
    }
    cli_top_rows_tell(&rows, "rows", &text);
    return rf_text_take(&text);
}

static void rows_stand_in_the_order_that_is_wanted(void **state) {
    (void)state;
    static const struct {
        struct cli_top_view view;
        const char *rows;
    } cases[] = {
        {{.order = CLI_TOP_AS_TOLD}, "(4)\nbeta\nAlpha\ngamma\ndelta\n"},
        {{.order = CLI_TOP_AS_TOLD, .inverted = true}, "(4)\ndelta\ngamma\nAlpha\nbeta\n"},
        {{.order = CLI_TOP_BY_NAME}, "(4)\nAlpha\nbeta\ndelta\ngamma\n"},
        {{.order = CLI_TOP_BY_STATE}, "(4)\nAlpha\ndelta\nbeta\ngamma\n"},
        {{.order = CLI_TOP_BY_LOAD}, "(4)\ndelta\ngamma\nAlpha\nbeta\n"},
        {{.order = CLI_TOP_BY_LOAD, .inverted = true}, "(4)\nbeta\nAlpha\ngamma\ndelta\n"},
        {{.order = CLI_TOP_BY_MEMORY}, "(4)\nbeta\nAlpha\ngamma\ndelta\n"},
        {{.order = CLI_TOP_BY_TIME}, "(4)\nbeta\nAlpha\ngamma\ndelta\n"},
        {{.filter = "TA"}, "(2 of 4)\nbeta\ndelta\n"},
        {{.filter = "ta", .order = CLI_TOP_BY_LOAD}, "(2 of 4)\ndelta\nbeta\n"},
        {{.filter = "nobody"}, "(0 of 4)\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = rows_of(&cases[i].view);
        assert_string_equal(text + strlen(CLI_SCREEN_BOLD "rows "), cases[i].rows);
        free(text);
    }
}

static void what_is_known_is_ordered_and_filtered_by_sections(void **state) {
    (void)state;
    struct cli_top top = {.all = known(), .view = {.order = CLI_TOP_BY_STATE}};
    cli_top_event(&top, strdup("of twilio"));
    cli_top_event(&top, strdup("of another"));
    char *body = body_of(&top);
    assert_true(strstr(body, "  elevenlabs ") < strstr(body, "  twilio           closed "));
    free(body);
    snprintf(top.view.filter, sizeof top.view.filter, "twilio");
    body = body_of(&top);
    assert_non_null(strstr(body, "breakers (1 of 2)\n  twilio "));
    assert_non_null(strstr(body, "providers (1 of 2)\n"));
    assert_non_null(strstr(body, "processes (0 of 1)\n"));
    assert_non_null(strstr(body, "  of twilio\n"));
    assert_null(strstr(body, "another"));
    free(body);
    cli_top_fini(&top);
}

static bool take(struct cli_top_keys *keys, const char *bytes) {
    return cli_top_keys_take(keys, bytes, strlen(bytes), 10);
}

static void keys_choose_orders_as_htop_has_them(void **state) {
    (void)state;
    static const struct {
        const char *typed;
        enum cli_top_order order;
        bool inverted;
    } cases[] = {
        {"N", CLI_TOP_BY_NAME, false},   {"S", CLI_TOP_BY_STATE, false},
        {"P", CLI_TOP_BY_LOAD, false},   {"M", CLI_TOP_BY_MEMORY, false},
        {"T", CLI_TOP_BY_TIME, false},   {"TI", CLI_TOP_BY_TIME, true},
        {"TII", CLI_TOP_BY_TIME, false}, {"TIN", CLI_TOP_BY_NAME, false},
        {">", CLI_TOP_BY_NAME, false},   {"<", CLI_TOP_BY_TIME, false},
        {"<>", CLI_TOP_AS_TOLD, false},  {"\033[17~", CLI_TOP_BY_NAME, false},
        {"x", CLI_TOP_AS_TOLD, false},   {"\033[99~N", CLI_TOP_BY_NAME, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_top_keys keys = {0};
        assert_true(take(&keys, cases[i].typed));
        assert_int_equal(keys.view.order, cases[i].order);
        assert_int_equal(keys.view.inverted, cases[i].inverted);
        assert_false(keys.typing);
    }
}

static void what_is_typed_is_the_filter(void **state) {
    (void)state;
    static const struct {
        const char *typed, *filter;
        bool typing;
    } cases[] = {
        {"\\open", "open", true},     {"/open\r", "open", false},   {"\033OSopen\r", "open", false},
        {"\033[[Dx", "x", true},      {"\\op\177\177x", "x", true}, {"\\\177", "", true},
        {"\\a\xc3\xa4\b", "a", true}, {"\\abc\025d", "d", true},    {"\\a\033", "", false},
        {"\\a\r\033", "", false},     {"\\a\r\\b", "ab", true},     {"\\q\033[Aq", "qq", true},
        {"\\a\r>", "a", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_top_keys keys = {0};
        assert_true(take(&keys, cases[i].typed));
        assert_string_equal(keys.view.filter, cases[i].filter);
        assert_int_equal(keys.typing, cases[i].typing);
    }
    struct cli_top_keys keys = {.typing = true};
    for (int i = 0; i < 2 * CLI_TOP_FILTER_SIZE; i++)
        assert_true(take(&keys, "y"));
    assert_int_equal(strlen(keys.view.filter), CLI_TOP_FILTER_SIZE - 1);
}

static void keys_move_the_picture_and_end_it(void **state) {
    (void)state;
    static const struct {
        const char *typed;
        size_t skipped;
    } cases[] = {{"jjk", 1},          {"k", 0},        {" j", 11},
                 {" jb", 1},          {"jb", 0},       {"\033[B", 1},
                 {"\033OB\033[A", 0}, {"\033[6~", 10}, {"\033[6~\033[5~", 0},
                 {"jg", 0},           {"j\033[H", 0},  {"\033[", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_top_keys keys = {0};
        assert_true(take(&keys, cases[i].typed));
        assert_int_equal(keys.skipped, cases[i].skipped);
    }
    struct cli_top_keys keys = {0};
    assert_true(take(&keys, "p?"));
    assert_true(keys.paused && keys.help);
    assert_true(take(&keys, "ph"));
    assert_false(keys.paused || keys.help);
    assert_false(take(&keys, "q"));
    assert_false(take(&keys, "\033[21~"));
}

static void the_window_ends_at_the_end(void **state) {
    (void)state;
    static const struct {
        size_t wanted, rows, skipped;
        const char *from;
    } cases[] = {
        {0, 2, 0, "a\nb\nc\n"}, {1, 2, 1, "b\nc\n"}, {9, 2, 1, "b\nc\n"},
        {9, 9, 0, "a\nb\nc\n"}, {9, 0, 3, ""},       {2, 1, 2, "c\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *at;
        assert_int_equal(cli_top_window("a\nb\nc\n", cases[i].wanted, cases[i].rows, &at),
                         cases[i].skipped);
        assert_string_equal(at, cases[i].from);
    }
}

static void a_line_is_cut_by_what_it_takes_on_the_screen(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t columns, bytes, used;
    } cases[] = {
        {"abc", 2, 2, 2},
        {"abc", 0, 0, 0},
        {"\xc3\xa4\xc3\xa4", 1, 2, 1},         // two umlauts
        {"\xe6\x97\xa5\xe6\x9c\xac", 3, 3, 2}, // Japan: two columns each
        {"a\xcc\x81"
         "b",
         1, 3, 1},                      // an accent takes none
        {"\xf0\x9f\x98\x80x", 2, 4, 2}, // a face
        {"\xe6\x97", 5, 2, 1},          // cut off itself
        {"\xff\xfe", 1, 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t used;
        assert_int_equal(
            cli_screen_cut(cases[i].text, strlen(cases[i].text), cases[i].columns, &used),
            cases[i].bytes);
        assert_int_equal(used, cases[i].used);
    }
}

// On any size, with colours and without: never more rows or columns than there are.
static void every_size_has_room_for_what_is_painted(void **state) {
    (void)state;
    struct cli_top top = {.all = known()};
    char *body = body_of(&top);
    for (int rows = 1; rows <= 30; rows++)
        for (int columns = 1; columns <= 90; columns++) {
            const struct cli_screen_size size = {.columns = columns, .rows = rows, .color = true};
            struct rf_text out = {0};
            cli_screen_text(body, &size, &out);
            int lines = 1, used = 0;
            for (const char *at = out.data; *at != '\0'; at++) {
                if (*at == '\033') {
                    at += 1 + strcspn(at + 1, "mhlHKJ");
                } else if (*at == '\n') {
                    lines++;
                    used = 0;
                } else if (*at != '\r') {
                    used++;
                }
                assert_true(used <= columns);
            }
            assert_true(lines <= rows);
            rf_text_fini(&out);
        }
    free(body);
    cli_top_fini(&top);
}

static void colours_are_written_only_where_they_are_wanted(void **state) {
    (void)state;
    struct cli_screen_size size = {.columns = 20, .rows = 3, .color = true};
    struct rf_text out = {0};
    cli_screen_text(CLI_SCREEN_RED "down\n", &size, &out);
    assert_non_null(strstr(out.data, "\033[31mdown\033[0m"));
    rf_text_fini(&out);
    size.color = false;
    cli_screen_text(CLI_SCREEN_RED "down\n", &size, &out);
    assert_non_null(strstr(out.data, "\033[Hdown\033[K"));
    rf_text_fini(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_shown),
        cmocka_unit_test(who_does_not_answer_is_told),
        cmocka_unit_test(only_the_last_events_are_kept),
        cmocka_unit_test(rows_stand_in_the_order_that_is_wanted),
        cmocka_unit_test(what_is_known_is_ordered_and_filtered_by_sections),
        cmocka_unit_test(keys_choose_orders_as_htop_has_them),
        cmocka_unit_test(what_is_typed_is_the_filter),
        cmocka_unit_test(keys_move_the_picture_and_end_it),
        cmocka_unit_test(the_window_ends_at_the_end),
        cmocka_unit_test(a_line_is_cut_by_what_it_takes_on_the_screen),
        cmocka_unit_test(every_size_has_room_for_what_is_painted),
        cmocka_unit_test(colours_are_written_only_where_they_are_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
