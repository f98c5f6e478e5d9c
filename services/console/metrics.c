#include "metrics.h"

#include <stdio.h>
#include <string.h>

#include "metrics_text.h"

#define NS 1e-9

// ---- what the console counts ----

void console_counts_event(struct console_counts *counts, const struct rf_event *event) {
    for (int i = 0; i < RF_EVENT_COUNT; i++)
        if (strcmp(rf_event_type_name((enum rf_event_type)i), event->type) == 0) {
            counts->events[i]++;
            return;
        }
    counts->other_events++;
}

void console_counts_measure(struct console_counts *counts, const struct rf_event *event) {
    struct rf_measure measure;
    struct rf_error error;
    if (rf_measure_read(event->data, &measure, &error) != RF_OK)
        return;
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        if (strcmp(rf_provider_name((enum rf_provider)p), event->subject) != 0)
            continue;
        rf_measure_merge(&counts->measures[p], &measure);
        for (int i = 0; i < RF_HISTOGRAM_BUCKETS; i++)
            counts->took_s[p] +=
                (double)measure.took.counts[i] * rf_duration_s(rf_histogram_end(i));
    }
}

static void attempts(const struct console_counts *counts, struct rf_text *text) {
    static const char name[] = "ringfence_attempts_total";
    console_metric_head(text, name, "counter",
                        "Requests to providers that ended, by how, since the console began.");
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        for (int c = 0; c < RF_CLASS_COUNT; c++)
            if (c != RF_CLASS_LOCAL)
                console_metric(text, name, (double)counts->measures[p].classes[c],
                               CONSOLE_LABELS("provider", rf_provider_name((enum rf_provider)p),
                                              "class", rf_class_name((enum rf_class)c)));
}

// A bucket of ours counts below a bound if all of it is below.
static void histogram(const char *provider, const struct rf_histogram *took, double sum,
                      struct rf_text *text) {
    static const struct {
        const char *text;
        double seconds;
    } bounds[] = {{"0.05", 0.05}, {"0.1", 0.1}, {"0.25", 0.25}, {"0.5", 0.5}, {"1", 1},
                  {"2.5", 2.5},   {"5", 5},     {"10", 10},     {"30", 30},   {"60", 60}};
    int bucket = 0;
    int64_t below = 0;
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        while (bucket < RF_HISTOGRAM_BUCKETS &&
               rf_duration_s(rf_histogram_end(bucket)) <= bounds[i].seconds)
            below += took->counts[bucket++];
        console_metric(text, "ringfence_attempt_duration_seconds_bucket", (double)below,
                       CONSOLE_LABELS("provider", provider, "le", bounds[i].text));
    }
    console_metric(text, "ringfence_attempt_duration_seconds_bucket", (double)took->count,
                   CONSOLE_LABELS("provider", provider, "le", "+Inf"));
    console_metric(text, "ringfence_attempt_duration_seconds_sum", sum,
                   CONSOLE_LABELS("provider", provider));
    console_metric(text, "ringfence_attempt_duration_seconds_count", (double)took->count,
                   CONSOLE_LABELS("provider", provider));
}

static void durations(const struct console_counts *counts, struct rf_text *text) {
    console_metric_head(text, "ringfence_attempt_duration_seconds", "histogram",
                        "How long these requests took; the sum is up to a thirty-second too high.");
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        histogram(rf_provider_name((enum rf_provider)p), &counts->measures[p].took,
                  counts->took_s[p], text);
}

static void events(const struct console_counts *counts, struct rf_text *text) {
    static const char name[] = "ringfence_events_total";
    console_metric_head(text, name, "counter", "Events of the journal since the console began.");
    for (int i = 0; i < RF_EVENT_COUNT; i++)
        if (i != RF_EVENT_METRIC_ATTEMPTS)
            console_metric(text, name, (double)counts->events[i],
                           CONSOLE_LABELS("type", rf_event_type_name((enum rf_event_type)i)));
    console_metric(text, name, (double)counts->other_events, CONSOLE_LABELS("type", "other"));
}

// ---- retained values ----

static const char *text_of(const json_t *object, const char *name) {
    const char *value = json_string_value(json_object_get(object, name));
    return value != NULL ? value : "";
}

static double number_of(const json_t *object, const char *name) {
    return json_number_value(json_object_get(object, name));
}

static void providers(const struct console_figures *figures, struct rf_text *text) {
    static const char *const states[] = {"unknown", "up", "degraded", "down"};
    static const char status[] = "ringfence_provider_status", marks[] = "ringfence_provider_marks";
    const char *key;
    json_t *value;
    console_metric_head(text, status, "gauge", "1 for the status that a provider has.");
    json_object_foreach((json_t *)(uintptr_t)figures->provider, key,
                        value) for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        console_metric(text, status, strcmp(text_of(value, "status"), states[i]) == 0,
                       CONSOLE_LABELS("provider", key, "status", states[i]));
    console_metric_head(text, marks, "gauge",
                        "Marks that make a provider, or one of its keys, unusable.");
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        const char *name = rf_provider_name((enum rf_provider)p);
        size_t length = strlen(name), count = 0;
        json_object_foreach((json_t *)(uintptr_t)figures->mark, key, value) count +=
            strncmp(key, name, length) == 0 && (key[length] == '\0' || key[length] == '/');
        console_metric(text, marks, (double)count, CONSOLE_LABELS("provider", name));
    }
}

// The unit is a label, as an amount says nothing without it.
static void credit(const struct console_figures *figures, struct rf_text *text) {
    static const struct {
        const char *name, *member, *help;
    } gauges[] = {
        {"ringfence_provider_credit_left", "left", "What a provider's account still has."},
        {"ringfence_provider_credit_needed", "needed", "What campaigns still need of it."},
        {"ringfence_provider_credit_used_day", "used_day", "What was used in the latest day."},
        {"ringfence_provider_credit_unserved_contacts", "unserved",
         "Contacts for whom it will not last."},
    };
    for (size_t i = 0; i < sizeof gauges / sizeof *gauges; i++) {
        const char *key;
        json_t *value;
        console_metric_head(text, gauges[i].name, "gauge", gauges[i].help);
        json_object_foreach((json_t *)(uintptr_t)figures->provider, key, value) {
            const json_t *forecast = json_object_get(value, "forecast");
            if (json_is_object(forecast))
                console_metric(text, gauges[i].name, number_of(forecast, gauges[i].member),
                               CONSOLE_LABELS("provider", key, "unit", text_of(forecast, "unit")));
        }
    }
}

static void processes(const struct console_figures *figures, struct rf_text *text) {
    static const char *const services[] = {"broker",         "orchestrator", "service-gateway",
                                           "health-monitor", "alerter",      "logger",
                                           "console"};
    static const char name[] = "ringfence_processes";
    console_metric_head(text, name, "gauge", "Processes that are ready.");
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        size_t count = 0;
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)(uintptr_t)figures->process, key, value) count +=
            strcmp(text_of(value, "service"), services[i]) == 0 &&
            strcmp(text_of(value, "state"), "ready") == 0;
        console_metric(text, name, (double)count, CONSOLE_LABELS("service", services[i]));
    }
}

// ---- what the broker tells ----

static void breakers(const json_t *list, struct rf_text *text) {
    static const char *const states[] = {"closed", "open", "half_open"};
    static const char state[] = "ringfence_breaker_state", forced[] = "ringfence_breaker_forced",
                      ratio[] = "ringfence_breaker_failure_ratio",
                      opened[] = "ringfence_breaker_opened_total";
    size_t i;
    json_t *breaker;
    console_metric_head(text, state, "gauge", "1 for the state that a circuit breaker has.");
    json_array_foreach(list, i, breaker) for (size_t k = 0; k < sizeof states / sizeof *states; k++)
        console_metric(text, state, strcmp(text_of(breaker, "state"), states[k]) == 0,
                       CONSOLE_LABELS("provider", text_of(breaker, "service"), "state", states[k]));
    console_metric_head(text, forced, "gauge", "1 if a person holds a circuit breaker.");
    json_array_foreach(list, i, breaker)
        console_metric(text, forced, strcmp(text_of(breaker, "force"), "none") != 0,
                       CONSOLE_LABELS("provider", text_of(breaker, "service")));
    console_metric_head(text, ratio, "gauge", "Share of failures in its window.");
    json_array_foreach(list, i, breaker)
        console_metric(text, ratio, number_of(json_object_get(breaker, "figures"), "failure_rate"),
                       CONSOLE_LABELS("provider", text_of(breaker, "service")));
    console_metric_head(text, opened, "counter", "How often it opened since the broker began.");
    json_array_foreach(list, i, breaker)
        console_metric(text, opened, number_of(json_object_get(breaker, "figures"), "opened"),
                       CONSOLE_LABELS("provider", text_of(breaker, "service")));
}

static void queues(const json_t *list, struct rf_text *text) {
    static const char length[] = "ringfence_queue_length",
                      oldest[] = "ringfence_queue_oldest_seconds";
    size_t i;
    json_t *queue;
    console_metric_head(text, length, "gauge", "Calls that wait at the broker.");
    json_array_foreach(list, i, queue)
        console_metric(text, length, number_of(queue, "waiting"),
                       CONSOLE_LABELS("service", text_of(queue, "service")));
    console_metric_head(text, oldest, "gauge", "Since when the oldest of them waits.");
    json_array_foreach(list, i, queue)
        console_metric(text, oldest, number_of(queue, "oldest_ns") * NS,
                       CONSOLE_LABELS("service", text_of(queue, "service")));
}

// All offers of one service, however many workers make them.
static void offers(const json_t *workers, const json_t *queues, const char *name,
                   const char *member, const char *help, struct rf_text *text) {
    size_t i, k, m;
    json_t *queue, *worker, *offer;
    console_metric_head(text, name, "gauge", help);
    json_array_foreach(queues, i, queue) {
        double sum = 0;
        const char *service = text_of(queue, "service");
        json_array_foreach(workers, k, worker)
            json_array_foreach(json_object_get(worker, "offers"), m,
                               offer) if (strcmp(text_of(offer, "service"), service) == 0) sum +=
            number_of(offer, member);
        console_metric(text, name, sum, CONSOLE_LABELS("service", service));
    }
}

// The broker's own counters, whatever it counts: they are few, and named by us.
static void counters(const json_t *list, struct rf_text *text) {
    const char *key;
    json_t *value;
    char name[128];
    json_object_foreach((json_t *)(uintptr_t)list, key, value) {
        if (strspn(key, "abcdefghijklmnopqrstuvwxyz_") != strlen(key) || strlen(key) > 64)
            continue;
        snprintf(name, sizeof name, "ringfence_broker_%s_total", key);
        console_metric_alone(text, name, "counter", "A counter of the broker since it began.",
                             json_number_value(value));
    }
}

static void broker(const json_t *status, struct rf_text *text) {
    const json_t *workers = json_object_get(status, "workers");
    const json_t *waiting = json_object_get(status, "queues");
    const json_t *journal = json_object_get(status, "journal");
    breakers(json_object_get(status, "breakers"), text);
    queues(waiting, text);
    offers(workers, waiting, "ringfence_worker_places", "capacity", "Calls that workers can take.",
           text);
    offers(workers, waiting, "ringfence_worker_places_free", "credit", "How many of them are free.",
           text);
    console_metric_alone(text, "ringfence_journal_bytes", "gauge", "Size of the journal.",
                         number_of(journal, "bytes"));
    console_metric_alone(text, "ringfence_journal_failing", "gauge",
                         "1 if the broker cannot write its journal.",
                         json_is_true(json_object_get(journal, "failing")));
    counters(json_object_get(status, "counters"), text);
}

// ---- campaigns and alerts ----

static void campaigns(const json_t *list, struct rf_text *text) {
    static const char *const states[] = {"new", "running", "waiting", "done", "set_aside"};
    static const char name[] = "ringfence_campaign_contacts";
    size_t i, told = 0, open = 0;
    json_t *campaign;
    console_metric_head(text, name, "gauge", "Contacts of campaigns that are not over, by state.");
    json_array_foreach(list, i, campaign) {
        if (json_is_true(json_object_get(campaign, "finished")))
            continue;
        open++;
        if (++told > CONSOLE_METRIC_CAMPAIGNS)
            continue;
        for (size_t k = 0; k < sizeof states / sizeof *states; k++)
            console_metric(
                text, name, number_of(campaign, states[k]),
                CONSOLE_LABELS("campaign", text_of(campaign, "name"), "state", states[k]));
    }
    console_metric_alone(text, "ringfence_campaigns", "gauge", "Campaigns that are not over.",
                         (double)open);
}

static void channels(const json_t *list, const char *name, const char *help, const char *member,
                     struct rf_text *text) {
    size_t i;
    json_t *row;
    console_metric_head(text, name, "gauge", help);
    json_array_foreach(list, i, row)
        console_metric(text, name, member != NULL ? number_of(row, member) : 1,
                       CONSOLE_LABELS("channel", text_of(row, "channel")));
}

static void alerts(const json_t *list, struct rf_text *text) {
    static const char *const severities[] = {"info", "warning", "error", "critical"};
    static const char name[] = "ringfence_alerts_open";
    console_metric_head(text, name, "gauge", "Open incidents (of the newest 100), by severity.");
    for (size_t k = 0; k < sizeof severities / sizeof *severities; k++) {
        size_t i, count = 0;
        json_t *incident;
        json_array_foreach(json_object_get(list, "incidents"), i, incident) count +=
            strcmp(text_of(incident, "severity"), severities[k]) == 0;
        console_metric(text, name, (double)count, CONSOLE_LABELS("severity", severities[k]));
    }
    channels(json_object_get(list, "waiting"), "ringfence_alert_deliveries_waiting",
             "Notices that wait for a channel.", "count", text);
    channels(json_object_get(list, "dead"), "ringfence_alert_dead_letters",
             "Notices that a channel did not take.", "count", text);
    channels(json_object_get(list, "down"), "ringfence_alert_channel_down",
             "1 for a channel that takes nothing.", NULL, text);
}

void console_metrics(const struct console_figures *figures, struct rf_text *text) {
    console_metric_head(text, "ringfence_build_info", "gauge", "The version of the console.");
    console_metric(text, "ringfence_build_info", 1, CONSOLE_LABELS("version", RF_VERSION));
    console_metric_alone(text, "ringfence_broker_up", "gauge", "1 if the broker answers.",
                         figures->connected);
    console_metric_alone(text, "ringfence_console_streams", "gauge",
                         "Open streams of server-sent events.", (double)figures->streams);
    attempts(figures->counts, text);
    durations(figures->counts, text);
    events(figures->counts, text);
    providers(figures, text);
    credit(figures, text);
    processes(figures, text);
    if (figures->broker != NULL)
        broker(figures->broker, text);
    if (figures->campaigns != NULL)
        campaigns(figures->campaigns, text);
    if (figures->alerts != NULL)
        alerts(figures->alerts, text);
}
