// The OpenAI and Anthropic faces, and what they write.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "script.h"

#define OPENAI    "/openai/v1/chat/completions"
#define ANTHROPIC "/anthropic/v1/messages"
#define BEARER    "Authorization: Bearer k\n"
#define X_KEY     "x-api-key: k\nanthropic-version: 2023-06-01\n"
#define PROMPT    "Write a greeting for Zo\xc3\xab \\\"O'Neil\\\"."
#define MESSAGES  "\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]"

static void a_script_repeats_the_subject_of_the_prompt_and_is_stable(void **state) {
    (void)state;
    static const struct {
        const char *prompt, *part;
    } cases[] = {
        {"Be friendly.\nWrite to Ada Abel.\n\n", "Write to Ada Abel."},
        {"Write a greeting for \"Bela Brandt\", please", " Bela Brandt "},
        {"Write for Zo\xc3\xab.", "Zo\xc3\xab"},
        {"one \" quote", "one \" quote"},
        {"", "Reference"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *first = sim_script_write(cases[i].prompt), *again = sim_script_write(cases[i].prompt);
        assert_non_null(first);
        if (strstr(first, cases[i].part) == NULL)
            fail_msg("no \"%s\" in %s", cases[i].part, first);
        assert_string_equal(first, again);
        free(first);
        free(again);
    }
}

static void prompts_that_differ_only_before_the_subject_get_different_scripts(void **state) {
    (void)state;
    char *first = sim_script_write("A\nfor \"Ada\""), *second = sim_script_write("B\nfor \"Ada\"");
    assert_string_not_equal(first, second);
    free(first);
    free(second);
}

static void a_long_subject_is_cut_between_characters(void **state) {
    (void)state;
    char prompt[1002] = "x"; // so that the bound of 400 bytes lies within a character
    for (size_t i = 0; i < 500; i++)
        memcpy(prompt + 1 + 2 * i, "\xc3\xab", 3);
    char *text = sim_script_write(prompt);
    json_t *valid = json_string(text); // jansson takes only whole UTF-8
    assert_non_null(valid);
    assert_true(strlen(text) < 600);
    json_decref(valid);
    free(text);
}

static void openai_answers_a_conversation(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "POST", OPENAI, BEARER,
                               "{\"model\": \"m\", \"messages\": ["
                               "{\"role\": \"system\", \"content\": \"Be kind.\"},"
                               "{\"role\": \"user\", \"content\": \"" PROMPT "\"}]}"),
                     200);
    assert_string_equal(bench_text(bench, "object"), "chat.completion");
    assert_string_equal(bench_text(bench, "choices.0.message.role"), "assistant");
    assert_string_equal(bench_text(bench, "choices.0.finish_reason"), "stop");
    assert_non_null(strstr(bench_text(bench, "choices.0.message.content"), "O'Neil"));
    assert_true(bench_number(bench, "usage.total_tokens") > 10);
    assert_non_null(bench_header(bench, "x-request-id"));
    assert_int_equal(bench_count(bench, "scripts"), 1);
    assert_string_equal(bench_text(bench, "scripts.0.provider"), "openai");
    assert_non_null(strstr(bench_text(bench, "scripts.0.prompt"), "Write a greeting"));
}

static void openai_cuts_at_max_tokens_and_says_so(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "POST", OPENAI, BEARER,
                               "{\"model\": \"m\", \"max_tokens\": 3, " MESSAGES "}"),
                     200);
    assert_string_equal(bench_text(bench, "choices.0.finish_reason"), "length");
    assert_int_equal(strlen(bench_text(bench, "choices.0.message.content")), 12);
}

static void anthropic_answers_a_conversation(void **state) {
    struct bench *bench = *state;
    assert_int_equal(
        bench_ask(bench, "POST", ANTHROPIC, X_KEY,
                  "{\"model\": \"m\", \"max_tokens\": 300, \"messages\": [{\"role\": \"user\", "
                  "\"content\": [{\"type\": \"text\", \"text\": \"" PROMPT "\"}]}]}"),
        200);
    assert_string_equal(bench_text(bench, "type"), "message");
    assert_string_equal(bench_text(bench, "content.0.type"), "text");
    assert_non_null(strstr(bench_text(bench, "content.0.text"), "O'Neil"));
    assert_string_equal(bench_text(bench, "stop_reason"), "end_turn");
    assert_non_null(bench_header(bench, "request-id"));
    assert_int_equal(bench_count(bench, "scripts"), 1);
    assert_string_equal(bench_text(bench, "scripts.0.provider"), "anthropic");
}

static void what_is_wrong_gets_the_4xx_of_the_provider_and_nothing_is_written(void **state) {
    struct bench *bench = *state;
    static const struct {
        const char *target, *headers, *body;
        unsigned status;
        const char *place, *text;
    } cases[] = {
        {OPENAI, "", "{}", 401, "error.type", "invalid_request_error"},
        {OPENAI, BEARER, "x", 400, "error.type", "invalid_request_error"},
        {OPENAI, BEARER, "{" MESSAGES "}", 400, "error.message",
         "you must provide a model parameter"},
        {OPENAI, BEARER, "{\"model\": \"m\"}", 400, "error.param", "messages"},
        {OPENAI, BEARER, "{\"model\": \"m\", \"messages\": []}", 400, "error.code", "empty_array"},
        {OPENAI, BEARER, "{\"model\": \"m\", \"messages\": [{\"role\": \"user\"}]}", 400,
         "error.code", "invalid_type"},
        {"/openai/v1/x", BEARER, "{}", 404, "error.type", "invalid_request_error"},
        {ANTHROPIC, "", "{}", 401, "error.type", "authentication_error"},
        {ANTHROPIC, "x-api-key: k\n", "{\"model\": \"m\", \"max_tokens\": 9, " MESSAGES "}", 400,
         "error.message", "anthropic-version: header is required"},
        {ANTHROPIC, X_KEY, "x", 400, "error.type", "invalid_request_error"},
        {ANTHROPIC, X_KEY, "{\"max_tokens\": 9, " MESSAGES "}", 400, "error.message",
         "model: Field required"},
        {ANTHROPIC, X_KEY, "{\"model\": \"m\", " MESSAGES "}", 400, "error.message",
         "max_tokens: Field required"},
        {ANTHROPIC, X_KEY, "{\"model\": \"m\", \"max_tokens\": 0, " MESSAGES "}", 400, "type",
         "error"},
        {ANTHROPIC, X_KEY, "{\"model\": \"m\", \"max_tokens\": 9}", 400, "error.message",
         "messages: Field required"},
        {"/anthropic/v1/x", X_KEY, "{}", 404, "error.type", "not_found_error"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned status =
            bench_ask(bench, "POST", cases[i].target, cases[i].headers, cases[i].body);
        if (status != cases[i].status ||
            strcmp(bench_text(bench, cases[i].place), cases[i].text) != 0)
            fail_msg("case %zu: %u %s", i, status, bench->outcome.reply.body);
    }
    assert_int_equal(bench_count(bench, "scripts"), 0);
}

static void models_are_listed(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "GET", "/openai/v1/models", BEARER, NULL), 200);
    assert_string_equal(bench_text(bench, "object"), "list");
    assert_string_equal(bench_text(bench, "data.0.object"), "model");
    assert_int_equal(bench_ask(bench, "GET", "/anthropic/v1/models", X_KEY, NULL), 200);
    assert_string_equal(bench_text(bench, "data.0.type"), "model");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_repeats_the_subject_of_the_prompt_and_is_stable),
        cmocka_unit_test(prompts_that_differ_only_before_the_subject_get_different_scripts),
        cmocka_unit_test(a_long_subject_is_cut_between_characters),
        TEST(openai_answers_a_conversation),
        TEST(openai_cuts_at_max_tokens_and_says_so),
        TEST(anthropic_answers_a_conversation),
        TEST(what_is_wrong_gets_the_4xx_of_the_provider_and_nothing_is_written),
        TEST(models_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
