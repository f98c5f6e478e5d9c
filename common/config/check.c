// The rules that concern several keys. Each complaint stands at a key that was written, so that
// there is a line to look at.
#include "config/check.h"

#include <stdio.h>
#include <string.h>

#include "config/rows.h"
#include "config/value.h"
#include "curve/endpoint.h"
#include "forms/forms.h"
#include "mail/mailbox.h"

#define IPC_PATH_MAX 107 // sizeof sun_path less its NUL (unix(7))

const char *check_written(const struct check *check, const char *const *keys, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (rf_config_origin_line(check->origin, keys[i]) > 0)
            return keys[i];
    return keys[count - 1];
}

// Without a key of CURVE whoever reaches a port may do everything: that is for tests on one host.
static enum rf_err check_plain_tcp(const struct check *check, const char *key,
                                   const char *endpoint) {
    const struct rf_bus_config *bus = &check->config->bus;
    if (bus->curve.secret_file != NULL && bus->insecure)
        return COMPLAIN(check, "bus.insecure",
                        "allows plain TCP, but bus.curve.secret_file encrypts it; expected one of "
                        "the two");
    if (bus->curve.secret_file != NULL)
        return RF_OK;
    if (!bus->insecure)
        return COMPLAIN(check, key,
                        "plain TCP is neither encrypted nor identified; expected ipc://PATH, a key "
                        "in bus.curve.secret_file or, on a loopback address, bus.insecure: yes");
    if (!rf_endpoint_is_loopback(endpoint))
        return COMPLAIN(check, key,
                        "is no loopback address, and bus.insecure is for those alone; expected "
                        "127.0.0.1, or a key in bus.curve.secret_file");
    return RF_OK;
}

static enum rf_err check_endpoints(const struct check *check) {
    const struct rf_bus_config *bus = &check->config->bus;
    const struct {
        const char *key, *endpoint;
    } all[] = {
        {"bus.calls", bus->calls},
        {"bus.workers", bus->workers},
        {"bus.ingest", bus->ingest},
        {"bus.events", bus->events},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const char *endpoint = all[i].endpoint;
        bool ipc = !rf_endpoint_is_tcp(endpoint);
        if (ipc && strlen(endpoint + 6) > IPC_PATH_MAX)
            return COMPLAIN_EITHER(check, all[i].key, "run_dir",
                                   "the path of %s has %zu characters; expected at most %d for an "
                                   "ipc socket: take a shorter run_dir",
                                   all[i].key, strlen(endpoint + 6), IPC_PATH_MAX);
        enum rf_err err = ipc ? RF_OK : check_plain_tcp(check, all[i].key, endpoint);
        if (err != RF_OK)
            return err;
        for (size_t j = 0; j < i; j++)
            if (strcmp(endpoint, all[j].endpoint) == 0)
                return COMPLAIN(check, all[i].key,
                                "is the same as %s; expected an endpoint of its own", all[j].key);
    }
    return RF_OK;
}

static enum rf_err check_policy(const struct check *check, enum rf_provider id) {
    const struct rf_config_provider *provider = &check->config->providers[id];
    char key[4][96], first[32], second[32];
    const char *keys[4] = {key[0], key[1], key[2], key[3]};
    const char *name = rf_provider_name(id);
    if (provider->breaker.test_lease.ns <= provider->timeout.attempt.ns) {
        snprintf(key[0], sizeof key[0], "providers.%s.breaker.test_lease", name);
        snprintf(key[1], sizeof key[1], "providers.%s.timeout.attempt", name);
        snprintf(key[2], sizeof key[2], "defaults.breaker.test_lease");
        snprintf(key[3], sizeof key[3], "defaults.timeout.attempt");
        rf_config_duration_text(provider->breaker.test_lease.ns, first, sizeof first);
        rf_config_duration_text(provider->timeout.attempt.ns, second, sizeof second);
        return COMPLAIN(check, check_written(check, keys, 4),
                        "%s: the breaker's test_lease (%s) is not longer than timeout.attempt "
                        "(%s); expected a lease that outlives the test request",
                        name, first, second);
    }
    const struct rf_breaker_policy *breaker = &provider->breaker;
    if (breaker->slow_rate > 0 && breaker->slow_after.ns == 0) {
        snprintf(key[0], sizeof key[0], "providers.%s.breaker.slow_rate", name);
        snprintf(key[1], sizeof key[1], "defaults.breaker.slow_rate");
        return COMPLAIN(check, check_written(check, keys, 2),
                        "%s: there is a slow_rate but no slow_after; expected the time from which "
                        "an attempt is slow",
                        name);
    }
    if (breaker->mode == RF_BREAKER_ENFORCE && breaker->failure_threshold == 0 &&
        !(breaker->failure_rate > 0) && !(breaker->slow_rate > 0)) {
        snprintf(key[0], sizeof key[0], "providers.%s.breaker.failure_threshold", name);
        snprintf(key[1], sizeof key[1], "defaults.breaker.failure_threshold");
        return COMPLAIN(check, check_written(check, keys, 2),
                        "%s: nothing would ever open the breaker; expected a failure_threshold, a "
                        "failure_rate, a slow_rate, or mode: disabled",
                        name);
    }
    if (provider->retry.max_delay.ns < provider->retry.initial_delay.ns) {
        snprintf(key[0], sizeof key[0], "providers.%s.retry.max_delay", name);
        snprintf(key[1], sizeof key[1], "providers.%s.retry.initial_delay", name);
        snprintf(key[2], sizeof key[2], "defaults.retry.max_delay");
        snprintf(key[3], sizeof key[3], "defaults.retry.initial_delay");
        return COMPLAIN(check, check_written(check, keys, 4),
                        "%s: max_delay is shorter than initial_delay; expected at least as long",
                        name);
    }
    return RF_OK;
}

static enum rf_err check_twilio(const struct check *check) {
    const struct rf_config_provider *twilio = &check->config->providers[RF_PROVIDER_TWILIO];
    if (twilio->key.value == NULL)
        return RF_OK;
    if (twilio->account_sid == NULL)
        return COMPLAIN_EITHER(
            check, "providers.twilio.key", "providers.twilio.keys",
            "there is a key but no providers.twilio.account_sid; expected the account "
            "that the key belongs to");
    if (twilio->from == NULL)
        return COMPLAIN_EITHER(
            check, "providers.twilio.key", "providers.twilio.keys",
            "there is a key but no providers.twilio.from; expected the caller id as an "
            "E.164 number such as +12025550100");
    return RF_OK;
}

static enum rf_err check_callbacks(const struct check *check) {
    const struct rf_config_telephony *telephony = &check->config->telephony;
    if (telephony->callback_url != NULL &&
        check->config->providers[RF_PROVIDER_TWILIO].key.value == NULL)
        return COMPLAIN(check, "telephony.callback_url",
                        "needs providers.twilio.key, which is not set; expected the auth token by "
                        "which the provider signs its callbacks");
    if (telephony->async_detection && !telephony->machine_detection)
        return COMPLAIN(check, "telephony.async_detection",
                        "needs telephony.machine_detection: yes; expected both or neither");
    if (telephony->async_detection && telephony->callback_url == NULL)
        return COMPLAIN(check, "telephony.async_detection",
                        "needs telephony.callback_url, which is not set; expected the public "
                        "address of the console, as what was heard is told there");
    return RF_OK;
}

static enum rf_err check_telephony(const struct check *check) {
    const struct rf_config_telephony *telephony = &check->config->telephony;
    if (strcmp(telephony->audio, "play") == 0 && telephony->media_url == NULL)
        return COMPLAIN(check, "telephony.audio",
                        "play needs telephony.media_url; expected the public address of the "
                        "console's media paths, or audio: say");
    if (strcmp(telephony->audio, "play") == 0 && telephony->media_secret.value == NULL)
        return COMPLAIN(check, "telephony.audio",
                        "play needs telephony.media_secret; expected a secret that signs the media "
                        "paths, or audio: say");
    if (telephony->poll_max.ns < telephony->poll_initial.ns)
        return COMPLAIN_EITHER(check, "telephony.poll_max", "telephony.poll_initial",
                               "poll_max is shorter than poll_initial; expected at least as long");
    if (check->config->orchestrator.dial_deadline.ns <= telephony->send_margin.ns)
        return COMPLAIN_EITHER(check, "orchestrator.dial_deadline", "telephony.send_margin",
                               "dial_deadline is not longer than telephony.send_margin; expected a "
                               "deadline behind the last moment to send");
    return check_callbacks(check);
}

static enum rf_err check_lives(const struct check *check) {
    const struct rf_config *config = check->config;
    struct rf_duration lease = {0};
    if (__builtin_mul_overflow(config->bus.heartbeat.ns, config->bus.heartbeat_misses, &lease.ns) ||
        lease.ns >= config->broker.stream_idle.ns)
        return COMPLAIN_EITHER(check, "broker.stream_idle", "bus.heartbeat",
                               "stream_idle is not longer than heartbeat times heartbeat_misses; "
                               "expected a stream to outlive a peer's silence");
    if (config->broker.drain_timeout.ns < config->drain_timeout.ns)
        return COMPLAIN_EITHER(check, "broker.drain_timeout", "drain_timeout",
                               "broker.drain_timeout is shorter than drain_timeout; expected the "
                               "broker to serve until its peers have left");
    return RF_OK;
}

static enum rf_err check_health(const struct check *check) {
    const struct rf_config_health *health = &check->config->health;
    if (health->calls_degraded > health->calls_down)
        return COMPLAIN_EITHER(check, "health.calls.degraded", "health.calls.down",
                               "degraded is more than health.calls.down; expected a provider to be "
                               "degraded before it is down");
    return RF_OK;
}

enum rf_err check_needed(const struct check *check, const char *cause, bool present,
                         const char *needed, const char *what) {
    if (present)
        return RF_OK;
    return COMPLAIN(check, cause, "needs %s, which is not set; expected %s", needed, what);
}

// A brace that is not closed would be read aloud.
static bool braces_close(const char *template) {
    for (const char *at = template; (at = strchr(at, '{')) != NULL; at++) {
        size_t length = strcspn(at + 1, "{}\n");
        if (length == 0 || at[1 + length] != '}')
            return false;
    }
    return true;
}

static enum rf_err check_local_links(const struct check *check) {
    const struct rf_config_gateway *gateway = &check->config->gateway;
    enum rf_err err = RF_OK;
    if (gateway->script.local == RF_LOCAL_TEMPLATE)
        err = check_needed(check, "gateway.chains.script", gateway->template != NULL,
                           "gateway.template", "the text of the link template");
    if (err == RF_OK && gateway->speech.local == RF_LOCAL_RECORDING)
        err = check_needed(check, "gateway.chains.speech", gateway->recording != NULL,
                           "gateway.recording", "the path of an MP3 or WAV file");
    if (err == RF_OK && gateway->template != NULL && !braces_close(gateway->template))
        err = COMPLAIN(check, "gateway.template",
                       "has a brace without its other half or without a name; expected {name}, "
                       "{phone} or {COLUMN}");
    return err;
}

static enum rf_err check_mailboxes(const struct check *check, const char *key, const char *list) {
    struct rf_mailboxes mailboxes;
    struct rf_error why = {0};
    if (list != NULL && rf_mailboxes_parse(list, &mailboxes, &why) != RF_OK)
        return COMPLAIN(check, key, "%s", why.message);
    if (list != NULL)
        rf_mailboxes_fini(&mailboxes);
    return RF_OK;
}

// They are read here for their faults alone; the alerter reads them for itself.
static enum rf_err check_templates(const struct check *check) {
    struct rf_forms *forms = NULL;
    struct rf_error why = {0};
    if (check->config->alerter.templates == NULL)
        return RF_OK;
    if (rf_forms_new(check->config->alerter.templates, &forms, &why) != RF_OK)
        return COMPLAIN(check, "alerter.templates", "%s", why.message);
    rf_forms_destroy(&forms);
    return RF_OK;
}

static enum rf_err check_alerter(const struct check *check) {
    const struct rf_config_alerter *alerter = &check->config->alerter;
    const char *email = "alerter.email.enabled", *telegram = "alerter.telegram.enabled";
    enum rf_err err = RF_OK;
    if (alerter->email.enabled) {
        err = check_needed(check, email, alerter->email.url != NULL, "alerter.email.url",
                           "smtp://HOST:PORT or smtps://HOST:PORT");
        if (err == RF_OK)
            err = check_needed(check, email, alerter->email.from != NULL, "alerter.email.from",
                               "the sender's address");
        if (err == RF_OK)
            err = check_needed(check, email, alerter->email.to != NULL, "alerter.email.to",
                               "the receiver's address");
    }
    if (err == RF_OK && alerter->email.user != NULL)
        err = check_needed(check, "alerter.email.user", alerter->email.password.value != NULL,
                           "alerter.email.password", "file:PATH or ${ENV}");
    if (err == RF_OK && alerter->telegram.enabled)
        err = check_needed(check, telegram, alerter->telegram.token.value != NULL,
                           "alerter.telegram.token", "file:PATH or ${ENV}");
    if (err == RF_OK && alerter->telegram.enabled)
        err = check_needed(check, telegram, alerter->telegram.chat_id != NULL,
                           "alerter.telegram.chat_id", "the chat's number or @name");
    if (err == RF_OK && alerter->webhook.enabled)
        err = check_needed(check, "alerter.webhook.enabled", alerter->webhook.url != NULL,
                           "alerter.webhook.url", "a URL");
    if (err == RF_OK && alerter->webhook.shape == RF_SHAPE_PAGERDUTY)
        err = check_needed(check, "alerter.webhook.shape", alerter->webhook.secret.value != NULL,
                           "alerter.webhook.secret", "the routing key, by file:PATH or ${ENV}");
    if (err == RF_OK)
        err = check_mailboxes(check, "alerter.email.from", alerter->email.from);
    if (err == RF_OK)
        err = check_mailboxes(check, "alerter.email.to", alerter->email.to);
    if (err == RF_OK)
        err = check_templates(check);
    if (err == RF_OK)
        err = check_alert_rules(check);
    if (err == RF_OK && alerter->storm.gather.ns < alerter->storm.within.ns)
        err = COMPLAIN_EITHER(check, "alerter.storm.gather", "alerter.storm.within",
                              "gather is shorter than within, so that no storm could end before "
                              "its digest; expected at least as long");
    if (err == RF_OK && check->config->health.alerter_webhook.shape == RF_SHAPE_PAGERDUTY)
        err = check_needed(check, "health.alerter_webhook.shape",
                           check->config->health.alerter_webhook.secret.value != NULL,
                           "health.alerter_webhook.secret",
                           "the routing key, by file:PATH or ${ENV}");
    if (err == RF_OK && alerter->stale_after.ns > alerter->dead_after.ns)
        err = COMPLAIN_EITHER(check, "alerter.stale_after", "alerter.dead_after",
                              "stale_after is longer than dead_after; expected at most as long");
    if (err == RF_OK && alerter->breaker_recovery_max.ns < alerter->breaker_recovery.ns)
        err = COMPLAIN_EITHER(check, "alerter.breaker.recovery_max",
                              "alerter.breaker.recovery_timeout",
                              "recovery_max is shorter than recovery_timeout; expected at least as "
                              "long");
    if (err == RF_OK && alerter->retry.max_delay.ns < alerter->retry.initial_delay.ns)
        err = COMPLAIN_EITHER(check, "alerter.retry.max_delay", "alerter.retry.initial_delay",
                              "max_delay is shorter than initial_delay; expected at least as long");
    return err;
}

// A password in the URL would be told by `config show`, logs and error messages.
static enum rf_err check_store(const struct check *check) {
    const char *url = check->config->orchestrator.store.url;
    if (url == NULL)
        return RF_OK;
    const char *host = strstr(url, "://");
    if (strncmp(url, "postgresql://", 13) != 0 && strncmp(url, "postgres://", 11) != 0)
        return COMPLAIN(check, "orchestrator.store.url",
                        "is no database that we know; expected postgresql://USER@HOST/DATABASE, or "
                        "nothing for SQLite");
    size_t authority = strcspn(host + 3, "/?");
    const char *at = memchr(host + 3, '@', authority);
    if ((at && memchr(host + 3, ':', (size_t)(at - host - 3))) || strstr(url, "password="))
        return COMPLAIN(check, "orchestrator.store.url",
                        "has a password; expected it in orchestrator.store.password, such as "
                        "file:secrets/store");
    return RF_OK;
}

static enum rf_err check_simulator(const struct check *check) {
    const struct rf_config_simulator *simulator = &check->config->simulator;
    if (simulator->tls_listen == NULL)
        return RF_OK;
    enum rf_err err = check_needed(check, "simulator.tls_listen", simulator->cert_file != NULL,
                                   "simulator.cert_file", "the path of a PEM file");
    if (err == RF_OK)
        err = check_needed(check, "simulator.tls_listen", simulator->key_file != NULL,
                           "simulator.key_file", "the path of a PEM file");
    return err;
}

enum rf_err rf_config_check(const struct rf_config *config, const struct rf_config_origin *origin,
                            struct rf_error *error) {
    static enum rf_err (*const checks[])(const struct check *) = {
        check_endpoints,   check_twilio,  check_telephony, check_lives,  check_campaign,
        check_local_links, check_alerter, check_channels,  check_logger, check_store,
        check_simulator,   check_health,  check_console,
    };
    struct check check = {config, origin, error};
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        enum rf_err err = checks[i](&check);
        if (err != RF_OK)
            return err;
    }
    for (int id = 0; id < RF_PROVIDER_COUNT; id++) {
        enum rf_err err = check_policy(&check, (enum rf_provider)id);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}
