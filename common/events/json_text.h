// JSON as a text that grows, in the order in which it is written: for a body that is sent at once,
// where a tree of values would cost several times the text. Compact, and as jansson writes it.
#ifndef RF_EVENTS_JSON_TEXT_H
#define RF_EVENTS_JSON_TEXT_H

#include <stdint.h>

#include "events/text.h"

// In all of these `name` is the member's name, or NULL for the outermost value and for items of an
// array; commas are set as needed. Names and texts are UTF-8. Failures are rf_text's: they are
// asked for once, at the end.

// rf_json_open, rf_json_close: a map with '{' and '}', an array with '[' and ']'.
void rf_json_open(struct rf_text *text, const char *name, char bracket);
void rf_json_close(struct rf_text *text, char bracket);

void rf_json_add_text(struct rf_text *text, const char *name, const char *value);
void rf_json_add_integer(struct rf_text *text, const char *name, int64_t value);

// rf_json_add_json: a value that is JSON already, as it is.
void rf_json_add_json(struct rf_text *text, const char *name, const char *json);

#endif
