// The ElevenLabs face, and the audio that it makes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lame/lame.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "speech.h"

#define SPEAK "/elevenlabs/v1/text-to-speech/voice1?output_format=mp3_22050_32"
#define KEY   "xi-api-key: k\n"

static unsigned char *make(const char *voice, const char *text, const char *name, size_t *size) {
    struct sim_format format;
    unsigned char *audio = NULL;
    assert_true(sim_format_parse(name, &format));
    assert_int_equal(sim_speech_make(voice, text, &format, &audio, size), RF_OK);
    return audio;
}

static void the_same_text_gives_the_same_bytes_and_another_one_others(void **state) {
    (void)state;
    static const char *const names[] = {"mp3_22050_32", "pcm_16000", "ulaw_8000"};
    static const char *const others[][2] = {{"v", "Hello Bea"}, {"w", "Hello Ada"}};
    for (size_t i = 0; i < 3; i++) {
        size_t size, again_size, other_size;
        unsigned char *first = make("v", "Hello Ada", names[i], &size);
        unsigned char *again = make("v", "Hello Ada", names[i], &again_size);
        assert_int_equal(size, again_size);
        assert_memory_equal(first, again, size);
        for (size_t k = 0; k < 2; k++) {
            unsigned char *other = make(others[k][0], others[k][1], names[i], &other_size);
            assert_true(size != other_size || memcmp(first, other, size) != 0);
            free(other);
        }
        free(first);
        free(again);
    }
}

// Decodes by the decoder of the same library: mono, the rate that was asked for, one to three
// seconds, and not silent.
static void an_mp3_is_playable(void **state) {
    (void)state;
    size_t size;
    unsigned char *audio = make("v", "Hello, a text of some length.", "mp3_22050_32", &size);
    static short left[200000], right[200000];
    mp3data_struct head = {0};
    hip_t decoder = hip_decode_init();
    assert_non_null(decoder);
    int samples = 0;
    for (size_t at = 0; at < size; at += 100) { // fed as a player does: piece by piece
        size_t piece = size - at < 100 ? size - at : 100;
        int count = hip_decode_headers(decoder, audio + at, piece, left + samples, right, &head);
        assert_true(count >= 0);
        samples += count;
    }
    hip_decode_exit(decoder);
    free(audio);
    assert_int_equal(head.samplerate, 22050);
    assert_int_equal(head.stereo, 1);
    assert_int_equal(head.bitrate, 32);
    assert_in_range(samples, 22050 * 9 / 10, 22050 * 3);
    int loudest = 0;
    for (int i = 0; i < samples; i++)
        loudest = abs(left[i]) > loudest ? abs(left[i]) : loudest;
    assert_in_range(loudest, 3000, 32000);
}

// The bytes of G.711's table, read back by its own rule: what was loud is loud, what was silent is
// not.
static void ulaw_follows_the_pcm_of_the_same_text(void **state) {
    (void)state;
    size_t ulaw_size, pcm_size;
    unsigned char *ulaw = make("v", "x", "ulaw_8000", &ulaw_size);
    unsigned char *pcm = make("v", "x", "pcm_8000", &pcm_size);
    assert_int_equal(pcm_size, 2 * ulaw_size);
    assert_int_equal(ulaw[0], 0xff);
    for (size_t i = 0; i < ulaw_size; i++) {
        int sample = (int16_t)(pcm[2 * i] | pcm[2 * i + 1] << 8);
        int code = ~ulaw[i] & 255;
        int value = (((code & 15) << 3) + 132) << (code >> 4 & 7);
        value = (code & 0x80) != 0 ? 132 - value : value - 132;
        // The step of the segment is at most a sixteenth of the value, and 8 at the least.
        assert_in_range(abs(sample - value), 0, abs(sample) / 16 + 8);
    }
    free(ulaw);
    free(pcm);
}

static void speech_is_audio_with_its_headers_and_a_ledger_entry(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, "{\"text\": \"Hello Ada\"}"), 200);
    assert_string_equal(bench->outcome.reply.content_type, "audio/mpeg");
    assert_true(bench->outcome.reply.size > 3000);
    assert_string_equal(bench_header(bench, "character-cost"), "9");
    assert_non_null(bench_header(bench, "request-id"));
    long size = (long)bench->outcome.reply.size;
    assert_int_equal(bench_count(bench, "speeches"), 1);
    assert_string_equal(bench_text(bench, "speeches.0.text"), "Hello Ada");
    assert_string_equal(bench_text(bench, "speeches.0.key"), "k");
    assert_int_equal(bench_number(bench, "speeches.0.size"), size);
    assert_int_equal(strlen(bench_text(bench, "speeches.0.sha256")), 64);
}

#define OPENAI "/openai/v1/audio/speech"
#define BEARER "Authorization: Bearer k\n"
#define SAYING "{\"model\": \"tts-1\", \"voice\": \"alloy\", \"input\": \"Hello Ada\""

static void openai_speaks_too_and_the_ledger_tells_them_apart(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "POST", OPENAI, BEARER, SAYING "}"), 200);
    assert_string_equal(bench->outcome.reply.content_type, "audio/mpeg");
    assert_non_null(bench_header(bench, "x-request-id"));
    long size = (long)bench->outcome.reply.size;
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, "{\"text\": \"Hello Ada\"}"), 200);
    assert_int_equal(bench_count(bench, "speeches"), 2);
    assert_string_equal(bench_text(bench, "speeches.0.provider"), "openai");
    assert_string_equal(bench_text(bench, "speeches.0.text"), "Hello Ada");
    assert_string_equal(bench_text(bench, "speeches.0.voice"), "alloy");
    assert_int_equal(bench_number(bench, "speeches.0.size"), size);
    assert_string_equal(bench_text(bench, "speeches.1.provider"), "elevenlabs");
    assert_string_not_equal(bench_text(bench, "speeches.0.sha256"),
                            bench_text(bench, "speeches.1.sha256"));
}

static void what_openai_does_not_speak_is_refused_in_its_form(void **state) {
    struct bench *bench = *state;
    static const struct {
        const char *headers, *body;
        unsigned status;
        const char *place, *text;
    } cases[] = {
        {"", SAYING "}", 401, "error.type", "invalid_request_error"},
        {BEARER, "not json", 400, "error.param", "model"},
        {BEARER, "{\"model\": \"m\", \"voice\": \"v\"}", 400, "error.param", "input"},
        {BEARER, SAYING ", \"response_format\": \"opus\"}", 400, "error.param", "response_format"},
        {BEARER, SAYING ", \"response_format\": 5}", 400, "error.param", "response_format"},
        {BEARER, "{\"model\": \"m\", \"voice\": \"unknown1\", \"input\": \"a\"}", 400,
         "error.param", "voice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned status = bench_ask(bench, "POST", OPENAI, cases[i].headers, cases[i].body);
        if (status != cases[i].status ||
            strcmp(bench_text(bench, cases[i].place), cases[i].text) != 0)
            fail_msg("case %zu: %u %s", i, status, bench->outcome.reply.body);
    }
    assert_int_equal(bench_count(bench, "speeches"), 0);
}

static void what_is_wrong_gets_the_4xx_of_the_provider_and_is_not_spoken(void **state) {
    struct bench *bench = *state;
    static const char good[] = "{\"text\": \"a\"}";
    static const struct {
        const char *target, *headers, *body;
        unsigned status;
        const char *place, *text;
    } cases[] = {
        {SPEAK, "", good, 401, "detail.code", "needs_authorization"},
        {SPEAK, KEY, "{}", 422, "detail.0.type", "missing"},
        {SPEAK, KEY, "{\"text\": 1}", 422, "detail.0.type", "string_type"},
        {SPEAK, KEY, "not json", 422, "detail.0.type", "json_invalid"},
        {SPEAK, KEY, "{\"text\": \"\"}", 400, "detail.code", "invalid_parameters"},
        {"/elevenlabs/v1/text-to-speech/v?output_format=mp3_1_1", KEY, good, 422, "detail.0.loc.1",
         "output_format"},
        {"/elevenlabs/v1/text-to-speech/unknown-voice", KEY, good, 400, "detail.code",
         "voice_not_found"},
        {"/elevenlabs/v1/text-to-speech/", KEY, good, 404, "detail", "Not Found"},
        {"/elevenlabs/v1/nothing", KEY, good, 404, "detail", "Not Found"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned status =
            bench_ask(bench, "POST", cases[i].target, cases[i].headers, cases[i].body);
        if (status != cases[i].status ||
            strcmp(bench_text(bench, cases[i].place), cases[i].text) != 0)
            fail_msg("case %zu: %u %s", i, status, bench->outcome.reply.body);
    }
    assert_int_equal(bench_count(bench, "speeches"), 0);
}

static void a_text_beyond_the_limit_of_the_model_is_refused(void **state) {
    struct bench *bench = *state;
    char body[10100] = "{\"text\": \"";
    size_t begin = strlen(body);
    memset(body + begin, 'a', 10001);
    memcpy(body + begin + 10001, "\"}", 3);
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, body), 400);
    assert_string_equal(bench_text(bench, "detail.code"), "max_character_limit_exceeded");
}

static void spent_credits_are_a_quota_error_that_the_subscription_shows(void **state) {
    struct bench *bench = *state;
    assert_int_equal(
        bench_ask(bench, "PUT", "/admin/settings", NULL, "{\"elevenlabs_character_limit\": 10}"),
        200);
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, "{\"text\": \"12345678\"}"), 200);
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, "{\"text\": \"123\"}"), 401);
    assert_string_equal(bench_text(bench, "detail.status"), "quota_exceeded");
    assert_int_equal(bench_ask(bench, "GET", "/elevenlabs/v1/user/subscription", KEY, NULL), 200);
    assert_int_equal(bench_number(bench, "character_count"), 8);
    assert_int_equal(bench_number(bench, "character_limit"), 10);
}

static void models_are_listed(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "GET", "/elevenlabs/v1/models", KEY, NULL), 200);
    assert_string_equal(bench_text(bench, "0.model_id"), "eleven_multilingual_v2");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_text_gives_the_same_bytes_and_another_one_others),
        cmocka_unit_test(an_mp3_is_playable),
        cmocka_unit_test(ulaw_follows_the_pcm_of_the_same_text),
        TEST(speech_is_audio_with_its_headers_and_a_ledger_entry),
        TEST(openai_speaks_too_and_the_ledger_tells_them_apart),
        TEST(what_openai_does_not_speak_is_refused_in_its_form),
        TEST(what_is_wrong_gets_the_4xx_of_the_provider_and_is_not_spoken),
        TEST(a_text_beyond_the_limit_of_the_model_is_refused),
        TEST(spent_credits_are_a_quota_error_that_the_subscription_shows),
        TEST(models_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
