// What attempts at a provider came to, by their classes, and how long they took: what a gateway
// tells of each second (metric.attempts), and what is added up of it over gateways and minutes.
// Pure.
#ifndef RF_MEASURE_H
#define RF_MEASURE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <ringfence/class.h>
#include <ringfence/error.h>
#include <ringfence/histogram.h>

// All zero: none.
struct rf_measure {
    int64_t classes[RF_CLASS_COUNT];
    struct rf_histogram took;
};

// rf_measure_attempt: one more attempt that ended. RF_CLASS_LOCAL is none: nothing was sent.
void rf_measure_attempt(struct rf_measure *measure, enum rf_class c, struct rf_duration took);

// rf_measure_total: the attempts in it. rf_measure_failed: those that speak against the provider
// (rf_class_counts): what a caller can provoke does not (incident 43).
int64_t rf_measure_total(const struct rf_measure *measure);
int64_t rf_measure_failed(const struct rf_measure *measure);

// rf_measure_merge: all of `other` too.
void rf_measure_merge(struct rf_measure *measure, const struct rf_measure *other);

// rf_measure_json: {"attempts": 4, "failed": 1, "classes": {"ok": 3, ...}, "took": [bucket, count,
// ...]}, of the latter two what is not 0; a new reference, NULL if out of memory.
json_t *rf_measure_json(const struct rf_measure *measure);

// rf_measure_read: the same back; a class that is not known is left out. RF_ERR_INVALID: it is of
// another form, or has numbers that cannot be; *measure is empty then.
RF_NODISCARD enum rf_err rf_measure_read(const json_t *json, struct rf_measure *measure,
                                         struct rf_error *error);

#endif
