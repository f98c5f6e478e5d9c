#include "seats.h"

#include <stdlib.h>
#include <string.h>

// A worker says something three times a heartbeat (RF_PULSE_BEATS).
#define ASK_AFTER_HEARTBEATS(n) ((n) / 2)

void rf_seats_init(struct rf_seats *seats, struct rf_ground *ground,
                   const struct rf_seat_hooks *hooks) {
    *seats = (struct rf_seats){.ground = ground, .hooks = *hooks};
    TAILQ_INIT(&seats->owed);
}

// ---- credit ----

// Whatever it depends on has changed: the sums of the queue follow.
static void settle_place(struct rf_place *place) {
    const struct rf_seat *seat = place->seat;
    bool live = place->offered && !seat->draining;
    bool welcome = live && !place->shunned;
    place->queue->live += (size_t)live - (size_t)place->live;
    place->queue->welcome += (size_t)welcome - (size_t)place->welcome;
    place->live = live;
    place->welcome = welcome;
    place->rank.last = place->shunned;
    int64_t credit = 0;
    if (live && !seat->stalled && !seat->settling && seat->unwritten == 0)
        credit = place->capacity + place->released + place->forgotten - place->sent;
    place->rank.credit = credit > 0 ? credit : 0;
    rf_ranking_moved(&place->queue->places, &place->rank);
}

static void settle_places(struct rf_seat *seat) {
    struct rf_place *place;
    TAILQ_FOREACH(place, &seat->places, in_seat)
    settle_place(place);
}

int64_t rf_place_credit(const struct rf_place *place) {
    return place->rank.credit;
}

// ---- queues, seats ----

static void free_seat(struct rf_seat *seat) {
    struct rf_place *place;
    while ((place = TAILQ_FIRST(&seat->places)) != NULL) {
        TAILQ_REMOVE(&seat->places, place, in_seat);
        rf_ranking_remove(&place->queue->places, &place->rank);
        free(place);
    }
    rf_seats_acknowledged(seat->seats, seat);
    seat->seats->unwritten -= seat->unwritten != 0;
    rf_ground_stop(seat->seats->ground, &seat->watch);
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
        rf_ranking_fini(&queue->places);
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
    TAILQ_INIT(&queue->held);
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
    settle_places(seat);
    seats->hooks.lost(seats->hooks.arg, seat);
    free_seat(seat);
}

static void lose_silent(struct rf_seat *seat) {
    seat->seats->ground->counters.workers_lost++;
    rf_seats_lose(seat->seats, seat);
}

// ---- the disk ----

void rf_seats_unwritten(struct rf_seats *seats, struct rf_seat *seat, int64_t position) {
    seats->unwritten += seat->unwritten == 0;
    seat->unwritten = position;
    settle_places(seat);
}

static void is_written(struct rf_seat *seat) {
    seat->seats->unwritten -= seat->unwritten != 0;
    seat->unwritten = 0;
    settle_places(seat);
}

struct rf_seat *rf_seats_written(struct rf_seats *seats, int64_t position) {
    const struct rf_map_node *node = NULL;
    while (seats->unwritten > 0 && (node = rf_map_next(&seats->by_instance, node)) != NULL) {
        struct rf_seat *seat = RF_OWNER(node, struct rf_seat, by_instance);
        if (seat->unwritten != 0 && seat->unwritten <= position) {
            is_written(seat);
            return seat;
        }
    }
    return NULL;
}

// ---- liveness ----

static struct rf_instant ask_at(const struct rf_ground *ground, struct rf_instant last) {
    return rf_instant_add(last, rf_ns(ASK_AFTER_HEARTBEATS(ground->heartbeat.ns)));
}

// Hearing it only notes the time, as it is done for each message: the timer finds it out later.
static void on_watch(void *arg) {
    struct rf_seat *seat = arg;
    struct rf_ground *ground = seat->seats->ground;
    struct rf_instant now = ground->now.instant, next = ask_at(ground, seat->heard);
    struct rf_instant end = rf_ground_lease_end(ground, seat->heard);
    if (seat->unwritten != 0)
        is_written(seat); // its next heartbeat brings it calls
    if (!rf_instant_before(now, end)) {
        lose_silent(seat);
        return;
    }
    if (!rf_instant_before(now, next)) {
        struct rf_worker_welcome ask = {.broker = ground->instance,
                                        .heartbeat_ns = ground->heartbeat.ns,
                                        .lease_ns = ground->lease.ns};
        if (rf_ground_send(ground, &seat->peer, RF_MESSAGE_worker_welcome, &ask) == RF_SENT_GONE) {
            lose_silent(seat);
            return;
        }
        next = ask_at(ground, now);
    }
    rf_ground_start(ground, &seat->watch, rf_instant_before(end, next) ? end : next);
}

void rf_seats_hear(struct rf_seats *seats, struct rf_seat *seat) {
    seat->heard = seats->ground->now.instant;
    if (seat->watch.place == 0)
        rf_ground_start(seats->ground, &seat->watch, ask_at(seats->ground, seat->heard));
    if (!seat->stalled)
        return;
    seat->stalled = false;
    settle_places(seat);
}

void rf_seats_stall(struct rf_seat *seat) {
    seat->stalled = true;
    settle_places(seat);
}

// ---- registration ----

static struct rf_seat *add(struct rf_seats *seats, const struct rf_peer *from,
                           const char *instance) {
    struct rf_seat *seat = calloc(1, sizeof *seat);
    if (seat == NULL)
        return NULL;
    seat->seats = seats;
    seat->peer = *from;
    TAILQ_INIT(&seat->places);
    TAILQ_INIT(&seat->jobs);
    rf_ground_timer(&seat->watch, on_watch, seat);
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
    if (!rf_ranking_add(&queue->places, &place->rank)) {
        free(place);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&seat->places, place, in_seat);
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
    settle_places(seat);
}

struct rf_seat *rf_seats_heartbeat(struct rf_seats *seats, const struct rf_peer *from,
                                   const struct rf_worker_heartbeat *heartbeat,
                                   enum rf_seat_news *news) {
    struct rf_seat *seat = settle(seats, from, heartbeat->instance, news);
    if (seat == NULL)
        return NULL;
    seat->draining = heartbeat->draining;
    seat->settling = *news == RF_SEAT_NEW && heartbeat->in_hand.count > 0;
    seat->recalling = seat->recalling || *news == RF_SEAT_NEW;
    take_offers(seat, heartbeat, *news);
    rf_seats_hear(seats, seat);
    return seat;
}

void rf_seats_credit(struct rf_seat *seat, const char *service, int64_t released, int64_t waiting) {
    struct rf_place *place = place_of(seat, service);
    if (place == NULL)
        return;
    place->waiting = waiting;
    take_released(place, released);
    settle_place(place);
}

void rf_place_shun(struct rf_place *place, bool shunned) {
    if (place->shunned == shunned)
        return;
    place->shunned = shunned;
    settle_place(place);
}

void rf_place_forget(struct rf_place *place) {
    place->forgotten++;
    settle_place(place);
}

// ---- whose turn it is ----

static bool is(const struct rf_place *place, const char *instance) {
    return instance != NULL && strcmp(place->seat->instance, instance) == 0;
}

// Shunned ones come last in the ranking, and only where there are no others.
static struct rf_place *chosen(const struct rf_job_queue *queue, struct rf_rank *rank) {
    struct rf_place *place = rank == NULL ? NULL : RF_OWNER(rank, struct rf_place, rank);
    return place == NULL || (place->shunned && queue->welcome > 0) ? NULL : place;
}

struct rf_place *rf_seats_pick(const struct rf_job_queue *queue, const char *avoid) {
    struct rf_place *best = chosen(queue, rf_ranking_first(&queue->places));
    size_t choices = queue->welcome > 0 ? queue->welcome : queue->live;
    // One that has credit is live: with a second live one, that is waited for.
    if (best == NULL || !is(best, avoid) || choices == 1)
        return best;
    return chosen(queue, rf_ranking_second(&queue->places));
}

void rf_seats_serve(struct rf_seats *seats, struct rf_place *place) {
    place->sent++;
    place->rank.turn = ++seats->turns;
    settle_place(place);
}

bool rf_seats_live(const struct rf_job_queue *queue) {
    return queue->live > 0;
}

// ---- outcomes to be acknowledged ----

void rf_seats_owe(struct rf_seats *seats, struct rf_seat *seat, size_t outcomes) {
    if (seat->unacknowledged == 0 && outcomes > 0)
        TAILQ_INSERT_TAIL(&seats->owed, seat, owed);
    seat->unacknowledged += outcomes;
}

struct rf_seat *rf_seats_owed(const struct rf_seats *seats) {
    return TAILQ_FIRST(&seats->owed);
}

void rf_seats_acknowledged(struct rf_seats *seats, struct rf_seat *seat) {
    if (seat->unacknowledged > 0)
        TAILQ_REMOVE(&seats->owed, seat, owed);
    seat->unacknowledged = 0;
}
