#include "evict.h"

#include <stdlib.h>
#include <string.h>

// The name decides among equals, so that gateways that clear the same folder choose the same files.
static int by_use(const void *a, const void *b) {
    const struct evict_item *first = a, *second = b;
    if (first->used.ns != second->used.ns)
        return first->used.ns < second->used.ns ? -1 : 1;
    return strcmp(first->name, second->name);
}

int64_t evict_choose(struct evict_item *items, size_t count, const struct evict_rule *rule,
                     struct rf_utc now) {
    int64_t total = 0, wanted = rule->max_bytes - rule->max_bytes / 8;
    for (size_t i = 0; i < count; i++) {
        items[i].goes = false;
        total = rf_ns_add(total, items[i].size);
    }
    if (count > 0)
        qsort(items, count, sizeof *items, by_use);
    if (total <= rule->max_bytes)
        return total;
    for (size_t i = 0; i < count && total > wanted; i++) {
        // A date in the future is a clock that was set: young, until it is the past.
        if (rf_utc_since(now, items[i].used).ns < rule->keep.ns)
            break;
        items[i].goes = true;
        total -= items[i].size;
    }
    return total;
}
