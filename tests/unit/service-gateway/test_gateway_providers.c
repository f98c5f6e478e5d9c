// Requests as the providers want them, and replies that look good but are not.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "provider.h"

static char base_url[] = "https://api.example", voice[] = "v/1", format[] = "mp3_22050_32";
static char model[] = "m1", sid[] = "AC1", from[] = "+12025550100", key[] = "k1";
static const struct rf_config_provider config = {.base_url = base_url,
                                                 .voice = voice,
                                                 .output_format = format,
                                                 .model = model,
                                                 .max_tokens = 300,
                                                 .account_sid = sid,
                                                 .from = from};
static const struct rf_config_telephony telephony = {.ring_timeout = {30 * RF_NS_PER_S},
                                                     .clock_skew = {5 * RF_NS_PER_S}};
static char mp3[] = "mp3";
static const struct rf_config_provider speech_config = {
    .base_url = base_url, .voice = voice, .output_format = mp3, .model = model};
static const struct provider_settings speech_settings = {.config = &speech_config,
                                                         .key = {.value = key}};
static const struct provider_settings settings = {
    .config = &config, .telephony = &telephony, .key = {.value = key}};

static enum rf_err build(enum rf_provider id, enum gateway_operation operation, const char *params,
                         struct provider_request *request) {
    struct rf_error error;
    struct provider_job job = {.operation = operation, .params = json_loads(params, 0, NULL)};
    *request = (struct provider_request){0};
    enum rf_err err = provider_of(id)->build(
        id == RF_PROVIDER_OPENAI_TTS ? &speech_settings : &settings, &job, request, &error);
    provider_job_fini(&job);
    return err;
}

static const char *header(const struct provider_request *request, const char *name) {
    for (size_t i = 0; i < request->header_count; i++)
        if (strcmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return "";
}

static void speech_is_asked_for_as_elevenlabs_documents_it(void **state) {
    struct provider_request request;
    (void)state;
    assert_int_equal(build(RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK,
                           "{\"text\": \"H\\u00e4 \\\"x\\\"\"}", &request),
                     RF_OK);
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.url,
                        "https://api.example/v1/text-to-speech/v%2F1?output_format=mp3_22050_32");
    assert_string_equal(header(&request, "xi-api-key"), "k1");
    assert_string_equal(header(&request, "Content-Type"), "application/json");
    assert_string_equal(request.body, "{\"text\":\"Hä \\\"x\\\"\",\"model_id\":\"m1\"}");
    assert_false(request.fresh);
    provider_request_fini(&request);
}

static void speech_is_asked_for_as_openai_documents_it(void **state) {
    struct provider_request request;
    (void)state;
    assert_int_equal(
        build(RF_PROVIDER_OPENAI_TTS, GATEWAY_SPEAK, "{\"text\": \"H\\u00e4\"}", &request), RF_OK);
    assert_string_equal(request.method, "POST");
    assert_string_equal(request.url, "https://api.example/v1/audio/speech");
    assert_string_equal(header(&request, "Authorization"), "Bearer k1");
    assert_string_equal(header(&request, "Content-Type"), "application/json");
    assert_string_equal(request.body, "{\"model\":\"m1\",\"input\":\"Hä\",\"voice\":\"v/1\","
                                      "\"response_format\":\"mp3\"}");
    provider_request_fini(&request);
}

// OpenAI speaks with one voice of failure, whichever of its services is asked.
static void speech_of_openai_fails_in_the_words_of_openai(void **state) {
    (void)state;
    static const struct {
        long status;
        const char *body;
        enum rf_class class;
        const char *code;
    } cases[] = {
        {429, "{\"error\": {\"message\": \"m\", \"code\": \"insufficient_quota\"}}",
         RF_CLASS_PERMANENT_QUOTA, "insufficient_quota"},
        {429, "{\"error\": {\"message\": \"m\", \"code\": \"rate_limit_exceeded\"}}",
         RF_CLASS_RATE_LIMITED, "rate_limit_exceeded"},
        {401, "{\"error\": {\"message\": \"m\", \"code\": \"invalid_api_key\"}}",
         RF_CLASS_PERMANENT_AUTH, "invalid_api_key"},
        {400, "{\"error\": {\"message\": \"m\", \"code\": \"string_above_max_length\"}}",
         RF_CLASS_PERMANENT_INVALID, "string_above_max_length"},
        {503, "<html>", RF_CLASS_TRANSIENT, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct provider_job job = {.operation = GATEWAY_SPEAK};
        struct provider_result result;
        struct provider_verdict verdict;
        struct provider_reply reply = {.sent = true,
                                       .status = cases[i].status,
                                       .content_type = "application/json",
                                       .body = cases[i].body,
                                       .body_size = strlen(cases[i].body),
                                       .error_text = ""};
        assert_false(
            provider_judge(&provider_openai_tts, &settings, &job, &reply, &result, &verdict));
        assert_int_equal(verdict.class, cases[i].class);
        assert_string_equal(verdict.code, cases[i].code);
    }
}

static void scripts_are_asked_for_as_openai_and_anthropic_document_it(void **state) {
    struct provider_request request;
    (void)state;
    assert_int_equal(build(RF_PROVIDER_OPENAI, GATEWAY_WRITE, "{\"prompt\": \"p\"}", &request),
                     RF_OK);
    assert_string_equal(request.url, "https://api.example/v1/chat/completions");
    assert_string_equal(header(&request, "Authorization"), "Bearer k1");
    assert_string_equal(request.body, "{\"model\":\"m1\",\"max_tokens\":300,\"messages\":"
                                      "[{\"role\":\"user\",\"content\":\"p\"}]}");
    provider_request_fini(&request);
    assert_int_equal(build(RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, "{\"prompt\": \"p\"}", &request),
                     RF_OK);
    assert_string_equal(request.url, "https://api.example/v1/messages");
    assert_string_equal(header(&request, "X-Api-Key"), "k1");
    assert_string_equal(header(&request, "anthropic-version"), "2023-06-01");
    provider_request_fini(&request);
}

static void a_dial_is_a_form_over_a_connection_of_its_own(void **state) {
    struct provider_request request;
    (void)state;
    assert_int_equal(build(RF_PROVIDER_TWILIO, GATEWAY_DIAL,
                           "{\"to\": \"+442079460001\", \"twiml\": \"<Say>a&b</Say>\"}", &request),
                     RF_OK);
    assert_string_equal(request.url, "https://api.example/2010-04-01/Accounts/AC1/Calls.json");
    assert_string_equal(request.body, "To=%2B442079460001&From=%2B12025550100"
                                      "&Twiml=%3CSay%3Ea%26b%3C%2FSay%3E&Timeout=30");
    assert_string_equal(request.user, "AC1");
    assert_string_equal(request.password, "k1");
    assert_true(request.fresh);
    provider_request_fini(&request);
    assert_int_equal(build(RF_PROVIDER_TWILIO, GATEWAY_CALL_STATUS, "{\"sid\": \"CA9\"}", &request),
                     RF_OK);
    assert_string_equal(request.url, "https://api.example/2010-04-01/Accounts/AC1/Calls/CA9.json");
    assert_false(request.fresh);
    provider_request_fini(&request);
}

// The form of a dial by this telephony section, as the call `id`.
static char *dial_body(const struct rf_config_telephony *calls, const char *id) {
    const struct provider_settings with = {
        .config = &config, .telephony = calls, .key = {.value = key}};
    struct provider_request request = {0};
    struct rf_error error = {0};
    json_t *params = json_pack("{s:s,s:s}", "to", "+442079460001", "twiml", "<Say/>");
    struct provider_job job = {.operation = GATEWAY_DIAL, .params = params, .id = id};
    assert_int_equal(provider_of(RF_PROVIDER_TWILIO)->build(&with, &job, &request, &error), RF_OK);
    char *body = strdup(request.body);
    provider_request_fini(&request);
    json_decref(params);
    return body;
}

static void a_dial_says_where_its_call_is_to_be_told_of(void **state) {
    (void)state;
#define WHERE "https%3A%2F%2Fcalls.example%2Ftwilio%2Fstatus%2F01JAR5ZX3N0000000000000000"
    struct rf_config_telephony calls = {.ring_timeout = {30 * RF_NS_PER_S},
                                        .machine_detection = true};
    char *body = dial_body(&calls, "01JAR5ZX3N0000000000000000");
    assert_null(strstr(body, "StatusCallback"));
    free(body);
    calls.callback_url = "https://calls.example/";
    body = dial_body(&calls, "01JAR5ZX3N0000000000000000");
    assert_string_equal(body, "To=%2B442079460001&From=%2B12025550100&Twiml=%3CSay%2F%3E&Timeout=30"
                              "&MachineDetection=Enable&StatusCallback=" WHERE
                              "&StatusCallbackEvent=initiated&StatusCallbackEvent=completed");
    free(body);
    calls.async_detection = true;
    body = dial_body(&calls, "01JAR5ZX3N0000000000000000");
    assert_non_null(
        strstr(body, "&AsyncAmd=true&AsyncAmdStatusCallback=" WHERE "&StatusCallback="));
    free(body);
    // Nobody would know by the address which dial it is.
    body = dial_body(&calls, "by-hand");
    assert_null(strstr(body, "Callback"));
    free(body);
}

static void machine_detection_is_asked_for_and_what_it_heard_is_told(void **state) {
    (void)state;
    static const struct rf_config_telephony listening = {.ring_timeout = {30 * RF_NS_PER_S},
                                                         .machine_detection = true};
    const struct provider_settings heard = {
        .config = &config, .telephony = &listening, .key = {.value = key}};
    struct provider_request request = {0};
    struct rf_error error = {0};
    json_t *params = json_pack("{s:s,s:s}", "to", "+442079460001", "twiml", "<Say/>");
    struct provider_job job = {.operation = GATEWAY_DIAL, .params = params};
    assert_int_equal(provider_of(RF_PROVIDER_TWILIO)->build(&heard, &job, &request, &error), RF_OK);
    assert_non_null(strstr(request.body, "&MachineDetection=Enable"));
    provider_request_fini(&request);
    json_decref(params);
    static const struct {
        const char *body, *answered_by;
    } cases[] = {
        {"{\"sid\": \"CA1\", \"status\": \"completed\", \"duration\": \"7\","
         " \"answered_by\": \"machine_start\"}",
         "machine_start"},
        {"{\"sid\": \"CA1\", \"status\": \"completed\", \"duration\": \"7\","
         " \"answered_by\": null}",
         NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct provider_job asked = {.operation = GATEWAY_CALL_STATUS};
        struct provider_result result;
        struct provider_verdict verdict;
        struct provider_reply reply = {.sent = true,
                                       .status = 200,
                                       .content_type = "application/json",
                                       .body = cases[i].body,
                                       .body_size = strlen(cases[i].body),
                                       .error_text = ""};
        assert_true(provider_judge(provider_of(RF_PROVIDER_TWILIO), &heard, &asked, &reply, &result,
                                   &verdict));
        const char *told = json_string_value(json_object_get(result.result, "answered_by"));
        assert_int_equal(told != NULL, cases[i].answered_by != NULL);
        if (told != NULL)
            assert_string_equal(told, cases[i].answered_by);
        assert_int_equal(json_integer_value(json_object_get(result.result, "duration_s")), 7);
        json_decref(result.result);
    }
}

static void parameters_that_cannot_be_used_are_refused(void **state) {
    (void)state;
    static const struct {
        enum rf_provider id;
        enum gateway_operation operation;
        const char *params;
    } cases[] = {
        {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, "{}"},
        {RF_PROVIDER_ELEVENLABS, GATEWAY_SPEAK, "{\"text\": \"\"}"},
        {RF_PROVIDER_OPENAI_TTS, GATEWAY_SPEAK, "{\"text\": 5}"},
        {RF_PROVIDER_OPENAI, GATEWAY_WRITE, "{\"prompt\": 5}"},
        {RF_PROVIDER_ANTHROPIC, GATEWAY_WRITE, "{}"},
        {RF_PROVIDER_TWILIO, GATEWAY_DIAL, "{\"to\": \"+12025550101\"}"},
        {RF_PROVIDER_TWILIO, GATEWAY_DIAL, "{\"to\": \"12025550101\", \"twiml\": \"x\"}"},
        {RF_PROVIDER_TWILIO, GATEWAY_DIAL, "{\"to\": \"+02025550101\", \"twiml\": \"x\"}"},
        {RF_PROVIDER_TWILIO, GATEWAY_DIAL, "{\"to\": \"+1202555010a\", \"twiml\": \"x\"}"},
        {RF_PROVIDER_TWILIO, GATEWAY_CALL_STATUS, "{\"sid\": \"../Accounts\"}"},
        {RF_PROVIDER_TWILIO, GATEWAY_FIND_CALL, "{}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct provider_request request;
        assert_int_equal(build(cases[i].id, cases[i].operation, cases[i].params, &request),
                         RF_ERR_INVALID);
        provider_request_fini(&request);
    }
}

static bool read_reply(enum rf_provider id, const char *type, const char *body,
                       struct provider_verdict *verdict, char *text, size_t size) {
    struct provider_job job = {.operation = GATEWAY_WRITE};
    struct provider_result result;
    struct provider_reply reply = {.sent = true,
                                   .status = 200,
                                   .content_type = type,
                                   .body = body,
                                   .body_size = strlen(body),
                                   .error_text = ""};
    bool good =
        provider_judge(provider_of(id), id == RF_PROVIDER_OPENAI_TTS ? &speech_settings : &settings,
                       &job, &reply, &result, verdict);
    const char *got = json_string_value(json_object_get(result.result, "text"));
    snprintf(text, size, "%s", got != NULL ? got : "");
    json_decref(result.result);
    return good;
}

static void a_status_of_200_is_not_enough(void **state) {
    (void)state;
    static const struct {
        enum rf_provider id;
        const char *type, *body, *text; // text NULL: not good
        enum rf_class class;
    } cases[] = {
        {RF_PROVIDER_ELEVENLABS, "audio/mpeg", "ID3...", "", RF_CLASS_OK},
        {RF_PROVIDER_ELEVENLABS, "audio/mpeg", "\xff\xfb\x90", "", RF_CLASS_OK},
        {RF_PROVIDER_ELEVENLABS, "audio/mpeg", "", NULL, RF_CLASS_TRANSIENT},
        {RF_PROVIDER_ELEVENLABS, "text/html", "ID3...", NULL, RF_CLASS_TRANSIENT},
        {RF_PROVIDER_ELEVENLABS, "audio/mpeg", "<html>", NULL, RF_CLASS_TRANSIENT},
        {RF_PROVIDER_ELEVENLABS, "", "ID3...", NULL, RF_CLASS_TRANSIENT},
        {RF_PROVIDER_OPENAI_TTS, "audio/mpeg", "ID3...", "", RF_CLASS_OK},
        {RF_PROVIDER_OPENAI_TTS, "audio/mpeg", "", NULL, RF_CLASS_TRANSIENT},
        {RF_PROVIDER_OPENAI_TTS, "application/json", "{}", NULL, RF_CLASS_TRANSIENT},
        {RF_PROVIDER_OPENAI_TTS, "audio/mpeg", "<html>", NULL, RF_CLASS_TRANSIENT},
        {RF_PROVIDER_OPENAI, "application/json",
         "{\"choices\": [{\"message\": {\"content\": \"Hi\"}, \"finish_reason\": \"stop\"}]}", "Hi",
         RF_CLASS_OK},
        {RF_PROVIDER_OPENAI, "application/json",
         "{\"choices\": [{\"message\": {\"content\": \"Hi\"}, \"finish_reason\": \"length\"}]}",
         NULL, RF_CLASS_PERMANENT_INVALID},
        {RF_PROVIDER_OPENAI, "application/json",
         "{\"choices\": [{\"message\": {\"content\": \"\"}, \"finish_reason\":"
         " \"content_filter\"}]}",
         NULL, RF_CLASS_PERMANENT_INVALID},
        {RF_PROVIDER_OPENAI, "application/json",
         "{\"choices\": [{\"message\": {\"content\": \" \"}, \"finish_reason\": \"stop\"}]}", NULL,
         RF_CLASS_PERMANENT_INVALID},
        {RF_PROVIDER_OPENAI, "application/json",
         "{\"choices\": [{\"message\": {\"content\": null, \"refusal\": \"no\"}}]}", NULL,
         RF_CLASS_PERMANENT_INVALID},
        {RF_PROVIDER_OPENAI, "application/json", "{\"choices\": []}", NULL, RF_CLASS_TRANSIENT},
        {RF_PROVIDER_ANTHROPIC, "application/json",
         "{\"content\": [{\"type\": \"text\", \"text\": \"Hel\"}, {\"type\": \"text\", \"text\":"
         " \"lo\"}], \"stop_reason\": \"end_turn\"}",
         "Hello", RF_CLASS_OK},
        {RF_PROVIDER_ANTHROPIC, "application/json",
         "{\"content\": [{\"type\": \"text\", \"text\": \"Hel\"}], \"stop_reason\":"
         " \"max_tokens\"}",
         NULL, RF_CLASS_PERMANENT_INVALID},
        {RF_PROVIDER_ANTHROPIC, "application/json",
         "{\"content\": [], \"stop_reason\": \"refusal\"}", NULL, RF_CLASS_PERMANENT_INVALID},
        {RF_PROVIDER_ANTHROPIC, "application/json",
         "{\"content\": [], \"stop_reason\": \"end_turn\"}", NULL, RF_CLASS_PERMANENT_INVALID},
        {RF_PROVIDER_ANTHROPIC, "application/json", "{}", NULL, RF_CLASS_TRANSIENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct provider_verdict verdict;
        char text[64];
        bool good =
            read_reply(cases[i].id, cases[i].type, cases[i].body, &verdict, text, sizeof text);
        if (good != (cases[i].text != NULL) || verdict.class != cases[i].class)
            fail_msg("case %zu: %s", i, rf_class_name(verdict.class));
        if (good)
            assert_string_equal(text, cases[i].text);
    }
}

static void a_page_that_leads_elsewhere_is_not_followed(void **state) {
    (void)state;
    static const char body[] =
        "{\"calls\": [], \"next_page_uri\": \"https://elsewhere.example/Calls.json\"}";
    struct provider_job job = {.operation = GATEWAY_FIND_CALL, .params = json_object()};
    struct provider_verdict verdict;
    struct provider_result result;
    struct provider_reply reply = {.sent = true,
                                   .status = 200,
                                   .content_type = "application/json",
                                   .body = body,
                                   .body_size = sizeof body - 1,
                                   .error_text = ""};
    assert_false(provider_judge(&provider_twilio, &settings, &job, &reply, &result, &verdict));
    assert_int_equal(verdict.class, RF_CLASS_TRANSIENT);
    assert_null(job.next_page);
    provider_job_fini(&job);
}

static const char *date; // of the next reply; NULL: none

static const char *dated(const void *arg, const char *name) {
    (void)arg;
    return strcmp(name, "Date") == 0 ? date : NULL;
}

// What is found of a call of 11:00:00, when it is `now_s` after that by our clock: "" is nothing.
static void expect_found(const char *at, int64_t now_s, int64_t after_s, const char *found,
                         int64_t ahead_s) {
    static const int64_t eleven = INT64_C(1795518000) * RF_NS_PER_S; // Tue, 24 Nov 2026 11:00:00
    static const char body[] = "{\"calls\": [{\"sid\": \"CA1\", \"status\": \"queued\","
                               " \"date_created\": \"Tue, 24 Nov 2026 11:00:00 +0000\"}]}";
    struct provider_verdict verdict;
    struct provider_result result;
    struct provider_job job = {
        .operation = GATEWAY_FIND_CALL,
        .params =
            json_pack("{s:I, s:I}", "created_after", (json_int_t)(eleven + after_s * RF_NS_PER_S),
                      "unsure_after", (json_int_t)(eleven + (after_s - 86400) * RF_NS_PER_S))};
    struct provider_reply reply = {.sent = true,
                                   .status = 200,
                                   .content_type = "application/json",
                                   .body = body,
                                   .body_size = sizeof body - 1,
                                   .header = dated,
                                   .received = {eleven + now_s * RF_NS_PER_S},
                                   .error_text = ""};
    date = at;
    assert_true(provider_judge(&provider_twilio, &settings, &job, &reply, &result, &verdict));
    json_t *call = json_array_get(json_object_get(result.result, "calls"), 0);
    const char *what = call == NULL                                   ? ""
                       : json_is_true(json_object_get(call, "older")) ? "older"
                                                                      : "it";
    assert_string_equal(what, found);
    assert_int_equal(json_integer_value(json_object_get(result.result, "clock_ahead_ns")),
                     ahead_s * RF_NS_PER_S);
    json_decref(result.result);
    provider_job_fini(&job);
}

static void a_call_is_found_though_the_clocks_differ_and_never_passed_over_unsaid(void **state) {
    (void)state;
    // Ours is right: the call is of this attempt, or older, or of another day.
    expect_found("Tue, 24 Nov 2026 11:00:30 GMT", 30, -6, "it", 0);
    expect_found("Tue, 24 Nov 2026 11:00:30 GMT", 30, 1, "older", 0);
    expect_found("Tue, 24 Nov 2026 11:00:30 GMT", 30, 86399, "older", 0);
    expect_found("Tue, 24 Nov 2026 11:00:30 GMT", 30, 86401, "", 0);
    expect_found(NULL, 30, 1, "older", 0);
    // Ours is 20 s, or 5 days, ahead, or an hour behind; and the attempt was made by it.
    expect_found("Tue, 24 Nov 2026 11:00:30 GMT", 50, 14, "it", -20);
    expect_found("Tue, 24 Nov 2026 11:00:30 GMT", 30 + 432000, 432000 - 6, "it", -432000);
    expect_found("Tue, 24 Nov 2026 12:00:30 GMT", 30, -6, "older", 3600);
    expect_found("Tue, 24 Nov 2026 12:00:30 GMT", 30, -3606, "it", 3600);
    // It was an hour ahead when the attempt was made, and has been set since.
    expect_found("Tue, 24 Nov 2026 11:00:30 GMT", 30, 3594, "older", 0);
    // A date that no clock shows is none.
    expect_found("sometime", 30, 1, "older", 0);
}

static void a_call_is_placed_and_looked_for_by_the_account_of_its_attempt(void **state) {
    static const struct {
        enum gateway_operation operation;
        const char *params;
        enum rf_err err;
    } cases[] = {
        {GATEWAY_DIAL, "\"to\": \"+12025550101\", \"twiml\": \"x\"", RF_ERR_CONFLICT},
        {GATEWAY_FIND_CALL, "\"to\": \"+12025550101\"", RF_ERR_INVALID},
        {GATEWAY_CALL_STATUS, "\"sid\": \"CA1\"", RF_ERR_INVALID},
    };
    static const char *const others[] = {"AC2 at https://api.example", "AC1 at https://other"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char params[256];
        struct provider_request request;
        for (size_t k = 0; k < 2; k++) {
            snprintf(params, sizeof params, "{%s, \"account\": \"%s\"}", cases[i].params,
                     others[k]);
            assert_int_equal(build(RF_PROVIDER_TWILIO, cases[i].operation, params, &request),
                             cases[i].err);
            provider_request_fini(&request);
        }
        snprintf(params, sizeof params,
                 "{%s, \"account\": \"AC1 at https://api.example\", \"from\": \"+12025550177\"}",
                 cases[i].params);
        assert_int_equal(build(RF_PROVIDER_TWILIO, cases[i].operation, params, &request), RF_OK);
        if (cases[i].operation != GATEWAY_CALL_STATUS) {
            const char *sent = request.body != NULL ? request.body : request.url;
            assert_non_null(strstr(sent, "From=%2B12025550177"));
        }
        provider_request_fini(&request);
    }
}

static void a_list_without_end_does_not_prove_an_absence(void **state) {
    (void)state;
    static const char body[] = "{\"calls\": [], \"next_page_uri\": \"/more\"}";
    struct provider_job job = {.operation = GATEWAY_FIND_CALL, .params = json_object()};
    struct provider_verdict verdict;
    struct provider_result result;
    struct provider_reply reply = {.sent = true,
                                   .status = 200,
                                   .content_type = "application/json",
                                   .body = body,
                                   .body_size = sizeof body - 1,
                                   .error_text = ""};
    int pages = 1;
    while (provider_judge(&provider_twilio, &settings, &job, &reply, &result, &verdict)) {
        assert_true(result.more);
        assert_true(pages++ < 1000);
    }
    assert_int_equal(verdict.class, RF_CLASS_TRANSIENT);
    provider_job_fini(&job);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech_is_asked_for_as_elevenlabs_documents_it),
        cmocka_unit_test(speech_is_asked_for_as_openai_documents_it),
        cmocka_unit_test(speech_of_openai_fails_in_the_words_of_openai),
        cmocka_unit_test(scripts_are_asked_for_as_openai_and_anthropic_document_it),
        cmocka_unit_test(machine_detection_is_asked_for_and_what_it_heard_is_told),
        cmocka_unit_test(a_dial_is_a_form_over_a_connection_of_its_own),
        cmocka_unit_test(a_dial_says_where_its_call_is_to_be_told_of),
        cmocka_unit_test(parameters_that_cannot_be_used_are_refused),
        cmocka_unit_test(a_status_of_200_is_not_enough),
        cmocka_unit_test(a_page_that_leads_elsewhere_is_not_followed),
        cmocka_unit_test(a_call_is_found_though_the_clocks_differ_and_never_passed_over_unsaid),
        cmocka_unit_test(a_call_is_placed_and_looked_for_by_the_account_of_its_attempt),
        cmocka_unit_test(a_list_without_end_does_not_prove_an_absence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
