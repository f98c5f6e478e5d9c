// The state of the whole set in a screenful. Pure.
#ifndef RF_CLI_OVERVIEW_H
#define RF_CLI_OVERVIEW_H

#include <jansson.h>

#include <ringfence/time.h>

#include "events/text.h"

// cli_overview_text: appends the text for `all`: {"broker": status.reply's status, "process": {},
// "breaker": {}, "provider": {}, "mark": {}, "fallback": {}}, each of the latter by the key behind
// its prefix. What is absent or of another type is left out.
void cli_overview_text(const json_t *all, struct rf_utc now, struct rf_text *text);

#endif
