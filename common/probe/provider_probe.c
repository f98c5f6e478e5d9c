#include "probe/provider_probe.h"

#include <stdio.h>
#include <string.h>

// What a probe's answer may hold at most.
#define MAX_BODY_BYTES ((size_t)1024 * 1024)

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

enum rf_err rf_provider_probe_send(struct rf_http *http, const struct rf_provider_probe *probe,
                                   rf_http_fn *fn, void *arg, struct rf_http_transfer **transfer,
                                   struct rf_error *error) {
    const struct rf_config_provider *config = probe->config;
    const char *key = probe->key != NULL ? probe->key : "";
    char url[2048], bearer[1024];
    struct rf_http_header headers[2];
    snprintf(url, sizeof url, "%s%s", config->base_url,
             probe->path != NULL ? probe->path : config->probe_path);
    struct rf_http_request request = {
        .method = "GET",
        .url = url,
        .headers = headers,
        .header_count = headers_of(probe->provider, key, bearer, sizeof bearer, headers),
        .ca_file = config->ca_file,
        .proxy = config->proxy.url,
        .proxy_user = config->proxy.user,
        .proxy_password = config->proxy.password.value,
        .connect_timeout = config->timeout.connect,
        .timeout = probe->timeout,
        .max_body_bytes = MAX_BODY_BYTES,
        .fresh = probe->fresh,
        .certificate = probe->fresh,
        .trace = probe->trace,
    };
    if (probe->provider == RF_PROVIDER_TWILIO) {
        request.user = config->account_sid;
        request.password = key;
    }
    enum rf_err result = rf_http_send(http, &request, fn, arg, transfer, error);
    explicit_bzero(bearer, sizeof bearer);
    return result;
}
