// The lines of a page for the files. Each file has a place of its own in the journal, and so a page
// of its own; but mostly they go side by side, and then whichever gets the events first has the
// lines of both made at once. Pure.
#ifndef RF_LOGGER_LINES_H
#define RF_LOGGER_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

enum rf_line { RF_LINE_JSON, RF_LINE_TEXT };

// Zero it before use.
struct rf_lines {
    struct rf_recorder recorder;
    uint64_t list, redaction; // what was asked for last: that list under that redaction
    bool side_by_side;        // it was asked for by both
    struct rf_text ready;     // lines that the other has not taken yet; empty: there are none
    enum rf_line whose;
};

// rf_lines_take: the lines of one kind of all `events`, appended to `out`. `list`: a number that is
// another one for other events (rf_subscription_list); 0: not known.
void rf_lines_take(struct rf_lines *lines, uint64_t list, const struct rf_redaction *redaction,
                   const struct rf_event *events, size_t count, enum rf_line kind,
                   struct rf_text *out);

void rf_lines_fini(struct rf_lines *lines);

#endif
