// Silences: what a person does not want to be told for a while. Retained state of the bus,
// "alert/silence/ID":
//   {"match": {"incident": "breaker/*", "rule", "severity", "subject", "campaign"}, "by", "why",
//    "from", "until"}
// All that `match` names must fit (patterns as in a shell); from and until are UTC nanoseconds. The
// broker tells of each, and of its end (services/broker/alert_word.h).
#ifndef RF_ALERTER_SILENCE_H
#define RF_ALERTER_SILENCE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "incident.h"

#define RF_SILENCES_MOST 1000 // further ones are not heeded, and that is told

struct rf_silence {
    char *id;
    json_t *match;
    struct rf_utc from, until;
};

struct rf_silences {
    struct rf_silence *items;
    size_t count;
};

// rf_silences_put: takes over the silence `id`; a value NULL takes it away. False if it is none: a
// match that names nothing or something else, or no end.
bool rf_silences_put(struct rf_silences *silences, const char *id, const json_t *value);
void rf_silences_fini(struct rf_silences *silences);

// rf_silences_hold: whether one of them silences the incident at `now`. *wake becomes the earliest
// moment at which that may change, if it is before what is there.
bool rf_silences_hold(const struct rf_silences *silences, const struct rf_incident *incident,
                      struct rf_utc now, struct rf_utc *wake);

#endif
