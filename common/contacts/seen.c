#include "contacts/seen.h"

#include <stdlib.h>
#include <string.h>

#include "contacts/phone.h"

#define FIRST_CAPACITY ((size_t)1024)

// splitmix64's finisher: neighbouring numbers land far apart.
static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static size_t place_of(const uint64_t *phones, size_t capacity, uint64_t phone) {
    size_t i = (size_t)mix(phone) & (capacity - 1);
    while (phones[i] != 0 && phones[i] != phone)
        i = (i + 1) & (capacity - 1);
    return i;
}

static enum rf_err grow(struct rf_seen *seen) {
    size_t capacity = seen->capacity == 0 ? FIRST_CAPACITY : seen->capacity * 2;
    uint64_t *phones = calloc(capacity, sizeof *phones);
    uint32_t *lines = calloc(capacity, sizeof *lines);
    if (phones == NULL || lines == NULL) {
        free(phones);
        free(lines);
        return RF_ERR_NOMEM;
    }
    for (size_t i = 0; i < seen->capacity; i++) {
        if (seen->phones[i] == 0)
            continue;
        size_t place = place_of(phones, capacity, seen->phones[i]);
        phones[place] = seen->phones[i];
        lines[place] = seen->lines[i];
    }
    free(seen->phones);
    free(seen->lines);
    seen->phones = phones;
    seen->lines = lines;
    seen->capacity = capacity;
    return RF_OK;
}

enum rf_err rf_seen_add(struct rf_seen *seen, const char *phone, size_t line, size_t *earlier) {
    // At most three quarters full, so that a search stays short.
    if (seen->count * 4 >= seen->capacity * 3 && grow(seen) != RF_OK)
        return RF_ERR_NOMEM;
    uint64_t number = (uint64_t)rf_phone_number(phone);
    size_t place = place_of(seen->phones, seen->capacity, number);
    *earlier = seen->phones[place] != 0 ? seen->lines[place] : 0;
    if (*earlier == 0) {
        seen->phones[place] = number;
        seen->lines[place] = line < UINT32_MAX ? (uint32_t)line : UINT32_MAX;
        seen->count++;
    }
    return RF_OK;
}

void rf_seen_fini(struct rf_seen *seen) {
    free(seen->phones);
    free(seen->lines);
    memset(seen, 0, sizeof *seen);
}
