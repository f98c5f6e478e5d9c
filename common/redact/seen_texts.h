// Texts that a redaction has seen, and what it left of them: those that stand in one event after
// another, such as the name of a process, of a contact or its number, are looked through once and
// not each time.
#ifndef RF_REDACT_SEEN_TEXTS_H
#define RF_REDACT_SEEN_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "redact/redact.h"
#include "redact/seen_keys.h"

#define RF_CLEAN_TEXTS       256 // a power of two: of the contacts at hand, and all names around them
#define RF_CLEAN_TEXT_BYTES  46
#define RF_SHOWN_PHONES      64 // a power of two: of the contacts at hand
#define RF_SHOWN_PHONE_BYTES 23

// Zero it before use. It holds what it was last given for each place.
struct rf_seen_texts {
    uint64_t redaction; // private, as the rest
    struct rf_clean_text {
        char text[RF_CLEAN_TEXT_BYTES];
        unsigned char size; // 0: nothing is here
        bool plain;         // it stands for itself in JSON
    } clean[RF_CLEAN_TEXTS];
    struct rf_shown_phone {
        char text[RF_SHOWN_PHONE_BYTES], shown[RF_SHOWN_PHONE_BYTES];
        unsigned char size, shown_size;
    } phones[RF_SHOWN_PHONES];
    struct rf_seen_keys keys;
};

// rf_seen_texts_begin: before anything else under a redaction: forgets what was seen under another,
// or before it got another secret.
void rf_seen_texts_begin(struct rf_seen_texts *seen, const struct rf_redaction *redaction);

// rf_redact_again: rf_redact, with its answers kept in `seen`. A text that is clean, and UTF-8, is
// appended to `json` (NULL: not wanted) as rf_json_line_add does.
bool rf_redact_again(const struct rf_redaction *redaction, struct rf_seen_texts *seen,
                     const char *text, size_t size, struct rf_text *out, struct rf_text *json);

// rf_redact_phone_again: rf_redact_value of a telephone number, with its answers kept in `seen`.
enum rf_redact_verdict rf_redact_phone_again(const struct rf_redaction *redaction,
                                             struct rf_seen_texts *seen, const char *text,
                                             size_t size, struct rf_text *out);

#endif
