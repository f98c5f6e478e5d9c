#include "bus/pulse.h"

#include <stdio.h>
#include <string.h>

#define FIRST_WORD rf_seconds(1)
#define NEXT_WORD  rf_seconds(30)

void rf_pulse_init(struct rf_pulse *pulse, struct rf_duration limit, struct rf_instant now) {
    *pulse = (struct rf_pulse){.limit = limit, .alone_since = now};
}

struct rf_duration rf_pulse_interval(struct rf_duration heartbeat, int64_t brokers_ns) {
    int64_t shorter = brokers_ns < heartbeat.ns ? brokers_ns : heartbeat.ns;
    return rf_ns(shorter > RF_PULSE_BEATS ? shorter / RF_PULSE_BEATS : 1);
}

bool rf_pulse_is_another(const struct rf_pulse *pulse, const char *broker) {
    return strncmp(pulse->broker, broker, sizeof pulse->broker - 1) != 0;
}

enum rf_pulse_news rf_pulse_heard(struct rf_pulse *pulse, const char *broker, bool registered,
                                  struct rf_instant now) {
    bool another = rf_pulse_is_another(pulse, broker);
    bool changed = registered || another;
    bool came = !pulse->connected;
    if (another)
        snprintf(pulse->broker, sizeof pulse->broker, "%s", broker);
    pulse->heard = now;
    pulse->connected = true;
    pulse->waiting_told = false;
    if (came)
        return RF_PULSE_CAME;
    return changed ? RF_PULSE_CHANGED : RF_PULSE_SAME;
}

bool rf_pulse_silent(struct rf_pulse *pulse, struct rf_instant now) {
    if (!pulse->connected || rf_instant_since(now, pulse->heard).ns <= pulse->limit.ns)
        return false;
    pulse->connected = false;
    pulse->alone_since = now;
    return true;
}

bool rf_pulse_waiting(struct rf_pulse *pulse, struct rf_instant now) {
    struct rf_instant since = pulse->waiting_told ? pulse->told : pulse->alone_since;
    struct rf_duration wait = pulse->waiting_told ? NEXT_WORD : FIRST_WORD;
    if (pulse->connected || rf_instant_since(now, since).ns < wait.ns)
        return false;
    pulse->waiting_told = true;
    pulse->told = now;
    return true;
}
