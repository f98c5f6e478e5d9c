#include "pool_parts.h"

// An attempt needs its time from the gateway to the provider, and not each the same. So that two do
// not arrive closer together than an interval, it is longer by this part of it, and at most by
// MARGIN_MOST.
#define MARGIN_PART 32
#define MARGIN_MOST (32 * RF_NS_PER_MS)

#define MOST_INTERVAL (INT64_C(1000000) * RF_NS_PER_S) // one in 11 days
#define MOST_BURST    INT64_C(1000000)

static int64_t clamp(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

static int64_t interval_of(double rate) {
    if (!(rate > 1e9 / (double)MOST_INTERVAL))
        return MOST_INTERVAL;
    int64_t interval = (int64_t)(1e9 / rate) + 1; // never shorter than asked for
    return interval + clamp(interval / MARGIN_PART, 0, MARGIN_MOST);
}

void pool_room_adopt(struct rf_pool *pool, struct rf_instant now) {
    struct rf_pool_rules *rules = &pool->rules;
    rules->places = clamp(rules->places, 0, INT64_MAX / 2);
    rules->burst = clamp(rules->burst, 1, MOST_BURST);
    pool->interval_ns = interval_of(rules->rate);
    if (pool->kind == RF_POOL_RETRIES)
        rf_budget_change(&pool->budget, &rules->budget, now);
}

static struct rf_duration intervals(const struct rf_pool *pool, int64_t count) {
    int64_t ns;
    if (__builtin_mul_overflow(pool->interval_ns, count, &ns))
        ns = count > 0 ? INT64_MAX : -INT64_MAX;
    return rf_ns(ns);
}

static struct rf_instant later(struct rf_instant a, struct rf_instant b) {
    return rf_instant_before(a, b) ? b : a;
}

// When a bucket that is empty at that time is full again.
static struct rf_instant full_after(const struct rf_pool *pool, struct rf_instant empty) {
    return rf_instant_add(empty, intervals(pool, pool->rules.burst));
}

// How many intervals the bucket has room for, if all that is outstanding were used now.
static int64_t tokens_left(const struct rf_pool *pool, struct rf_instant now) {
    int64_t debt = rf_instant_since(later(pool->full, now), now).ns;
    int64_t in_debt = debt / pool->interval_ns + (debt % pool->interval_ns > 0);
    return pool->rules.burst - in_debt - pool->outstanding;
}

int64_t rf_pool_left(struct rf_pool *pool, struct rf_instant now) {
    int64_t left = 0;
    if (pool->holding)
        return 0;
    switch (pool->kind) {
    case RF_POOL_PLACES:
        left = pool->rules.places - pool->outstanding;
        break;
    case RF_POOL_TOKENS:
        left = tokens_left(pool, now);
        break;
    case RF_POOL_RETRIES:
        left = rf_budget_left(&pool->budget, now);
        break;
    }
    return left > 0 ? left : 0;
}

void pool_room_take(struct rf_pool *pool, struct rf_instant now) {
    pool->outstanding++;
    if (pool->kind == RF_POOL_RETRIES)
        (void)rf_budget_take(&pool->budget, now); // rf_pool_left said that it may
}

void pool_room_hold(struct rf_pool *pool, int64_t count) {
    pool->outstanding += count;
    if (pool->kind == RF_POOL_RETRIES)
        rf_budget_hold(&pool->budget, count);
}

void pool_room_back(struct rf_pool *pool, int64_t count) {
    pool->outstanding -= count;
    for (int64_t i = 0; pool->kind == RF_POOL_RETRIES && i < count; i++)
        rf_budget_cancel(&pool->budget);
}

void pool_room_use(struct rf_pool *pool, int64_t count, struct rf_instant now) {
    pool->outstanding -= count;
    // A bucket is never emptier than empty: what a gateway counts since its term with an earlier
    // broker began it did not use just now.
    if (pool->kind == RF_POOL_TOKENS && count > 0) {
        struct rf_instant full = rf_instant_add(later(pool->full, now), intervals(pool, count));
        struct rf_instant most = full_after(pool, now);
        pool->full = rf_instant_before(most, full) ? most : full;
    }
    for (int64_t i = 0; pool->kind == RF_POOL_RETRIES && i < count; i++)
        rf_budget_spend(&pool->budget, now);
}

void pool_room_empty(struct rf_pool *pool, struct rf_instant now) {
    pool->full = full_after(pool, now);
}

void pool_room_emptied(struct rf_pool *pool, struct rf_instant then) {
    pool->full = later(pool->full, full_after(pool, then));
}

void pool_room_owe(struct rf_pool *pool, struct rf_duration debt, struct rf_instant now) {
    struct rf_duration most = intervals(pool, pool->rules.burst);
    if (debt.ns > 0)
        pool->full = rf_instant_add(now, debt.ns < most.ns ? debt : most);
}

bool pool_room_wake(const struct rf_pool *pool, struct rf_instant now, struct rf_instant *when) {
    if (pool->holding) {
        *when = pool->held_until;
        return true;
    }
    if (pool->kind == RF_POOL_TOKENS) {
        // One more fits when the debt is down to burst - outstanding - 1 intervals.
        int64_t fits = pool->rules.burst - pool->outstanding - 1;
        *when = rf_instant_add(pool->full, intervals(pool, -fits));
        return fits >= 0 && rf_instant_before(now, *when);
    }
    *when = rf_instant_add(pool->budget.from, pool->budget.step);
    return pool->kind == RF_POOL_RETRIES && rf_instant_before(now, *when);
}

int64_t pool_room_part(const struct rf_pool *pool) {
    int64_t whole = pool->rules.places;
    if (pool->count == 0)
        return 0;
    if (pool->kind == RF_POOL_RETRIES)
        whole = pool->rules.budget.min_retries;
    else if (pool->kind == RF_POOL_TOKENS)
        whole = pool->rules.burst / 2; // the other half goes to who asks
    return whole / pool->count;
}
