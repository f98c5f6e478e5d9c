#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/breaker.h>

#define COPY(to, from) snprintf(to, sizeof to, "%s", (from) != NULL ? (from) : "")

static enum rf_err on_send(void *arg, struct call *call, struct hedge *hedge,
                           const struct provider_request *request,
                           const struct rf_config_provider *provider, struct rf_duration timeout,
                           struct rf_error *error) {
    struct bench *b = arg;
    (void)provider;
    if (b->send_error != RF_OK)
        return rf_error_set(error, b->send_error, "refused by the bench");
    assert_true(b->sends < BENCH_MAX);
    b->sent_call[b->sends] = call;
    b->sent_beside[b->sends] = hedge != NULL;
    COPY(b->sent_url[b->sends], request->url);
    COPY(b->sent_key[b->sends], request->password);
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasestr(request->headers[i].name, "key") != NULL ||
            strcmp(request->headers[i].name, "Authorization") == 0)
            COPY(b->sent_key[b->sends], request->headers[i].value);
    b->sent_timeout[b->sends] = timeout.ns;
    b->sends++;
    return RF_OK;
}

static void on_abort(void *arg, struct call *call) {
    struct bench *b = arg;
    if (b->storing == call)
        b->storing = NULL;
    if (b->looking == call)
        b->looking = NULL;
    b->aborts++;
}

static void on_abort_hedge(void *arg, struct call *call) {
    struct bench *b = arg;
    assert_non_null(call->hedge);
    b->hedge_aborts++;
}

static void on_reply(void *arg, const struct rf_call_reply *reply) {
    struct bench *b = arg;
    assert_true(b->reply_count < BENCH_MAX);
    struct bench_reply *r = &b->replies[b->reply_count++];
    COPY(r->id, reply->id);
    COPY(r->class, reply->class);
    COPY(r->code, reply->code);
    COPY(r->message, reply->message);
    COPY(r->provider, reply->provider);
    COPY(r->sent, reply->sent);
    r->ok = reply->ok;
    r->mark_made = reply->mark_made;
    r->destination = reply->destination;
    r->exhausted = reply->exhausted;
    r->retry_at = reply->retry_at;
    r->attempts = reply->attempts.count;
    if (r->attempts > 0)
        COPY(r->request_id, reply->attempts.items[r->attempts - 1].request_id);
    r->result = json_incref(reply->result);
}

static bool on_leased(void *arg) {
    const struct bench *b = arg;
    return !b->unleased;
}

static void on_release(void *arg, enum gateway_service service, int64_t waiting) {
    struct bench *b = arg;
    (void)service;
    b->releases++;
    b->last_waiting = waiting;
}

static void on_outcome(void *arg, enum rf_provider provider, int64_t epoch, const char *permit,
                       enum rf_class c, struct rf_duration took, bool slow_told,
                       const char *error_text) {
    struct bench *b = arg;
    (void)took, (void)slow_told, (void)error_text;
    assert_true(b->outcome_count < BENCH_MAX);
    struct bench_outcome *o = &b->outcomes[b->outcome_count++];
    o->provider = provider;
    o->epoch = epoch;
    o->class = c;
    COPY(o->permit, permit);
}

static void on_slow(void *arg, enum rf_provider provider, int64_t epoch, const char *permit,
                    struct rf_duration took) {
    struct bench *b = arg;
    (void)provider, (void)epoch, (void)permit, (void)took;
    b->slow++;
}

static void on_permit(void *arg, const char *call, enum rf_provider provider, int64_t epoch) {
    struct bench *b = arg;
    (void)provider, (void)epoch;
    assert_true(b->permit_count < BENCH_MAX);
    COPY(b->permits[b->permit_count], call);
    b->permit_count++;
}

static void on_handback(void *arg, const struct rf_worker_handback *handback) {
    struct bench *b = arg;
    b->handback = *handback;
    b->handbacks++;
}

static void on_mark(void *arg, enum rf_provider provider, const char *call, json_t *value,
                    struct rf_duration ttl) {
    struct bench *b = arg;
    (void)provider, (void)call;
    assert_true(b->mark_count < BENCH_MAX);
    b->marks[b->mark_count++] = json_incref(value);
    b->mark_ttl = ttl;
}

static void on_unmark(void *arg, enum rf_provider provider, int64_t version) {
    struct bench *b = arg;
    (void)provider, (void)version;
    b->unmarks++;
}

static void on_key_aside(void *arg, enum rf_provider provider, const char *fingerprint,
                         json_t *value, struct rf_duration ttl) {
    struct bench *b = arg;
    (void)provider;
    assert_true(b->aside_count < BENCH_MAX);
    COPY(b->aside_key[b->aside_count], fingerprint);
    b->asides[b->aside_count++] = json_incref(value);
    b->aside_ttl = ttl;
}

static void on_key_clear(void *arg, enum rf_provider provider, const char *fingerprint,
                         int64_t version, const char *why) {
    struct bench *b = arg;
    (void)provider, (void)version, (void)why;
    COPY(b->cleared_key, fingerprint);
    b->key_clears++;
}

static void on_publish(void *arg, const struct rf_event *event) {
    struct bench *b = arg;
    assert_true(b->event_count < BENCH_MAX);
    struct bench_event *e = &b->events[b->event_count++];
    COPY(e->type, event->type);
    COPY(e->subject, event->subject);
    e->data = json_incref(event->data);
}

static enum rf_err on_store(void *arg, struct call *call, const char *sha256, const char *format,
                            const void *data, size_t size, struct rf_error *error) {
    struct bench *b = arg;
    (void)format, (void)data, (void)size;
    if (b->begin_storing != RF_OK)
        return rf_error_set(error, b->begin_storing, "no memory for the bench");
    b->storing = call;
    COPY(b->stored_sha256, sha256);
    b->stores++;
    return RF_OK;
}

static enum rf_err on_look(void *arg, struct call *call, const char *key, struct rf_error *error) {
    struct bench *b = arg;
    b->looks++;
    if (b->begin_looking != RF_OK)
        return rf_error_set(error, b->begin_looking, "no memory for the bench");
    assert_null(b->looking);
    b->looking = call;
    COPY(b->looked_for, key);
    return RF_OK;
}

// Of the keys as they are set now.
static const struct rf_redaction *on_redaction(void *arg) {
    struct bench *b = arg;
    rf_redaction_destroy(&b->redaction);
    b->redaction = rf_redaction_new(
        &(struct rf_redact_rules){.texts = RF_REDACT_TEXTS_KEEP, .phones = RF_REDACT_PHONES_KEEP});
    assert_non_null(b->redaction);
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        for (size_t i = 0; i < provider_key_count(&b->settings[p]); i++)
            assert_int_equal(
                rf_redaction_secret(b->redaction, provider_key(&b->settings[p], i)->value), RF_OK);
    return b->redaction;
}

static const struct gateway_effects effects = {
    .redaction = on_redaction,
    .send = on_send,
    .abort = on_abort,
    .abort_hedge = on_abort_hedge,
    .leased = on_leased,
    .reply = on_reply,
    .release = on_release,
    .outcome = on_outcome,
    .slow = on_slow,
    .permit = on_permit,
    .handback = on_handback,
    .mark = on_mark,
    .unmark = on_unmark,
    .key_aside = on_key_aside,
    .key_clear = on_key_clear,
    .publish = on_publish,
    .store = on_store,
    .look = on_look,
};

static void configure(struct bench *b) {
    static char base_url[] = "http://provider", voice[] = "v1", format[] = "mp3_22050_32";
    static char model[] = "m1", sid[] = "AC1", from[] = "+12025550100";
    static char *keys[] = {"key-elevenlabs", "key-openai", "key-anthropic", "key-twilio",
                           "key-openai"};
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        struct rf_config_provider *c = &b->providers[p];
        c->base_url = base_url;
        c->voice = voice;
        c->output_format = format;
        c->model = model;
        c->account_sid = sid;
        c->from = from;
        c->max_tokens = 300;
        c->retry = RF_RETRY_POLICY_DEFAULT;
        c->retry.jitter = RF_JITTER_NONE;
        c->budget = (struct rf_budget_policy){
            .ratio = 10, .min_retries = 1000, .window = {10 * RF_NS_PER_S}};
        c->timeout.connect = rf_seconds(5);
        c->timeout.attempt = rf_seconds(15);
        b->settings[p].config = c;
        b->settings[p].telephony = &b->telephony;
        b->settings[p].key.value = keys[p];
        COPY(b->settings[p].key.fingerprint, "0123456789abcdef");
    }
    b->telephony.ring_timeout = rf_seconds(30);
    b->limits = (struct rf_config_gateway){
        .speech_concurrency = 4,
        .script_concurrency = 4,
        .telephony_concurrency = 4,
        .max_waiting = 10,
        .max_reply_bytes = 1 << 20,
        .speech = {.links = {RF_PROVIDER_ELEVENLABS}, .count = 1},
        .script = {.links = {RF_PROVIDER_OPENAI, RF_PROVIDER_ANTHROPIC}, .count = 2},
        .telephony = {.links = {RF_PROVIDER_TWILIO}, .count = 1},
    };
}

int bench_open(void **state) {
    struct bench *b = calloc(1, sizeof *b);
    if (b == NULL)
        return -1;
    configure(b);
    b->at.now.ns = 1000 * RF_NS_PER_S;
    b->at.utc.ns = INT64_C(1795518480) * RF_NS_PER_S;
    core_init(&b->core, &effects, b, &b->limits, b->settings, 7);
    core_connected(&b->core, true, b->at);
    *state = b;
    return 0;
}

int bench_close(void **state) {
    struct bench *b = *state;
    core_fini(&b->core);
    rf_redaction_destroy(&b->redaction);
    for (int i = 0; i < b->reply_count; i++)
        json_decref(b->replies[i].result);
    for (int i = 0; i < b->mark_count; i++)
        json_decref(b->marks[i]);
    for (int i = 0; i < b->aside_count; i++)
        json_decref(b->asides[i]);
    for (int i = 0; i < b->event_count; i++)
        json_decref(b->events[i].data);
    free(b);
    return 0;
}

static void set_time(struct bench *b, struct rf_instant now) {
    b->at.utc = rf_utc_add(b->at.utc, rf_instant_since(now, b->at.now));
    b->at.now = now;
}

void bench_advance(struct bench *b, struct rf_duration by) {
    struct rf_instant end = rf_instant_add(b->at.now, by), wake;
    while (core_wake(&b->core, &wake) && wake.ns <= end.ns) {
        if (wake.ns > b->at.now.ns)
            set_time(b, wake);
        core_tick(&b->core, b->at);
    }
    set_time(b, end);
}

void bench_request(struct bench *b, const char *id, const char *service, const char *operation,
                   const char *params, int seconds) {
    struct rf_utc sent = rf_utc_add(b->at.utc, b->ahead);
    struct rf_attempt attempt = {.provider = "elevenlabs", .class = "transient", .began = 1};
    struct rf_call_request request = {
        .id = id,
        .anyway = b->only,
        .attempts = {&attempt, b->tried ? 1 : 0},
        .retries = b->tried ? 1 : 0,
        .service = service,
        .operation = operation,
        .deadline = rf_utc_add(sent, rf_seconds(seconds)).ns,
        .remaining_ns = b->queued.ns > 0 ? rf_seconds(seconds).ns - b->queued.ns : 0,
        .params = json_loads(params, 0, NULL),
        .contact = "c-1",
        .campaign = "c",
    };
    if (strcmp(operation, "dial") == 0)
        request.send_before = rf_utc_add(sent, rf_seconds(10)).ns;
    assert_non_null(request.params);
    core_request(&b->core, &request, b->at);
    json_decref(request.params);
}

void bench_speak(struct bench *b, const char *id) {
    bench_request(b, id, "speech", "speak", "{\"text\": \"hello\"}", 120);
}

void bench_write(struct bench *b, const char *id) {
    bench_request(b, id, "script", "write", "{\"prompt\": \"greet\"}", 120);
}

void bench_dial(struct bench *b, const char *id) {
    bench_request(b, id, "telephony", "dial",
                  "{\"to\": \"+12025550101\", \"twiml\": \"<Response/>\"}", 60);
}

void bench_more_keys(struct bench *b, enum rf_provider provider, size_t count) {
    static char *const names[] = {"key-2", "key-3", "key-4"};
    static const char *const fingerprints[] = {"k2", "k3", "k4"};
    assert_true(count <= sizeof names / sizeof names[0]);
    for (size_t i = 0; i < count; i++) {
        b->settings[provider].more[i].value = names[i];
        COPY(b->settings[provider].more[i].fingerprint, fingerprints[i]);
    }
    b->settings[provider].more_count = count;
    core_settings_changed(&b->core, b->at);
}

static void answer(struct bench *b, int send, struct provider_reply reply) {
    assert_true(send < b->sends);
    if (reply.body == NULL)
        reply.body = "";
    reply.content_type = reply.content_type != NULL ? reply.content_type : "application/json";
    reply.error_text = reply.error_text != NULL ? reply.error_text : "";
    reply.took = rf_ms(20);
    reply.request_id = b->request_id;
    (b->sent_beside[send] ? core_hedge_replied : core_replied)(&b->core, b->sent_call[send], &reply,
                                                               b->at);
}

void bench_answer_later(struct bench *b, int send, long status, const char *body,
                        struct rf_duration retry_after) {
    answer(b, send,
           (struct provider_reply){.sent = true,
                                   .status = status,
                                   .body = body,
                                   .body_size = strlen(body),
                                   .retry_after = retry_after});
}

void bench_answer(struct bench *b, int send, long status, const char *body) {
    bench_answer_later(b, send, status, body, rf_ns(0));
}

void bench_answer_told(struct bench *b, int send, long status, struct rf_rate_limit_told told) {
    answer(b, send,
           (struct provider_reply){.sent = true, .status = status, .tells = true, .limit = told});
}

void bench_answer_audio(struct bench *b, int send) {
    answer(b, send,
           (struct provider_reply){.sent = true,
                                   .status = 200,
                                   .content_type = "audio/mpeg",
                                   .body = "ID3 audio",
                                   .body_size = 9});
    if (!b->slow_disk && b->storing != NULL)
        bench_stored(b, RF_OK);
}

void bench_stored(struct bench *b, enum rf_err result) {
    struct rf_error error = {0};
    struct call *call = b->storing;
    assert_non_null(call);
    b->storing = NULL;
    if (result != RF_OK)
        (void)rf_error_set(&error, result, "the disk is full");
    core_stored(&b->core, call, result, &error, b->at);
}

void bench_looked(struct bench *b, const struct recording *found) {
    struct call *call = b->looking;
    assert_non_null(call);
    b->looking = NULL;
    core_looked(&b->core, call, found, b->at);
}

void bench_fail(struct bench *b, int send, enum rf_http_failure failure, bool sent) {
    answer(b, send,
           (struct provider_reply){.failure = failure, .sent = sent, .error_text = "it broke"});
}

void bench_breaker(struct bench *b, const char *provider, const char *state, int64_t epoch,
                   int64_t until) {
    struct rf_breaker_view view = {
        .service = provider, .state = state, .epoch = epoch, .until = until};
    core_breaker(&b->core, &view, b->at);
}

const struct bench_reply *bench_reply_of(struct bench *b, const char *id) {
    const struct bench_reply *found = NULL;
    for (int i = 0; i < b->reply_count; i++)
        if (strcmp(b->replies[i].id, id) == 0) {
            assert_null(found);
            found = &b->replies[i];
        }
    return found;
}
