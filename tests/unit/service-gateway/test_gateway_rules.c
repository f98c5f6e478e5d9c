// What each reply of the providers means: every row of what their documentation, their clients and
// their users say (the sources stand in common/rules), and what the rules of the user change.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "provider.h"
#include "rules/rules.h"

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
    bool destination;          // no mark is made of it
    int mark_s;                // a mark made of it ends by itself
    enum rf_rule_retry retry;  // beside what the class says
    const char *header, *text; // of the reply
};

static const struct row rows[] = {
    // 1. ElevenLabs
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 400,
     EL("{\"type\": \"validation_error\", \"code\": \"invalid_parameters\"}"), INVALID,
     .code = "invalid_parameters"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 400, EL("{\"code\": \"max_character_limit_exceeded\"}"),
     INVALID, .code = "max_character_limit_exceeded"},
    // The voice is ours to configure, so it concerns every contact: config instead of invalid.
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 400, EL("{\"status\": \"voice_not_found\"}"), CONFIG,
     .code = "voice_not_found"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 401, EL("{\"status\": \"invalid_api_key\"}"), AUTH,
     .code = "invalid_api_key"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 401, EL("{\"status\": \"quota_exceeded\"}"), QUOTA,
     .code = "quota_exceeded"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 400, EL("{\"code\": \"quota_exceeded\"}"), QUOTA,
     .code = "quota_exceeded"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 401, EL("{\"code\": \"payment_required\"}"), QUOTA,
     .code = "payment_required"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 402, EL("{\"code\": \"payment_required\"}"), QUOTA,
     .code = "payment_required"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 401, EL("{\"status\": \"detected_unusual_activity\"}"),
     AUTH, .code = "detected_unusual_activity"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 422,
     EL("[{\"loc\": [\"body\", \"text\"], \"msg\": \"field required\"}]"), INVALID, .code = ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 429, EL("{\"code\": \"rate_limit_exceeded\"}"), LIMITED,
     .code = "rate_limit_exceeded"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 429, EL("{\"code\": \"concurrent_limit_exceeded\"}"),
     LIMITED, .code = "concurrent_limit_exceeded", .retry = RF_RULE_PLACE},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 429,
     EL("{\"status\": \"too_many_concurrent_requests\"}"), LIMITED,
     .code = "too_many_concurrent_requests", .retry = RF_RULE_PLACE},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 429, EL("{\"status\": \"system_busy\"}"), TRANSIENT,
     .code = "system_busy"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 408, "", TRANSIENT, .code = ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 409, "", TRANSIENT, .code = ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 425, "", TRANSIENT, .code = ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 500, EL("\"broken\""), TRANSIENT, .code = ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 503, "<html>", TRANSIENT, .code = ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 400, EL("{\"code\": \"validation_error\"}"), INVALID,
     .code = "validation_error"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 401, EL("{\"code\": \"voice_not_found\"}"), CONFIG,
     .code = "voice_not_found"},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 500, "", TRANSIENT, .code = ""},
    // 2. OpenAI
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 400, OA("\"type\": \"invalid_request_error\""), INVALID,
     .code = "invalid_request_error"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 401, OA("\"code\": \"invalid_api_key\""), AUTH,
     .code = "invalid_api_key"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 401, OA("\"code\": \"ip_not_authorized\""), AUTH,
     .code = "ip_not_authorized"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 403,
     OA("\"code\": \"unsupported_country_region_territory\""), CONFIG,
     .code = "unsupported_country_region_territory"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 403, OA("\"code\": null"), AUTH, .code = ""},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 404, OA("\"code\": \"model_not_found\""), CONFIG,
     .code = "model_not_found"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"code\": \"rate_limit_exceeded\""), LIMITED,
     .code = "rate_limit_exceeded"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"type\": \"tokens_usage_based\""), LIMITED,
     .code = "tokens_usage_based"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"type\": \"requests\", \"code\": \"slow_down\""),
     LIMITED, .code = "slow_down"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 503, OA("\"code\": \"slow_down\""), LIMITED,
     .code = "slow_down"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"type\": \"insufficient_quota\""), QUOTA,
     .code = "insufficient_quota"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"code\": \"credit_balance_exhausted\""), QUOTA,
     .code = "credit_balance_exhausted"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"code\": \"organization_spend_limit_exceeded\""),
     QUOTA, .code = "organization_spend_limit_exceeded"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"code\": \"project_spend_limit_exceeded\""),
     QUOTA, .code = "project_spend_limit_exceeded"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"code\": \"organization_usage_limit_exceeded\""),
     QUOTA, .code = "organization_usage_limit_exceeded"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 503, OA("\"code\": \"server_is_overloaded\""), TRANSIENT,
     .code = "server_is_overloaded"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 500, "", TRANSIENT, .code = ""},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 408, "", TRANSIENT, .code = ""},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 409, "", TRANSIENT, .code = ""},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 401, OA("\"type\": \"invalid_request_error\""), AUTH,
     .code = "invalid_request_error"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 429, OA("\"code\": \"insufficient_quota\""), QUOTA,
     .code = "insufficient_quota", .retry = RF_RULE_NEVER, .header = "x-should-retry",
     .text = "false"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 503,
     OA("\"type\": \"service_unavailable_error\", \"code\": \"server_is_overloaded\""), TRANSIENT,
     .code = "server_is_overloaded"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 500, "", TRANSIENT, .code = "", .retry = RF_RULE_NEVER,
     .header = "X-Should-Retry", .text = "false"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 500, "", TRANSIENT, .code = "", .retry = RF_RULE_BY_CLASS,
     .header = "x-should-retry", .text = "true"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 418, "", TRANSIENT, .code = "", .retry = RF_RULE_BY_CLASS,
     .header = "x-should-retry", .text = "true"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 418, "", INVALID, .code = ""},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 200, OA("\"code\": \"insufficient_quota\""), QUOTA,
     .code = "insufficient_quota"},
    // Its speech says it in the same way.
    {RF_PROVIDER_OPENAI_TTS, GATEWAY_SPEAK, 429, OA("\"type\": \"insufficient_quota\""), QUOTA,
     .code = "insufficient_quota"},
    {RF_PROVIDER_OPENAI_TTS, GATEWAY_SPEAK, 429, OA("\"code\": \"rate_limit_exceeded\""), LIMITED,
     .code = "rate_limit_exceeded"},
    {RF_PROVIDER_OPENAI_TTS, GATEWAY_SPEAK, 401, OA("\"code\": \"invalid_api_key\""), AUTH,
     .code = "invalid_api_key"},
    // 3. Anthropic
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 400, AN("invalid_request_error", "bad"), INVALID,
     .code = "invalid_request_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 400,
     AN("invalid_request_error", "Your credit balance is too low to access the API"), QUOTA,
     .code = "invalid_request_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 400,
     AN("invalid_request_error", "You have reached your specified workspace API usage limits"),
     QUOTA, .code = "invalid_request_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 401, AN("authentication_error", "no"), AUTH,
     .code = "authentication_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 402, AN("billing_error", "pay"), QUOTA,
     .code = "billing_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 403, AN("permission_error", "no"), AUTH,
     .code = "permission_error"},
    // The model is ours to configure: config instead of invalid.
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 404, AN("not_found_error", "model"), CONFIG,
     .code = "not_found_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 409, AN("conflict_error", "c"), TRANSIENT,
     .code = "conflict_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 413, AN("request_too_large", "l"), INVALID,
     .code = "request_too_large"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 413, "<html>", INVALID, .code = ""}, // from Cloudflare
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 429, AN("rate_limit_error", "slow"), LIMITED,
     .code = "rate_limit_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 429,
     "{\"error\": {\"type\": \"rate_limit_error\", \"details\": {\"error_code\":"
     " \"enforced_spend_limit_reached\"}}}",
     QUOTA, .code = "enforced_spend_limit_reached"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 500, AN("api_error", "i"), TRANSIENT,
     .code = "api_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 504, AN("timeout_error", "t"), TRANSIENT,
     .code = "timeout_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 529, AN("overloaded_error", "o"), TRANSIENT,
     .code = "overloaded_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 200, AN("overloaded_error", "o"), TRANSIENT,
     .code = "overloaded_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 200, AN("authentication_error", "o"), AUTH,
     .code = "authentication_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 400,
     AN("invalid_request_error", "You have reached your specified API usage limits"), QUOTA,
     .code = "invalid_request_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 405, AN("invalid_request_error", "unlisted"), INVALID,
     .code = "invalid_request_error"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 529, "", TRANSIENT, .code = ""},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 429, "", LIMITED, .code = "", .retry = RF_RULE_NEVER,
     .header = "x-should-retry", .text = "false"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 200, AN("rate_limit_error", "o"), LIMITED,
     .code = "rate_limit_error"},
    // 4. Twilio
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 429, TW("20429"), LIMITED, .code = "20429"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 429, "", AMBIGUOUS, .code = ""},
    {RF_PROVIDER_TWILIO, GATEWAY_CALL_STATUS, 429, "", LIMITED, .code = ""},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 500, TW("20500"), AMBIGUOUS, .code = "20500"},
    {RF_PROVIDER_TWILIO, GATEWAY_CALL_STATUS, 500, TW("20500"), TRANSIENT, .code = "20500"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 502, "", AMBIGUOUS, .code = ""},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 503, "", AMBIGUOUS, .code = ""},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 504, "", AMBIGUOUS, .code = ""},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 408, "", AMBIGUOUS, .code = ""},
    {RF_PROVIDER_TWILIO, GATEWAY_FIND_CALL, 503, "", TRANSIENT, .code = ""},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 401, TW("20003"), AUTH, .code = "20003"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 403, TW("20403"), AUTH, .code = "20403"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("10001"), QUOTA, .code = "10001"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("22005"), QUOTA, .code = "22005", .mark_s = 3600},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21211"), INVALID, .code = "21211"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21214"), INVALID, .code = "21214"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21215"), CONFIG, .code = "21215",
     .destination = true},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21216"), INVALID, .code = "21216"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21210"), CONFIG, .code = "21210"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21217"), INVALID, .code = "21217"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21208"), INVALID, .code = "21208"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21219"), INVALID, .code = "21219"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400,
     "{\"message\": \"The number +1 is unverified. Trial accounts may only make calls "
     "to verified numbers.\"}",
     INVALID, .code = ""},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("21212"), CONFIG, .code = "21212"},
    {RF_PROVIDER_TWILIO, GATEWAY_CALL_STATUS, 401, TW("10001"), QUOTA, .code = "10001"},
    {RF_PROVIDER_TWILIO, GATEWAY_CALL_STATUS, 400, TW("13224"), TRANSIENT, .code = "13224"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, TW("13224"), AMBIGUOUS, .code = "13224"},
    {RF_PROVIDER_TWILIO, GATEWAY_CALL_STATUS, 429, TW("30001"), LIMITED, .code = "30001"},
    {RF_PROVIDER_TWILIO, GATEWAY_CALL_STATUS, 400, TW("30002"), QUOTA, .code = "30002"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 201, "{\"sid\": \"CA", AMBIGUOUS, .code = "unreadable"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 201, "{\"status\": \"queued\"}", AMBIGUOUS,
     .code = "unreadable"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, "{\"code\": \"21211\", \"message\": \"m\"}", INVALID,
     .code = "21211"},
    {RF_PROVIDER_TWILIO, GATEWAY_CALL_STATUS, 404, TW("20404"), INVALID, .code = "20404"},
    {RF_PROVIDER_TWILIO, GATEWAY_DIAL, 400, "", INVALID, .code = ""},
    // What every adapter shares
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 302, "", CONFIG, .code = ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 302, EL("{\"code\": \"invalid_parameters\"}"), CONFIG,
     .code = "invalid_parameters"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 308, "", CONFIG, .code = ""},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 404, "not here", CONFIG, .code = ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 401, "", AUTH, .code = ""},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 402, "", QUOTA, .code = ""},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 429, "", LIMITED, .code = ""},
    {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, 204, "", TRANSIENT, .code = "empty_audio"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 200, "<html>portal</html>", TRANSIENT,
     .code = "unreadable"},
    {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, 200, "", TRANSIENT, .code = "unreadable"},
    {RF_PROVIDER_OPENAI, GATEWAY_WRITE, 200, "{\"choices\": [", TRANSIENT, .code = "unreadable"},
};

static const char *header_of(const void *arg, const char *name) {
    const struct row *row = arg;
    return row->header != NULL && strcasecmp(row->header, name) == 0 ? row->text : NULL;
}

static struct rf_config_provider config; // with rules, in some tests
static char last_rule[PROVIDER_RULE_SIZE];

static bool judge_text(enum rf_provider id, enum gateway_operation operation, const char *text,
                       const struct provider_reply *reply, struct provider_verdict *verdict) {
    static char format[] = "mp3_22050_32", model[] = "m";
    struct provider_settings settings = {.config = &config};
    struct provider_job job = {.operation = operation,
                               .params = text != NULL ? json_pack("{s:s}", "text", text) : NULL};
    struct provider_result result;
    config.output_format = format;
    config.model = model;
    bool good = provider_judge(provider_of(id), &settings, &job, reply, &result, verdict);
    snprintf(last_rule, sizeof last_rule, "%s", result.rule);
    json_decref(result.result);
    provider_job_fini(&job);
    return good;
}

static bool judge(enum rf_provider id, enum gateway_operation operation,
                  const struct provider_reply *reply, struct provider_verdict *verdict) {
    return judge_text(id, operation, NULL, reply, verdict);
}

static struct provider_reply reply_of(const struct row *row) {
    return (struct provider_reply){.sent = true,
                                   .status = row->status,
                                   .content_type = "application/json",
                                   .body = row->body,
                                   .body_size = strlen(row->body),
                                   .error_text = "",
                                   .header = header_of,
                                   .header_arg = row};
}

static enum rf_rule_retry retry_of(const struct provider_verdict *verdict) {
    assert_false(verdict->place && verdict->no_retry);
    return verdict->place ? RF_RULE_PLACE : verdict->no_retry ? RF_RULE_NEVER : RF_RULE_BY_CLASS;
}

static void every_row_of_the_providers_documentation_has_its_class(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct provider_verdict verdict;
        struct provider_reply reply = reply_of(row);
        bool good = judge(row->provider, row->operation, &reply, &verdict);
        if (good || verdict.class != row->class || strcmp(verdict.code, row->code) != 0 ||
            verdict.destination != row->destination ||
            verdict.mark_for.ns != row->mark_s * RF_NS_PER_S || retry_of(&verdict) != row->retry)
            fail_msg("row %zu (%s %ld): %s %s, mark %lld, by %s", i,
                     rf_provider_name(row->provider), row->status, rf_class_name(verdict.class),
                     verdict.code, (long long)verdict.mark_for.ns, last_rule);
        assert_true(verdict.message[0] != '\0');
        assert_non_null(strchr(last_rule, '[')); // and its source
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

static struct provider_reply whole(long status, const char *type, const char *body, size_t size) {
    return (struct provider_reply){.sent = true,
                                   .status = status,
                                   .content_type = type,
                                   .body = body,
                                   .body_size = size,
                                   .error_text = ""};
}

static void incident_13_a_spent_quota_is_told_from_a_rate_limit_by_its_code(void **state) {
    (void)state;
    struct provider_verdict verdict;
    static const char body[] = "{\"error\": {\"message\": \"You exceeded your current quota\", "
                               "\"type\": \"insufficient_quota\", \"code\": "
                               "\"insufficient_quota\"}}";
    struct provider_reply reply = whole(429, "application/json", body, sizeof body - 1);
    assert_false(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
    assert_int_equal(verdict.class, QUOTA);
    assert_string_equal(verdict.message, "You exceeded your current quota");
    assert_string_equal(last_rule, "$code = insufficient_quota [help.openai.com 5955604: a 429 "
                                   "that no wait cures]");
}

static void incident_43_errors_that_a_caller_can_provoke_do_not_count(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == 400 || rows[i].status == 413 || rows[i].status == 422) {
            struct provider_verdict verdict;
            struct provider_reply reply = reply_of(&rows[i]);
            assert_false(judge(rows[i].provider, rows[i].operation, &reply, &verdict));
            if (verdict.class == INVALID)
                assert_false(rf_class_counts(verdict.class) || rf_class_marks(verdict.class));
            else // the account or the configuration, never an outage; but for Twilio's 13224
                assert_true(rf_class_permanent(verdict.class) ||
                            strcmp(verdict.code, "13224") == 0);
        }
}

// What was found in a body of status 200 that was no use.
static void assert_found(enum rf_provider id, const char *text, const char *type, const char *body,
                         size_t size, enum rf_class class, const char *code) {
    struct provider_verdict verdict;
    struct provider_reply reply = whole(200, type, body, size);
    enum gateway_operation operation =
        provider_of(id)->service == GATEWAY_SPEECH ? GATEWAY_SPEAK : GATEWAY_WRITE;
    bool good = judge_text(id, operation, text, &reply, &verdict);
    if (good != (code == NULL))
        fail_msg("%s, %zu bytes: %s", text, size, verdict.message);
    assert_int_equal(verdict.class, class);
    assert_string_equal(verdict.code, code != NULL ? code : "");
}

static void incident_11_and_33_a_status_of_200_without_a_sound_is_a_failure(void **state) {
    static const char text[] = "A sentence of some forty characters here."; // 41: at least 410 ms
    static char audio[16384] = "ID3";
    (void)state;
    assert_found(RF_PROVIDER_ELEVENLABS, text, "audio/mpeg", "", 0, TRANSIENT, "empty_audio");
    assert_found(RF_PROVIDER_OPENAI_TTS, text, "audio/mpeg", "", 0, TRANSIENT, "empty_audio");
    // mp3_22050_32 has 4,000 bytes a second, so 410 ms have 1,640.
    assert_found(RF_PROVIDER_ELEVENLABS, text, "audio/mpeg", audio, 1639, TRANSIENT, "short_audio");
    assert_found(RF_PROVIDER_ELEVENLABS, text, "audio/mpeg", audio, 1640, RF_CLASS_OK, NULL);
    // A word may be short, and what a long text needs is not guessed beyond two seconds.
    assert_found(RF_PROVIDER_ELEVENLABS, "Yes.", "audio/mpeg", audio, 100, RF_CLASS_OK, NULL);
    char *novel = calloc(100001, 1);
    assert_non_null(novel);
    memset(novel, 'a', 100000);
    assert_found(RF_PROVIDER_ELEVENLABS, novel, "audio/mpeg", audio, 7999, TRANSIENT,
                 "short_audio");
    assert_found(RF_PROVIDER_ELEVENLABS, novel, "audio/mpeg", audio, 8000, RF_CLASS_OK, NULL);
    free(novel);
    // Characters, not bytes: 20 of them here.
    assert_found(RF_PROVIDER_ELEVENLABS,
                 "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                 "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
                 "audio/mpeg", audio, 800, RF_CLASS_OK, NULL);
}

static void samples_that_are_all_the_same_are_silence(void **state) {
    (void)state;
    char silence[2000] = {0}, format[] = "pcm_8000";
    struct rf_config_provider pcm = {.output_format = format};
    struct provider_settings settings = {.config = &pcm};
    struct provider_job job = {.operation = GATEWAY_SPEAK};
    struct provider_result result;
    struct provider_verdict verdict;
    struct provider_reply reply = whole(200, "audio/pcm", silence, sizeof silence);
    assert_false(provider_judge(&provider_elevenlabs, &settings, &job, &reply, &result, &verdict));
    assert_string_equal(verdict.code, "silent_audio");
    assert_int_equal(verdict.class, TRANSIENT);
    silence[1000] = 1;
    assert_true(provider_judge(&provider_elevenlabs, &settings, &job, &reply, &result, &verdict));
}

static void incident_34_half_an_answer_is_not_taken_for_a_whole_one(void **state) {
    (void)state;
    static const struct {
        enum rf_provider provider;
        const char *body;
        enum rf_class class;
        const char *code; // NULL: good
    } cases[] = {
        {RF_PROVIDER_OPENAI,
         "{\"choices\": [{\"message\": {\"content\": \"Hi\"}, \"finish_reason\": \"stop\"}]}",
         RF_CLASS_OK, NULL},
        {RF_PROVIDER_OPENAI,
         "{\"choices\": [{\"message\": {\"content\": \"Hi\"}, \"finish_reason\": null}]}",
         TRANSIENT, "incomplete"},
        {RF_PROVIDER_OPENAI,
         "{\"choices\": [{\"message\": {\"content\": \"Hi\"}, \"finish_reason\": \"length\"}]}",
         INVALID, "length"},
        {RF_PROVIDER_OPENAI,
         "{\"choices\": [{\"message\": {\"content\": \"\"}, \"finish_reason\": "
         "\"content_filter\"}]}",
         INVALID, "content_filter"},
        {RF_PROVIDER_OPENAI, "{\"choices\": [{\"message\": {\"refusal\": \"I cannot\"}}]}", INVALID,
         "refusal"},
        {RF_PROVIDER_OPENAI, "{\"choices\": [{\"message\": {\"content\": \"Hi\"", TRANSIENT,
         "unreadable"},
        {RF_PROVIDER_OPENAI, "{\"choices\": [{\"message\": {\"content\": \" \"}}]}", INVALID,
         "empty"},
        {RF_PROVIDER_ANTHROPIC,
         "{\"content\": [{\"type\": \"text\", \"text\": \"Hi\"}], \"stop_reason\": \"end_turn\"}",
         RF_CLASS_OK, NULL},
        {RF_PROVIDER_ANTHROPIC,
         "{\"content\": [{\"type\": \"text\", \"text\": \"Hi\"}], \"stop_reason\": null}",
         TRANSIENT, "incomplete"},
        {RF_PROVIDER_ANTHROPIC,
         "{\"content\": [{\"type\": \"text\", \"text\": \"Hi\"}], \"stop_reason\": \"max_tokens\"}",
         INVALID, "max_tokens"},
        {RF_PROVIDER_ANTHROPIC, "{\"content\": [], \"stop_reason\": \"refusal\"}", INVALID,
         "refusal"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_found(cases[i].provider, NULL, "application/json", cases[i].body,
                     strlen(cases[i].body), cases[i].class, cases[i].code);
}

#define RULES(...)                                                                                 \
    struct rf_config_rule own[] = {__VA_ARGS__};                                                   \
    config.rules = (struct rf_config_list) {                                                       \
        own, sizeof own / sizeof *own                                                              \
    }

static int without_rules(void **state) {
    (void)state;
    config = (struct rf_config_provider){0};
    return 0;
}

static void a_rule_of_the_users_own_comes_first(void **state) {
    (void)state;
    char field[] = "error.code", text[] = "insufficient_quota", transient[] = "transient";
    char never[] = "never", source[] = "our contract of May", any[] = "any", no[] = "no";
    char limited[] = "rate_limited", write[] = "write";
    struct provider_verdict verdict;
    static const char body[] = OA("\"code\": \"insufficient_quota\"");
    RULES({.status = {429, 429},
           .field = field,
           .equals = text,
           .class = transient,
           .retry = never,
           .mark_for = rf_seconds(7),
           .source = source},
          {.failure = any, .sent = no, .operation = write, .class = limited});
    struct provider_reply reply = whole(429, "application/json", body, sizeof body - 1);
    assert_false(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
    assert_int_equal(verdict.class, TRANSIENT);
    assert_true(verdict.no_retry);
    assert_int_equal(verdict.mark_for.ns, 7 * RF_NS_PER_S);
    assert_string_equal(verdict.code, "insufficient_quota");
    assert_string_equal(last_rule,
                        "status 429, error.code = insufficient_quota [our contract of May]");
    reply.status = 403; // another status: the built-in rule
    assert_false(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
    assert_int_equal(verdict.class, QUOTA);
    reply = (struct provider_reply){
        .failure = RF_HTTP_TIMEOUT, .content_type = "", .body = "", .error_text = "late"};
    assert_false(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
    assert_int_equal(verdict.class, LIMITED);
    assert_string_equal(verdict.code, "timeout");
    reply.sent = true; // the rule is for what was not sent
    assert_false(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
    assert_int_equal(verdict.class, TRANSIENT);
    // Our own refusal to send is none of a provider's.
    reply.failure = RF_HTTP_TOO_LATE;
    assert_false(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
    assert_int_equal(verdict.class, RF_CLASS_LOCAL);
}

static void a_users_rule_refuses_a_good_status_only_if_it_names_it(void **state) {
    (void)state;
    char field[] = "usage.cached", header[] = "x-mode", busy[] = "busy";
    char transient[] = "transient", invalid[] = "permanent.invalid";
    struct provider_verdict verdict;
    static const char body[] = "{\"choices\": [{\"message\": {\"content\": \"Hi\"}, "
                               "\"finish_reason\": \"stop\"}], \"usage\": {\"cached\": true}}";
    struct row row = {.status = 200, .body = body, .header = "X-Mode", .text = "Very BUSY today"};
    struct provider_reply reply = reply_of(&row);
    {
        RULES({.field = field, .class = transient});
        assert_true(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
    }
    {
        RULES({.status = {200, 299}, .field = field, .class = invalid});
        assert_false(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
        assert_int_equal(verdict.class, INVALID);
    }
    {
        RULES({.status = {200, 200}, .header = header, .contains = busy, .class = transient});
        assert_false(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
        assert_int_equal(verdict.class, TRANSIENT);
    }
}

static void no_rule_lets_a_dial_that_may_have_been_made_be_transient(void **state) {
    (void)state;
    char transient[] = "transient";
    struct provider_verdict verdict;
    RULES({.status = {500, 599}, .class = transient});
    struct provider_reply reply = whole(503, "", "", 0);
    assert_false(judge(RF_PROVIDER_TWILIO, GATEWAY_DIAL, &reply, &verdict));
    assert_int_equal(verdict.class, AMBIGUOUS);
    assert_false(judge(RF_PROVIDER_TWILIO, GATEWAY_CALL_STATUS, &reply, &verdict));
    assert_int_equal(verdict.class, TRANSIENT);
}

static void a_wrong_charset_hides_no_code_and_is_mended_in_the_words(void **state) {
    (void)state;
    struct provider_verdict verdict;
    static const char latin[] = "{\"error\": {\"message\": \"Kontingent ersch\xf6pft\", \"code\": "
                                "\"insufficient_quota\"}}";
    struct provider_reply reply =
        whole(429, "application/json; charset=iso-8859-1", latin, sizeof latin - 1);
    assert_false(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
    assert_int_equal(verdict.class, QUOTA);
    assert_string_equal(verdict.message, "Kontingent ersch\xc3\xb6pft");
    static const char plain[] = "Trop de requ\xeates\r\n\0 behind a NUL";
    reply = whole(503, "text/plain", plain, sizeof plain - 1);
    assert_false(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
    assert_string_equal(verdict.message, "status 503: Trop de requ\xc3\xaates    behind a NUL");
    // A NUL within JSON makes it none.
    static const char cut[] = "{\"error\": {\"code\": \"insuffi\0cient_quota\"}}";
    reply = whole(429, "application/json", cut, sizeof cut - 1);
    assert_false(judge(RF_PROVIDER_OPENAI, GATEWAY_WRITE, &reply, &verdict));
    assert_int_equal(verdict.class, LIMITED);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup(name, without_rules)
    const struct CMUnitTest tests[] = {
        TEST(every_row_of_the_providers_documentation_has_its_class),
        TEST(failures_below_http_have_their_class),
        TEST(incident_11_and_33_a_status_of_200_without_a_sound_is_a_failure),
        TEST(samples_that_are_all_the_same_are_silence),
        TEST(incident_13_a_spent_quota_is_told_from_a_rate_limit_by_its_code),
        TEST(incident_34_half_an_answer_is_not_taken_for_a_whole_one),
        TEST(incident_43_errors_that_a_caller_can_provoke_do_not_count),
        TEST(a_rule_of_the_users_own_comes_first),
        TEST(a_users_rule_refuses_a_good_status_only_if_it_names_it),
        TEST(no_rule_lets_a_dial_that_may_have_been_made_be_transient),
        TEST(a_wrong_charset_hides_no_code_and_is_mended_in_the_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
