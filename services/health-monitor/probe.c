#include <stdio.h>
#include <strings.h>

#include "base/log.h"
#include "monitor.h"

// What a probe's answer may hold at most.
#define MAX_BODY_BYTES ((size_t)1024 * 1024)

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct health_target *target = arg;
    target->transfer = NULL;
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
}

// How each provider wants to be shown the key (providers.md sections 1 to 4).
static size_t headers_of(enum rf_provider provider, const char *key, char *bearer,
                         size_t bearer_size, struct rf_http_header *headers) {
    switch (provider) {
    case RF_PROVIDER_ELEVENLABS:
        headers[0] = (struct rf_http_header){"xi-api-key", key};
        return 1;
    case RF_PROVIDER_OPENAI:
    case RF_PROVIDER_OPENAI_TTS:
        snprintf(bearer, bearer_size, "Bearer %s", key);
        headers[0] = (struct rf_http_header){"Authorization", bearer};
        return 1;
    case RF_PROVIDER_ANTHROPIC:
        headers[0] = (struct rf_http_header){"x-api-key", key};
        headers[1] = (struct rf_http_header){"anthropic-version", "2023-06-01"};
        return 2;
    case RF_PROVIDER_TWILIO:
        return 0;
    }
    return 0;
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
    const char *key = target->key.value != NULL ? target->key.value : "";
    target->looked =
        strncasecmp(config->base_url, "https:", 6) == 0 &&
        health_certificate_due(&target->certificate, rf_loop_now(monitor->process->loop));
    char url[2048], bearer[1024];
    struct rf_http_header headers[2];
    snprintf(url, sizeof url, "%s%s", config->base_url, config->probe_path);
    struct rf_http_request request = {
        .method = "GET",
        .url = url,
        .headers = headers,
        .header_count = headers_of(target->provider, key, bearer, sizeof bearer, headers),
        .ca_file = config->ca_file,
        .proxy = config->proxy.url,
        .proxy_user = config->proxy.user,
        .proxy_password = config->proxy.password.value,
        .connect_timeout = config->timeout.connect,
        .timeout = monitor->config->health.timeout,
        .max_body_bytes = MAX_BODY_BYTES,
        .fresh = target->looked,
        .certificate = target->looked,
    };
    if (target->provider == RF_PROVIDER_TWILIO) {
        request.user = config->account_sid;
        request.password = key;
    }
    struct rf_error error;
    if (rf_http_send(monitor->http, &request, on_reply, target, &target->transfer, &error) !=
        RF_OK) {
        target->transfer = NULL;
        const struct health_answer answer = {.failure_text = error.message, .our_fault = true};
        health_target_told(target, &answer);
    }
}
