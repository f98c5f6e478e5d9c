#include "seats.h"

#include <stdlib.h>
#include <string.h>

void rf_seats_init(struct rf_seats *seats, struct rf_ground *ground,
                   const struct rf_seat_hooks *hooks) {
    *seats = (struct rf_seats){.ground = ground, .hooks = *hooks};
}

static void free_seat(struct rf_seat *seat) {
    struct rf_place *place;
    while ((place = TAILQ_FIRST(&seat->places)) != NULL) {
        TAILQ_REMOVE(&seat->places, place, in_seat);
        TAILQ_REMOVE(&place->queue->places, place, in_queue);
        free(place);
    }
    rf_ground_stop(seat->seats->ground, &seat->lease);
    free(seat->instance);
    free(seat);
}

void rf_seats_fini(struct rf_seats *seats) {
    struct rf_map_node *node, *next;
    for (node = rf_map_next(&seats->by_instance, NULL); node != NULL; node = next) {
        next = rf_map_next(&seats->by_instance, node);
        free_seat(RF_OWNER(node, struct rf_seat, by_instance));
    }
    for (node = rf_map_next(&seats->queues, NULL); node != NULL; node = next) {
        next = rf_map_next(&seats->queues, node);
        struct rf_job_queue *queue = RF_OWNER(node, struct rf_job_queue, by_service);
        free(queue->service);
        free(queue);
    }
    rf_map_fini(&seats->by_instance);
    rf_map_fini(&seats->by_identity);
    rf_map_fini(&seats->queues);
}

struct rf_job_queue *rf_seats_queue(struct rf_seats *seats, const char *service, bool make) {
    struct rf_map_node *node = rf_map_find_text(&seats->queues, service);
    if (node != NULL)
        return RF_OWNER(node, struct rf_job_queue, by_service);
    if (!make || seats->queues.count >= RF_QUEUES_MAX)
        return NULL;
    struct rf_job_queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL)
        return NULL;
    TAILQ_INIT(&queue->jobs);
    TAILQ_INIT(&queue->places);
    queue->service = strdup(service);
    if (queue->service == NULL ||
        !rf_map_add_text(&seats->queues, &queue->by_service, queue->service)) {
        free(queue->service);
        free(queue);
        return NULL;
    }
    return queue;
}

struct rf_seat *rf_seats_by_peer(const struct rf_seats *seats, const struct rf_peer *peer) {
    struct rf_map_node *node =
        rf_map_find(&seats->by_identity, peer->identity, peer->identity_size);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_seat, by_identity);
}

static struct rf_seat *by_instance(const struct rf_seats *seats, const char *instance) {
    struct rf_map_node *node = rf_map_find_text(&seats->by_instance, instance);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_seat, by_instance);
}

void rf_seats_lose(struct rf_seats *seats, struct rf_seat *seat) {
    // Out of the maps and the queues first: nothing that the hook does can find it again.
    rf_map_remove(&seats->by_instance, &seat->by_instance);
    rf_map_remove(&seats->by_identity, &seat->by_identity);
    struct rf_place *place;
    TAILQ_FOREACH(place, &seat->places, in_seat)
    place->offered = false;
    seats->hooks.lost(seats->hooks.arg, seat);
    free_seat(seat);
}

static void on_lease_end(void *arg) {
    struct rf_seat *seat = arg;
    seat->seats->ground->counters.workers_lost++;
    rf_seats_lose(seat->seats, seat);
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
    rf_ground_timer(&seat->lease, on_lease_end, seat);
    seat->instance = strdup(instance);
    if (seat->instance == NULL ||
        !rf_map_add_text(&seats->by_instance, &seat->by_instance, seat->instance)) {
        free_seat(seat);
        return NULL;
    }
    if (!rf_map_add(&seats->by_identity, &seat->by_identity, seat->peer.identity,
                    seat->peer.identity_size)) {
        rf_map_remove(&seats->by_instance, &seat->by_instance);
        free_seat(seat);
        return NULL;
    }
    seats->ground->counters.workers_registered++;
    return seat;
}

// The worker that a heartbeat is of. Another worker behind the same connection, or another
// connection of the same worker: the newer word holds.
static struct rf_seat *settle(struct rf_seats *seats, const struct rf_peer *from,
                              const char *instance, enum rf_seat_news *news) {
    struct rf_seat *seat = by_instance(seats, instance);
    struct rf_seat *neighbour = rf_seats_by_peer(seats, from);
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

static struct rf_place *place_of(const struct rf_seat *seat, const char *service) {
    struct rf_place *place;
    TAILQ_FOREACH(place, &seat->places, in_seat) {
        if (strcmp(place->queue->service, service) == 0)
            return place;
    }
    return NULL;
}

static struct rf_place *make_place(struct rf_seat *seat, const char *service) {
    struct rf_job_queue *queue = rf_seats_queue(seat->seats, service, true);
    struct rf_place *place = queue == NULL ? NULL : calloc(1, sizeof *place);
    if (place == NULL)
        return NULL;
    place->seat = seat;
    place->queue = queue;
    TAILQ_INSERT_TAIL(&seat->places, place, in_seat);
    TAILQ_INSERT_TAIL(&queue->places, place, in_queue);
    return place;
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

// A worker cannot give back more than it was given.
static void take_released(struct rf_place *place, int64_t released) {
    released = least(released, place->sent - place->forgotten);
    if (released > place->released)
        place->released = released;
}

static void take_offers(struct rf_seat *seat, const struct rf_worker_heartbeat *heartbeat,
                        enum rf_seat_news news) {
    struct rf_place *place;
    TAILQ_FOREACH(place, &seat->places, in_seat)
    place->offered = false;
    for (size_t i = 0; i < heartbeat->offers.count; i++) {
        const struct rf_offer *offer = &heartbeat->offers.items[i];
        place = place_of(seat, offer->service);
        if (place == NULL && (place = make_place(seat, offer->service)) == NULL)
            continue;
        place->offered = true;
        place->capacity = offer->capacity;
        place->waiting = offer->waiting;
        if (news != RF_SEAT_NEW)
            take_released(place, offer->released);
    }
}

struct rf_seat *rf_seats_heartbeat(struct rf_seats *seats, const struct rf_peer *from,
                                   const struct rf_worker_heartbeat *heartbeat,
                                   enum rf_seat_news *news) {
    struct rf_seat *seat = settle(seats, from, heartbeat->instance, news);
    if (seat == NULL)
        return NULL;
    seat->draining = heartbeat->draining;
    seat->settling = *news == RF_SEAT_NEW && heartbeat->in_hand.count > 0;
    take_offers(seat, heartbeat, *news);
    rf_seats_hear(seats, seat);
    return seat;
}

void rf_seats_hear(struct rf_seats *seats, struct rf_seat *seat) {
    seat->stalled = false;
    seat->heard = seats->ground->now.instant;
    rf_ground_start(seats->ground, &seat->lease, rf_instant_add(seat->heard, seats->ground->lease));
}

void rf_seats_credit(struct rf_seat *seat, const char *service, int64_t released, int64_t waiting) {
    struct rf_place *place = place_of(seat, service);
    if (place == NULL)
        return;
    place->waiting = waiting;
    take_released(place, released);
}

int64_t rf_place_credit(const struct rf_place *place) {
    const struct rf_seat *seat = place->seat;
    if (!place->offered || seat->draining || seat->stalled || seat->settling)
        return 0;
    int64_t credit = place->capacity + place->released + place->forgotten - place->sent;
    return credit > 0 ? credit : 0;
}

static bool is(const struct rf_place *place, const char *instance) {
    return instance != NULL && strcmp(place->seat->instance, instance) == 0;
}

static bool others_offer(const struct rf_job_queue *queue, const char *avoid) {
    const struct rf_place *place;
    TAILQ_FOREACH(place, &queue->places, in_queue) {
        if (place->offered && !place->seat->draining && !is(place, avoid))
            return true;
    }
    return false;
}

struct rf_place *rf_seats_pick(const struct rf_job_queue *queue, const char *avoid) {
    struct rf_place *best = NULL, *place;
    int64_t most = 0;
    bool choosy = avoid != NULL && others_offer(queue, avoid);
    TAILQ_FOREACH(place, &queue->places, in_queue) {
        int64_t credit = choosy && is(place, avoid) ? 0 : rf_place_credit(place);
        if (credit > most || (credit > 0 && credit == most && place->turn < best->turn)) {
            best = place;
            most = credit;
        }
    }
    return best;
}

void rf_seats_serve(struct rf_seats *seats, struct rf_place *place) {
    place->sent++;
    place->turn = ++seats->turns;
}

bool rf_seats_live(const struct rf_job_queue *queue) {
    return others_offer(queue, NULL);
}
