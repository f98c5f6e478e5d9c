#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "monitor.h"
#include "probe/provider_probe.h"

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct health_target *target = arg;
    target->transfer = NULL;
    skew_watch_told(target, reply);
    if (target->looked)
        certificate_watch_told(target, reply->certificate_until);
    // A body that is cut off or too long does not make the provider's answer worth less here.
    bool our_fault = reply->failure == RF_HTTP_RESOLVE || reply->failure == RF_HTTP_CERTIFICATE ||
                     reply->failure == RF_HTTP_PROXY;
    const struct health_answer answer = {
        .status = reply->status,
        .failure_text = reply->error_text,
        .our_fault = our_fault,
        .no_name = reply->failure == RF_HTTP_RESOLVE || reply->failure == RF_HTTP_RESOLVER,
        .took = reply->took,
        .body = reply->body,
        .body_size = reply->body_size,
    };
    health_target_told(target, &answer);
    forecast_watch_probed(target, &answer);
}

// The gateway finds a key file that was changed by itself; so do we.
static void refresh_key(struct health_target *target) {
    bool changed;
    struct rf_error error;
    if (target->ours && rf_secret_refresh(&target->key, &changed, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "the old key stays: %s", error.message);
}

void probe_begin(struct health_target *target) {
    struct monitor *monitor = target->monitor;
    const struct rf_config_provider *config = &monitor->config->providers[target->provider];
    refresh_key(target);
    target->looked =
        strncasecmp(config->base_url, "https:", 6) == 0 &&
        health_certificate_due(&target->certificate, rf_loop_now(monitor->process->loop));
    const struct rf_provider_probe probe = {
        .provider = target->provider,
        .config = config,
        .key = target->key.value,
        .timeout = monitor->config->health.timeout,
        .fresh = target->looked,
    };
    struct rf_error error;
    target->asked = rf_clock_utc();
    if (rf_provider_probe_send(monitor->http, &probe, on_reply, target, &target->transfer,
                               &error) != RF_OK) {
        target->transfer = NULL;
        const struct health_answer answer = {.failure_text = error.message, .our_fault = true};
        health_target_told(target, &answer);
    }
}
