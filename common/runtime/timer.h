// The heap of running timers: behind the loop's one timerfd, and in the cores that are given the
// time. A core needs no more of a timer than its `due`.
#ifndef RF_RUNTIME_TIMER_H
#define RF_RUNTIME_TIMER_H

#include "runtime/loop.h"

struct rf_timer_heap {
    struct rf_timer **items; // 1-based: items[0] is unused
    size_t count, capacity;
};

// rf_timer_heap_reserve: room for `count` timers in all, so that putting them in cannot fail. False
// if out of memory.
bool rf_timer_heap_reserve(struct rf_timer_heap *heap, size_t count);

// rf_timer_heap_put: inserts the timer, or moves it to its new `due`. False if out of memory.
bool rf_timer_heap_put(struct rf_timer_heap *heap, struct rf_timer *timer);

// rf_timer_heap_take: removes the timer, wherever it stands.
void rf_timer_heap_take(struct rf_timer_heap *heap, struct rf_timer *timer);

// rf_timer_heap_first: the timer that is due first, or NULL.
struct rf_timer *rf_timer_heap_first(const struct rf_timer_heap *heap);

void rf_timer_heap_fini(struct rf_timer_heap *heap);

#endif
