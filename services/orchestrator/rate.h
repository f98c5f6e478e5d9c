// How fast a campaign goes, and how long it still takes: honest, or not told. Pure.
#ifndef RF_ORCHESTRATOR_RATE_H
#define RF_ORCHESTRATOR_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/time.h>

#define RF_RATE_WINDOW rf_seconds(300) // what ended in it counts
#define RF_RATE_LEAST  rf_seconds(5)   // of time that must have passed to tell one
#define RF_RATE_MOST   5000            // contacts that are looked at: then the window is shorter

struct rf_rate {
    int64_t ended;        // contacts that ended in the window, RF_RATE_MOST at most
    struct rf_utc oldest; // when the first of them did
    struct rf_utc since;  // since when the campaign has been running
};

// rf_rate_from: what ended before this does not count.
struct rf_utc rf_rate_from(struct rf_utc since, struct rf_utc now);

// rf_rate_per_minute: contacts a minute; false: it runs for too short a time to tell.
bool rf_rate_per_minute(const struct rf_rate *rate, struct rf_utc now, double *per_minute);

// rf_rate_left: how long `left` contacts still take at this rate; false: it cannot be told, as
// nothing ended lately.
bool rf_rate_left(double per_minute, int64_t left, struct rf_duration *time);

#endif
