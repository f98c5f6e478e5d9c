// What the parts of the seats share: seats.c, registration.c, places.c.
#ifndef RF_BROKER_SEATS_PARTS_H
#define RF_BROKER_SEATS_PARTS_H

#include "seats.h"

// rf_seat_free: one that is in no map any more, or never was.
void rf_seat_free(struct rf_seat *seat);

// rf_seat_watch: handler of a seat's timer `watch`.
void rf_seat_watch(void *arg);

// rf_seat_agrees: whether numbers of this registration, 0 if it is not said, are of the seat's.
bool rf_seat_agrees(const struct rf_seat *seat, int64_t registration);

// rf_places_settle: what the credit of its places depends on has changed.
void rf_places_settle(struct rf_seat *seat);

// rf_places_take: what a heartbeat offers; its numbers only if they are of this registration.
void rf_places_take(struct rf_seat *seat, const struct rf_worker_heartbeat *heartbeat,
                    bool of_this_registration);

// rf_places_close: nothing is offered any more. rf_places_free: nor kept.
void rf_places_close(struct rf_seat *seat);
void rf_places_free(struct rf_seat *seat);

#endif
