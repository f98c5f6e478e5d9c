#include "recent.h"

#include <string.h>

#define SLOT_NS (60 * RF_NS_PER_S)

void health_recent_heard(struct health_recent *recent, const struct rf_histogram *took,
                         struct rf_instant now) {
    int64_t number = now.ns / SLOT_NS;
    size_t at = (size_t)(number % HEALTH_RECENT_SLOTS);
    if (recent->slots[at].number != number) {
        memset(&recent->slots[at], 0, sizeof recent->slots[at]);
        recent->slots[at].number = number;
    }
    rf_histogram_merge(&recent->slots[at].took, took);
}

struct health_latency health_recent_latency(const struct health_recent *recent,
                                            struct rf_instant now) {
    struct rf_histogram sum = {0};
    int64_t number = now.ns / SLOT_NS;
    for (size_t i = 0; i < HEALTH_RECENT_SLOTS; i++)
        if (number - recent->slots[i].number < HEALTH_RECENT_SLOTS)
            rf_histogram_merge(&sum, &recent->slots[i].took);
    return (struct health_latency){
        .attempts = sum.count,
        .p50 = rf_histogram_percentile(&sum, 0.50),
        .p90 = rf_histogram_percentile(&sum, 0.90),
        .p99 = rf_histogram_percentile(&sum, 0.99),
    };
}
