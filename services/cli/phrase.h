// Phrases that the tables of status and top share.
#ifndef RF_CLI_PHRASE_H
#define RF_CLI_PHRASE_H

#include "events/text.h"
#include <ringfence/time.h>

// cli_phrase_since: "for 12 s", if it began at `at` (ns); nothing for 0, an unknown time.
void cli_phrase_since(struct rf_text *text, int64_t at, struct rf_utc now);

// cli_phrase_because: ": " and what is said from outside, made safe; nothing for "".
void cli_phrase_because(struct rf_text *text, const char *why);

#endif
