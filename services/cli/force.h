// A person's word about a circuit breaker, as the broker tells it.
#ifndef CLI_FORCE_H
#define CLI_FORCE_H

#include <jansson.h>

#include "events/text.h"

// cli_force_is: whether a person's word holds.
bool cli_force_is(const json_t *breaker);

// cli_force_text: appends "forced open by ann until 2026-11-24 11:03:05 UTC: a trial". Nothing if
// nobody forced it.
void cli_force_text(const json_t *breaker, struct rf_text *text);

#endif
