// What each reply of the four providers means: the rows of providers.md, sections 1 to 4, and what
// every adapter shares.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "provider.h"

#define EL(detail) "{\"detail\": " detail "}"
#define OA(rest)   "{\"error\": {\"message\": \"m\", \"param\": null, " rest "}}"
#define AN(type, message)                                                                          \
    "{\"type\": \"error\", \"error\": {\"type\": \"" type "\", \"message\": \"" message "\"}}"
#define TW(code) "{\"code\": " code ", \"message\": \"m\", \"more_info\": \"u\"}"

#define TRANSIENT RF_CLASS_TRANSIENT
#define LIMITED   RF_CLASS_RATE_LIMITED
#define AUTH      RF_CLASS_PERMANENT_AUTH
#define QUOTA     RF_CLASS_PERMANENT_QUOTA
#define CONFIG    RF_CLASS_PERMANENT_CONFIG
#define INVALID   RF_CLASS_PERMANENT_INVALID
#define AMBIGUOUS RF_CLASS_AMBIGUOUS

struct row {
    enum rf_provider provider;
    enum gateway_operation operation;
    long status;
    const char *body;
    enum rf_class class;
    const char *code;
};

static const struct row rows[] = {
    // 1. ElevenLabs
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 400,
     EL("{\"type\": \"validation_error\", \"code\": \"invalid_parameters\"}"), INVALID,
     "invalid_parameters"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 400, EL("{\"code\": \"max_character_limit_exceeded\"}"),
     INVALID, "max_character_limit_exceeded"},
    // The voice is ours to configure, so it concerns every contact: config instead of invalid.
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 400, EL("{\"status\": \"voice_not_found\"}"), CONFIG,
     "voice_not_found"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 401, EL("{\"status\": \"invalid_api_key\"}"), AUTH,
     "invalid_api_key"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 401, EL("{\"status\": \"quota_exceeded\"}"), QUOTA,
     "quota_exceeded"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 400, EL("{\"code\": \"quota_exceeded\"}"), QUOTA,
     "quota_exceeded"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 401, EL("{\"code\": \"payment_required\"}"), QUOTA,
     "payment_required"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 402, EL("{\"code\": \"payment_required\"}"), QUOTA,
     "payment_required"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 401, EL("{\"status\": \"detected_unusual_activity\"}"),
     AUTH, "detected_unusual_activity"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 422,
     EL("[{\"loc\": [\"body\", \"text\"], \"msg\": \"field required\"}]"), INVALID, ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 429, EL("{\"code\": \"rate_limit_exceeded\"}"), LIMITED,
     "rate_limit_exceeded"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 429, EL("{\"code\": \"concurrent_limit_exceeded\"}"),
     LIMITED, "concurrent_limit_exceeded"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 429,
     EL("{\"status\": \"too_many_concurrent_requests\"}"), LIMITED, "too_many_concurrent_requests"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 429, EL("{\"status\": \"system_busy\"}"), TRANSIENT,
     "system_busy"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 408, "", TRANSIENT, ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 409, "", TRANSIENT, ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 425, "", TRANSIENT, ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 500, EL("\"broken\""), TRANSIENT, ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 503, "<html>", TRANSIENT, ""},
    // 2. OpenAI
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 400, OA("\"type\": \"invalid_request_error\""), INVALID,
     "invalid_request_error"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 401, OA("\"code\": \"invalid_api_key\""), AUTH,
     "invalid_api_key"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 401, OA("\"code\": \"ip_not_authorized\""), AUTH,
     "ip_not_authorized"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 403,
     OA("\"code\": \"unsupported_country_region_territory\""), CONFIG,
     "unsupported_country_region_territory"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 403, OA("\"code\": null"), AUTH, ""},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 404, OA("\"code\": \"model_not_found\""), CONFIG,
     "model_not_found"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"code\": \"rate_limit_exceeded\""), LIMITED,
     "rate_limit_exceeded"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"type\": \"tokens_usage_based\""), LIMITED,
     "tokens_usage_based"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"type\": \"requests\", \"code\": \"slow_down\""),
     LIMITED, "slow_down"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 503, OA("\"code\": \"slow_down\""), LIMITED, "slow_down"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"type\": \"insufficient_quota\""), QUOTA,
     "insufficient_quota"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"code\": \"credit_balance_exhausted\""), QUOTA,
     "credit_balance_exhausted"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"code\": \"organization_spend_limit_exceeded\""),
     QUOTA, "organization_spend_limit_exceeded"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"code\": \"project_spend_limit_exceeded\""),
     QUOTA, "project_spend_limit_exceeded"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"code\": \"organization_usage_limit_exceeded\""),
     QUOTA, "organization_usage_limit_exceeded"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 503, OA("\"code\": \"server_is_overloaded\""), TRANSIENT,
     "server_is_overloaded"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 500, "", TRANSIENT, ""},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 408, "", TRANSIENT, ""},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 409, "", TRANSIENT, ""},
    // 3. Anthropic
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 400, AN("invalid_request_error", "bad"), INVALID,
     "invalid_request_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 400,
     AN("invalid_request_error", "Your credit balance is too low to access the API"), QUOTA,
     "invalid_request_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 400,
     AN("invalid_request_error", "You have reached your specified workspace API usage limits"),
     QUOTA, "invalid_request_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 401, AN("authentication_error", "no"), AUTH,
     "authentication_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 402, AN("billing_error", "pay"), QUOTA, "billing_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 403, AN("permission_error", "no"), AUTH,
     "permission_error"},
    // The model is ours to configure: config instead of invalid.
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 404, AN("not_found_error", "model"), CONFIG,
     "not_found_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 409, AN("conflict_error", "c"), TRANSIENT,
     "conflict_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 413, AN("request_too_large", "l"), INVALID,
     "request_too_large"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 413, "<html>", INVALID, ""}, // from Cloudflare
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 429, AN("rate_limit_error", "slow"), LIMITED,
     "rate_limit_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 429,
     "{\"error\": {\"type\": \"rate_limit_error\", \"details\": {\"error_code\":"
     " \"enforced_spend_limit_reached\"}}}",
     QUOTA, "enforced_spend_limit_reached"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 500, AN("api_error", "i"), TRANSIENT, "api_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 504, AN("timeout_error", "t"), TRANSIENT,
     "timeout_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 529, AN("overloaded_error", "o"), TRANSIENT,
     "overloaded_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 200, AN("overloaded_error", "o"), TRANSIENT,
     "overloaded_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 200, AN("authentication_error", "o"), AUTH,
     "authentication_error"},
    // 4. Twilio
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 429, TW("20429"), LIMITED, "20429"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 429, "", AMBIGUOUS, ""},
    {RF_PROVIDER_TWILIO, GATEWAY_CALL_STATUS, 429, "", LIMITED, ""},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 500, TW("20500"), AMBIGUOUS, "20500"},
    {RF_PROVIDER_TWILIO, GATEWAY_CALL_STATUS, 500, TW("20500"), TRANSIENT, "20500"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 502, "", AMBIGUOUS, ""},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 503, "", AMBIGUOUS, ""},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 504, "", AMBIGUOUS, ""},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 408, "", AMBIGUOUS, ""},
    {RF_PROVIDER_TWILIO, GATEWAY_FIND_CALL, 503, "", TRANSIENT, ""},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 401, TW("20003"), AUTH, "20003"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 403, TW("20403"), AUTH, "20403"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("10001"), QUOTA, "10001"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("22005"), QUOTA, "22005"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21211"), INVALID, "21211"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21214"), INVALID, "21214"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21215"), CONFIG, "21215"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21216"), INVALID, "21216"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21210"), CONFIG, "21210"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21217"), INVALID, "21217"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21208"), INVALID, "21208"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21219"), INVALID, "21219"},
    {RF_PROVIDER_TWILIO, GATEWAY_CALL_STATUS, 404, TW("20404"), INVALID, "20404"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, "", INVALID, ""},
    // What every adapter shares
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 302, "", CONFIG, ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 302, EL("{\"code\": \"invalid_parameters\"}"), CONFIG,
     "invalid_parameters"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 308, "", CONFIG, ""},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 404, "not here", CONFIG, ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 401, "", AUTH, ""},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 402, "", QUOTA, ""},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 429, "", LIMITED, ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 204, "", TRANSIENT, "empty_audio"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 200, "<html>portal</html>", TRANSIENT, "unreadable"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 200, "", TRANSIENT, "unreadable"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 200, "{\"choices\": [", TRANSIENT, "unreadable"},
};

static bool judge(enum rf_provider id, enum gateway_operation operation,
                  const struct provider_reply *reply, struct provider_verdict *verdict) {
    static char format[] = "mp3_22050_32", model[] = "m";
    static const struct rf_config_provider config = {.output_format = format, .model = model};
    struct provider_settings settings = {.config = &config};
    struct provider_job job = {.operation = operation};
    struct provider_result result;
    bool good = provider_judge(provider_of(id), &settings, &job, reply, &result, verdict);
    json_decref(result.result);
    provider_job_fini(&job);
    return good;
}

static void every_row_of_the_providers_documentation_has_its_class(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct provider_verdict verdict;
        struct provider_reply reply = {.sent = true,
                                       .status = rows[i].status,
                                       .content_type = "application/json",
                                       .body = rows[i].body,
                                       .body_size = strlen(rows[i].body),
                                       .error_text = ""};
        bool good = judge(rows[i].provider, rows[i].operation, &reply, &verdict);
        if (good || verdict.class != rows[i].class || strcmp(verdict.code, rows[i].code) != 0)
            fail_msg("row %zu (%s %ld): %s %s", i, rf_provider_name(rows[i].provider),
                     rows[i].status, rf_class_name(verdict.class), verdict.code);
        assert_true(verdict.message[0] != '\0');
    }
}

static void failures_below_http_have_their_class(void **state) {
    (void)state;
    static const struct {
        enum rf_http_failure failure;
        bool sent;
        enum rf_class speak, dial;
    } cases[] = {
        {RF_HTTP_RESOLVE, false, CONFIG, CONFIG},
        {RF_HTTP_RESOLVER, false, TRANSIENT, TRANSIENT}, // our name server's outage marks nobody
        {RF_HTTP_CERTIFICATE, false, CONFIG, CONFIG},
        {RF_HTTP_CONNECT, false, TRANSIENT, TRANSIENT},
        {RF_HTTP_TLS, false, TRANSIENT, TRANSIENT},
        {RF_HTTP_TIMEOUT, true, TRANSIENT, AMBIGUOUS},
        {RF_HTTP_BROKEN, true, TRANSIENT, AMBIGUOUS},
        {RF_HTTP_TRUNCATED, true, TRANSIENT, AMBIGUOUS},
        {RF_HTTP_TOO_LARGE, true, TRANSIENT, AMBIGUOUS},
        {RF_HTTP_TOO_LATE, false, RF_CLASS_LOCAL, RF_CLASS_LOCAL},
        {RF_HTTP_OTHER, false, TRANSIENT, TRANSIENT},
        {RF_HTTP_OTHER, true, TRANSIENT, AMBIGUOUS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct provider_verdict verdict;
        struct provider_reply reply = {.failure = cases[i].failure,
                                       .sent = cases[i].sent,
                                       .content_type = "",
                                       .body = "",
                                       .error_text = "words"};
        assert_false(judge(RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, &reply, &verdict));
        assert_int_equal(verdict.class, cases[i].speak);
        assert_string_equal(verdict.message, "words");
        assert_false(judge(RF_PROVIDER_TWILIO, GATEWAY_DIAL, &reply, &verdict));
        assert_int_equal(verdict.class, cases[i].dial);
    }
}

static void a_full_call_queue_marks_for_a_time_only(void **state) {
    (void)state;
    struct provider_verdict verdict;
    struct provider_reply reply = {.sent = true,
                                   .status = 400,
                                   .content_type = "",
                                   .body = TW("22005"),
                                   .body_size = strlen(TW("22005")),
                                   .error_text = ""};
    assert_false(judge(RF_PROVIDER_TWILIO, GATEWAY_DIAL, &reply, &verdict));
    assert_int_equal(verdict.mark_for.ns, 3600 * RF_NS_PER_S);
}

static void a_server_that_asks_not_to_be_asked_again_is_heard(void **state) {
    (void)state;
    struct provider_verdict verdict;
    struct provider_reply reply = {.sent = true,
                                   .status = 500,
                                   .content_type = "",
                                   .body = "",
                                   .error_text = "",
                                   .should_retry = "false"};
    assert_false(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
    assert_true(verdict.no_retry);
    reply.should_retry = "true";
    assert_false(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
    assert_false(verdict.no_retry);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_of_the_providers_documentation_has_its_class),
        cmocka_unit_test(failures_below_http_have_their_class),
        cmocka_unit_test(a_full_call_queue_marks_for_a_time_only),
        cmocka_unit_test(a_server_that_asks_not_to_be_asked_again_is_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
