// For how long a provider was up, degraded or down, by the minute and by the hour: what its
// availability over any time of the latest ninety days is made of. Time that nothing is known of is
// in none of them. Pure.
#ifndef HEALTH_AVAILABILITY_H
#define HEALTH_AVAILABILITY_H

#include <stddef.h>

#include "status.h"

#define HEALTH_MINUTE rf_seconds(60)
#define HEALTH_HOUR   rf_seconds(3600)
#define HEALTH_DAY    rf_seconds(INT64_C(24) * 3600)

// A day in minutes and ninety days in hours, each with one more at either end.
#define HEALTH_MINUTES (24 * 60 + 2)
#define HEALTH_HOURS   (90 * 24 + 2)

// So long of some time; up, degraded and down.
struct health_spent {
    int64_t up_ns, degraded_ns, down_ns;
};

struct health_bucket {
    int64_t number; // of this length since 1970
    struct health_spent spent;
};

// All zero: nothing is known. As rings.
struct health_availability {
    struct health_bucket minutes[HEALTH_MINUTES];
    struct health_bucket hours[HEALTH_HOURS];
};

// health_spent_known: how long anything was known. health_spent_share: the share of that in which
// it served (up or degraded), 0 to 1; below 0 when nothing was known.
int64_t health_spent_known(const struct health_spent *spent);
double health_spent_share(const struct health_spent *spent);

// health_availability_add: it was so from `from` to `until`. HEALTH_UNKNOWN adds nothing. No
// minute and no hour gets longer than it is, whatever the clock does.
void health_availability_add(struct health_availability *availability, enum health_status status,
                             struct rf_utc from, struct rf_utc until);

// health_availability_put: what was kept of one minute or hour (`length`); false: there is no such
// length.
bool health_availability_put(struct health_availability *availability, struct rf_duration length,
                             const struct health_bucket *bucket);

// health_availability_between: what is known of the time from `from` to `until`; `now` decides
// whether that is by the minute still. Of a minute or an hour that is in it only in part, that
// part.
struct health_spent health_availability_between(const struct health_availability *availability,
                                                struct rf_utc from, struct rf_utc until,
                                                struct rf_utc now);

// The times of which the availability is told.
struct health_window {
    const char *name; // "24h"
    struct rf_duration length;
};
#define HEALTH_WINDOWS 5
extern const struct health_window health_windows[HEALTH_WINDOWS];

#endif
