#include "runtime/timer.h"

#include <stdlib.h>

static void place(struct rf_timer_heap *heap, size_t at, struct rf_timer *timer) {
    heap->items[at] = timer;
    timer->place = at;
}

static void sift_up(struct rf_timer_heap *heap, size_t at) {
    struct rf_timer *timer = heap->items[at];
    while (at > 1 && rf_instant_before(timer->due, heap->items[at / 2]->due)) {
        place(heap, at, heap->items[at / 2]);
        at /= 2;
    }
    place(heap, at, timer);
}

static void sift_down(struct rf_timer_heap *heap, size_t at) {
    struct rf_timer *timer = heap->items[at];
    for (;;) {
        size_t child = 2 * at;
        if (child > heap->count)
            break;
        if (child < heap->count &&
            rf_instant_before(heap->items[child + 1]->due, heap->items[child]->due))
            child++;
        if (!rf_instant_before(heap->items[child]->due, timer->due))
            break;
        place(heap, at, heap->items[child]);
        at = child;
    }
    place(heap, at, timer);
}

bool rf_timer_heap_reserve(struct rf_timer_heap *heap, size_t count) {
    if (count < heap->capacity)
        return true;
    size_t capacity = heap->capacity == 0 ? 64 : heap->capacity * 2;
    while (capacity <= count)
        capacity *= 2;
    struct rf_timer **items = realloc(heap->items, capacity * sizeof *items);
    if (items == NULL)
        return false;
    heap->items = items;
    heap->capacity = capacity;
    return true;
}

bool rf_timer_heap_put(struct rf_timer_heap *heap, struct rf_timer *timer) {
    if (timer->place == 0) {
        if (!rf_timer_heap_reserve(heap, heap->count + 1))
            return false;
        place(heap, ++heap->count, timer);
    }
    sift_up(heap, timer->place);
    sift_down(heap, timer->place);
    return true;
}

void rf_timer_heap_take(struct rf_timer_heap *heap, struct rf_timer *timer) {
    size_t at = timer->place;
    if (at == 0)
        return;
    timer->place = 0;
    struct rf_timer *last = heap->items[heap->count--];
    if (last == timer)
        return;
    place(heap, at, last);
    sift_up(heap, at);
    sift_down(heap, last->place);
}

struct rf_timer *rf_timer_heap_first(const struct rf_timer_heap *heap) {
    return heap->count > 0 ? heap->items[1] : NULL;
}

void rf_timer_heap_fini(struct rf_timer_heap *heap) {
    free(heap->items);
    *heap = (struct rf_timer_heap){0};
}
