// What the two files of the pool share: pool.c, who gets what; pool_room.c, how much there is.
#ifndef RF_BROKER_POOL_PARTS_H
#define RF_BROKER_POOL_PARTS_H

#include "pool.h"

// pool_room_adopt: the rules are others.
void pool_room_adopt(struct rf_pool *pool, struct rf_instant now);

// pool_room_take: one is outstanding. pool_room_hold: so many are, whether they are there or not.
void pool_room_take(struct rf_pool *pool, struct rf_instant now);
void pool_room_hold(struct rf_pool *pool, int64_t count);

// pool_room_back, pool_room_use: so many that were outstanding were given back, or used.
void pool_room_back(struct rf_pool *pool, int64_t count);
void pool_room_use(struct rf_pool *pool, int64_t count, struct rf_instant now);

// pool_room_empty: nobody knows what was used before: a bucket is empty. pool_room_emptied: it was
// at that time.
void pool_room_empty(struct rf_pool *pool, struct rf_instant now);
void pool_room_emptied(struct rf_pool *pool, struct rf_instant then);

// pool_room_owe: rf_pool_owe.
void pool_room_owe(struct rf_pool *pool, struct rf_duration debt, struct rf_instant now);

// pool_room_wake: when there may be more than now, by time alone; false: by time alone never.
bool pool_room_wake(const struct rf_pool *pool, struct rf_instant now, struct rf_instant *when);

// pool_room_part: what each of the holders may keep while nothing is scarce.
int64_t pool_room_part(const struct rf_pool *pool);

#endif
