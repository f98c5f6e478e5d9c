#include "clock_set.h"

// By how much the offset of two clocks has become another one since the last look.
static struct rf_duration look(struct rf_clock_set *clock, int64_t offset) {
    int64_t step = clock->begun ? rf_ns_sub(offset, clock->offset) : 0;
    clock->begun = true;
    clock->offset = offset;
    int64_t size = step < 0 ? -step : step;
    return rf_ns(size < RF_CLOCK_SET_LEAST.ns ? 0 : step);
}

struct rf_duration rf_clock_set_look(struct rf_clock_set *clock, struct rf_utc utc,
                                     struct rf_instant boot) {
    return look(clock, rf_ns_sub(utc.ns, boot.ns));
}

struct rf_duration rf_clock_slept_look(struct rf_clock_set *clock, struct rf_instant boot,
                                       struct rf_instant now) {
    struct rf_duration step = look(clock, rf_ns_sub(boot.ns, now.ns));
    return step.ns > 0 ? step : rf_ns(0);
}

void rf_clock_owed_add(struct rf_clock_owed *clock, struct rf_duration step) {
    struct rf_clock_steps *owed = &clock->owed;
    owed->all = rf_ns(rf_ns_add(owed->all.ns, step.ns));
    if (step.ns < 0)
        owed->back = rf_ns(rf_ns_add(owed->back.ns, step.ns));
}

bool rf_clock_owed_begin(struct rf_clock_owed *clock) {
    if (clock->busy || (clock->owed.all.ns == 0 && clock->owed.back.ns == 0))
        return false;
    clock->moving = clock->owed;
    return clock->busy = true;
}

bool rf_clock_owed_end(struct rf_clock_owed *clock, bool moved) {
    bool first = !moved && !clock->failed;
    clock->busy = false;
    clock->failed = !moved;
    if (moved) {
        clock->owed.all = rf_ns(rf_ns_sub(clock->owed.all.ns, clock->moving.all.ns));
        clock->owed.back = rf_ns(rf_ns_sub(clock->owed.back.ns, clock->moving.back.ns));
    }
    return first;
}
