// UTF-8, one character at a time: what cutting, counting and cleaning of text from outside needs.
#ifndef RF_BASE_UTF8_H
#define RF_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// rf_utf8_decode: the character at the start of `text`, of which `size` bytes are there. Returns
// its length (1 to 4), or 0 if the bytes are not UTF-8 (RFC 3629: no surrogates, no overlong form,
// nothing beyond U+10FFFF) or size is 0.
size_t rf_utf8_decode(const char *text, size_t size, uint32_t *code);

// rf_utf8_encode: writes `code` (at most U+10FFFF) into out (4 bytes). Returns the length.
size_t rf_utf8_encode(uint32_t code, char out[4]);

// rf_utf8_is_control: whether the character has no place in a line of text: C0 and C1 controls,
// line and paragraph separators, and the marks that turn the direction of what follows (they can
// make a line read as another).
bool rf_utf8_is_control(uint32_t code);

// rf_utf8_cut: the longest whole-character prefix of `text` within `limit_bytes`.
size_t rf_utf8_cut(const char *text, size_t size, size_t limit_bytes);

// rf_utf8_is_text: whether all of `text` is UTF-8.
bool rf_utf8_is_text(const char *text);

// rf_utf8_mend: `size` bytes of text from outside as UTF-8 in one line, into `out` with a NUL
// behind it: bytes that are not UTF-8 are taken for ISO 8859-1, controls become spaces. Cut at a
// whole character to `room` bytes, of which there is at least one.
void rf_utf8_mend(const char *text, size_t size, char *out, size_t room);

#endif
