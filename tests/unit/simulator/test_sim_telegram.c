// The Telegram face and the webhook sink.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define SEND "/telegram/bot1:secret/sendMessage"
#define JSON "Content-Type: application/json\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\n"

static void a_message_is_kept_whether_json_or_form(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "POST", SEND, JSON, "{\"chat_id\": -100, \"text\": \"a\"}"),
                     200);
    assert_int_equal(bench_number(bench, "result.message_id"), 1);
    assert_int_equal(bench_ask(bench, "POST", SEND, FORM, "chat_id=-100&text=b+%C3%A4"), 200);
    assert_int_equal(bench_number(bench, "result.message_id"), 2);
    assert_int_equal(bench_count(bench, "telegram"), 2);
    assert_string_equal(bench_text(bench, "telegram.0.chat_id"), "-100");
    assert_string_equal(bench_text(bench, "telegram.0.text"), "a");
    assert_string_equal(bench_text(bench, "telegram.1.text"), "b \xc3\xa4");
}

static void what_telegram_refuses_is_refused_with_its_words(void **state) {
    struct bench *bench = *state;
    static const struct {
        const char *target, *body;
        unsigned status;
        const char *description;
    } cases[] = {
        {SEND, "{\"text\": \"a\"}", 400, "Bad Request: chat_id is empty"},
        {SEND, "{\"chat_id\": \"1\"}", 400, "Bad Request: message text is empty"},
        {SEND, "{\"chat_id\": \"1\", \"text\": \"\"}", 400, "Bad Request: message text is empty"},
        {SEND, "{\"chat_id\": \"1\", \"text\": \"a.b\", \"parse_mode\": \"MarkdownV2\"}", 400,
         "Bad Request: can't parse entities: Character '.' is reserved and must be escaped with "
         "the preceding '\\'"},
        {"/telegram/bot/sendMessage", "{}", 404, "Not Found"},
        {"/telegram/bot1:secret/nothing", "{}", 404, "Not Found"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned status = bench_ask(bench, "POST", cases[i].target, JSON, cases[i].body);
        if (status != cases[i].status || bench_number(bench, "error_code") != (long)status ||
            strcmp(bench_text(bench, "description"), cases[i].description) != 0)
            fail_msg("case %zu: %u %s", i, status, bench->outcome.reply.body);
    }
    assert_int_equal(bench_count(bench, "telegram"), 0);
}

static void escaped_markdown_and_code_pass(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "POST", SEND, JSON,
                               "{\"chat_id\": 1, \"text\": \"a\\\\.b *c* `x-y`\", "
                               "\"parse_mode\": \"MarkdownV2\"}"),
                     200);
}

static void markdown_is_refused_as_strictly_as_by_the_real_one(void **state) {
    struct bench *bench = *state;
    static const struct {
        const char *text, *words; // words of the refusal; NULL: taken
        const char *plain;
    } cases[] = {
        {"*a* _b_ __c__ ~d~ ||e|| `f.-` ```\ng```", NULL, "a b c d e f.- \ng"},
        {"*a _b_ c*", NULL, "a b c"},
        {"\\\\ \\_\\*\\[\\]\\(\\)\\~\\`\\>\\#\\+\\-\\=\\|\\{\\}\\.\\!", NULL,
         "\\ _*[]()~`>#+-=|{}.!"},
        {"`a\\_b`", NULL, "a_b"}, // an escape holds inside of code
        {">quoted\nnot", NULL, "quoted\nnot"},
        {">quoted", NULL, "quoted"},
        {"[a](http://x.y/\\))", NULL, "a"},
        {"*a", "Can't find end of Bold entity at byte offset 0", NULL},
        {"x _a", "Can't find end of Italic entity at byte offset 2", NULL},
        {"`a*", "Can't find end of Code entity at byte offset 0", NULL},
        {"*a_b*_", "Can't find end of Italic entity at byte offset 5", NULL},
        {"[a](b", "Can't find end of a URL at byte offset 4", NULL},
        {"a > b", "Character '>' is reserved", NULL},
        {"(a", "Character '(' is reserved", NULL},
        {"a|b", "Character '|' is reserved", NULL},
        {"a]", "Character ']' is reserved", NULL},
        {"1.", "Character '.' is reserved", NULL},
        {"a-b", "Character '-' is reserved", NULL},
    };
    size_t taken = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *order = json_pack("{s:i, s:s, s:s}", "chat_id", 1, "parse_mode", "MarkdownV2",
                                  "text", cases[i].text);
        char *body = json_dumps(order, 0);
        json_decref(order);
        unsigned status = bench_ask(bench, "POST", SEND, JSON, body);
        free(body);
        if (status != (cases[i].words == NULL ? 200 : 400))
            fail_msg("%s: %u %s", cases[i].text, status, bench->outcome.reply.body);
        if (cases[i].words != NULL) {
            if (strstr(bench_text(bench, "description"), cases[i].words) == NULL)
                fail_msg("%s: %s", cases[i].text, bench->outcome.reply.body);
            continue;
        }
        assert_string_equal(bench_text(bench, "result.text"), cases[i].plain);
        taken++;
    }
    assert_int_equal(bench_count(bench, "telegram"), taken);
}

static void a_message_can_be_changed_and_answered(void **state) {
    struct bench *bench = *state;
#define EDIT "/telegram/bot1:secret/editMessageText"
    static const struct {
        const char *target, *body;
        unsigned status;
        const char *words; // of the description
    } cases[] = {
        {SEND, "{\"chat_id\": 1, \"text\": \"a\"}", 200, NULL},
        {EDIT, "{\"chat_id\": 1, \"message_id\": 1, \"text\": \"b\"}", 200, NULL},
        {EDIT, "{\"chat_id\": 1, \"message_id\": 1, \"text\": \"b\"}", 400,
         "message is not modified"},
        {EDIT, "{\"chat_id\": 1, \"message_id\": 7, \"text\": \"b\"}", 400,
         "message to edit not found"},
        {EDIT, "{\"chat_id\": 2, \"message_id\": 1, \"text\": \"b\"}", 400,
         "message to edit not found"},
        {SEND, "{\"chat_id\": 1, \"text\": \"c\", \"reply_parameters\": {\"message_id\": 1}}", 200,
         NULL},
        {SEND, "{\"chat_id\": 1, \"text\": \"d\", \"reply_parameters\": {\"message_id\": 7}}", 400,
         "message to be replied not found"},
        {SEND,
         "{\"chat_id\": 1, \"text\": \"d\", \"reply_parameters\": {\"message_id\": 7, "
         "\"allow_sending_without_reply\": true}}",
         200, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned status = bench_ask(bench, "POST", cases[i].target, JSON, cases[i].body);
        if (status != cases[i].status ||
            (cases[i].words != NULL &&
             strstr(bench_text(bench, "description"), cases[i].words) == NULL))
            fail_msg("case %zu: %u %s", i, status, bench->outcome.reply.body);
    }
    assert_int_equal(bench_count(bench, "telegram"), 4);
    assert_int_equal(bench_number(bench, "telegram.1.message_id"), 1);
    assert_string_equal(bench_text(bench, "telegram.1.text"), "b");
    assert_int_equal(bench_number(bench, "telegram.2.message_id"), 2);
    assert_int_equal(bench_number(bench, "telegram.2.reply_to"), 1);
    assert_int_equal(bench_number(bench, "telegram.3.reply_to"), 0);
}

static void a_group_that_moved_tells_its_new_number(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "PUT", "/admin/chats", JSON, "{\"-100\": \"x\"}"), 400);
    assert_int_equal(bench_ask(bench, "PUT", "/admin/chats", JSON, "{\"-100\": -1002003}"), 200);
    assert_int_equal(
        bench_ask(bench, "POST", SEND, JSON, "{\"chat_id\": \"-100\", \"text\": \"a\"}"), 400);
    assert_int_equal(bench_number(bench, "parameters.migrate_to_chat_id"), -1002003);
    assert_int_equal(
        bench_ask(bench, "POST", SEND, JSON, "{\"chat_id\": -1002003, \"text\": \"a\"}"), 200);
}

// The limit counts as UTF-16 does: 4096 letters pass, and of characters beyond the BMP half as
// many.
static void the_limit_of_a_text_is_4096_utf16_units(void **state) {
    struct bench *bench = *state;
    static const struct {
        const char *piece;
        size_t count;
        unsigned status;
    } cases[] = {
        {"a", 4096, 200},
        {"a", 4097, 400},
        {"\xf0\x9f\x94\xa5", 2048, 200},
        {"\xf0\x9f\x94\xa5", 2049, 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static char body[20000];
        char *out = stpcpy(body, "{\"chat_id\": 1, \"text\": \"");
        for (size_t k = 0; k < cases[i].count; k++)
            out = stpcpy(out, cases[i].piece);
        memcpy(out, "\"}", 3);
        assert_int_equal(bench_ask(bench, "POST", SEND, JSON, body), cases[i].status);
    }
}

static void the_token_does_not_show_in_the_ledger(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "GET", "/telegram/bot1:secret/getMe", NULL, NULL), 200);
    assert_int_equal(bench_count(bench, "requests"), 1);
    assert_string_equal(bench_text(bench, "requests.0.path"), "/bot.../getMe");
    assert_null(strstr(bench->outcome.reply.body, "secret"));
}

static void a_webhook_is_kept_with_headers_and_body(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "POST", "/webhook/alerts",
                               JSON "webhook-id: msg_1\nwebhook-signature: v1,abc\n", "{\"a\": 1}"),
                     200);
    assert_int_equal(bench_ask(bench, "GET", "/webhook", NULL, NULL), 405);
    assert_int_equal(bench_count(bench, "webhooks"), 1);
    assert_string_equal(bench_text(bench, "webhooks.0.id"), "msg_1");
    assert_string_equal(bench_text(bench, "webhooks.0.path"), "/alerts");
    assert_string_equal(bench_text(bench, "webhooks.0.body"), "{\"a\": 1}");
    assert_string_equal(bench_text(bench, "webhooks.0.headers.webhook-signature"), "v1,abc");
}

static void each_service_behind_a_webhook_answers_in_its_way(void **state) {
    struct bench *bench = *state;
    static const struct {
        const char *target, *body;
        unsigned status;
    } cases[] = {
        {"/webhook/slack", "{\"blocks\": []}", 200},
        {"/webhook/slack", "{}", 400},
        {"/webhook/discord", "{\"embeds\": []}", 204},
        {"/webhook/discord?wait=true", "{\"embeds\": []}", 200},
        {"/webhook/discord", "x", 400},
        {"/webhook/pagerduty", "{\"routing_key\": \"k\"}", 202},
        {"/webhook/pagerduty", "{}", 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (bench_ask(bench, "POST", cases[i].target, JSON, cases[i].body) != cases[i].status)
            fail_msg("case %zu: %s", i, bench->outcome.reply.body);
    assert_int_equal(bench_count(bench, "webhooks"), 4);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_message_is_kept_whether_json_or_form),
        TEST(what_telegram_refuses_is_refused_with_its_words),
        TEST(escaped_markdown_and_code_pass),
        TEST(markdown_is_refused_as_strictly_as_by_the_real_one),
        TEST(a_message_can_be_changed_and_answered),
        TEST(a_group_that_moved_tells_its_new_number),
        TEST(the_limit_of_a_text_is_4096_utf16_units),
        TEST(the_token_does_not_show_in_the_ledger),
        TEST(a_webhook_is_kept_with_headers_and_body),
        TEST(each_service_behind_a_webhook_answers_in_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
