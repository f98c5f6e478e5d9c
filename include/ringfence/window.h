// A sliding window over verdicts, good or bad: the share of bad ones among the latest `calls`, or
// among those of the last `length` of time. O(1) for each verdict; nothing is allocated: the window
// is a value of about 600 bytes, of which one verdict touches two cache lines.
#ifndef RINGFENCE_WINDOW_H
#define RINGFENCE_WINDOW_H

#include <stdbool.h>

#include <ringfence/time.h>

#pragma GCC visibility push(default)

#define RF_WINDOW_MAX_CALLS 4096 // what fits: one bit each
#define RF_WINDOW_BUCKETS   32

enum rf_window_kind {
    RF_WINDOW_CALLS, // count-based: exactly the latest `calls`
    RF_WINDOW_TIME, // time-based, in RF_WINDOW_BUCKETS steps of length / RF_WINDOW_BUCKETS, rounded
                    // up: a verdict leaves when the last step in which the window still holds it
                    // ends, which is at most one step before `length` has passed
};

// Members are for reading only; `total` and `bad` are right as of the last rf_window_add or
// rf_window_expire.
struct rf_window {
    int64_t total; // verdicts in the window
    int64_t bad;   // of them bad
    enum rf_window_kind kind;
    int64_t calls;            // RF_WINDOW_CALLS: its size
    int64_t at;               // the place of the next verdict; the present bucket
    struct rf_duration width; // of a bucket
    struct rf_instant end;    // of the present bucket
    union {
        uint64_t bits[RF_WINDOW_MAX_CALLS / 64]; // 1: bad
        struct rf_window_bucket {
            int64_t total, bad;
        } buckets[RF_WINDOW_BUCKETS];
    } held;
};

// rf_window_kind_name: "count" or "time". Never NULL. rf_window_kind_parse: false for another name.
const char *rf_window_kind_name(enum rf_window_kind kind);
bool rf_window_kind_parse(const char *name, enum rf_window_kind *kind);

// rf_window_init: empty. `calls` is clamped to [1, RF_WINDOW_MAX_CALLS], `length` to 1 ns or more.
void rf_window_init(struct rf_window *window, enum rf_window_kind kind, int64_t calls,
                    struct rf_duration length, struct rf_instant now);

// rf_window_clear: empty again; the first bucket begins now.
void rf_window_clear(struct rf_window *window, struct rf_instant now);

// rf_window_add: one more verdict. `now` never runs back.
void rf_window_add(struct rf_window *window, bool bad, struct rf_instant now);

// rf_window_expire: what is too old leaves. For a count-based window there is nothing to do.
void rf_window_expire(struct rf_window *window, struct rf_instant now);

// rf_window_rate: bad / total; 0 for an empty window.
double rf_window_rate(const struct rf_window *window);

// rf_window_reaches: whether there are at least `minimum` verdicts and at least `ppm` millionths of
// them are bad. In whole numbers: 7 of 100 are 7 %.
bool rf_window_reaches(const struct rf_window *window, int64_t minimum, int64_t ppm);

#pragma GCC visibility pop

#endif
