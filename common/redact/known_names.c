#include "redact/known_names.h"

#include <ringfence/messages.h>

// Where it stands, or a free place.
static size_t find(const struct rf_known_names *names, const struct rf_text_words *words,
                   const char *text, size_t size) {
    size_t place = rf_text_place(words, size, RF_KNOWN_NAMES);
    while (names->places[place].size != 0 &&
           (names->places[place].size != size ||
            !rf_text_is(words, text, size, &names->places[place].words, names->places[place].text)))
        place = (place + 1) % RF_KNOWN_NAMES;
    return place;
}

static void learn(struct rf_known_names *names, const char *text, size_t size) {
    if (size < 2 || size > RF_KNOWN_NAME_BYTES)
        return;
    struct rf_text_words words = rf_text_words(text, size);
    struct rf_known_name *name = &names->places[find(names, &words, text, size)];
    memcpy(name->text, text, size);
    name->words = words;
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
    if (size == 0 || size > RF_KNOWN_NAME_BYTES)
        return NULL;
    struct rf_text_words words = rf_text_words(text, size);
    const struct rf_known_name *name = &names->places[find(names, &words, text, size)];
    return name->size > 0 ? name : NULL;
}
