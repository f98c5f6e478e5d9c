// Values that are to be found wherever they stand, and how: all of a value's forms are at least
// `least` bytes long, so that one of every `stride` positions is the beginning of four bytes within
// it. Those are looked up in a table of bits, and only where it has them, the forms are compared.
// Private to common/redact.
#ifndef RF_REDACT_SECRETS_H
#define RF_REDACT_SECRETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>

#include "redact/span.h"

#define RF_SECRETS_BITS 16

struct rf_secret_form {
    char *bytes;
    size_t size;
};

// Zero it before use.
struct rf_secrets {
    struct rf_secret_form *forms;
    size_t count, capacity;
    size_t least;                                      // bytes of the shortest form
    size_t stride;                                     // 0: there are none
    uint64_t pieces[(1U << RF_SECRETS_BITS) / 64];     // the first `stride` pieces of each form
    uint64_t all_pieces[(1U << RF_SECRETS_BITS) / 64]; // and every piece
};

// rf_secrets_add: the value, and the forms in which it goes through headers, addresses and JSON.
RF_NODISCARD enum rf_err rf_secrets_add(struct rf_secrets *secrets, const char *value);
void rf_secrets_fini(struct rf_secrets *secrets);

// rf_secrets_find: the first form in the text from `at` on, or the beginning of one with which the
// text ends, as it may have been cut.
bool rf_secrets_find(const struct rf_secrets *secrets, const char *text, size_t size, size_t at,
                     struct rf_redact_span *span);

#endif
