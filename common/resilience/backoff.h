// The waits of one who never gives up: a delivery, a log sink. Pure.
#ifndef RF_RESILIENCE_BACKOFF_H
#define RF_RESILIENCE_BACKOFF_H

#include <stdint.h>

#include <ringfence/retry.h>

// rf_backoff_wait: the wait after a failure that `failures` failures in a row came before (0: it is
// the first). The first max_retries waits are those of the retry policy; after them it goes on at
// max_delay, of which a jitter takes away up to a half, so that many that wait for the same do not
// come at once.
struct rf_duration rf_backoff_wait(const struct rf_retry_policy *policy, int64_t failures,
                                   struct rf_rng *rng);

#endif
