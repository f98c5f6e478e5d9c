// Each provider in use, by the probe of the health monitor: its connection, our clock against its
// answer's date, and each key.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "doctor.h"
#include "doctor_judge.h"
#include "http/date.h"
#include "probe/provider_probe.h"
#include "rules/rules.h"

struct asking {
    struct doctor *doctor;
    enum rf_provider provider;
    const struct rf_secret *secret;
    struct doctor_check *connection, *clock, *key; // any may be NULL
    struct rf_http_trace trace;
    struct rf_utc sent;
};

static const char *header_of(const void *reply, const char *name) {
    return rf_http_reply_header(reply, name);
}

static void judge_connection(const struct asking *asking, const struct rf_http_reply *reply) {
    char steps[DOCTOR_TEXT_SIZE], key[64], mend[DOCTOR_TEXT_SIZE];
    snprintf(key, sizeof key, "providers.%s.base_url", rf_provider_name(asking->provider));
    doctor_steps(&asking->trace, steps, sizeof steps);
    if (reply->status > 0)
        doctor_end(asking->doctor, asking->connection, DOCTOR_OK, NULL, "%s", steps);
    else
        doctor_end(asking->doctor, asking->connection, DOCTOR_FAIL,
                   doctor_transport_mend(reply->failure, key, mend, sizeof mend), "%s",
                   steps[0] != '\0' ? steps : reply->error_text);
}

static void judge_clock(const struct asking *asking, const struct rf_http_reply *reply) {
    struct rf_utc date;
    if (!rf_http_date_parse(rf_http_reply_header(reply, "Date"), &date)) {
        doctor_end(asking->doctor, asking->clock, DOCTOR_SKIPPED, NULL, "%s",
                   reply->status > 0 ? "its answer has no date" : "it did not answer");
        return;
    }
    struct rf_duration ahead = rf_http_clock_ahead(date, asking->sent, rf_clock_utc());
    enum doctor_verdict verdict = doctor_clock(ahead, asking->doctor->config->health.clock_most);
    double seconds = rf_duration_s(ahead);
    if (ahead.ns == 0)
        doctor_end(asking->doctor, asking->clock, verdict, NULL, "as the provider's");
    else
        doctor_end(asking->doctor, asking->clock, verdict,
                   verdict == DOCTOR_OK ? NULL
                                        : "set the clock by NTP: timedatectl set-ntp true, or "
                                          "install chrony",
                   "%.0f s %s the provider's", seconds < 0 ? -seconds : seconds,
                   seconds < 0 ? "behind" : "ahead of");
}

static void tell_key(const struct asking *asking, const struct rf_http_reply *reply,
                     enum rf_class class, const char *words) {
    const char *name = rf_provider_name(asking->provider), *file = asking->secret->file;
    char mend[DOCTOR_TEXT_SIZE];
    if (class == RF_CLASS_PERMANENT_AUTH)
        snprintf(mend, sizeof mend,
                 "put a valid key into %s%s; the processes that run read it by "
                 "themselves",
                 file != NULL ? file
                              : "a file of mode 0600, and name it as file:PATH in providers.",
                 file != NULL ? "" : name);
    else if (class == RF_CLASS_PERMANENT_QUOTA)
        snprintf(mend, sizeof mend, "top up the account, or raise its limit, at %s", name);
    else if (class == RF_CLASS_TRANSIENT || class == RF_CLASS_RATE_LIMITED)
        snprintf(mend, sizeof mend, "ask again later; %s may be in trouble", name);
    else
        snprintf(mend, sizeof mend, "look at base_url, probe_path and account of providers.%s",
                 name);
    doctor_end(asking->doctor, asking->key, doctor_key(reply->status, class), mend,
               "HTTP %ld, %s%s%s", reply->status, rf_class_name(class), words != NULL ? ": " : "",
               words != NULL ? words : "");
}

static void judge_key(const struct asking *asking, const struct rf_http_reply *reply) {
    const struct rf_config_provider *config = &asking->doctor->config->providers[asking->provider];
    if (asking->key == NULL)
        return;
    if (reply->status == 0) {
        doctor_end(asking->doctor, asking->key, DOCTOR_SKIPPED, NULL, "it did not answer");
        return;
    }
    if (reply->status >= 200 && reply->status <= 299) {
        doctor_end(asking->doctor, asking->key, DOCTOR_OK, NULL, "accepted: %s%s (HTTP %ld)",
                   asking->secret->file != NULL ? "that of " : "fingerprint ",
                   asking->secret->file != NULL ? asking->secret->file
                                                : asking->secret->fingerprint,
                   reply->status);
        return;
    }
    bool whole = reply->failure == RF_HTTP_NONE;
    struct rf_value *body = whole ? rf_body_parse(reply->body, reply->body_size) : NULL;
    const struct rf_facts facts = {.provider = asking->provider,
                                   .operation = "probe",
                                   .status = reply->status,
                                   .failure = rf_failure_word(reply->failure),
                                   .whole = whole,
                                   .sent = reply->sent,
                                   .body = body,
                                   .header = header_of,
                                   .header_arg = reply};
    struct rf_rule rule = rf_rules_judge(&config->rules, &facts);
    tell_key(asking, reply, rule.class, rf_rules_message(&facts));
    rf_value_destroy(&body);
}

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct asking *asking = arg;
    judge_connection(asking, reply);
    judge_clock(asking, reply);
    judge_key(asking, reply);
    free(asking);
}

static void ask(struct doctor *doctor, struct asking *asking) {
    const struct rf_provider_probe probe = {
        .provider = asking->provider,
        .config = &doctor->config->providers[asking->provider],
        .key = asking->secret->value,
        .timeout = doctor->options->timeout,
        .fresh = true,
        .trace = &asking->trace,
    };
    struct rf_error error;
    asking->trace.hidden[0] = asking->secret->value;
    asking->sent = rf_clock_utc();
    if (rf_provider_probe_send(doctor->http, &probe, on_reply, asking, NULL, &error) == RF_OK)
        return;
    doctor_send_failed(doctor, asking->connection, &error);
    doctor_send_failed(doctor, asking->clock, &error);
    doctor_send_failed(doctor, asking->key, &error);
    free(asking);
}

// ---- which ----

static bool is_used(const struct rf_config *config, enum rf_provider provider) {
    return rf_config_chain_names(&config->gateway.speech, provider) ||
           rf_config_chain_names(&config->gateway.script, provider) ||
           rf_config_chain_names(&config->gateway.telephony, provider);
}

static struct asking *asking_new(struct doctor *doctor, enum rf_provider provider,
                                 const struct rf_secret *secret) {
    struct asking *asking = calloc(1, sizeof *asking);
    if (asking == NULL)
        return NULL;
    asking->doctor = doctor;
    asking->provider = provider;
    asking->secret = secret;
    return asking;
}

static void no_key(struct doctor *doctor, struct asking *asking) {
    char mend[DOCTOR_TEXT_SIZE];
    const char *name = rf_provider_name(asking->provider);
    snprintf(mend, sizeof mend,
             "write the key into a file of mode 0600, and providers.%s.key: file:PATH", name);
    doctor_end(doctor, asking->key, DOCTOR_FAIL, mend, "there is none, but a chain names %s", name);
    asking->key = NULL;
}

// The first key's question is also that about connection and clock.
static void add_keys(struct doctor *doctor, struct asking *first, struct asking **all,
                     size_t *count) {
    const char *name = rf_provider_name(first->provider);
    const struct rf_config_list *keys = &doctor->config->providers[first->provider].keys;
    const struct rf_secret *further = keys->items;
    first->key = doctor_new_check(doctor, "key", name);
    for (size_t i = 0; i < keys->count; i++) {
        char subject[DOCTOR_NAME_SIZE];
        snprintf(subject, sizeof subject, "%s/%zu", name, i + 2);
        struct doctor_check *check = doctor_new_check(doctor, "key", subject);
        struct asking *asking =
            check != NULL ? asking_new(doctor, first->provider, &further[i]) : NULL;
        if (asking == NULL)
            continue;
        asking->key = check;
        all[(*count)++] = asking;
    }
}

// All checks stand in the list before the first of them can end.
void doctor_providers(struct doctor *doctor) {
    struct asking *all[RF_PROVIDER_COUNT * (RF_CONFIG_MAX_KEYS + 1)];
    size_t count = 0;
    for (int i = 0; i < RF_PROVIDER_COUNT; i++) {
        struct asking *asking =
            is_used(doctor->config, (enum rf_provider)i)
                ? asking_new(doctor, (enum rf_provider)i, &doctor->config->providers[i].key)
                : NULL;
        if (asking != NULL)
            all[count++] = asking;
    }
    size_t providers = count;
    for (size_t i = 0; i < providers; i++)
        all[i]->connection =
            doctor_new_check(doctor, "connection", rf_provider_name(all[i]->provider));
    for (size_t i = 0; i < providers; i++)
        all[i]->clock = doctor_new_check(doctor, "clock", rf_provider_name(all[i]->provider));
    for (size_t i = 0; i < providers; i++)
        add_keys(doctor, all[i], all, &count);
    for (size_t i = 0; i < count; i++) {
        if (all[i]->key != NULL && all[i]->secret->value == NULL)
            no_key(doctor, all[i]);
        if (all[i]->connection != NULL || all[i]->clock != NULL || all[i]->key != NULL)
            ask(doctor, all[i]);
        else
            free(all[i]);
    }
}
