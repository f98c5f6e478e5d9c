#include "probe.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/id.h>

#include "base/clock.h"
#include "base/digest.h"

struct rf_probe {
    struct rf_http_trace trace;
    struct rf_http_transfer *transfer;
    char channel[RF_CHANNEL_NAME_SIZE];
    enum rf_channel_kind kind;
    enum rf_config_shape shape;
    struct rf_recipients recipients; // of a mail
    char alert[RF_ALERT_ID_SIZE];
    char *secrets[RF_HTTP_HIDDEN_MOST]; // copies, as a reload frees those of the configuration
    rf_probe_fn *fn;
    void *arg;
};

// ---- the notice ----

static char *payload_of(const struct rf_alert *notice) {
    char when[RF_RFC3339_SIZE];
    json_t *body = json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}}", "type", notice->type,
                             "timestamp", rf_utc_format(notice->at, when), "data", "id", notice->id,
                             "severity", notice->severity, "subject", notice->subject, "title",
                             notice->title, "text", notice->text);
    char *payload = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return payload;
}

// Of the incident that the notice `id` begins.
static enum rf_err make(const char *channel, const char *id, struct rf_alert *notice,
                        struct rf_error *error) {
    notice->severity = strdup("info");
    notice->type = strdup("alert.test");
    notice->subject = strdup(channel);
    if (asprintf(&notice->incident, "test/%s", id) < 0)
        notice->incident = NULL;
    if (asprintf(&notice->title, "Test of the channel %s", channel) < 0)
        notice->title = NULL;
    notice->text =
        strdup("Alerts arrive here.\n\nWhat to do: Nothing: somebody tried the channel.\n");
    if (notice->severity != NULL && notice->type != NULL && notice->subject != NULL &&
        notice->incident != NULL && notice->title != NULL && notice->text != NULL)
        notice->payload = payload_of(notice);
    if (notice->payload != NULL)
        return RF_OK;
    rf_alert_fini(notice);
    return rf_error_set(error, RF_ERR_NOMEM, "no memory for a notice");
}

enum rf_err rf_probe_notice(const char *channel, struct rf_utc now, struct rf_alert *notice,
                            struct rf_error *error) {
    char id[RF_ULID_SIZE];
    *notice = (struct rf_alert){.kind = RF_NOTICE_TEST, .at = now, .opened = now};
    memcpy(notice->id, rf_ulid_new(now, id), sizeof id);
    memcpy(notice->thread, id, sizeof id);
    return make(channel, id, notice, error);
}

enum rf_err rf_probe_resolved(const char *channel, const char *id, struct rf_utc now,
                              struct rf_alert *notice, struct rf_error *error) {
    *notice = (struct rf_alert){.kind = RF_NOTICE_RESOLVED, .at = now, .opened = now};
    snprintf(notice->id, sizeof notice->id, "%.48s-end", id);
    snprintf(notice->thread, sizeof notice->thread, "%s", id);
    return make(channel, id, notice, error);
}

// ---- the report ----

static double milliseconds(struct rf_duration d) {
    return (double)d.ns / 1e6;
}

static json_t *step_json(const struct rf_http_step *step) {
    return json_pack("{s:s, s:b, s:f, s:s}", "step", step->name, "ok", step->ok, "took_ms",
                     milliseconds(step->took), "detail", step->detail);
}

static char *report_of(const struct rf_probe *probe, const struct rf_verdict *verdict,
                       struct rf_duration took) {
    json_t *steps = json_array();
    for (size_t i = 0; i < probe->trace.count; i++)
        json_array_append_new(steps, step_json(&probe->trace.steps[i]));
    json_t *report = json_pack("{s:s, s:s, s:b, s:s, s:f, s:s, s:o}", "channel", probe->channel,
                               "alert", probe->alert, "ok", verdict->outcome == RF_OUTCOME_OK,
                               "message", verdict->message, "took_ms", milliseconds(took), "remote",
                               verdict->remote, "steps", steps);
    char *text = report == NULL ? NULL : json_dumps(report, JSON_COMPACT | JSON_REAL_PRECISION(6));
    json_decref(report);
    return text;
}

// A reply that came is a step that went well, until it is read.
static void judge_last(struct rf_http_trace *trace, const struct rf_verdict *verdict) {
    struct rf_http_step *last = trace->count == 0 ? NULL : &trace->steps[trace->count - 1];
    if (verdict->outcome == RF_OUTCOME_OK || last == NULL || !last->ok)
        return;
    last->ok = false;
    snprintf(last->detail, sizeof last->detail, "%s", verdict->message);
}

static void probe_destroy(struct rf_probe *probe) {
    for (size_t i = 0; i < RF_HTTP_HIDDEN_MOST; i++) {
        if (probe->secrets[i] != NULL)
            explicit_bzero(probe->secrets[i], strlen(probe->secrets[i]));
        free(probe->secrets[i]);
    }
    rf_recipients_fini(&probe->recipients);
    free(probe);
}

// A test is well if all have it.
static void judge_recipients(struct rf_probe *probe, struct rf_verdict *verdict) {
    rf_recipients_judge(&probe->recipients, verdict);
    for (size_t i = 0; i < probe->recipients.count; i++)
        if (probe->recipients.items[i].fresh && verdict->outcome == RF_OUTCOME_OK)
            verdict->outcome = RF_OUTCOME_PARTIAL;
}

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct rf_probe *probe = arg;
    struct rf_verdict verdict =
        rf_verdict_of(probe->kind, probe->shape, reply, rf_http_retry_after(reply, rf_clock_utc()));
    if (probe->kind == RF_CHANNEL_EMAIL)
        judge_recipients(probe, &verdict);
    for (size_t i = 0; i < RF_HTTP_HIDDEN_MOST; i++)
        rf_http_hide(verdict.message, probe->trace.hidden[i]);
    judge_last(&probe->trace, &verdict);
    char *report = report_of(probe, &verdict, reply->took);
    probe->fn(probe->arg, verdict.outcome == RF_OUTCOME_OK, report == NULL ? "{}" : report);
    free(report);
    probe_destroy(probe);
}

// ---- secrets ----

// AUTH PLAIN's word: base64 of NUL, user, NUL, password (RFC 4616).
static char *login_of(const struct rf_config_email *email) {
    size_t user = strlen(email->user), password = strlen(email->password.value);
    char *plain = calloc(1, user + password + 3);
    if (plain == NULL)
        return NULL;
    memcpy(plain + 1, email->user, user);
    memcpy(plain + 2 + user, email->password.value, password);
    char *word = rf_base64_encode(plain, user + password + 2);
    explicit_bzero(plain, user + password + 2);
    free(plain);
    return word;
}

static bool copy_secrets(struct rf_probe *probe, const struct rf_channel *channel) {
    const char *all[RF_HTTP_HIDDEN_MOST];
    const struct rf_config_email *email = &channel->email;
    bool login = email->user != NULL && email->password.value != NULL;
    rf_request_secrets(channel, all);
    for (size_t i = 0; i < RF_HTTP_HIDDEN_MOST; i++)
        if (all[i] != NULL && (probe->secrets[i] = strdup(all[i])) == NULL)
            return false;
    if (login && (probe->secrets[RF_HTTP_HIDDEN_MOST - 1] = login_of(email)) == NULL)
        return false;
    for (size_t i = 0; i < RF_HTTP_HIDDEN_MOST; i++)
        probe->trace.hidden[i] = probe->secrets[i];
    return true;
}

enum rf_err rf_request_probe(const struct rf_sending *sending, rf_probe_fn *fn, void *arg,
                             struct rf_probe **out, struct rf_error *error) {
    struct rf_probe *probe = calloc(1, sizeof *probe);
    *out = NULL;
    if (probe == NULL || !copy_secrets(probe, sending->channel)) {
        if (probe != NULL)
            probe_destroy(probe);
        return rf_error_set(error, RF_ERR_NOMEM, "no memory to try a channel");
    }
    memcpy(probe->channel, sending->channel->name, sizeof probe->channel);
    probe->kind = sending->channel->kind;
    probe->shape = sending->channel->webhook.shape;
    memcpy(probe->alert, sending->alert->id, sizeof probe->alert);
    probe->fn = fn;
    probe->arg = arg;
    struct rf_sending traced = *sending;
    traced.trace = &probe->trace;
    traced.recipients = &probe->recipients;
    enum rf_err result = RF_OK;
    if (probe->kind == RF_CHANNEL_EMAIL)
        result = rf_request_recipients(sending->channel, NULL, &probe->recipients, error);
    if (result == RF_OK)
        result = rf_request_send(&traced, on_reply, probe, &probe->transfer, error);
    if (result != RF_OK)
        probe_destroy(probe);
    else
        *out = probe;
    return result;
}

void rf_probe_cancel(struct rf_probe **probe) {
    if (*probe == NULL)
        return;
    rf_http_cancel((*probe)->transfer);
    probe_destroy(*probe);
    *probe = NULL;
}
