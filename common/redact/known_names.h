// Names that the catalogue has, with what is known of each: nearly all names of data, and many
// texts of events, are among them. Private to common/redact.
#ifndef RF_REDACT_KNOWN_NAMES_H
#define RF_REDACT_KNOWN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "redact/redact.h"
#include "redact/text_place.h"

#define RF_KNOWN_NAME_BYTES 24
#define RF_KNOWN_NAMES      1024 // a power of two, several times the words of the catalogue

struct rf_known_name {
    struct rf_text_words words; // of its text
    char text[RF_KNOWN_NAME_BYTES];
    unsigned char size; // 0: the place is free
    unsigned char kind; // enum rf_redact_kind
    bool clean;         // it holds nothing itself
};

// Zero it before use.
struct rf_known_names {
    struct rf_known_name places[RF_KNOWN_NAMES];
};

// rf_known_names_learn: all of the catalogue. rf_known_names_check: which of them are clean, as a
// secret may be a word like others.
void rf_known_names_learn(struct rf_known_names *names);
void rf_known_names_check(struct rf_known_names *names, const struct rf_redaction *redaction);

// rf_known_names_find: NULL: it is not known.
const struct rf_known_name *rf_known_names_find(const struct rf_known_names *names,
                                                const char *text, size_t size);

#endif
