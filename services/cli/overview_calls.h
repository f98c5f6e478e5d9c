// The part of `ringfence status` that is about calls: who carries them out, what waits, what became
// of them.
#ifndef CLI_OVERVIEW_CALLS_H
#define CLI_OVERVIEW_CALLS_H

#include <jansson.h>

#include "events/text.h"

// cli_workers_text: a row for each service that a worker offers. cli_queues_text: a row for each
// service that was ever offered, and whether calls are held after a start. cli_calls_text: what the
// broker has counted since its start. `broker` is the broker's status.
void cli_workers_text(const json_t *broker, struct rf_text *text);
void cli_queues_text(const json_t *broker, struct rf_text *text);
void cli_calls_text(const json_t *broker, struct rf_text *text);

#endif
