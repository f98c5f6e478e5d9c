// A text that is percent-encoded, escaped as in JSON or HTML, written in wide digits or strewn with
// characters that do not show: as it reads, with the way back. Private to common/redact.
#ifndef RF_REDACT_DECODED_H
#define RF_REDACT_DECODED_H

#include <stdbool.h>
#include <stddef.h>

struct rf_decoded {
    char *text;
    size_t *from; // of each byte, and of the end: where it stands in the original
    size_t size;
};

// rf_decoded_at: whether something stands at `at` that reads as something else.
bool rf_decoded_at(const char *text, size_t size, size_t at);

// rf_decoded_make: decodes again and again what was encoded several times. False: out of memory,
// and there is nothing to free. rf_decoded_fini wipes it.
bool rf_decoded_make(const char *text, size_t size, struct rf_decoded *decoded);
void rf_decoded_fini(struct rf_decoded *decoded);

#endif
