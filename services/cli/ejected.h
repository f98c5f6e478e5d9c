// Gateways that are kept from a provider, as the broker tells them with its circuit breaker.
#ifndef CLI_EJECTED_H
#define CLI_EJECTED_H

#include <jansson.h>

#include <ringfence/time.h>

#include "events/text.h"

// cli_ejected_text: appends a line for each, "    service-gateway-1 is kept from it for 20 s, the
// second time in a row", and who is under suspicion. Nothing if there are none.
void cli_ejected_text(const json_t *breaker, struct rf_utc now, struct rf_text *text);

#endif
