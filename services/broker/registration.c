// Registration: how a heartbeat finds its worker, and which registration its numbers are of.
#include "seats.h"
#include "seats_parts.h"

#include <stdlib.h>
#include <string.h>

static struct rf_seat *by_instance(const struct rf_seats *seats, const char *instance) {
    struct rf_map_node *node = rf_map_find_text(&seats->by_instance, instance);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_seat, by_instance);
}

static struct rf_seat *add(struct rf_seats *seats, const struct rf_peer *from,
                           const char *instance) {
    struct rf_seat *seat = calloc(1, sizeof *seat);
    if (seat == NULL)
        return NULL;
    seat->seats = seats;
    seat->peer = *from;
    TAILQ_INIT(&seat->places);
    TAILQ_INIT(&seat->jobs);
    rf_ground_timer(&seat->watch, rf_seat_watch, seat);
    seat->instance = strdup(instance);
    if (seat->instance == NULL ||
        !rf_map_add_text(&seats->by_instance, &seat->by_instance, seat->instance)) {
        rf_seat_free(seat);
        return NULL;
    }
    if (!rf_map_add(&seats->by_identity, &seat->by_identity, seat->peer.identity,
                    seat->peer.identity_size)) {
        rf_map_remove(&seats->by_instance, &seat->by_instance);
        rf_seat_free(seat);
        return NULL;
    }
    seats->ground->counters.workers_registered++;
    return seat;
}

// The worker that a heartbeat is of. Another worker behind the same connection, or another
// connection of the same worker: the newer word holds. What a connection has brought is read after
// its end, too, and then perhaps after the first of the next one.
static struct rf_seat *settle(struct rf_seats *seats, const struct rf_peer *from,
                              const struct rf_worker_heartbeat *heartbeat,
                              enum rf_seat_news *news) {
    const char *instance = heartbeat->instance;
    struct rf_seat *seat = by_instance(seats, instance);
    struct rf_seat *neighbour = rf_seats_by_peer(seats, from);
    if (seat != NULL && neighbour != seat && heartbeat->seq > 0 && heartbeat->seq <= seat->seq) {
        *news = RF_SEAT_LATE;
        seats->ground->counters.workers_late++;
        return NULL;
    }
    if (neighbour != NULL && neighbour != seat) {
        seats->ground->counters.workers_lost++;
        rf_seats_lose(seats, neighbour);
    }
    if (seat == NULL) {
        *news = RF_SEAT_NEW;
        return seats->by_instance.count < RF_SEATS_MAX ? add(seats, from, instance) : NULL;
    }
    *news = neighbour == seat ? RF_SEAT_KNOWN : RF_SEAT_MOVED;
    if (*news == RF_SEAT_MOVED) {
        rf_map_remove(&seats->by_identity, &seat->by_identity);
        seat->peer = *from;
        // A map that had a node has its buckets: this cannot fail.
        if (!rf_map_add(&seats->by_identity, &seat->by_identity, seat->peer.identity,
                        seat->peer.identity_size))
            abort();
    }
    seat->peer.delimited = from->delimited;
    return seat;
}

bool rf_seat_agrees(const struct rf_seat *seat, int64_t registration) {
    return registration == 0 || registration == seat->registration;
}

// One that names none may have been sent before the worker knew of its registration, but no other
// than the next one over the same connection.
static bool is_settled(const struct rf_seat *seat, const struct rf_worker_heartbeat *heartbeat,
                       enum rf_seat_news news) {
    if (heartbeat->registration == 0)
        return news == RF_SEAT_KNOWN;
    return heartbeat->registration == seat->registration;
}

// Its numbers are of the registration before, if there was one.
static void begin(struct rf_seat *seat, const struct rf_worker_heartbeat *heartbeat) {
    seat->registration = heartbeat->seq;
    seat->recalling = true;
    seat->settling = heartbeat->in_hand.count > 0 || heartbeat->registration != 0;
}

struct rf_seat *rf_seats_heartbeat(struct rf_seats *seats, const struct rf_peer *from,
                                   const struct rf_worker_heartbeat *heartbeat,
                                   enum rf_seat_news *news) {
    struct rf_seat *seat = settle(seats, from, heartbeat, news);
    if (seat == NULL)
        return NULL;
    seat->draining = heartbeat->draining;
    seat->seq = heartbeat->seq;
    if (*news != RF_SEAT_KNOWN)
        seat->connection = heartbeat->seq;
    bool first = *news == RF_SEAT_NEW;
    if (first)
        begin(seat, heartbeat);
    else if (is_settled(seat, heartbeat, *news))
        seat->settling = false;
    // Nothing was sent yet, so that nothing can be given back: the first says what it can take.
    rf_places_take(seat, heartbeat, first || rf_seat_agrees(seat, heartbeat->registration));
    rf_seats_hear(seats, seat);
    return seat;
}
