#include "redact/known_names.h"

#include <stdint.h>

#include <ringfence/messages.h>

static size_t place_of(const char *text, size_t size) {
    uint64_t first = 0, last = 0;
    if (size >= 8) {
        memcpy(&first, text, 8);
        memcpy(&last, text + size - 8, 8);
    } else {
        for (size_t i = 0; i < size; i++)
            first = first << 8 | (unsigned char)text[i];
    }
    uint64_t hash =
        (first ^ last * UINT64_C(0x9E3779B97F4A7C15) ^ size) * UINT64_C(0xD6E8FEB86659FD93);
    return (size_t)(hash >> 40) % RF_KNOWN_NAMES;
}

// Where it stands, or a free place.
static size_t find(const struct rf_known_names *names, const char *text, size_t size) {
    size_t place = place_of(text, size);
    while (names->places[place].size != 0 && (names->places[place].size != size ||
                                              memcmp(names->places[place].text, text, size) != 0))
        place = (place + 1) % RF_KNOWN_NAMES;
    return place;
}

static void learn(struct rf_known_names *names, const char *text, size_t size) {
    if (size < 2 || size > RF_KNOWN_NAME_BYTES)
        return;
    struct rf_known_name *name = &names->places[find(names, text, size)];
    memcpy(name->text, text, size);
    name->size = (unsigned char)size;
    name->kind = (unsigned char)rf_redact_kind(text, size, RF_REDACT_PLAIN);
}

static void learn_words(struct rf_known_names *names, const char *text) {
    while (*text != '\0') {
        size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz_0123456789");
        learn(names, text, size);
        text += size == 0 ? 1 : size;
    }
}

void rf_known_names_learn(struct rf_known_names *names) {
    static const char *const types[] = {
#define EVENT(name, type, severity, meaning) type, severity,
#include <ringfence/messages.def>
    };
    static const char *const meanings[] = {
#define EVENT(name, type, severity, meaning) meaning,
#define STR(field, need)                     #field,
#define I64(field, need, least, most)        #field,
#include <ringfence/messages.def>
    };
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        learn_words(names, meanings[i]);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        learn(names, types[i], strlen(types[i]));
}

void rf_known_names_check(struct rf_known_names *names, const struct rf_redaction *redaction) {
    for (size_t i = 0; i < RF_KNOWN_NAMES; i++) {
        struct rf_known_name *name = &names->places[i];
        struct rf_text out = {0};
        name->clean = name->size > 0 && !rf_redact(redaction, name->text, name->size, &out);
        rf_text_fini(&out);
    }
}

const struct rf_known_name *rf_known_names_find(const struct rf_known_names *names,
                                                const char *text, size_t size) {
    if (size > RF_KNOWN_NAME_BYTES)
        return NULL;
    const struct rf_known_name *name = &names->places[find(names, text, size)];
    return name->size > 0 ? name : NULL;
}
