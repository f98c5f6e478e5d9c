// An open loop: events are due at a fixed rate whatever becomes of those before, so that a wait of
// the publisher is seen in the latency of what it held up.
#ifndef BENCH_PACE_H
#define BENCH_PACE_H

#include <stddef.h>
#include <stdint.h>

struct pace {
    int64_t began_utc; // 0: not yet
    size_t rate;       // events a second; 0: as fast as possible
};

// pace_begin: the first event is due now. Sleeps of this process are exact from now on.
void pace_begin(struct pace *pace, size_t rate);

// pace_due: when event `number` (from 0) is due, in UTC nanoseconds; now without a rate.
int64_t pace_due(const struct pace *pace, size_t number);

#endif
