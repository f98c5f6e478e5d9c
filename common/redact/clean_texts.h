// Texts that a redaction left as they are: those that stand in one event after another, such as the
// name of a process or of a contact, are looked through once and not each time.
#ifndef RF_REDACT_CLEAN_TEXTS_H
#define RF_REDACT_CLEAN_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "redact/redact.h"

#define RF_CLEAN_TEXTS      256 // a power of two: of the contacts at hand, and all names around them
#define RF_CLEAN_TEXT_BYTES 47

// Zero it before use. It holds what it was last given for each place, and forgets all of it when
// it is used with another redaction, or with one that got another secret.
struct rf_clean_texts {
    uint64_t redaction; // private, as the rest
    struct {
        char text[RF_CLEAN_TEXT_BYTES];
        unsigned char size; // 0: nothing is here
    } places[RF_CLEAN_TEXTS];
};

// rf_redact_again: rf_redact, with its answers kept in `seen`.
bool rf_redact_again(const struct rf_redaction *redaction, struct rf_clean_texts *seen,
                     const char *text, size_t size, struct rf_text *out);

#endif
