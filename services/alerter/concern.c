#include "concern.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seen.h"

#define DIGITS 16

static int by_digits(const void *a, const void *b) {
    return memcmp(a, b, DIGITS);
}

// Puts `count` of them into order, each once.
static void arrange(char *concern, size_t count) {
    size_t kept = 0;
    qsort(concern, count, DIGITS, by_digits);
    for (size_t i = 0; i < count; i++) {
        const char *next = concern + i * DIGITS;
        if (kept > 0 && memcmp(next, concern + (kept - 1) * DIGITS, DIGITS) == 0)
            continue;
        memmove(concern + kept * DIGITS, next, DIGITS);
        kept++;
    }
    concern[kept * DIGITS] = '\0';
}

char *rf_concern_of(const char *const *incidents, size_t count) {
    char *concern = calloc(count + 1, DIGITS);
    if (concern == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        snprintf(concern + i * DIGITS, DIGITS + 1, "%016" PRIx64, rf_seen_hash('i', incidents[i]));
    arrange(concern, count);
    return concern;
}

char *rf_concern_join(const char *a, const char *b) {
    size_t left = strlen(a) / DIGITS, right = strlen(b) / DIGITS;
    char *joined = calloc(left + right + 1, DIGITS);
    if (joined == NULL)
        return NULL;
    memcpy(joined, a, left * DIGITS);
    memcpy(joined + left * DIGITS, b, right * DIGITS);
    arrange(joined, left + right);
    return joined;
}

bool rf_concern_shared(const char *a, const char *b) {
    size_t few = strlen(a) / DIGITS, many = strlen(b) / DIGITS;
    if (few > many)
        return rf_concern_shared(b, a);
    for (size_t i = 0; i < few; i++)
        if (bsearch(a + i * DIGITS, b, many, DIGITS, by_digits) != NULL)
            return true;
    return false;
}
