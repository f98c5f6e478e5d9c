// Random lives of speech calls against what must always hold: each call is answered or handed back
// once, never are two of one speech at the disk or at a provider, and nothing is left behind.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "redact/redact.h"

#define TEXTS 3
#define STEPS 60000
#define MOST  40 // calls in hand

enum place { LOOKING, SENDING, STORING, PLACES };

static struct {
    struct core core;
    struct moment at;
    struct rf_config_provider providers[RF_PROVIDER_COUNT];
    struct provider_settings settings[RF_PROVIDER_COUNT];
    struct rf_config_gateway limits;
    struct rf_rng rng;
    struct call *in[PLACES][MOST]; // whom the world owes an answer
    size_t count[PLACES];
    int open[1 << 16]; // by number: calls that were not answered
    int asked, answered, sent, joined_most;
} w;

static unsigned draw(unsigned below) {
    return (unsigned)(rf_rng_next(&w.rng) % below);
}

static int text_of(const struct call *call) {
    return json_string_value(json_object_get(call->job.params, "text"))[0] - 'a';
}

static void enter(enum place place, struct call *call) {
    assert_true(w.count[place] < MOST);
    w.in[place][w.count[place]++] = call;
    // Identical requests at the same link: one at most, wherever it is.
    int same = 0;
    for (int p = 0; p < PLACES; p++)
        for (size_t i = 0; i < w.count[p]; i++)
            same += text_of(w.in[p][i]) == text_of(call) && w.in[p][i]->link == call->link;
    assert_int_equal(same, 1);
}

static bool leave(struct call *call) {
    for (int p = 0; p < PLACES; p++)
        for (size_t i = 0; i < w.count[p]; i++)
            if (w.in[p][i] == call) {
                w.in[p][i] = w.in[p][--w.count[p]];
                return true;
            }
    return false;
}

static enum rf_err on_send(void *arg, struct call *call, struct hedge *hedge,
                           const struct provider_request *request,
                           const struct rf_config_provider *provider, struct rf_duration timeout,
                           struct rf_error *error) {
    (void)arg, (void)hedge, (void)request, (void)provider, (void)timeout;
    if (draw(50) == 0)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory");
    enter(SENDING, call);
    w.sent++;
    return RF_OK;
}

static enum rf_err on_look(void *arg, struct call *call, const char *key, struct rf_error *error) {
    (void)arg, (void)key;
    if (draw(50) == 0)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory");
    enter(LOOKING, call);
    return RF_OK;
}

static enum rf_err on_store(void *arg, struct call *call, const char *sha256, const char *format,
                            const void *data, size_t size, struct rf_error *error) {
    (void)arg, (void)sha256, (void)format, (void)data, (void)size;
    if (draw(20) == 0)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory");
    enter(STORING, call);
    return RF_OK;
}

static void on_abort(void *arg, struct call *call) {
    (void)arg;
    assert_true(leave(call));
}

static void answered(const char *id) {
    int number = atoi(id);
    assert_int_equal(w.open[number], 1);
    w.open[number] = 0;
    w.answered++;
}

static void on_reply(void *arg, const struct rf_call_reply *reply) {
    (void)arg;
    answered(reply->id);
}

static void on_handback(void *arg, const struct rf_worker_handback *handback) {
    (void)arg;
    answered(handback->id);
}

static bool on_leased(void *arg) {
    (void)arg;
    return true;
}

static void on_release(void *arg, enum gateway_service service, int64_t waiting) {
    (void)arg, (void)service;
    assert_true(waiting >= 0);
}

static void on_outcome(void *arg, enum rf_provider provider, int64_t epoch, const char *permit,
                       enum rf_class c, struct rf_duration took, bool slow_told,
                       const char *error_text) {
    (void)arg, (void)provider, (void)epoch, (void)permit, (void)c, (void)took, (void)slow_told,
        (void)error_text;
}

static void on_publish(void *arg, const struct rf_event *event) {
    (void)arg, (void)event;
}

// Without secrets: what is redacted is another test's.
static struct rf_redaction *redaction;

static const struct rf_redaction *on_redaction(void *arg) {
    (void)arg;
    return redaction;
}

static const struct gateway_effects effects = {.redaction = on_redaction,
                                               .send = on_send,
                                               .abort = on_abort,
                                               .leased = on_leased,
                                               .reply = on_reply,
                                               .release = on_release,
                                               .outcome = on_outcome,
                                               .handback = on_handback,
                                               .publish = on_publish,
                                               .store = on_store,
                                               .look = on_look};

static void configure(uint64_t seed) {
    static char url[] = "http://p", voice[] = "v", format[] = "mp3", model[] = "m", key[] = "k";
    memset(&w, 0, sizeof w);
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        w.providers[p] = (struct rf_config_provider){.base_url = url,
                                                     .voice = voice,
                                                     .output_format = format,
                                                     .model = model,
                                                     .retry = RF_RETRY_POLICY_DEFAULT,
                                                     .timeout = {.attempt = rf_seconds(15)}};
        w.settings[p].config = &w.providers[p];
        w.settings[p].key.value = key;
    }
    w.limits = (struct rf_config_gateway){
        .speech_concurrency = 2,
        .script_concurrency = 1,
        .telephony_concurrency = 1,
        .max_waiting = 5,
        .cache_enabled = true,
        .speech = {.links = {RF_PROVIDER_ELEVENLABS, RF_PROVIDER_OPENAI_TTS},
                   .count = 2,
                   .local = RF_LOCAL_NONE}};
    w.rng.state = seed;
    w.at = (struct moment){{1000 * RF_NS_PER_S}, {INT64_C(1795518480) * RF_NS_PER_S}};
    core_init(&w.core, &effects, NULL, &w.limits, w.settings, seed);
    core_connected(&w.core, true, w.at);
}

static void ask(void) {
    if (w.core.call_count >= MOST - 2 || w.asked + 1 >= 1 << 16)
        return;
    char id[16], text[2] = {(char)('a' + draw(TEXTS)), '\0'};
    int number = ++w.asked;
    snprintf(id, sizeof id, "%d", number);
    json_t *params = json_pack("{s:s}", "text", text);
    struct rf_call_request request = {
        .id = id,
        .service = "speech",
        .operation = "speak",
        .deadline = rf_utc_add(w.at.utc, rf_seconds(1 + draw(60))).ns,
        .params = params,
        .explain = draw(2) == 0,
    };
    w.open[number] = 1;
    core_request(&w.core, &request, w.at);
    json_decref(params);
}

static struct call *any(enum place place) {
    struct call *call = w.count[place] > 0 ? w.in[place][draw((unsigned)w.count[place])] : NULL;
    if (call != NULL)
        leave(call);
    return call;
}

static void look(void) {
    static const struct recording kept = {.sha256 = "cd", .size = 7, .format = "mp3"};
    struct call *call = any(LOOKING);
    if (call != NULL)
        core_looked(&w.core, call, draw(3) == 0 ? &kept : NULL, w.at);
}

static void reply(void) {
    static const long statuses[] = {200, 200, 500, 503, 422, 400};
    struct call *call = any(SENDING);
    if (call == NULL)
        return;
    long status = statuses[draw(6)];
    struct provider_reply reply = {.sent = true,
                                   .status = status,
                                   .content_type = "audio/mpeg",
                                   .body = status == 200 ? "ID3 audio" : "{}",
                                   .body_size = status == 200 ? 9 : 2,
                                   .error_text = ""};
    core_replied(&w.core, call, &reply, w.at);
}

static void store(void) {
    struct rf_error error = {.message = "full"};
    struct call *call = any(STORING);
    if (call != NULL)
        core_stored(&w.core, call, draw(5) == 0 ? RF_ERR_IO : RF_OK, &error, w.at);
}

static void cancel(void) {
    char id[16];
    snprintf(id, sizeof id, "%u", 1 + draw((unsigned)w.asked + 1));
    if (draw(4) == 0 && w.core.calls != NULL)
        snprintf(id, sizeof id, "%s", w.core.calls->id);
    core_cancel(&w.core, id, w.at);
}

static void breaker(void) {
    static const char *const states[] = {"open", "closed"};
    static int64_t epoch;
    struct rf_breaker_view view = {.service = draw(2) == 0 ? "elevenlabs" : "openai-tts",
                                   .state = states[draw(2)],
                                   .epoch = ++epoch};
    core_breaker(&w.core, &view, w.at);
}

static void pass(struct rf_duration by) {
    struct rf_instant wake;
    w.at.now = rf_instant_add(w.at.now, by);
    w.at.utc = rf_utc_add(w.at.utc, by);
    if (core_wake(&w.core, &wake) && wake.ns <= w.at.now.ns)
        core_tick(&w.core, w.at);
}

static void check(void) {
    int joined = 0;
    for (struct call *call = w.core.calls; call != NULL; call = call->next)
        joined += call->state == CALL_JOINED;
    assert_int_equal(w.asked - w.answered, w.core.call_count);
    assert_true(w.core.running[GATEWAY_SPEECH] >= 0 && w.core.running[GATEWAY_SPEECH] <= 2);
    assert_true(w.core.waiting[GATEWAY_SPEECH] >= 0);
    assert_null(w.core.orphans); // each was taken over or ended, at once
    if (joined > w.joined_most)
        w.joined_most = joined;
}

static void live(uint64_t seed) {
    configure(seed);
    for (int step = 0; step < STEPS; step++) {
        switch (draw(20)) {
        case 0:
        case 1:
        case 2:
        case 3:
        case 4:
            ask();
            break;
        case 5:
        case 6:
        case 7:
            look();
            break;
        case 8:
        case 9:
        case 10:
        case 11:
            reply();
            break;
        case 12:
        case 13:
            store();
            break;
        case 14:
            cancel();
            break;
        case 15:
            breaker();
            break;
        default:
            pass(rf_ms(draw(700)));
            break;
        }
        if (step % 16 == 0)
            check();
    }
    if (draw(2) == 0)
        core_drain(&w.core, w.at);
    for (int i = 0; i < 100000 && w.core.call_count > 0; i++) {
        look();
        reply();
        store();
        pass(rf_seconds(1));
    }
    check();
    assert_int_equal(w.core.call_count, 0);
    assert_int_equal(w.answered, w.asked);
    assert_int_equal(w.core.running[GATEWAY_SPEECH], 0);
    assert_int_equal(w.core.waiting[GATEWAY_SPEECH], 0);
    assert_int_equal(w.core.flights.count, 0);
    core_fini(&w.core);
}

static void random_lives_end_in_one_answer_each(void **state) {
    (void)state;
    redaction = rf_redaction_new(&(struct rf_redact_rules){.texts = RF_REDACT_TEXTS_KEEP});
    assert_non_null(redaction);
    for (uint64_t seed = 1; seed <= 10; seed++) {
        live(seed);
        assert_true(w.joined_most > 3); // or this test looks at nothing
        assert_true(w.sent < w.asked);
    }
    print_message("the last life: %d calls, %d requests sent, %d joined at once\n", w.asked, w.sent,
                  w.joined_most);
    rf_redaction_destroy(&redaction);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_lives_end_in_one_answer_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
