// What the core wants done: replies, reports and events to the broker.
#include <string.h>

#include "base/crash_point.h"
#include "base/log.h"
#include "disk.h"
#include "gateway.h"

static const struct rf_redaction *redaction(void *arg) {
    struct gateway *gateway = arg;
    return rf_redactor_now(gateway->redactor, rf_loop_now(gateway->process->loop));
}

static void send_reply(void *arg, const struct rf_call_reply *reply) {
    struct gateway *gateway = arg;
    rf_worker_reply(gateway->worker, reply);
    RF_CRASH_POINT(gateway, reply_sent);
}

static bool leased(void *arg) {
    const struct gateway *gateway = arg;
    return rf_worker_leased(gateway->worker);
}

static void release(void *arg, enum gateway_service service, int64_t waiting) {
    struct gateway *gateway = arg;
    rf_worker_release(gateway->worker, gateway_service_name(service), waiting);
}

static void outcome(void *arg, enum rf_provider provider, int64_t epoch, const char *permit,
                    enum rf_class c, struct rf_duration took, bool slow_told,
                    const char *error_text) {
    struct gateway *gateway = arg;
    measures_attempt(gateway, provider, c, took);
    rf_worker_report(gateway->worker,
                     &(struct rf_worker_result){.provider = rf_provider_name(provider),
                                                .epoch = epoch,
                                                .permit = permit,
                                                .class = c,
                                                .took = took,
                                                .error = error_text,
                                                .slow_told = slow_told});
}

static void slow(void *arg, enum rf_provider provider, int64_t epoch, const char *permit,
                 struct rf_duration took) {
    struct gateway *gateway = arg;
    rf_worker_report(gateway->worker,
                     &(struct rf_worker_result){.provider = rf_provider_name(provider),
                                                .epoch = epoch,
                                                .permit = permit,
                                                .class = RF_CLASS_LOCAL,
                                                .took = took,
                                                .slow = true});
}

static void permit(void *arg, const char *call, enum rf_provider provider, int64_t epoch) {
    struct gateway *gateway = arg;
    rf_worker_permit(gateway->worker, call, rf_provider_name(provider), epoch);
}

static void handback(void *arg, const struct rf_worker_handback *message) {
    struct gateway *gateway = arg;
    rf_worker_handback(gateway->worker, message);
}

static void publish(void *arg, const struct rf_event *event) {
    struct gateway *gateway = arg;
    struct rf_error error;
    if (rf_bus_publish(gateway->process->bus, event, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "event %s of %s is lost: %s", event->type, event->subject,
               error.message);
    if (strcmp(event->type, rf_event_type_name(RF_EVENT_FALLBACK_USED)) == 0)
        gateway_retain_fallback(gateway, event);
}

static void stop_call(void *arg, struct call *call) {
    if (call->writing != NULL)
        disk_forget(call->writing);
    call->writing = NULL;
    gateway_abort(arg, call);
}

const struct gateway_effects gateway_effects = {
    .redaction = redaction,
    .send = gateway_send,
    .abort = stop_call,
    .abort_hedge = gateway_abort_hedge,
    .leased = leased,
    .reply = send_reply,
    .release = release,
    .outcome = outcome,
    .slow = slow,
    .permit = permit,
    .handback = handback,
    .mark = gateway_mark,
    .unmark = gateway_unmark,
    .key_aside = gateway_key_aside,
    .key_clear = gateway_key_clear,
    .publish = publish,
    .store = store_put,
    .look = store_look,
};
