// Tries one channel with the settings of a JSON object on the standard input, and prints the
// report: {"channel", "url", "from", "to", "user", "password", "require_tls", "ca_file", "token",
// "chat_id", "shape", "secret", "timeout_ms", "title", "text", "kind", "remote", "anew"}.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "forms/forms.h"
#include "probe.h"
#include "runtime/loop.h"

static char *text_of(const json_t *order, const char *key) {
    return (char *)(uintptr_t)json_string_value(json_object_get(order, key));
}

static struct rf_channel channel_of(const json_t *order) {
    static const char *const shapes[] = {"generic", "slack", "discord", "pagerduty"};
    static const char *const kinds[] = {"email", "telegram", "webhook"};
    const char *kind = text_of(order, "channel"), *shape = text_of(order, "shape");
    struct rf_channel channel = {.enabled = true};
    snprintf(channel.name, sizeof channel.name, "%s", kind);
    for (int k = 0; k < RF_CHANNEL_KIND_COUNT; k++)
        if (strcmp(kind, kinds[k]) == 0)
            channel.kind = (enum rf_channel_kind)k;
    if (channel.kind == RF_CHANNEL_EMAIL)
        channel.email = (struct rf_config_email){
            .url = text_of(order, "url"),
            .from = text_of(order, "from"),
            .to = text_of(order, "to"),
            .user = text_of(order, "user"),
            .password = {.value = text_of(order, "password")},
            .ca_file = text_of(order, "ca_file"),
            .require_tls = json_is_true(json_object_get(order, "require_tls"))};
    else if (channel.kind == RF_CHANNEL_TELEGRAM)
        channel.telegram = (struct rf_config_telegram){.base_url = text_of(order, "url"),
                                                       .token = {.value = text_of(order, "token")},
                                                       .chat_id = text_of(order, "chat_id"),
                                                       .ca_file = text_of(order, "ca_file")};
    else
        channel.webhook = (struct rf_config_webhook){.url = text_of(order, "url"),
                                                     .secret = {.value = text_of(order, "secret")},
                                                     .ca_file = text_of(order, "ca_file")};
    for (int s = 0; shape != NULL && s < 4; s++)
        if (strcmp(shape, shapes[s]) == 0)
            channel.webhook.shape = (enum rf_config_shape)s;
    return channel;
}

static void replace(char **text, const char *with) {
    if (with == NULL)
        return;
    free(*text);
    *text = strdup(with);
}

static void on_report(void *arg, bool ok, const char *json) {
    (void)ok;
    puts(json);
    rf_loop_stop(arg);
}

static enum rf_err probe(const json_t *order, struct rf_error *error) {
    struct rf_loop *loop = rf_loop_new();
    struct rf_http *http = NULL;
    struct rf_forms *forms = NULL;
    struct rf_probe *running = NULL;
    struct rf_alert notice = {0};
    struct rf_manner manner = {0};
    struct rf_channel channel = channel_of(order);
    struct rf_config_alerter config = {
        .timeout = rf_ms(json_integer_value(json_object_get(order, "timeout_ms")))};
    enum rf_err result =
        loop == NULL ? rf_error_set(error, RF_ERR_NOMEM, "no memory for a loop") : RF_OK;
    if (result == RF_OK)
        result = rf_http_new(loop, &http, error);
    if (result == RF_OK)
        result = rf_forms_new(NULL, &forms, error);
    if (result == RF_OK)
        result = rf_probe_notice(channel.name, rf_clock_utc(), &notice, error);
    if (result == RF_OK) {
        replace(&notice.title, text_of(order, "title"));
        replace(&notice.text, text_of(order, "text"));
        if (text_of(order, "kind") != NULL)
            notice.kind = rf_notice_parse(text_of(order, "kind"));
        manner.anew = json_is_true(json_object_get(order, "anew"));
        struct rf_sending sending = {.http = http,
                                     .config = &config,
                                     .forms = forms,
                                     .channel = &channel,
                                     .alert = &notice,
                                     .remote = text_of(order, "remote"),
                                     .manner = &manner,
                                     .now = rf_clock_utc()};
        result = rf_request_probe(&sending, on_report, loop, &running, error);
    }
    if (result == RF_OK)
        result = rf_loop_run(loop, error);
    rf_alert_fini(&notice);
    rf_forms_destroy(&forms);
    rf_http_destroy(&http);
    rf_loop_destroy(&loop);
    return result;
}

int main(void) {
    struct rf_error error;
    json_t *order = json_loadf(stdin, 0, NULL);
    if (order == NULL)
        return 2;
    enum rf_err result = probe(order, &error);
    if (result != RF_OK) {
        json_t *report = json_pack("{s:s}", "error", error.message);
        json_dumpf(report, stdout, JSON_COMPACT);
        json_decref(report);
    }
    json_decref(order);
    return 0;
}
