// The limits of the provider accounts, as the broker keeps them for all gateways.
#ifndef CLI_LIMIT_TEXT_H
#define CLI_LIMIT_TEXT_H

#include <jansson.h>

#include <ringfence/time.h>

#include "events/text.h"

// cli_limits_text: appends what the broker's status tells of limits and of pauses that providers
// asked for: "limits", a line for each that is configured, with who has what of it. A budget of
// retries is told of when it is used up. Nothing if there are none.
void cli_limits_text(const json_t *broker, struct rf_utc now, struct rf_text *text);

#endif
