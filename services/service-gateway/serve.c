// What the broker says, to the core.
#include "gateway.h"

static void on_request(void *arg, const struct rf_call_request *request) {
    struct gateway *gateway = arg;
    core_request(&gateway->core, request, gateway_now(gateway));
    gateway_settle(gateway);
}

static void on_cancel(void *arg, const char *id) {
    struct gateway *gateway = arg;
    core_cancel(&gateway->core, id, gateway_now(gateway));
    gateway_settle(gateway);
}

static void on_breaker(void *arg, const struct rf_breaker_view *view) {
    struct gateway *gateway = arg;
    core_breaker(&gateway->core, view, gateway_now(gateway));
    gateway_settle(gateway);
}

static void on_permit(void *arg, const char *call, const char *service, const char *permit,
                      int64_t epoch, struct rf_duration lease) {
    struct gateway *gateway = arg;
    enum rf_provider provider;
    if (!rf_provider_parse(service, &provider))
        return;
    core_permit(&gateway->core, call, provider, permit, epoch, lease, gateway_now(gateway));
    gateway_settle(gateway);
}

static void on_connected(void *arg, bool connected) {
    struct gateway *gateway = arg;
    core_connected(&gateway->core, connected, gateway_now(gateway));
    gateway_settle(gateway);
    // Not before: who waits for it to take another gateway away would leave calls without a worker.
    if (connected)
        rf_process_ready(gateway->process,
                         "speech, script and telephony, %lld + %lld + %lld calls at once",
                         (long long)gateway->limits.speech_concurrency,
                         (long long)gateway->limits.script_concurrency,
                         (long long)gateway->limits.telephony_concurrency);
}

static void on_term(void *arg, bool kept) {
    struct gateway *gateway = arg;
    core_term(&gateway->core, kept, gateway_now(gateway));
    gateway_settle(gateway);
}

static bool on_demand(void *arg, bool all, struct rf_limit_demand *demand) {
    struct gateway *gateway = arg;
    return core_demand(&gateway->core, all, demand, gateway_now(gateway));
}

static void on_share(void *arg, const struct rf_limit_share *share, struct rf_instant until) {
    struct gateway *gateway = arg;
    core_share(&gateway->core, share, until, gateway_now(gateway));
    gateway_settle(gateway);
}

static void on_all_sent(void *arg) {
    gateway_settle(arg);
}

const struct rf_worker_handlers gateway_from_broker = {
    .request = on_request,
    .cancel = on_cancel,
    .breaker = on_breaker,
    .permit = on_permit,
    .connected = on_connected,
    .all_sent = on_all_sent,
    .term = on_term,
    .demand = on_demand,
    .share = on_share,
};
