// A contact's timeline for people. Pure.
#ifndef RF_CLI_TIMELINE_TEXT_H
#define RF_CLI_TIMELINE_TEXT_H

#include "events/text.h"
#include "timeline/timeline.h"

// cli_timeline_text: the whole, over several lines.
void cli_timeline_text(const char *contact, const struct rf_timeline_entry *entries, size_t count,
                       const struct rf_timeline_sum *sum, bool color, struct rf_text *text);

#endif
