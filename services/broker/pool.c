#include "pool.h"

#include <string.h>

#include "pool_parts.h"

// Of one holder: a stranger's numbers must not keep the broker busy.
#define MOST_HELD   INT64_C(100000)
#define MOST_WANTED INT64_C(10000)

static const char *const kind_names[RF_POOL_KIND_COUNT] = {
    [RF_POOL_PLACES] = "places", [RF_POOL_TOKENS] = "tokens", [RF_POOL_RETRIES] = "retries"};

const char *rf_pool_kind_name(enum rf_pool_kind kind) {
    return (unsigned)kind < RF_POOL_KIND_COUNT ? kind_names[kind] : "unknown";
}

bool rf_pool_kind_parse(const char *name, enum rf_pool_kind *kind) {
    for (int i = 0; i < RF_POOL_KIND_COUNT; i++)
        if (strcmp(name, kind_names[i]) == 0) {
            *kind = (enum rf_pool_kind)i;
            return true;
        }
    return false;
}

void rf_pool_init(struct rf_pool *pool, enum rf_pool_kind kind, const struct rf_pool_rules *rules,
                  struct rf_instant now) {
    *pool = (struct rf_pool){.kind = kind, .rules = *rules, .full = now, .scarce_until = now};
    TAILQ_INIT(&pool->holders);
    if (kind == RF_POOL_RETRIES)
        rf_budget_init(&pool->budget, &rules->budget, now);
    pool_room_adopt(pool, now);
}

void rf_pool_change(struct rf_pool *pool, const struct rf_pool_rules *rules,
                    struct rf_instant now) {
    pool->rules = *rules;
    pool_room_adopt(pool, now);
}

void rf_pool_hold(struct rf_pool *pool, struct rf_instant until) {
    pool->holding = true;
    pool->held_until = until;
}

void rf_pool_unhold(struct rf_pool *pool, struct rf_instant now) {
    if (!pool->holding)
        return;
    pool->holding = false;
    pool_room_empty(pool, now);
}

void rf_pool_owe(struct rf_pool *pool, struct rf_duration debt, struct rf_instant now) {
    if (pool->kind == RF_POOL_TOKENS)
        pool_room_owe(pool, debt, now);
}

void rf_pool_emptied(struct rf_pool *pool, struct rf_instant then) {
    if (pool->kind == RF_POOL_TOKENS)
        pool_room_emptied(pool, then);
}

// ---- holders ----

static int64_t between(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

void rf_pool_leave(struct rf_pool *pool, struct rf_pool_holder *holder, struct rf_instant now) {
    (void)now;
    if (!holder->joined)
        return;
    pool_room_back(pool, rf_pool_holder_has(holder));
    pool->count -= holder->lost ? 0 : 1;
    TAILQ_REMOVE(&pool->holders, holder, in_pool);
    holder->joined = holder->lost = false;
}

void rf_pool_close(struct rf_pool *pool, struct rf_pool_holder *holder, struct rf_instant now) {
    int64_t has = rf_pool_holder_has(holder);
    if (!holder->joined)
        return;
    if (pool->kind != RF_POOL_PLACES) {
        pool_room_use(pool, has, now);
        holder->used += has;
    }
    rf_pool_leave(pool, holder, now);
}

void rf_pool_lose(struct rf_pool *pool, struct rf_pool_holder *holder, struct rf_instant free_at,
                  struct rf_instant now) {
    if (!holder->joined || holder->lost)
        return;
    if (rf_pool_holder_has(holder) == 0 || !rf_instant_before(now, free_at)) {
        rf_pool_close(pool, holder, now);
        return;
    }
    holder->lost = true;
    holder->free_at = free_at;
    holder->wanted = 0;
    pool->count--;
}

void rf_pool_join(struct rf_pool *pool, struct rf_pool_holder *holder, int64_t held,
                  struct rf_instant now) {
    uint64_t turn = holder->turn;
    rf_pool_close(pool, holder, now);
    held = between(held, 0, MOST_HELD);
    *holder =
        (struct rf_pool_holder){.joined = true, .granted = held, .untold = true, .turn = turn};
    TAILQ_INSERT_TAIL(&pool->holders, holder, in_pool);
    pool->count++;
    pool_room_hold(pool, held);
}

void rf_pool_hear(struct rf_pool *pool, struct rf_pool_holder *holder,
                  const struct rf_pool_word *word, struct rf_instant now) {
    if (!holder->joined || holder->lost)
        return;
    int64_t used = between(word->used, holder->used, holder->granted - holder->returned);
    int64_t returned = between(word->returned, holder->returned, holder->granted - used);
    pool_room_use(pool, used - holder->used, now);
    pool_room_back(pool, returned - holder->returned);
    holder->used = used;
    holder->returned = returned;
    // What is on its way to it, it has not asked for once more.
    int64_t coming = holder->granted - between(word->seen, 0, holder->granted);
    holder->wanted = between(rf_ns_sub(word->wanted, coming), 0, MOST_WANTED);
}

void rf_pool_calls(struct rf_pool *pool, int64_t count, struct rf_instant now) {
    if (pool->kind == RF_POOL_RETRIES)
        rf_budget_calls(&pool->budget, count, now);
}

void rf_pool_told(struct rf_pool_holder *holder) {
    holder->untold = false;
}

// ---- who gets what ----

static void let_lost_leave(struct rf_pool *pool, struct rf_instant now) {
    struct rf_pool_holder *holder, *next;
    for (holder = TAILQ_FIRST(&pool->holders); holder != NULL; holder = next) {
        next = TAILQ_NEXT(holder, in_pool);
        if (holder->lost && !rf_instant_before(now, holder->free_at))
            rf_pool_close(pool, holder, now);
    }
}

static void grant(struct rf_pool *pool, struct rf_pool_holder *holder, struct rf_instant now) {
    pool_room_take(pool, now);
    holder->granted++;
    holder->untold = true;
}

// Whose turn it is: of those that want more the one that was served longest ago.
static struct rf_pool_holder *next_in_turn(const struct rf_pool *pool) {
    struct rf_pool_holder *holder, *first = NULL;
    TAILQ_FOREACH(holder, &pool->holders, in_pool)
    if (holder->wanted > 0 && (first == NULL || holder->turn < first->turn))
        first = holder;
    return first;
}

static bool is_scarce(const struct rf_pool *pool, struct rf_instant now) {
    return rf_instant_before(now, pool->scarce_until);
}

// What each may keep unused, and the keeping of it: a call then asks nobody.
static void share_out(struct rf_pool *pool, int64_t left, struct rf_instant now) {
    int64_t part = is_scarce(pool, now) ? 0 : pool_room_part(pool);
    struct rf_pool_holder *holder;
    TAILQ_FOREACH(holder, &pool->holders, in_pool) {
        if (holder->lost)
            continue;
        if (holder->keep != part)
            holder->untold = true;
        holder->keep = part;
        for (; left > 0 && rf_pool_holder_has(holder) < part; left--)
            grant(pool, holder, now);
    }
}

void rf_pool_run(struct rf_pool *pool, struct rf_instant now) {
    struct rf_pool_holder *holder;
    let_lost_leave(pool, now);
    if (pool->holding && !rf_instant_before(now, pool->held_until))
        rf_pool_unhold(pool, now);
    int64_t left = rf_pool_left(pool, now);
    while ((holder = next_in_turn(pool)) != NULL && left > 0) {
        grant(pool, holder, now);
        holder->wanted--;
        holder->turn = ++pool->turns;
        left--;
    }
    if (holder != NULL)
        pool->scarce_until = rf_instant_add(now, RF_POOL_SCARCE);
    share_out(pool, left, now);
}

// ---- time ----

static void sooner(struct rf_instant at, bool *found, struct rf_instant *when) {
    if (!*found || rf_instant_before(at, *when))
        *when = at;
    *found = true;
}

static bool somebody_is_short(const struct rf_pool *pool) {
    const struct rf_pool_holder *holder;
    TAILQ_FOREACH(holder, &pool->holders, in_pool)
    if (!holder->lost && (holder->wanted > 0 || rf_pool_holder_has(holder) < holder->keep))
        return true;
    return false;
}

bool rf_pool_wake(const struct rf_pool *pool, struct rf_instant now, struct rf_instant *when) {
    const struct rf_pool_holder *holder;
    struct rf_instant at;
    bool found = false;
    TAILQ_FOREACH(holder, &pool->holders, in_pool)
    if (holder->lost)
        sooner(holder->free_at, &found, when);
    if (is_scarce(pool, now) && pool_room_part(pool) > 0)
        sooner(pool->scarce_until, &found, when);
    if ((pool->holding || somebody_is_short(pool)) && pool_room_wake(pool, now, &at))
        sooner(at, &found, when);
    return found;
}
