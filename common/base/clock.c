#include "base/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * RF_NS_PER_S + (int64_t)t.tv_nsec;
}

struct rf_instant rf_clock_now(void) {
    return (struct rf_instant){read_clock(CLOCK_MONOTONIC)};
}

struct rf_instant rf_clock_boot(void) {
    return (struct rf_instant){read_clock(CLOCK_BOOTTIME)};
}

struct rf_utc rf_clock_utc(void) {
    return (struct rf_utc){read_clock(CLOCK_REALTIME)};
}

void rf_clock_pause(struct rf_duration time) {
    const struct timespec left = {.tv_sec = (time_t)(time.ns / RF_NS_PER_S),
                                  .tv_nsec = (long)(time.ns % RF_NS_PER_S)};
    (void)nanosleep(&left, NULL);
}

char *rf_utc_format(struct rf_utc t, char *out) {
    int64_t ns = t.ns < 0 ? 0 : t.ns;
    time_t seconds = (time_t)(ns / RF_NS_PER_S);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    size_t length = strftime(out, RF_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%S.", &parts);
    int64_t us = ns % RF_NS_PER_S / RF_NS_PER_US;
    for (size_t i = 6; i-- > 0; us /= 10)
        out[length + i] = (char)('0' + us % 10);
    out[length + 6] = 'Z';
    out[length + 7] = '\0';
    return out;
}
