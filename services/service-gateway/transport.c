// From the core's requests to libcurl, and back.
#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/trace_context.h"
#include "base/utf8.h"
#include "gateway.h"
#include "http/rate_limit.h"

static const char *header_of(const void *reply, const char *name) {
    return rf_http_reply_header(reply, name);
}

// The provider's name for the request, in whichever header it stands. A header may hold any bytes.
static const char *request_id(const struct rf_http_reply *reply, char out[REQUEST_ID_SIZE]) {
    static const char *const names[] = {"request-id", "x-request-id", "twilio-request-id"};
    const char *id = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && id == NULL; i++)
        id = rf_http_reply_header(reply, names[i]);
    if (id != NULL)
        rf_utf8_mend(id, strlen(id), out, REQUEST_ID_SIZE);
    return id != NULL ? out : NULL;
}

static void fill_reply(const struct rf_http_reply *from, struct provider_reply *to,
                       char id[REQUEST_ID_SIZE]) {
    *to = (struct provider_reply){
        .failure = from->failure,
        .sent = from->sent,
        .status = from->status,
        .content_type = from->content_type,
        .body = from->body,
        .body_size = from->body_size,
        .error_text = from->error_text,
        .header = header_of,
        .header_arg = from,
        .received = rf_clock_utc(),
        .retry_after = rf_http_retry_after(from, rf_clock_utc()),
        .took = from->took,
        .request_id = request_id(from, id),
    };
}

static void read_reply(const struct gateway *gateway, const struct call *call,
                       const struct rf_http_reply *reply, struct provider_reply *plain,
                       char id[REQUEST_ID_SIZE]) {
    fill_reply(reply, plain, id);
    if (gateway->settings[provider_now(call)].config->rate_limit.follow.ns > 0)
        plain->tells = rf_http_rate_limit(header_of, reply, rf_clock_utc(), &plain->limit);
}

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct call *call = arg;
    struct gateway *gateway = call->owner;
    struct provider_reply plain;
    char id[REQUEST_ID_SIZE];
    call->transfer = NULL;
    if (reply->status != 0)
        RF_CRASH_POINT(gateway, answer_received);
    if (reply->status != 0 && call->job.operation == GATEWAY_DIAL)
        RF_CRASH_POINT(gateway, dial_answered);
    read_reply(gateway, call, reply, &plain, id);
    core_replied(&gateway->core, call, &plain, gateway_now(gateway));
    gateway_settle(gateway);
}

static void on_hedge_reply(void *arg, const struct rf_http_reply *reply) {
    struct hedge *hedge = arg;
    struct call *call = hedge->call;
    struct gateway *gateway = call->owner;
    struct provider_reply plain;
    char id[REQUEST_ID_SIZE];
    hedge->transfer = NULL;
    read_reply(gateway, call, reply, &plain, id);
    core_hedge_replied(&gateway->core, call, &plain, gateway_now(gateway));
    gateway_settle(gateway);
}

// Within libcurl: what follows is told later.
static bool on_written(void *arg) {
    struct call *call = arg;
    struct gateway *gateway = call->owner;
    bool let = core_written(&gateway->core, call, gateway_now(gateway));
    if (let)
        RF_CRASH_POINT(gateway, request_about_to_go);
    if (core_shares_news(&gateway->core))
        rf_worker_demand_soon(gateway->worker);
    return let;
}

static bool on_hedge_written(void *arg) {
    struct hedge *hedge = arg;
    struct gateway *gateway = hedge->call->owner;
    bool let = core_hedge_written(&gateway->core, hedge->call, gateway_now(gateway));
    if (core_shares_news(&gateway->core))
        rf_worker_demand_soon(gateway->worker);
    return let;
}

// Of a question about a call, which no event tells of one by one, the contact's own span is the
// parent: that one is told in the end.
static const char *traceparent(const struct gateway *gateway, const struct call *call,
                               char out[RF_TRACEPARENT_SIZE]) {
    char span[RF_SPAN_ID_SIZE];
    if (!gateway->config->gateway.trace_context || !rf_trace_is_id(call->trace))
        return NULL;
    if (call->job.operation == GATEWAY_FIND_CALL || call->job.operation == GATEWAY_CALL_STATUS)
        rf_span_of_contact(call->trace, span);
    else
        rf_span_of_attempt(call->trace, call->id, rf_provider_name(provider_now(call)),
                           call->sending.began.utc.ns, span);
    return rf_traceparent(call->trace, span, out);
}

static size_t headers_of(const struct provider_request *request, const char *parent,
                         struct rf_http_header headers[PROVIDER_MAX_HEADERS + 1]) {
    size_t count = request->header_count;
    for (size_t i = 0; i < count; i++)
        headers[i] = (struct rf_http_header){request->headers[i].name, request->headers[i].value};
    if (parent != NULL)
        headers[count++] = (struct rf_http_header){"traceparent", parent};
    return count;
}

enum rf_err gateway_send(void *arg, struct call *call, struct hedge *hedge,
                         const struct provider_request *request,
                         const struct rf_config_provider *provider, struct rf_duration timeout,
                         struct rf_error *error) {
    struct gateway *gateway = arg;
    struct rf_http_header headers[PROVIDER_MAX_HEADERS + 1];
    char parent[RF_TRACEPARENT_SIZE];
    struct rf_http_transfer *transfer;
    struct rf_http_request http = {
        .method = request->method,
        .url = request->url,
        .headers = headers,
        .header_count = headers_of(request, traceparent(gateway, call, parent), headers),
        .user = request->user,
        .password = request->password,
        .body = request->body,
        .body_size = request->body != NULL ? strlen(request->body) : 0,
        .ca_file = provider->ca_file,
        .proxy = provider->proxy.url,
        .proxy_user = provider->proxy.user,
        .proxy_password = provider->proxy.password.value,
        .connect_timeout = provider->timeout.connect,
        .timeout = timeout,
        .first_byte_timeout = provider->timeout.first_byte,
        .stall_timeout = provider->timeout.stall,
        .min_speed_bytes = (size_t)provider->timeout.min_speed,
        .max_body_bytes = (size_t)gateway->limits.max_reply_bytes,
        .send_before = call->send_before,
        .fresh = request->fresh,
        .written = hedge != NULL ? on_hedge_written : on_written,
    };
    call->owner = gateway;
    enum rf_err err = rf_http_send(gateway->http, &http, hedge != NULL ? on_hedge_reply : on_reply,
                                   hedge != NULL ? (void *)hedge : call, &transfer, error);
    *(hedge != NULL ? &hedge->transfer : &call->transfer) = err == RF_OK ? transfer : NULL;
    return err;
}

void gateway_abort_hedge(void *arg, struct call *call) {
    (void)arg;
    if (call->hedge->transfer != NULL)
        rf_http_cancel(call->hedge->transfer);
    call->hedge->transfer = NULL;
}

void gateway_abort(void *arg, struct call *call) {
    (void)arg;
    if (call->transfer != NULL)
        rf_http_cancel(call->transfer);
    call->transfer = NULL;
}
