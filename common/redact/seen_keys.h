// Keys of data that were seen, with what is known of each: events have few, and the same ones
// again. Private to common/redact.
#ifndef RF_REDACT_SEEN_KEYS_H
#define RF_REDACT_SEEN_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/block.h"
#include "redact/redact.h"

#define RF_SEEN_KEYS      256 // a power of two, several times the keys of one campaign's events
#define RF_SEEN_KEY_BYTES 16

struct rf_seen_key {
    char text[RF_SEEN_KEY_BYTES]; // with NUL behind it, as far as there is room
    unsigned char size;           // 0: the place is free
    unsigned char kind;           // enum rf_redact_kind, of a value that stands in a plain one
    bool plain;                   // it is clean, and stands for itself in JSON
};

// Zero it before use, and before it is used under another redaction (seen_texts.h). When it is
// nearly full, it forgets all and begins anew.
struct rf_seen_keys {
    size_t count; // private, as the rest
    struct rf_seen_key places[RF_SEEN_KEYS];
};

// rf_seen_keys_find: what is known of a key (UTF-8 without NUL) until the next is looked for; NULL:
// it is empty or too long. `there`: how many bytes may be read from `text` on, which is quickest
// with RF_SEEN_KEY_BYTES or more. rf_seen_keys_learn, rf_seen_keys_copy: its parts that are not
// inlined: for a key that is new, or stands too near the end.
static inline const struct rf_seen_key *rf_seen_keys_find(struct rf_seen_keys *keys,
                                                          const struct rf_redaction *redaction,
                                                          const char *text, size_t size,
                                                          size_t there);
const struct rf_seen_key *rf_seen_keys_learn(struct rf_seen_keys *keys,
                                             const struct rf_redaction *redaction, rf_block block,
                                             size_t size);
rf_block rf_seen_keys_copy(const char *text, size_t size);

// Private: where a key is looked for first.
static inline size_t rf_seen_keys_place(rf_block block) {
    uint64_t halves[2];
    memcpy(halves, &block, sizeof halves);
    uint64_t mixed =
        (halves[0] ^ halves[1] * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93);
    return (size_t)(mixed >> 40) % RF_SEEN_KEYS;
}

static inline const struct rf_seen_key *rf_seen_keys_find(struct rf_seen_keys *keys,
                                                          const struct rf_redaction *redaction,
                                                          const char *text, size_t size,
                                                          size_t there) {
    if (size == 0 || size > RF_SEEN_KEY_BYTES)
        return NULL;
    // With NUL behind it, without a branch on its size.
    rf_block block = there >= RF_SEEN_KEY_BYTES ? rf_block_at(text) & rf_block_head(size)
                                                : rf_seen_keys_copy(text, size);
    size_t place = rf_seen_keys_place(block);
    for (; keys->places[place].size != 0; place = (place + 1) % RF_SEEN_KEYS)
        if (!rf_block_any(rf_block_at(keys->places[place].text) ^ block))
            return &keys->places[place];
    return rf_seen_keys_learn(keys, redaction, block, size);
}

#endif
