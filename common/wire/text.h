// Which bytes are text on the bus.
#ifndef RF_WIRE_TEXT_H
#define RF_WIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

// rf_text_valid: whether the bytes are UTF-8 (RFC 3629: no overlong forms, no surrogates, at most
// U+10FFFF) without NUL. What is not would be refused by jansson and cut by C.
bool rf_text_valid(const char *text, size_t size);

// rf_text_clean: makes `text` valid in place, for words that came from outside (a provider's error
// message): each byte that is not part of a valid sequence becomes '?', and a sequence that was cut
// at the end goes the same way. Returns text.
char *rf_text_clean(char *text);

#endif
