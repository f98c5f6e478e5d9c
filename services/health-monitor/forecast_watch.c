// Asks what the providers' accounts still have and what campaigns still need, and tells when the
// one will not last for the other.
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/log.h"
#include "monitor.h"
#include "probe/provider_probe.h"

#define SUBSCRIPTION  "/v1/user/subscription"
#define CALL_DEADLINE rf_seconds(5)
#define MINUTE_NS     (60 * RF_NS_PER_S)
#define NAMES_MOST    10

// ---- the accounts ----

// Where the provider tells what is left; NULL: nowhere.
static const char *path_of(const struct health_target *target, char path[256]) {
    const char *sid = target->monitor->config->providers[target->provider].account_sid;
    if (target->provider == RF_PROVIDER_ELEVENLABS)
        return SUBSCRIPTION;
    if (target->provider != RF_PROVIDER_TWILIO || sid == NULL)
        return NULL;
    int length = snprintf(path, 256, "/2010-04-01/Accounts/%s/Balance.json", sid);
    return length > 0 && length < 256 ? path : NULL;
}

// What a probe asks for need not be asked again.
static bool probe_tells(const struct health_target *target) {
    char room[256];
    const char *path = path_of(target, room);
    const char *probe = target->monitor->config->providers[target->provider].probe_path;
    return path != NULL && strcmp(path, probe) == 0;
}

static void read_account(struct health_target *target, long status, const char *body, size_t size) {
    struct health_credit credit;
    bool good = status == 200 && (target->provider == RF_PROVIDER_ELEVENLABS
                                      ? health_credit_characters(body, size, &credit)
                                      : health_credit_balance(body, size, &credit));
    if (good)
        health_forecast_read(&target->forecast, &credit, rf_clock_now());
    else if (status != 0 && !target->credit_unread)
        rf_log(RF_LOG_INFO,
               "%s does not tell its credit (HTTP %ld): it is not foreseen when that ends",
               rf_provider_name(target->provider), status);
    if (status != 0)
        target->credit_unread = !good;
    if (good)
        forecast_watch_look(target);
}

void forecast_watch_probed(struct health_target *target, const struct health_answer *answer) {
    // Another status is the probe's to tell.
    if (answer->status == 200 && probe_tells(target))
        read_account(target, answer->status, answer->body, answer->body_size);
}

static void on_credit(void *arg, const struct rf_http_reply *reply) {
    struct health_target *target = arg;
    target->credit_transfer = NULL;
    read_account(target, reply->failure == RF_HTTP_NONE ? reply->status : 0, reply->body,
                 reply->body_size);
}

static void ask_account(struct health_target *target) {
    char room[256];
    const char *path = path_of(target, room);
    struct rf_error error;
    if (path == NULL || probe_tells(target) || target->credit_transfer != NULL)
        return;
    const struct rf_provider_probe question = {
        .provider = target->provider,
        .config = &target->monitor->config->providers[target->provider],
        .key = target->key.value,
        .path = path,
        .timeout = target->monitor->config->health.timeout,
    };
    if (rf_provider_probe_send(target->monitor->http, &question, on_credit, target,
                               &target->credit_transfer, &error) != RF_OK) {
        target->credit_transfer = NULL;
        rf_log(RF_LOG_WARNING, "cannot ask %s for its credit: %s",
               rf_provider_name(target->provider), error.message);
    }
}

// ---- what campaigns need ----

static int64_t count_of(const json_t *campaign, const char *name) {
    json_int_t count = json_integer_value(json_object_get(campaign, name));
    return count > 0 ? count : 0;
}

// Those that run, and those that are loaded and may be started any time. Whose work has begun has
// its speech, most likely.
static void add_campaign(struct monitor *monitor, const json_t *campaign) {
    const char *state = json_string_value(json_object_get(campaign, "state"));
    const char *name = json_string_value(json_object_get(campaign, "name"));
    bool counts = state != NULL && (strcmp(state, "running") == 0 || strcmp(state, "loaded") == 0);
    int64_t to_begin = count_of(campaign, "new") + count_of(campaign, "waiting");
    int64_t open = to_begin + count_of(campaign, "running");
    if (!counts || open == 0 || json_is_true(json_object_get(campaign, "finished")))
        return;
    monitor->need_speech.contacts += to_begin;
    monitor->need_calls.contacts += open;
    if (name != NULL && json_array_size(monitor->need_names) < NAMES_MOST)
        (void)json_array_append_new(monitor->need_names, json_string(name));
}

static void on_campaigns(void *arg, const struct rf_call_reply *reply) {
    struct monitor *monitor = arg;
    size_t i;
    json_t *campaign;
    const json_t *campaigns = json_object_get(reply->result, "campaigns");
    monitor->need_call[0] = '\0';
    if (!reply->ok || !json_is_array(campaigns))
        return; // what was known last is the best that is known
    monitor->need_speech = monitor->need_calls = (struct health_need){.known = true};
    json_decref(monitor->need_names);
    monitor->need_names = json_array();
    json_array_foreach(campaigns, i, campaign) add_campaign(monitor, campaign);
    for (size_t t = 0; t < monitor->target_count; t++)
        forecast_watch_look(&monitor->targets[t]);
}

static void ask_campaigns(struct monitor *monitor) {
    struct rf_utc now = rf_clock_utc();
    if (monitor->need_call[0] != '\0' || !rf_bus_connected(monitor->process->bus))
        return;
    json_t *params = json_object();
    const struct rf_call_request request = {
        .id = rf_ulid_new(now, monitor->need_call),
        .service = "campaign",
        .operation = "status",
        .deadline = rf_utc_add(now, CALL_DEADLINE).ns,
        .repeatable = true,
        .params = params,
    };
    rf_bus_call(monitor->process->bus, &request, on_campaigns, monitor);
    json_decref(params);
}

static const struct rf_config_chain *chain_of(const struct health_target *target) {
    const struct rf_config_gateway *gateway = &target->monitor->config->gateway;
    return target->provider == RF_PROVIDER_TWILIO ? &gateway->telephony : &gateway->speech;
}

// Who only stands in for another one is needed by nobody, as far as is foreseen.
static struct health_need need_of(const struct health_target *target) {
    const struct rf_config_chain *chain = chain_of(target);
    struct health_need need = target->provider == RF_PROVIDER_TWILIO ? target->monitor->need_calls
                                                                     : target->monitor->need_speech;
    if (chain->count == 0 || chain->links[0] != target->provider)
        need.contacts = 0;
    return need;
}

static const char *next_of(const struct health_target *target) {
    const struct rf_config_chain *chain = chain_of(target);
    for (size_t i = 0; i + 1 < chain->count; i++)
        if (chain->links[i] == target->provider)
            return rf_provider_name(chain->links[i + 1]);
    return NULL;
}

// ---- who was served ----

static void served(struct monitor *monitor, enum rf_provider provider) {
    for (size_t i = 0; i < monitor->target_count; i++)
        if (monitor->targets[i].provider == provider)
            health_forecast_served(&monitor->targets[i].forecast);
}

static void on_step(void *arg, const char *topic, const struct rf_event *event) {
    const char *step = json_string_value(json_object_get(event->data, "step"));
    const char *name = json_string_value(json_object_get(event->data, "provider"));
    (void)topic;
    if (step != NULL && strcmp(step, "speech") == 0 && name != NULL &&
        strcmp(name, rf_provider_name(RF_PROVIDER_ELEVENLABS)) == 0)
        served(arg, RF_PROVIDER_ELEVENLABS);
}

// However many calls it took.
static void on_done(void *arg, const char *topic, const struct rf_event *event) {
    (void)topic, (void)event;
    served(arg, RF_PROVIDER_TWILIO);
}

// ---- what is told ----

static void put_text(json_t *data, const char *key, double amount, const char *unit) {
    char text[HEALTH_CREDIT_TEXT_SIZE];
    (void)json_object_set_new(data, key, json_string(health_credit_text(amount, unit, text)));
}

static void put_time(json_t *data, const char *key, struct rf_utc at) {
    if (at.ns != 0)
        (void)json_object_set_new(data, key, json_integer((json_int_t)at.ns));
}

static json_t *short_data(const struct health_target *target,
                          const struct health_outlook *outlook) {
    const struct health_credit *credit = &target->forecast.credit;
    const char *next = next_of(target);
    json_t *data = json_pack(
        "{s:I, s:I, s:I, s:O*, s:s*}", "contacts", (json_int_t)outlook->contacts, "unserved",
        (json_int_t)outlook->unserved, "within_ns", (json_int_t)outlook->within.ns, "campaigns",
        target->monitor->need_names, "then", next);
    put_text(data, "used_day", outlook->used_day, credit->unit);
    put_time(data, "runs_out", outlook->runs_out);
    put_time(data, "resets", credit->resets);
    return data;
}

static void publish(const struct health_target *target, enum health_forecast_status from,
                    const struct health_outlook *outlook, struct rf_duration held) {
    const char *name = rf_provider_name(target->provider), *unit = target->forecast.credit.unit;
    bool lacks = target->forecast.status == HEALTH_FORECAST_SHORT;
    json_t *data = lacks ? short_data(target, outlook)
                         : json_pack("{s:I, s:I}", "contacts", (json_int_t)outlook->contacts,
                                     "held_ns", (json_int_t)held.ns);
    (void)json_object_set_new(data, "from", json_string(health_forecast_status_name(from)));
    put_text(data, "left", target->forecast.credit.left, unit);
    put_text(data, "needed", outlook->needed, unit);
    struct rf_event event = {
        .type = rf_event_type_name(lacks ? RF_EVENT_FORECAST_SHORT : RF_EVENT_FORECAST_ENOUGH),
        .subject = name,
        .service = name,
        .data = data,
    };
    struct rf_error error;
    if (rf_bus_publish(target->monitor->process->bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "cannot tell %s of %s: %s", event.type, name, error.message);
    json_decref(data);
}

void forecast_watch_look(struct health_target *target) {
    struct health_need need = need_of(target);
    struct rf_utc utc = rf_clock_utc(), since = target->forecast.since;
    struct health_outlook outlook;
    enum health_forecast_status from;
    health_forecast_look(&target->forecast, &need, rf_clock_now(), utc, &outlook);
    if (!health_forecast_decide(&target->forecast, &need, &outlook, utc, &from))
        return;
    if (target->forecast.status == HEALTH_FORECAST_SHORT || from == HEALTH_FORECAST_SHORT)
        publish(target, from, &outlook, rf_utc_since(utc, since));
    health_target_store(target);
}

// ---- the retained value ----

// In hundredths: what is finer is no more than noise.
static json_t *amount(double value) {
    return json_real(round(value * 100) / 100);
}

json_t *forecast_watch_json(const struct health_target *target) {
    const struct health_forecast *forecast = &target->forecast;
    struct health_need need = need_of(target);
    struct health_outlook outlook;
    if (!forecast->read)
        return NULL;
    health_forecast_look(forecast, &need, rf_clock_now(), rf_clock_utc(), &outlook);
    json_t *value =
        json_pack("{s:s, s:I, s:s, s:o, s:b, s:o, s:I, s:o*, s:I, s:o, s:I}", "status",
                  health_forecast_status_name(forecast->status), "since",
                  (json_int_t)forecast->since.ns, "unit", forecast->credit.unit, "left",
                  amount(forecast->credit.left), "endless", (int)forecast->credit.endless,
                  "used_day", amount(outlook.used_day), "within_ns", (json_int_t)outlook.within.ns,
                  "each", forecast->measured ? json_real(forecast->each) : NULL, "contacts",
                  (json_int_t)outlook.contacts, "needed", amount(outlook.needed), "unserved",
                  (json_int_t)outlook.unserved);
    // To the minute: a value that changes is written.
    put_time(value, "runs_out",
             (struct rf_utc){outlook.runs_out.ns - outlook.runs_out.ns % MINUTE_NS});
    put_time(value, "resets", forecast->credit.resets);
    return value;
}

void forecast_watch_restore(struct health_target *target, const json_t *value) {
    const char *name = json_string_value(json_object_get(value, "status"));
    const json_t *each = json_object_get(value, "each");
    enum health_forecast_status status = HEALTH_FORECAST_SHORT;
    while (name != NULL && status != HEALTH_FORECAST_UNKNOWN &&
           strcmp(name, health_forecast_status_name(status)) != 0)
        status--;
    if (name != NULL)
        health_forecast_restore(
            &target->forecast, status,
            (struct rf_utc){json_integer_value(json_object_get(value, "since"))},
            json_is_number(each), json_number_value(each));
}

// ---- the beginning and the end ----

static void on_timer(void *arg) {
    struct monitor *monitor = arg;
    for (size_t i = 0; i < monitor->target_count; i++)
        ask_account(&monitor->targets[i]);
    ask_campaigns(monitor);
    rf_timer_after(&monitor->forecast_timer, monitor->config->health.credit_interval);
}

enum rf_err forecast_watch_begin(struct monitor *monitor, struct rf_error *error) {
    struct rf_bus *bus = monitor->process->bus;
    rf_timer_init(&monitor->forecast_timer, monitor->process->loop, on_timer, monitor);
    enum rf_err err =
        rf_bus_listen(bus, rf_event_type_name(RF_EVENT_CONTACT_STEP), on_step, monitor, error);
    if (err == RF_OK)
        err =
            rf_bus_listen(bus, rf_event_type_name(RF_EVENT_CONTACT_DONE), on_done, monitor, error);
    if (err == RF_OK)
        rf_timer_after(&monitor->forecast_timer, rf_ns(0));
    return err;
}

void forecast_watch_end(struct monitor *monitor) {
    if (monitor->forecast_timer.loop != NULL)
        rf_timer_stop(&monitor->forecast_timer);
    if (monitor->need_call[0] != '\0')
        rf_bus_cancel(monitor->process->bus, monitor->need_call);
    json_decref(monitor->need_names);
}
