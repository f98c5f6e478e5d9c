#include "clock_set.h"

struct rf_duration rf_clock_set_look(struct rf_clock_set *clock, struct rf_utc utc,
                                     struct rf_instant boot) {
    int64_t offset = rf_ns_sub(utc.ns, boot.ns);
    int64_t step = clock->begun ? rf_ns_sub(offset, clock->offset) : 0;
    clock->begun = true;
    clock->offset = offset;
    int64_t size = step < 0 ? -step : step;
    return rf_ns(size < RF_CLOCK_SET_LEAST.ns ? 0 : step);
}
