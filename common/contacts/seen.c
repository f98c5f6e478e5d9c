#include "contacts/seen.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY ((size_t)1024)

static uint64_t number_of(const char *phone) {
    uint64_t number = 0;
    for (const char *at = phone + 1; *at != '\0'; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    return number;
}

// splitmix64's finisher: neighbouring numbers land far apart.
static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static struct rf_seen_entry *place_of(struct rf_seen_entry *entries, size_t capacity,
                                      uint64_t phone) {
    size_t i = (size_t)mix(phone) & (capacity - 1);
    while (entries[i].phone != 0 && entries[i].phone != phone)
        i = (i + 1) & (capacity - 1);
    return &entries[i];
}

static enum rf_err grow(struct rf_seen *seen) {
    size_t capacity = seen->capacity == 0 ? FIRST_CAPACITY : seen->capacity * 2;
    struct rf_seen_entry *entries = calloc(capacity, sizeof *entries);
    if (entries == NULL)
        return RF_ERR_NOMEM;
    for (size_t i = 0; i < seen->capacity; i++)
        if (seen->entries[i].phone != 0)
            *place_of(entries, capacity, seen->entries[i].phone) = seen->entries[i];
    free(seen->entries);
    seen->entries = entries;
    seen->capacity = capacity;
    return RF_OK;
}

enum rf_err rf_seen_add(struct rf_seen *seen, const char *phone, size_t line, size_t *earlier) {
    // At most half full, so that a search stays short.
    if (seen->count * 2 >= seen->capacity && grow(seen) != RF_OK)
        return RF_ERR_NOMEM;
    uint64_t number = number_of(phone);
    struct rf_seen_entry *entry = place_of(seen->entries, seen->capacity, number);
    *earlier = entry->phone != 0 ? entry->line : 0;
    if (entry->phone == 0) {
        *entry = (struct rf_seen_entry){.phone = number, .line = line};
        seen->count++;
    }
    return RF_OK;
}

void rf_seen_fini(struct rf_seen *seen) {
    free(seen->entries);
    memset(seen, 0, sizeof *seen);
}
