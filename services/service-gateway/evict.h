// Which audio has to go when there is more than allowed: the least recently used, and only what no
// call may still want. Pure.
#ifndef GATEWAY_EVICT_H
#define GATEWAY_EVICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/time.h>

struct evict_item {
    char name[80];
    int64_t size;
    struct rf_utc used; // last
    bool goes;          // decided
};

struct evict_rule {
    int64_t max_bytes;
    struct rf_duration keep; // what was used less than this ago stays, whatever the bound says
};

// evict_choose: sorts the items by their last use and marks those that have to go. Once the bound
// is passed, an eighth of it is cleared beyond it, so that this is not to be done again for each
// file. Returns what is left, in bytes.
int64_t evict_choose(struct evict_item *items, size_t count, const struct evict_rule *rule,
                     struct rf_utc now);

#endif
