// Whom an incident has met already: a set of hashes, so that one contact counts once however often
// it is told of. Two different names share a hash once in some 10^13 pairs.
#ifndef RF_ALERTER_SEEN_H
#define RF_ALERTER_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Beyond so many names one incident's counts are a lower bound, and are told as such.
#define RF_SEEN_MOST 200000

struct rf_seen {
    uint64_t *slots; // 0: empty
    size_t capacity; // 0 or a power of two
    size_t count;
};

// rf_seen_hash: of a name met in a role: the same for ever, as it is stored.
uint64_t rf_seen_hash(char role, const char *name);

enum rf_seen_result { RF_SEEN_NEW, RF_SEEN_KNOWN, RF_SEEN_FULL };

// rf_seen_add: RF_SEEN_FULL too when there is no memory: then it is not in the set.
enum rf_seen_result rf_seen_add(struct rf_seen *seen, uint64_t hash);
void rf_seen_fini(struct rf_seen *seen);

#endif
