// What the core wants done: replies, reports and events to the broker, audio to the shared store.
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "gateway.h"

static void send_reply(void *arg, const struct rf_call_reply *reply) {
    struct gateway *gateway = arg;
    rf_worker_reply(gateway->worker, reply);
}

static void release(void *arg, enum gateway_service service, int64_t waiting) {
    struct gateway *gateway = arg;
    rf_worker_release(gateway->worker, gateway_service_name(service), waiting);
}

static void outcome(void *arg, enum rf_provider provider, int64_t epoch, const char *permit,
                    enum rf_class c, struct rf_duration took, const char *error_text) {
    struct gateway *gateway = arg;
    rf_worker_outcome(gateway->worker, rf_provider_name(provider), epoch, permit, c, took,
                      error_text);
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
}

static enum rf_err store(void *arg, const char *sha256, const char *format, const void *data,
                         size_t size, struct rf_error *error) {
    struct gateway *gateway = arg;
    char path[4096];
    int length =
        snprintf(path, sizeof path, "%s/%s.%s", gateway->config->media_dir, sha256, format);
    if (length < 0 || (size_t)length >= sizeof path)
        return rf_error_set(error, RF_ERR_IO, "media_dir: the path is too long");
    return rf_file_replace(path, data, size, error);
}

const struct gateway_effects gateway_effects = {
    .send = gateway_send,
    .abort = gateway_abort,
    .reply = send_reply,
    .release = release,
    .outcome = outcome,
    .permit = permit,
    .handback = handback,
    .mark = gateway_mark,
    .unmark = gateway_unmark,
    .publish = publish,
    .store = store,
};
