#include "redact/seen_keys.h"

#include "events/json_line.h"

_Static_assert(RF_SEEN_KEY_BYTES == sizeof(rf_block), "a key is compared as one block");

rf_block rf_seen_keys_copy(const char *text, size_t size) {
    rf_block block = {0};
    memcpy(&block, text, size);
    return block;
}

static bool is_clean(const struct rf_redaction *redaction, const char *text, size_t size) {
    struct rf_text ignored = {0};
    bool clean = !rf_redact(redaction, text, size, &ignored);
    rf_text_fini(&ignored);
    return clean;
}

const struct rf_seen_key *rf_seen_keys_learn(struct rf_seen_keys *keys,
                                             const struct rf_redaction *redaction, rf_block block,
                                             size_t size) {
    size_t place = rf_seen_keys_place(block);
    if (keys->count >= (size_t)RF_SEEN_KEYS / 4 * 3)
        *keys = (struct rf_seen_keys){0};
    while (keys->places[place].size != 0)
        place = (place + 1) % RF_SEEN_KEYS;
    struct rf_seen_key *key = &keys->places[place];
    keys->count++;
    memcpy(key->text, &block, sizeof block);
    key->size = (unsigned char)size;
    key->kind = (unsigned char)rf_redact_kind(key->text, size, RF_REDACT_PLAIN);
    key->plain = rf_json_line_is_plain(key->text, size) && is_clean(redaction, key->text, size);
    return key;
}
