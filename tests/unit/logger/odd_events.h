// Events as nobody should send them, made from a seed: every type of the catalogue, secrets and
// numbers of the corpus in any place, odd UTF-8, data of any shape. The same seed gives the same.
#ifndef RF_TEST_ODD_EVENTS_H
#define RF_TEST_ODD_EVENTS_H

#include <jansson.h>
#include <stdint.h>

#include <ringfence/messages.h>

struct odd_events {
    const json_t *corpus; // borrowed
    uint64_t state;
};

// odd_event: the next one, with its data as a tree; its texts live until odd_event_fini.
void odd_event(struct odd_events *odd, struct rf_event *event);
void odd_event_fini(struct rf_event *event);

#endif
