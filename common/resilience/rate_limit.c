#include <ringfence/rate_limit.h>

#include <string.h>

#define LEAST_RATE 1e-6
#define MOST_RATE  1e9
#define MOST_BURST INT64_C(1000000000)

static struct rf_rate_limit_time at(struct rf_instant t) {
    return (struct rf_rate_limit_time){.ns = t.ns};
}

static struct rf_rate_limit_time sum(struct rf_rate_limit_time a, struct rf_rate_limit_time b) {
    uint32_t parts = a.parts + b.parts;
    int64_t carry = parts < a.parts;
    return (struct rf_rate_limit_time){rf_ns_add(rf_ns_add(a.ns, b.ns), carry), parts};
}

static struct rf_rate_limit_time difference(struct rf_rate_limit_time a,
                                            struct rf_rate_limit_time b) {
    int64_t borrow = a.parts < b.parts;
    return (struct rf_rate_limit_time){rf_ns_sub(rf_ns_sub(a.ns, b.ns), borrow), a.parts - b.parts};
}

static bool before(struct rf_rate_limit_time a, struct rf_rate_limit_time b) {
    return a.ns < b.ns || (a.ns == b.ns && a.parts < b.parts);
}

// The first whole nanosecond that is not before `t`.
static struct rf_instant not_before(struct rf_rate_limit_time t) {
    return (struct rf_instant){rf_ns_add(t.ns, t.parts > 0)};
}

static struct rf_instant later(struct rf_instant a, struct rf_instant b) {
    return rf_instant_before(a, b) ? b : a;
}

static struct rf_instant sooner(struct rf_instant a, struct rf_instant b) {
    return rf_instant_before(a, b) ? a : b;
}

// `count` intervals. Below 2^63 ns by the least rate and the most burst, else the longest time.
static struct rf_rate_limit_time intervals(struct rf_rate_limit_time interval, int64_t count) {
    uint64_t parts = (uint64_t)count * interval.parts;
    int64_t ns;
    if (__builtin_mul_overflow(interval.ns, count, &ns))
        ns = INT64_MAX;
    return (struct rf_rate_limit_time){rf_ns_add(ns, (int64_t)(parts >> 32)), (uint32_t)parts};
}

static void adopt(struct rf_rate_limit *limit, const struct rf_rate_limit_policy *policy) {
    struct rf_rate_limit_policy *own = &limit->policy;
    *own = *policy;
    own->burst = own->burst < 1 ? 1 : own->burst > MOST_BURST ? MOST_BURST : own->burst;
    limit->interval = limit->depth = (struct rf_rate_limit_time){0};
    if (!(own->rate > 0.0)) {
        own->rate = 0.0;
        return;
    }
    own->rate = own->rate < LEAST_RATE ? LEAST_RATE : own->rate > MOST_RATE ? MOST_RATE : own->rate;
    double ns = 1e9 / own->rate;
    limit->interval.ns = (int64_t)ns;
    limit->interval.parts = (uint32_t)((ns - (double)limit->interval.ns) * 0x1.0p32);
    limit->depth = intervals(limit->interval, own->burst - 1);
}

void rf_rate_limit_init(struct rf_rate_limit *limit, const struct rf_rate_limit_policy *policy,
                        struct rf_instant now) {
    memset(limit, 0, sizeof *limit);
    adopt(limit, policy);
    limit->full = at(now);
    limit->paused_until = limit->empty_until = now;
}

void rf_rate_limit_change(struct rf_rate_limit *limit, const struct rf_rate_limit_policy *policy,
                          struct rf_instant now) {
    if (before(limit->full, at(now)))
        limit->full = at(now);
    adopt(limit, policy);
}

// When the bucket has a token.
static struct rf_instant token_at(const struct rf_rate_limit *limit, struct rf_instant now) {
    if (limit->policy.rate == 0.0)
        return now;
    return later(now, not_before(difference(limit->full, limit->depth)));
}

// When the provider's limit has room: for the first one that is not reserved yet, in their order,
// and at the latest when it is whole again.
static struct rf_instant room_at(const struct rf_rate_limit *limit, struct rf_instant now) {
    int64_t wait;
    if (!limit->told || limit->allowed > 0)
        return now;
    if (__builtin_mul_overflow(limit->share.ns, 1 - limit->allowed, &wait))
        wait = INT64_MAX;
    return later(now, sooner(rf_instant_add(limit->allowed_at, rf_ns(wait)), limit->whole_at));
}

struct rf_instant rf_rate_limit_ready(const struct rf_rate_limit *limit, struct rf_instant now) {
    return later(room_at(limit, now), later(token_at(limit, now), limit->paused_until));
}

// A call is to begin at `begins`.
static void take(struct rf_rate_limit *limit, struct rf_instant begins) {
    if (limit->told)
        limit->allowed--;
    // Within the same nanosecond the exact time counts: rounding up each time would be a drift.
    bool rested = rf_instant_before(not_before(limit->full), begins);
    limit->full = sum(rested ? at(begins) : limit->full, limit->interval);
}

bool rf_rate_limit_take(struct rf_rate_limit *limit, struct rf_instant now,
                        struct rf_instant *when) {
    return rf_rate_limit_reserve(limit, now, now, when);
}

bool rf_rate_limit_reserve(struct rf_rate_limit *limit, struct rf_instant now,
                           struct rf_instant latest, struct rf_instant *when) {
    *when = rf_rate_limit_ready(limit, now);
    if (rf_instant_before(latest, *when))
        return false;
    take(limit, *when);
    return true;
}

void rf_rate_limit_give_back(struct rf_rate_limit *limit) {
    limit->full = difference(limit->full, limit->interval);
    if (limit->told)
        limit->allowed++;
}

void rf_rate_limit_pause(struct rf_rate_limit *limit, struct rf_instant until) {
    limit->paused_until = later(limit->paused_until, until);
}

bool rf_rate_limit_paused(const struct rf_rate_limit *limit, struct rf_instant now,
                          struct rf_instant *until) {
    struct rf_instant end = later(limit->paused_until, limit->empty_until);
    if (until != NULL)
        *until = end;
    return rf_instant_before(now, end);
}

void rf_rate_limit_resume(struct rf_rate_limit *limit) {
    limit->paused_until = limit->empty_until = (struct rf_instant){INT64_MIN};
    limit->told = false;
}

bool rf_rate_limit_follow(struct rf_rate_limit *limit, const struct rf_rate_limit_told *told,
                          struct rf_instant began, int64_t in_flight, int64_t reserved,
                          struct rf_instant now) {
    struct rf_duration most = limit->policy.follow;
    if (told->remaining < 0 || told->limit < 0 || told->reset.ns <= 0 || most.ns <= 0)
        return false;
    bool stands = limit->told && rf_instant_before(now, limit->whole_at);
    if (stands && rf_instant_before(began, limit->told_by))
        return false;
    int64_t used = told->limit - told->remaining;
    int64_t left = told->remaining > in_flight ? told->remaining - in_flight : 0;
    limit->told = true;
    limit->told_by = began;
    limit->whole_at = rf_instant_add(now, told->reset.ns < most.ns ? told->reset : most);
    limit->share = rf_ns(used > 0 ? (told->reset.ns - 1) / used + 1 : told->reset.ns);
    limit->allowed = left - reserved;
    limit->allowed_at = now;
    limit->empty_until =
        left > 0 ? now : sooner(rf_instant_add(now, limit->share), limit->whole_at);
    return true;
}
