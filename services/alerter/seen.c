#include "seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"

#define FIRST_CAPACITY 16

uint64_t rf_seen_hash(char role, const char *name) {
    uint64_t hash = rf_map_key((uint64_t)(unsigned char)role, name, strlen(name)).hash;
    return hash == 0 ? 1 : hash;
}

static bool put(struct rf_seen *seen, uint64_t hash) {
    size_t at = (size_t)hash & (seen->capacity - 1);
    while (seen->slots[at] != 0 && seen->slots[at] != hash)
        at = (at + 1) & (seen->capacity - 1);
    bool fresh = seen->slots[at] == 0;
    seen->slots[at] = hash;
    return fresh;
}

static bool grow(struct rf_seen *seen) {
    size_t capacity = seen->capacity == 0 ? FIRST_CAPACITY : 2 * seen->capacity;
    struct rf_seen larger = {.slots = calloc(capacity, sizeof *larger.slots),
                             .capacity = capacity,
                             .count = seen->count};
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < seen->capacity; i++)
        if (seen->slots[i] != 0)
            put(&larger, seen->slots[i]);
    free(seen->slots);
    *seen = larger;
    return true;
}

static bool is_in(const struct rf_seen *seen, uint64_t hash) {
    if (seen->capacity == 0)
        return false;
    size_t at = (size_t)hash & (seen->capacity - 1);
    while (seen->slots[at] != 0 && seen->slots[at] != hash)
        at = (at + 1) & (seen->capacity - 1);
    return seen->slots[at] == hash;
}

enum rf_seen_result rf_seen_add(struct rf_seen *seen, uint64_t hash) {
    if (is_in(seen, hash))
        return RF_SEEN_KNOWN;
    if (seen->count >= RF_SEEN_MOST || (4 * seen->count >= 3 * seen->capacity && !grow(seen)))
        return RF_SEEN_FULL;
    put(seen, hash);
    seen->count++;
    return RF_SEEN_NEW;
}

void rf_seen_fini(struct rf_seen *seen) {
    free(seen->slots);
    *seen = (struct rf_seen){0};
}
