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

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_message_is_kept_whether_json_or_form),
        TEST(what_telegram_refuses_is_refused_with_its_words),
        TEST(escaped_markdown_and_code_pass),
        TEST(the_limit_of_a_text_is_4096_utf16_units),
        TEST(the_token_does_not_show_in_the_ledger),
        TEST(a_webhook_is_kept_with_headers_and_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
