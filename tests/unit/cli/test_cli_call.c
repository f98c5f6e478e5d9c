// `ringfence call`: what is asked for, and how the answer is told.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "audio_file.h"
#include "call_reply.h"
#include "call_request.h"

#define NOW ((struct rf_utc){INT64_C(1700000000) * RF_NS_PER_S})

#define OWN(id, text) .own[CLI_##id] = (text)

static enum rf_err read_call(const struct cli_options *options, struct cli_call *call,
                             struct rf_error *error) {
    struct cli_options full = *options;
    while (full.count < CLI_MAX_ARGUMENTS && full.arguments[full.count] != NULL)
        full.count++;
    return cli_call_read(&full, NOW, call, error);
}

static void options_become_parameters(void **state) {
    (void)state;
    static const struct {
        struct cli_options options;
        const char *operation, *params;
        bool repeatable;
    } cases[] = {
        {{.arguments = {"speech"}, OWN(TEXT, "hello"), OWN(OUT, "x.mp3")},
         "speak",
         "{\"text\":\"hello\"}",
         true},
        {{.arguments = {"speech", "speak"}, OWN(TEXT, "a"), OWN(PARAMS, "{\"voice\":\"v\"}")},
         "speak",
         "{\"voice\":\"v\",\"text\":\"a\"}",
         true},
        {{.arguments = {"script"}, OWN(PROMPT, "greet")}, "write", "{\"prompt\":\"greet\"}", true},
        {{.arguments = {"telephony", "find-call"}, OWN(TO, "+12025550100"), OWN(SINCE, "1h")},
         "find_call",
         "{\"created_after\":1699996400000000000,\"to\":\"+12025550100\"}",
         true},
        {{.arguments = {"telephony", "call_status"}, OWN(SID, "CA1")},
         "call_status",
         "{\"sid\":\"CA1\"}",
         true},
        {{.arguments = {"telephony", "dial"},
          OWN(TO, "+12025550100"),
          OWN(TEXT, "a<b & \"c\">"),
          OWN(YES_DIAL, "")},
         "dial",
         "{\"twiml\":\"<Response><Say>a&lt;b &amp; \\\"c\\\"&gt;</Say></Response>\","
         "\"to\":\"+12025550100\"}",
         false},
        {{.arguments = {"campaign", "status"}}, "status", "{}", false},
        {{.arguments = {"weather", "find-out"}, OWN(PARAMS, "{\"city\":1}")},
         "find-out",
         "{\"city\":1}",
         false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cli_call call;
        struct rf_error error = {0};
        if (read_call(&cases[i].options, &call, &error) != RF_OK)
            fail_msg("case %zu: %s", i, error.message);
        char *params = json_dumps(call.params, JSON_COMPACT);
        assert_string_equal(call.operation, cases[i].operation);
        assert_string_equal(params, cases[i].params);
        assert_int_equal(call.repeatable, cases[i].repeatable);
        assert_int_equal(call.rings, strcmp(call.operation, "dial") == 0);
        assert_int_equal(call.deadline.ns, 30 * RF_NS_PER_S);
        free(params);
        cli_call_fini(&call);
    }
}

static void what_is_missing_or_does_not_belong_is_named(void **state) {
    (void)state;
    static const struct {
        struct cli_options options;
        const char *message;
    } cases[] = {
        {{.arguments = {"speech"}}, "call speech speak: --text is missing"},
        {{.arguments = {"speech", "sing"}, OWN(TEXT, "a")},
         "speech has no operation sing; it has: speak"},
        {{.arguments = {"speech"}, OWN(TEXT, "a"), OWN(SID, "CA1")},
         "call speech speak: there is no option --sid"},
        {{.arguments = {"script"}, OWN(PROMPT, "a"), OWN(OUT, "x")},
         "call script write: there is no option --out"},
        {{.arguments = {"telephony"}},
         "which operation of telephony? It has: find_call, call_status, dial"},
        {{.arguments = {"telephony", "dial"}, OWN(TO, "+12025550100"), OWN(TEXT, "a")},
         "call telephony dial: a real telephone would ring at +12025550100, and the call is paid "
         "for; if that is meant, add --yes-dial"},
        {{.arguments = {"weather"}},
         "weather is none of speech, script and telephony: name its operation too, as in: call "
         "weather OPERATION --params JSON"},
        {{.arguments = {"weather", ""}}, "OPERATION: 1 to 63 characters expected"},
        {{.arguments = {"weather", "ask"}, OWN(PARAMS, "[1]")},
         "--params: a JSON object expected, such as {\"name\": \"value\"}"},
        {{.arguments = {"speech"}, OWN(TEXT, "\xff")},
         "a text is too long, or is not UTF-8, or memory has run out"},
        {{.arguments = {"script"}, OWN(PROMPT, "a"), OWN(DEADLINE, "5")},
         "--deadline: \"5\" has no unit; expected a duration with a unit from 1ms to 24h, such as "
         "250ms, 5s, 10m or 1h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cli_call call;
        struct rf_error error = {0};
        assert_int_equal(read_call(&cases[i].options, &call, &error), RF_ERR_INVALID);
        assert_string_equal(error.message, cases[i].message);
        cli_call_fini(&call);
    }
}

static void a_text_too_long_for_a_dial_is_refused_and_not_cut(void **state) {
    (void)state;
    char *text = malloc(10001);
    assert_non_null(text);
    memset(text, '<', 10000);
    text[10000] = '\0';
    struct cli_options options = {.arguments = {"telephony", "dial"},
                                  OWN(TO, "+12025550100"),
                                  OWN(TEXT, text),
                                  OWN(YES_DIAL, "")};
    struct cli_call call;
    struct rf_error error = {0};
    assert_int_equal(read_call(&options, &call, &error), RF_ERR_INVALID);
    cli_call_fini(&call);
    free(text);
}

// ---- the answer ----

static void each_class_has_its_exit_code(void **state) {
    (void)state;
    static const struct {
        bool ok;
        const char *class;
        int code;
    } cases[] = {{true, "ok", 0},
                 {false, "transient", 11},
                 {false, "rate_limited", 12},
                 {false, "permanent.auth", 13},
                 {false, "permanent.quota", 14},
                 {false, "permanent.config", 15},
                 {false, "permanent.invalid", 16},
                 {false, "ambiguous", 17},
                 {false, "local", 18},
                 {false, "of tomorrow", 1},
                 {false, "ok", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rf_call_reply reply = {.ok = cases[i].ok, .class = cases[i].class};
        assert_int_equal(cli_call_exit(&reply), cases[i].code);
    }
}

static void assert_told(struct rf_text *text, const char *wanted) {
    char *told = rf_text_take(text);
    assert_non_null(told);
    assert_string_equal(told, wanted);
    free(told);
}

static void results_are_told_in_the_words_of_their_operation(void **state) {
    (void)state;
    static const struct {
        const char *service, *result, *text;
    } cases[] = {
        {"script", "{\"text\": \"Hello\\nAda\"}", "Hello\nAda\n"},
        {"speech", "{\"audio\": \"ab12\", \"size\": 4100, \"format\": \"mp3\"}",
         "4100 bytes of mp3 from elevenlabs, sha256 ab12\n"},
        {"telephony", "{\"sid\": \"CA1\", \"status\": \"completed\", \"duration_s\": 12}",
         "CA1 completed, 12 s\n"},
        {"telephony", "{\"calls\": []}", "no call to this number\n"},
        {"telephony",
         "{\"calls\": [{\"sid\": \"CA1\", \"status\": \"queued\", \"created\": 0},"
         " {\"sid\": \"CA234\", \"status\": \"in-progress\", \"created\": 1700000000000000000}]}",
         "  CA1    queued       -\n"
         "  CA234  in-progress  2023-11-14 22:13:20 UTC\n"},
        {"weather", "{\"rain\": true}", "{\n  \"rain\": true\n}\n"},
        {"weather", NULL, "done\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *result = cases[i].result != NULL ? json_loads(cases[i].result, 0, NULL) : NULL;
        struct cli_call call = {.service = cases[i].service};
        struct rf_call_reply reply = {.ok = true, .provider = "elevenlabs", .result = result};
        struct rf_text text = {0};
        cli_call_result(&call, &reply, &text);
        assert_told(&text, cases[i].text);
        json_decref(result);
    }
}

static void a_failure_tells_class_code_link_words_and_what_to_do(void **state) {
    (void)state;
    struct cli_call call = {.service = "speech", .operation = "speak", .repeatable = true};
    struct rf_attempt attempts[2] = {{.provider = "elevenlabs"}};
    struct rf_call_reply reply = {.class = "local",
                                  .code = "breaker_open",
                                  .provider = "elevenlabs",
                                  .message = "the circuit\nbreaker is open",
                                  .sent = "maybe",
                                  .retry_at = NOW.ns + 30 * RF_NS_PER_S,
                                  .attempts = {attempts, 2}};
    struct rf_text text = {0};
    cli_call_failure(&call, &reply, NOW, &text);
    assert_told(&text, "speech speak: local, breaker_open, elevenlabs: the circuit breaker is open "
                       "(2 attempts); it makes sense again in 30 s, at 2023-11-14 22:13:50 UTC");
    call = (struct cli_call){.service = "telephony", .operation = "dial", .rings = true};
    reply =
        (struct rf_call_reply){.class = "ambiguous", .sent = "maybe", .attempts = {attempts, 1}};
    cli_call_failure(&call, &reply, NOW, &text);
    assert_told(&text,
                "telephony dial: ambiguous: no reason was given (1 attempt); it may have taken "
                "effect: look before you repeat it (ringfence call telephony find-call --to "
                "NUMBER)");
}

static void the_story_is_told_in_aligned_columns(void **state) {
    (void)state;
    struct rf_decision decisions[] = {
        {.at = NOW.ns, .policy = "cache", .verdict = "miss"},
        {.at = NOW.ns + 1500000,
         .policy = "breaker",
         .provider = "elevenlabs",
         .verdict = "passed",
         .detail = "closed"},
        {.at = NOW.ns + 20 * RF_NS_PER_MS,
         .policy = "retry",
         .provider = "elevenlabs",
         .verdict = "again",
         .detail = "in 5.0 s:\x1b[31m 1 of 3"},
    };
    struct rf_attempt attempts[] = {
        {.provider = "elevenlabs",
         .status = 503,
         .class = "transient",
         .code = "busy",
         .message = "zu viel für uns",
         .began = NOW.ns + 2 * RF_NS_PER_MS,
         .took_ns = 8400000,
         .request_id = "req-ü"},
        {.provider = "openai-tts",
         .class = "ok",
         .began = NOW.ns + 5 * RF_NS_PER_S,
         .took_ns = 1234 * RF_NS_PER_MS,
         .waited_ns = 4980 * RF_NS_PER_MS,
         .request_id = "req-22"},
    };
    struct rf_call_reply reply = {.ok = true,
                                  .class = "ok",
                                  .worker = "gw-1",
                                  .decisions = {decisions, 3},
                                  .attempts = {attempts, 2}};
    struct rf_text text = {0};
    cli_call_story(&reply, rf_ms(6250), &text);
    assert_told(
        &text,
        "decisions\n"
        "  when      policy   link        verdict  why\n"
        "  +0.000 s  cache    -           miss     -\n"
        "  +0.002 s  breaker  elevenlabs  passed   closed\n"
        "  +0.020 s  retry    elevenlabs  again    in 5.0 s: [31m 1 of 3\n"
        "attempts\n"
        "  began     provider    status  class      took    waited  request id  what it said\n"
        "  +0.002 s  elevenlabs  503     transient  8.4 ms  -       req-ü       busy: zu viel für "
        "uns\n"
        "  +5.000 s  openai-tts  none    ok         1.23 s  4.98 s  req-22      -\n"
        "6.25 s in all, carried out by gw-1\n");
}

static void a_call_without_attempts_says_that_nothing_was_sent(void **state) {
    (void)state;
    struct rf_call_reply reply = {.class = "local"};
    struct rf_text text = {0};
    cli_call_story(&reply, rf_ms(3), &text);
    assert_told(&text, "attempts: none, nothing was sent to a provider\n3.0 ms in all\n");
}

static void json_has_the_names_of_the_bus(void **state) {
    (void)state;
    struct rf_attempt attempt = {.provider = "openai",
                                 .status = 200,
                                 .class = "ok",
                                 .began = 5,
                                 .took_ns = 6,
                                 .key = "ab12"};
    struct rf_decision decision = {.at = 4, .policy = "mark", .verdict = "passed"};
    struct rf_call_reply reply = {.id = "c1",
                                  .ok = false,
                                  .class = "permanent.auth",
                                  .sent = "yes",
                                  .mark_made = true,
                                  .attempts = {&attempt, 1},
                                  .decisions = {&decision, 1}};
    json_t *json = cli_call_json(&reply);
    char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(
        text, "{\"attempts\":[{\"began\":5,\"class\":\"ok\",\"key\":\"ab12\",\"provider\":"
              "\"openai\",\"status\":200,"
              "\"took_ns\":6}],\"class\":\"permanent.auth\",\"decisions\":[{\"at\":4,\"policy\":"
              "\"mark\",\"verdict\":\"passed\"}],\"id\":\"c1\",\"mark_made\":true,\"ok\":false,"
              "\"sent\":\"yes\"}");
    free(text);
    json_decref(json);
}

// ---- the audio ----

#define HELLO_HASH "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

struct folder {
    char path[32], audio[128], out[64];
};

static int make_folder(void **state) {
    static struct folder folder;
    strcpy(folder.path, "/tmp/rf-cli-XXXXXX");
    if (mkdtemp(folder.path) == NULL)
        return -1;
    snprintf(folder.audio, sizeof folder.audio, "%s/" HELLO_HASH ".mp3", folder.path);
    snprintf(folder.out, sizeof folder.out, "%s/out.mp3", folder.path);
    *state = &folder;
    return 0;
}

static int remove_folder(void **state) {
    struct folder *folder = *state;
    unlink(folder->audio);
    unlink(folder->out);
    return rmdir(folder->path);
}

static void write_audio(const struct folder *folder, const char *content) {
    FILE *file = fopen(folder->audio, "wb");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static json_t *result_of(const char *hash, const char *format) {
    return json_pack("{s:s, s:s}", "audio", hash, "format", format);
}

static void audio_is_copied_if_its_hash_is_right(void **state) {
    struct folder *folder = *state;
    struct rf_error error = {0};
    char copied[8] = "";
    json_t *result = result_of(HELLO_HASH, "mp3");
    assert_int_equal(cli_audio_check(folder->path, folder->out, &error), RF_OK);
    assert_int_equal(cli_audio_copy(folder->path, result, folder->out, &error), RF_ERR_NOT_FOUND);
    assert_non_null(strstr(error.message, "run this on a host that shares it"));
    write_audio(folder, "hullo");
    assert_int_equal(cli_audio_copy(folder->path, result, folder->out, &error), RF_ERR_IO);
    assert_non_null(strstr(error.message, "the content is another than its name says"));
    assert_int_not_equal(access(folder->out, F_OK), 0);
    write_audio(folder, "hello");
    assert_int_equal(cli_audio_copy(folder->path, result, folder->out, &error), RF_OK);
    FILE *file = fopen(folder->out, "rb");
    assert_non_null(file);
    assert_int_equal(fread(copied, 1, sizeof copied - 1, file), 5);
    assert_string_equal(copied, "hello");
    (void)fclose(file);
    json_decref(result);
}

static void what_cannot_be_a_file_name_is_never_opened(void **state) {
    struct folder *folder = *state;
    static const char *const names[][2] = {
        {"../../etc/passwd", "mp3"}, {HELLO_HASH, "../x"}, {"", "mp3"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct rf_error error = {0};
        json_t *result = result_of(names[i][0], names[i][1]);
        assert_int_equal(cli_audio_copy(folder->path, result, folder->out, &error),
                         RF_ERR_PROTOCOL);
        json_decref(result);
    }
}

static void what_cannot_be_written_is_told_before_the_call(void **state) {
    struct folder *folder = *state;
    struct rf_error error = {0};
    assert_int_equal(cli_audio_check("/nowhere", folder->out, &error), RF_ERR_IO);
    assert_non_null(strstr(error.message, "or leave --out away"));
    assert_int_equal(cli_audio_check(folder->path, folder->path, &error), RF_ERR_INVALID);
    assert_int_equal(cli_audio_check(folder->path, "/nowhere/x.mp3", &error), RF_ERR_IO);
    assert_non_null(strstr(error.message, "nothing can be written to /nowhere"));
    assert_int_equal(cli_audio_check(folder->path, "-", &error), RF_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_become_parameters),
        cmocka_unit_test(what_is_missing_or_does_not_belong_is_named),
        cmocka_unit_test(a_text_too_long_for_a_dial_is_refused_and_not_cut),
        cmocka_unit_test(each_class_has_its_exit_code),
        cmocka_unit_test(results_are_told_in_the_words_of_their_operation),
        cmocka_unit_test(a_failure_tells_class_code_link_words_and_what_to_do),
        cmocka_unit_test(the_story_is_told_in_aligned_columns),
        cmocka_unit_test(a_call_without_attempts_says_that_nothing_was_sent),
        cmocka_unit_test(json_has_the_names_of_the_bus),
        cmocka_unit_test_setup_teardown(audio_is_copied_if_its_hash_is_right, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_a_file_name_is_never_opened, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_told_before_the_call, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
