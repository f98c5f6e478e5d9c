// The words for states, modes, forces and causes of a circuit breaker, as they stand in messages,
// configuration and output.
#include <ringfence/breaker.h>

#include <stddef.h>
#include <string.h>

static const char *const states[] = {
    [RF_BREAKER_CLOSED] = "closed",
    [RF_BREAKER_OPEN] = "open",
    [RF_BREAKER_HALF_OPEN] = "half_open",
};

static const char *const modes[] = {
    [RF_BREAKER_ENFORCE] = "enforce",
    [RF_BREAKER_OBSERVE] = "observe",
    [RF_BREAKER_DISABLED] = "disabled",
};

static const char *const forces[] = {
    [RF_BREAKER_UNFORCED] = "none",
    [RF_BREAKER_FORCE_OPEN] = "open",
    [RF_BREAKER_FORCE_CLOSED] = "closed",
    [RF_BREAKER_FORCE_DISABLED] = "disabled",
};

static const char *const causes[] = {
    [RF_BREAKER_CAUSE_NONE] = "none",
    [RF_BREAKER_CAUSE_FAILURES] = "failures",
    [RF_BREAKER_CAUSE_TEST_FAILED] = "test_failed",
    [RF_BREAKER_CAUSE_TEST_PASSED] = "test_passed",
    [RF_BREAKER_CAUSE_TIMEOUT] = "timeout",
    [RF_BREAKER_CAUSE_RESTORED] = "restored",
    [RF_BREAKER_CAUSE_FAILURE_RATE] = "failure_rate",
    [RF_BREAKER_CAUSE_SLOW_RATE] = "slow_rate",
    [RF_BREAKER_CAUSE_TEST_SLOW] = "test_slow",
    [RF_BREAKER_CAUSE_PROBE_RECOVERED] = "probe_recovered",
    [RF_BREAKER_CAUSE_FORCED_OPEN] = "forced_open",
    [RF_BREAKER_CAUSE_FORCED_CLOSED] = "forced_closed",
    [RF_BREAKER_CAUSE_DISABLED] = "disabled",
    [RF_BREAKER_CAUSE_FORCE_ENDED] = "force_ended",
    [RF_BREAKER_CAUSE_RESET] = "reset",
};

#define COUNT(names) (sizeof(names) / sizeof(names)[0])

static const char *name_of(const char *const *names, size_t count, unsigned which) {
    return which < count ? names[which] : "unknown";
}

// The number of the name; `count` if it is none of them.
static size_t number_of(const char *const *names, size_t count, const char *name) {
    size_t i = 0;
    while (i < count && strcmp(name, names[i]) != 0)
        i++;
    return i;
}

const char *rf_breaker_state_name(enum rf_breaker_state state) {
    return name_of(states, COUNT(states), (unsigned)state);
}

const char *rf_breaker_mode_name(enum rf_breaker_mode mode) {
    return name_of(modes, COUNT(modes), (unsigned)mode);
}

const char *rf_breaker_force_name(enum rf_breaker_force force) {
    return name_of(forces, COUNT(forces), (unsigned)force);
}

const char *rf_breaker_cause_name(enum rf_breaker_cause cause) {
    return name_of(causes, COUNT(causes), (unsigned)cause);
}

bool rf_breaker_state_parse(const char *name, enum rf_breaker_state *state) {
    size_t number = number_of(states, COUNT(states), name);
    if (number == COUNT(states))
        return false;
    *state = (enum rf_breaker_state)number;
    return true;
}

bool rf_breaker_mode_parse(const char *name, enum rf_breaker_mode *mode) {
    size_t number = number_of(modes, COUNT(modes), name);
    if (number == COUNT(modes))
        return false;
    *mode = (enum rf_breaker_mode)number;
    return true;
}

bool rf_breaker_force_parse(const char *name, enum rf_breaker_force *force) {
    size_t number = number_of(forces, COUNT(forces), name);
    if (number == COUNT(forces))
        return false;
    *force = (enum rf_breaker_force)number;
    return true;
}
