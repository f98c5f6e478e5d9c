#include <ringfence/window.h>

#include <string.h>

#define PPM 1000000

static const char *const kind_names[] = {
    [RF_WINDOW_CALLS] = "count",
    [RF_WINDOW_TIME] = "time",
};

const char *rf_window_kind_name(enum rf_window_kind kind) {
    return (unsigned)kind <= RF_WINDOW_TIME ? kind_names[kind] : "unknown";
}

bool rf_window_kind_parse(const char *name, enum rf_window_kind *kind) {
    for (unsigned i = 0; i <= RF_WINDOW_TIME; i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            *kind = (enum rf_window_kind)i;
            return true;
        }
    }
    return false;
}

void rf_window_init(struct rf_window *window, enum rf_window_kind kind, int64_t calls,
                    struct rf_duration length, struct rf_instant now) {
    int64_t ns = length.ns < 1 ? 1 : length.ns;
    window->kind = kind;
    window->calls = calls < 1 ? 1 : calls > RF_WINDOW_MAX_CALLS ? RF_WINDOW_MAX_CALLS : calls;
    window->width = rf_ns((ns - 1) / RF_WINDOW_BUCKETS + 1);
    rf_window_clear(window, now);
}

void rf_window_clear(struct rf_window *window, struct rf_instant now) {
    window->total = 0;
    window->bad = 0;
    window->at = 0;
    window->end = rf_instant_add(now, window->width);
    // The bits of a count-based window are read only once they have been written.
    if (window->kind == RF_WINDOW_TIME)
        memset(window->held.buckets, 0, sizeof window->held.buckets);
}

// ---- count-based: a ring of bits ----

static void add_call(struct rf_window *window, bool bad) {
    uint64_t *word = &window->held.bits[window->at / 64];
    unsigned shift = (unsigned)(window->at % 64);
    if (window->total == window->calls)
        window->bad -= (int64_t)(*word >> shift & 1);
    else
        window->total++;
    window->bad += bad;
    *word = (*word & ~(UINT64_C(1) << shift)) | (uint64_t)bad << shift;
    window->at++;
    if (window->at == window->calls)
        window->at = 0;
}

// ---- time-based: a ring of buckets ----

// The end of the present bucket has passed.
static void turn(struct rf_window *window, struct rf_instant now) {
    int64_t steps = rf_instant_since(now, window->end).ns / window->width.ns + 1;
    for (int64_t i = 0; i < steps && i < RF_WINDOW_BUCKETS; i++) {
        window->at = (window->at + 1) % RF_WINDOW_BUCKETS;
        struct rf_window_bucket *oldest = &window->held.buckets[window->at];
        window->total -= oldest->total;
        window->bad -= oldest->bad;
        *oldest = (struct rf_window_bucket){0};
    }
    // No overflow: it is at most one width beyond `now`, or the end of time.
    int64_t passed = (steps - 1) * window->width.ns;
    window->end = rf_instant_add(rf_instant_add(window->end, rf_ns(passed)), window->width);
}

void rf_window_expire(struct rf_window *window, struct rf_instant now) {
    if (window->kind == RF_WINDOW_TIME && !rf_instant_before(now, window->end))
        turn(window, now);
}

void rf_window_add(struct rf_window *window, bool bad, struct rf_instant now) {
    if (window->kind == RF_WINDOW_CALLS) {
        add_call(window, bad);
        return;
    }
    rf_window_expire(window, now);
    struct rf_window_bucket *bucket = &window->held.buckets[window->at];
    bucket->total++;
    bucket->bad += bad;
    window->total++;
    window->bad += bad;
}

// ---- what it says ----

double rf_window_rate(const struct rf_window *window) {
    return window->total == 0 ? 0.0 : (double)window->bad / (double)window->total;
}

bool rf_window_reaches(const struct rf_window *window, int64_t minimum, int64_t ppm) {
    return window->total >= minimum && window->bad * PPM >= ppm * window->total;
}
