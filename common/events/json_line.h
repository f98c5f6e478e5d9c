// A text of JSON that shall stand on one line whoever reads it: also the line ends that Unicode has
// beside those of ASCII are escaped. Else as jansson writes it.
#ifndef RF_EVENTS_JSON_LINE_H
#define RF_EVENTS_JSON_LINE_H

#include <jansson.h>

#include "events/text.h"

// rf_json_line_is_plain: whether `size` bytes are ASCII of which nothing has to be escaped.
bool rf_json_line_is_plain(const char *text, size_t size);

// rf_json_line_add_plain: appends `size` bytes of ASCII in quotes; false, with nothing added, if
// there is another character or one that has to be escaped, or memory is short.
bool rf_json_line_add_plain(struct rf_text *out, const char *text, size_t size);

// rf_json_line_add: appends `size` bytes of UTF-8 in quotes. rf_json_line_add_other: its part that
// is not inlined.
void rf_json_line_add_other(struct rf_text *out, const char *text, size_t size);

static inline void rf_json_line_add(struct rf_text *out, const char *text, size_t size) {
    if (!rf_json_line_add_plain(out, text, size))
        rf_json_line_add_other(out, text, size);
}

// rf_json_line_tree: appends a whole value, compact.
void rf_json_line_tree(struct rf_text *out, const json_t *json);

#endif
