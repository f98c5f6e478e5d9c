#include "otlp_sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/config.h"
#include "events/text.h"
#include "otlp.h"
#include "runtime/service.h"

#define CONNECT_LIMIT rf_seconds(10)
#define REPLY_BYTES   ((size_t)65536)
// An event about a record that was dropped is a record itself, which may be dropped: told so often
// at most.
#define TELL_PAUSE rf_seconds(60)

static const struct rf_config_otlp *settings(const struct rf_otlp_sink *sink) {
    return sink->kind->settings(sink->forward.sink.process->config);
}

// ---- what is dropped ----

static void tell_dropped(void *arg) {
    struct rf_otlp_sink *sink = arg;
    if (sink->dropped == 0)
        return;
    rf_sink_dropped(&sink->forward.sink, sink->dropped, sink->dropped_n, sink->why);
    sink->dropped = 0;
    sink->told = rf_loop_now(sink->forward.sink.process->loop);
}

static void drop_entries(struct rf_otlp_sink *sink, int64_t count, int64_t n, const char *why) {
    struct rf_instant now = rf_loop_now(sink->forward.sink.process->loop);
    sink->dropped += count;
    sink->dropped_n = n;
    snprintf(sink->why, sizeof sink->why, "%s", why);
    if (sink->told.ns == 0 || rf_instant_since(now, sink->told).ns >= TELL_PAUSE.ns)
        tell_dropped(sink);
    else if (!rf_timer_running(&sink->telling))
        rf_timer_at(&sink->telling, rf_instant_add(sink->told, TELL_PAUSE));
}

static int64_t number_of(const struct rf_otlp_sink *sink, size_t i) {
    return json_integer_value(json_object_get(json_array_get(sink->entries, i), "n"));
}

// ---- sending ----

void rf_otlp_sink_forget(struct rf_otlp_sink *sink) {
    json_decref(sink->entries);
    sink->entries = NULL;
}

void rf_otlp_sink_next(struct rf_otlp_sink *sink) {
    size_t left = json_array_size(sink->entries) - sink->first,
           most = (size_t)settings(sink)->batch;
    sink->count = left < most ? left : most;
}

// The rest of the page, or the end of it.
static void go_on(struct rf_otlp_sink *sink) {
    sink->first += sink->count;
    rf_otlp_sink_next(sink);
    rf_otlp_sink_give(sink);
}

// One entry among many can spoil a batch: it is halved until that one alone is left.
static void on_refused(struct rf_otlp_sink *sink, const char *message) {
    if (sink->count > 1) {
        sink->count /= 2;
        rf_otlp_sink_give(sink);
        return;
    }
    drop_entries(sink, 1, number_of(sink, sink->first), message);
    go_on(sink);
}

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct rf_otlp_sink *sink = arg;
    struct rf_otlp_verdict verdict = rf_otlp_reply(sink->kind->signal, reply);
    sink->transfer = NULL;
    switch (verdict.outcome) {
    case RF_OTLP_OK:
        if (verdict.rejected > 0)
            drop_entries(sink, verdict.rejected, number_of(sink, sink->first + sink->count - 1),
                         verdict.message);
        go_on(sink);
        return;
    case RF_OTLP_REFUSED:
        on_refused(sink, verdict.message);
        return;
    case RF_OTLP_LATER:
        break;
    }
    struct rf_duration wait = rf_http_retry_after(reply, rf_clock_utc());
    rf_forward_failed(&sink->forward, verdict.message,
                      wait.ns > RF_SINK_LONGEST_WAIT.ns ? RF_SINK_LONGEST_WAIT : wait);
}

// "NAME: VALUE" each, which was checked when the configuration was read. The names are copied into
// `names`, as the value follows in the same text.
static size_t headers_of(const struct rf_config_list *list, struct rf_http_header *headers,
                         char names[][128]) {
    const struct rf_secret *secrets = list->items;
    size_t count = 0;
    headers[count++] = (struct rf_http_header){"Content-Type", "application/json"};
    for (size_t i = 0; i < list->count; i++) {
        const char *colon = strchr(secrets[i].value, ':');
        snprintf(names[i], sizeof names[i], "%.*s", (int)(colon - secrets[i].value),
                 secrets[i].value);
        headers[count++] = (struct rf_http_header){names[i], colon + 1 + strspn(colon + 1, " ")};
    }
    return count;
}

static enum rf_err post(struct rf_otlp_sink *sink, struct rf_error *error) {
    const struct rf_config_logger *logger = &sink->forward.sink.process->config->logger;
    const struct rf_config_otlp *otlp = settings(sink);
    struct rf_http_header headers[RF_CONFIG_MAX_KEYS + 1];
    char names[RF_CONFIG_MAX_KEYS][128];
    struct rf_text url = {0};
    char *body =
        rf_otlp_body(sink->kind->signal, sink->entries, sink->first, sink->count, sink->host);
    rf_text_add(&url, "%s%s", otlp->url, sink->kind->signal->path);
    enum rf_err result;
    if (body == NULL || url.failed)
        result = rf_error_set(error, RF_ERR_NOMEM, "no memory for a request");
    else {
        struct rf_http_request request = {
            .method = "POST",
            .url = url.data,
            .headers = headers,
            .header_count = headers_of(&otlp->headers, headers, names),
            .body = body,
            .body_size = strlen(body),
            .ca_file = otlp->ca_file,
            .timeout = logger->timeout,
            .connect_timeout =
                logger->timeout.ns < CONNECT_LIMIT.ns ? logger->timeout : CONNECT_LIMIT,
            .max_body_bytes = REPLY_BYTES};
        result = rf_http_send(sink->http, &request, on_reply, sink, &sink->transfer, error);
    }
    free(body);
    rf_text_fini(&url);
    return result;
}

void rf_otlp_sink_give(void *arg) {
    struct rf_otlp_sink *sink = arg;
    struct rf_error error;
    if (sink->count == 0)
        sink->kind->given(sink);
    else if (post(sink, &error) != RF_OK)
        rf_forward_failed(&sink->forward, error.message, rf_ns(0));
}

void rf_otlp_sink_drop(void *arg) {
    struct rf_otlp_sink *sink = arg;
    if (sink->transfer != NULL)
        rf_http_cancel(sink->transfer);
    sink->transfer = NULL;
    rf_otlp_sink_forget(sink);
}

// ---- life ----

void rf_otlp_sink_init(struct rf_otlp_sink *sink, const struct rf_otlp_sink_kind *kind,
                       struct rf_process *process, struct rf_http *http, void (*active)(void *arg),
                       void *arg) {
    *sink = (struct rf_otlp_sink){.kind = kind, .http = http};
    rf_forward_init(&sink->forward, process, &kind->forward, sink, active, arg);
    rf_timer_init(&sink->telling, process->loop, tell_dropped, sink);
    gethostname(sink->host, sizeof sink->host - 1);
}

void rf_otlp_sink_fini(struct rf_otlp_sink *sink) {
    rf_forward_fini(&sink->forward);
    if (sink->http != NULL)
        rf_timer_stop(&sink->telling);
}
