#include "attempt_spans.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "otlp_value.h"
#include "span.h"

// What lies between two requests and is shorter is the way there, not a wait.
#define WAIT_LEAST_NS (10 * RF_NS_PER_MS)

struct attempt {
    const json_t *told, *shown;
    const char *provider;
    int64_t began, ended;
    bool hedge; // another one to the same provider was under way
};

// All of a call, in the order in which they began.
struct attempts {
    const struct rf_span_source *source;
    const char *parent, *call;
    struct attempt *items;
    size_t count;
};

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static int64_t number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static bool is(const struct attempt *attempt, const char *key, const char *text) {
    return strcmp(text_of(attempt->told, key), text) == 0;
}

// ---- what they are ----

static void mark_hedges(struct attempts *all) {
    for (size_t i = 1; i < all->count; i++)
        for (size_t j = 0; j < i; j++)
            if (all->items[j].ended > all->items[i].began &&
                strcmp(all->items[j].provider, all->items[i].provider) == 0)
                all->items[i].hedge = true;
}

// They are told in the order in which they ended.
static void insert(struct attempts *all, struct attempt attempt) {
    size_t i = all->count++;
    for (; i > 0 && all->items[i - 1].began > attempt.began; i--)
        all->items[i] = all->items[i - 1];
    all->items[i] = attempt;
}

static bool read_attempts(struct attempts *all) {
    const json_t *told = json_object_get(all->source->event->data, "attempts");
    const json_t *shown = json_object_get(all->source->shown->data, "attempts"), *item;
    size_t i;
    if (json_array_size(told) == 0)
        return true;
    all->items = calloc(json_array_size(told), sizeof *all->items);
    if (all->items == NULL)
        return false;
    json_array_foreach(told, i, item) {
        int64_t began = number_of(item, "began"), took = number_of(item, "took_ns");
        if (began <= 0 || took < 0 || took > INT64_MAX - began)
            continue; // no span has such times
        insert(all, (struct attempt){.told = item,
                                     .shown = json_array_get(shown, i),
                                     .provider = text_of(item, "provider"),
                                     .began = began,
                                     .ended = began + took});
    }
    mark_hedges(all);
    return true;
}

// ---- a wait ----

static const char *reason_of(const struct attempts *all, size_t i) {
    if (number_of(all->items[i].told, "waited_ns") <= 0)
        return "turn"; // for a place, a token, a recovery
    return i > 0 && is(&all->items[i - 1], "class", "rate_limited") ? "rate_limited" : "backoff";
}

// Before the attempt, since all those before had ended.
static bool give_wait(const struct attempts *all, size_t i, json_t *entries) {
    const struct attempt *attempt = &all->items[i];
    const struct rf_event *event = all->source->event;
    int64_t since = rf_call_spans_began(event);
    char name[64];
    for (size_t j = 0; j < i; j++)
        since = all->items[j].ended > since ? all->items[j].ended : since;
    if (attempt->hedge || attempt->began - since < WAIT_LEAST_NS)
        return true;
    const char *reason = reason_of(all, i);
    snprintf(name, sizeof name, "wait %s", reason);
    struct rf_span span = rf_span_begin(event->trace, name, since, attempt->began);
    rf_span_id(event->trace, "wait", all->call, attempt->began, span.id);
    memcpy(span.parent, all->parent, sizeof span.parent);
    span.n = event->n;
    span.origin = text_of(event->data, "worker");
    bool done = rf_otlp_add_text(span.attributes, "ringfence.wait", reason) &&
                rf_otlp_add_text(span.attributes, "ringfence.provider", attempt->provider);
    return rf_span_give(&span, entries) && done;
}

// ---- an attempt ----

// Where it went, by the configuration of now.
static bool add_server(const struct rf_config *config, const char *provider, json_t *attributes) {
    enum rf_provider known;
    const char *url = config != NULL && rf_provider_parse(provider, &known)
                          ? config->providers[known].base_url
                          : NULL;
    const char *host = url != NULL ? strstr(url, "://") : NULL;
    char address[256];
    if (host == NULL)
        return true;
    host += 3;
    size_t size = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    snprintf(address, sizeof address, "%.*s", (int)size, host);
    int64_t port = strncmp(url, "https:", 6) == 0 ? 443 : 80;
    if (host[size] == ':')
        port = strtoll(host + size + 1, NULL, 10);
    return rf_otlp_add_text(attributes, "server.address", address) &&
           rf_otlp_add(attributes, "server.port", rf_otlp_integer(port));
}

// As the conventions for generative models have it; those for speech and telephone calls have no
// names yet.
static bool add_model(const struct attempts *all, const char *provider, json_t *attributes) {
    if (strcmp(text_of(all->source->event->data, "step"), "script") != 0)
        return true;
    return rf_otlp_add_text(attributes, "gen_ai.operation.name", "chat") &&
           rf_otlp_add_text(attributes, "gen_ai.provider.name", provider);
}

// The requests to the same provider before it, one after the other.
static int64_t resends_before(const struct attempts *all, size_t i) {
    int64_t count = 0;
    for (size_t j = 0; j < i; j++)
        count += strcmp(all->items[j].provider, all->items[i].provider) == 0;
    return count;
}

static bool add_told(const struct attempts *all, size_t i, json_t *attributes) {
    const struct attempt *attempt = &all->items[i];
    int64_t status = number_of(attempt->told, "status"), resends = resends_before(all, i);
    bool done = rf_otlp_add_text(attributes, "ringfence.provider", attempt->provider) &&
                rf_otlp_add_text(attributes, "http.request.method", "POST") &&
                rf_otlp_add_text(attributes, "ringfence.class", text_of(attempt->told, "class")) &&
                rf_otlp_add_text(attributes, "ringfence.code", text_of(attempt->shown, "code")) &&
                rf_otlp_add_text(attributes, "ringfence.request_id",
                                 text_of(attempt->shown, "request_id")) &&
                add_model(all, attempt->provider, attributes) &&
                add_server(all->source->config, attempt->provider, attributes);
    if (done && status > 0)
        done = rf_otlp_add(attributes, "http.response.status_code", rf_otlp_integer(status));
    if (done && resends > 0)
        done = rf_otlp_add(attributes, "http.request.resend_count", rf_otlp_integer(resends));
    if (done && attempt->hedge)
        done = rf_otlp_add(attributes, "ringfence.hedge", json_pack("{s:b}", "boolValue", 1));
    return done;
}

// error.type: the status of a reply that was an error, else our word for it. Of two hedged attempts
// the one that was ended as the other had its answer did not fail.
static const char *failure_of(const struct attempt *attempt, char status[24]) {
    int64_t number = number_of(attempt->told, "status");
    if (is(attempt, "class", "ok") || is(attempt, "code", "cancelled"))
        return NULL;
    if (number >= 400) {
        snprintf(status, 24, "%" PRId64, number);
        return status;
    }
    return is(attempt, "code", "") ? text_of(attempt->told, "class")
                                   : text_of(attempt->shown, "code");
}

static bool give_attempt(const struct attempts *all, size_t i, json_t *entries) {
    const struct attempt *attempt = &all->items[i];
    const struct rf_event *event = all->source->event;
    char name[64], status[24];
    snprintf(name, sizeof name, "attempt %s", attempt->provider);
    struct rf_span span = rf_span_begin(event->trace, name, attempt->began, attempt->ended);
    rf_span_of_attempt(event->trace, all->call, attempt->provider, attempt->began, span.id);
    memcpy(span.parent, all->parent, sizeof span.parent);
    span.kind = RF_SPAN_CLIENT;
    span.n = event->n;
    span.origin = text_of(event->data, "worker");
    span.failed = failure_of(attempt, status);
    span.message = text_of(attempt->shown, "message");
    bool done = span.attributes != NULL && add_told(all, i, span.attributes);
    return rf_span_give(&span, entries) && done;
}

bool rf_attempt_spans_give(const struct rf_span_source *source, const char *parent,
                           json_t *entries) {
    struct attempts all = {
        .source = source, .parent = parent, .call = text_of(source->event->data, "call")};
    bool done = read_attempts(&all);
    for (size_t i = 0; done && i < all.count; i++)
        done = give_wait(&all, i, entries) && give_attempt(&all, i, entries);
    free(all.items);
    return done;
}
