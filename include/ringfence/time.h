// Instants and durations as distinct types, so that the compiler refuses to mix a point in time, a
// length of time and a date. All are 64-bit nanoseconds; arithmetic saturates instead of wrapping.
#ifndef RINGFENCE_TIME_H
#define RINGFENCE_TIME_H

#include <stdbool.h>
#include <stdint.h>

// A length of time; may be negative as the result of a difference.
struct rf_duration {
    int64_t ns;
};

// A point on the monotonic clock of this machine. Meaningless in another process's messages.
struct rf_instant {
    int64_t ns;
};

// A date: nanoseconds since 1970-01-01T00:00:00Z. What messages and databases carry.
struct rf_utc {
    int64_t ns;
};

#define RF_NS_PER_US INT64_C(1000)
#define RF_NS_PER_MS INT64_C(1000000)
#define RF_NS_PER_S  INT64_C(1000000000)

static inline int64_t rf_ns_add(int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

static inline int64_t rf_ns_sub(int64_t a, int64_t b) {
    int64_t difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return b < 0 ? INT64_MAX : INT64_MIN;
    return difference;
}

static inline struct rf_duration rf_ns(int64_t n) {
    return (struct rf_duration){n};
}

static inline struct rf_duration rf_ms(int64_t n) {
    int64_t ns;
    if (__builtin_mul_overflow(n, RF_NS_PER_MS, &ns))
        ns = n > 0 ? INT64_MAX : INT64_MIN;
    return (struct rf_duration){ns};
}

static inline struct rf_duration rf_seconds(int64_t n) {
    int64_t ns;
    if (__builtin_mul_overflow(n, RF_NS_PER_S, &ns))
        ns = n > 0 ? INT64_MAX : INT64_MIN;
    return (struct rf_duration){ns};
}

// rf_duration_ms: whole milliseconds, rounded up, so that a wait is never cut short.
static inline int64_t rf_duration_ms(struct rf_duration d) {
    return d.ns / RF_NS_PER_MS + (d.ns % RF_NS_PER_MS > 0 ? 1 : 0);
}

static inline double rf_duration_s(struct rf_duration d) {
    return (double)d.ns / (double)RF_NS_PER_S;
}

static inline struct rf_instant rf_instant_add(struct rf_instant t, struct rf_duration d) {
    return (struct rf_instant){rf_ns_add(t.ns, d.ns)};
}

// rf_instant_since: how much later `t` is than `earlier`.
static inline struct rf_duration rf_instant_since(struct rf_instant t, struct rf_instant earlier) {
    return (struct rf_duration){rf_ns_sub(t.ns, earlier.ns)};
}

static inline bool rf_instant_before(struct rf_instant a, struct rf_instant b) {
    return a.ns < b.ns;
}

static inline struct rf_utc rf_utc_add(struct rf_utc t, struct rf_duration d) {
    return (struct rf_utc){rf_ns_add(t.ns, d.ns)};
}

static inline struct rf_duration rf_utc_since(struct rf_utc t, struct rf_utc earlier) {
    return (struct rf_duration){rf_ns_sub(t.ns, earlier.ns)};
}

#endif
