// Whether our own clock is right, by what the providers' answers say of it (http/date.h). One
// provider's clock may be wrong itself: it takes vendors that have nothing in common but us. Pure.
#ifndef HEALTH_SKEW_H
#define HEALTH_SKEW_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/time.h>

#define HEALTH_SKEW_FRESH   rf_seconds(600) // what was said longer ago says nothing any more
#define HEALTH_SKEW_VENDORS 8               // more are not heard

enum health_skew_status { HEALTH_SKEW_UNKNOWN, HEALTH_SKEW_RIGHT, HEALTH_SKEW_OFF };

struct health_skew {
    enum health_skew_status status;
    struct rf_utc since;
    struct rf_duration ahead; // our clock, by the median; below 0: behind
    struct {
        const char *vendor; // NULL: none; borrowed
        struct rf_duration ahead;
        struct rf_instant at;
    } words[HEALTH_SKEW_VENDORS]; // the latest of each
};

// health_skew_status_name: "unknown", "right" or "off". Never NULL.
const char *health_skew_status_name(enum health_skew_status status);

// health_skew_heard: an answer of this vendor says that our clock is ahead by so much.
void health_skew_heard(struct health_skew *skew, const char *vendor, struct rf_duration ahead,
                       struct rf_instant now);

// health_skew_decide: it is off by more than `most` when the median of two vendors or more says so
// (of an even number the middle one that is nearer to 0: of two, both have to), and right again
// within nine tenths of that. Nothing changes while fewer have said anything of late. True when the
// status is another than `from` (was before).
bool health_skew_decide(struct health_skew *skew, struct rf_duration most, struct rf_instant now,
                        struct rf_utc utc, enum health_skew_status *from);

#endif
