// The figures for Prometheus, in its text format (version 0.0.4). Labels are bounded: providers,
// classes, types of events and services are ours; of campaigns the first CONSOLE_METRIC_CAMPAIGNS
// that are not over are told one by one. Pure.
#ifndef CONSOLE_METRICS_H
#define CONSOLE_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <ringfence/messages.h>

#include "config/config.h"
#include "events/text.h"
#include "measure/measure.h"

#define CONSOLE_METRIC_CAMPAIGNS 100

// What the console counts by itself, since it began. All zero: nothing yet.
struct console_counts {
    struct rf_measure measures[RF_PROVIDER_COUNT];
    double took_s[RF_PROVIDER_COUNT]; // the sum of the attempts' times
    int64_t events[RF_EVENT_COUNT];
    int64_t other_events; // of types that this version does not know
};

// console_counts_event: an event of the journal. console_counts_measure: a metric.attempts; one
// that cannot be read is left out.
void console_counts_event(struct console_counts *counts, const struct rf_event *event);
void console_counts_measure(struct console_counts *counts, const struct rf_event *event);

// What is told. Borrowed; NULL where nobody told it.
struct console_figures {
    const struct console_counts *counts;
    bool connected;
    const json_t *broker;                    // status.reply's status
    const json_t *campaigns;                 // a list
    const json_t *alerts;                    // as the interface has them
    const json_t *process, *provider, *mark; // retained values, by the rest of their keys
    size_t streams;
};

// console_metrics: appends them all.
void console_metrics(const struct console_figures *figures, struct rf_text *text);

#endif
