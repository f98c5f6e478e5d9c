// An event as a JSON object, for programs.
#ifndef RF_EVENTS_EVENT_JSON_H
#define RF_EVENTS_EVENT_JSON_H

#include <jansson.h>

#include <ringfence/messages.h>

// rf_event_json: the envelope with its names on the bus, `ts` as RFC 3339, and the topic. NULL if
// out of memory; the caller releases it.
json_t *rf_event_json(const struct rf_event *event);

#endif
