// Places: what each worker offers of a service, its credit, and whose turn it is.
#include "seats.h"
#include "seats_parts.h"

#include <stdlib.h>
#include <string.h>

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

void rf_places_settle(struct rf_seat *seat) {
    struct rf_place *place;
    TAILQ_FOREACH(place, &seat->places, in_seat)
    settle_place(place);
}

int64_t rf_place_credit(const struct rf_place *place) {
    return place->rank.credit;
}

// ---- what the worker says ----

static struct rf_place *place_of(const struct rf_seat *seat, struct rf_str service) {
    struct rf_place *place;
    TAILQ_FOREACH(place, &seat->places, in_seat) {
        if (rf_str_is(service, place->queue->service))
            return place;
    }
    return NULL;
}

static struct rf_place *make_place(struct rf_seat *seat, struct rf_str service) {
    struct rf_job_queue *queue = rf_seats_queue(seat->seats, service, true);
    struct rf_place *place = queue == NULL ? NULL : calloc(1, sizeof *place);
    if (place == NULL)
        return NULL;
    place->seat = seat;
    place->queue = queue;
    TAILQ_INIT(&place->returned);
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

static void close_places(struct rf_seat *seat) {
    struct rf_place *place;
    TAILQ_FOREACH(place, &seat->places, in_seat)
    place->offered = false;
}

void rf_places_close(struct rf_seat *seat) {
    close_places(seat);
    rf_places_settle(seat);
}

void rf_places_take(struct rf_seat *seat, const struct rf_worker_heartbeat *heartbeat,
                    bool of_this_registration) {
    struct rf_place *place;
    close_places(seat);
    for (size_t i = 0; i < heartbeat->offers.count; i++) {
        const struct rf_offer *offer = &heartbeat->offers.items[i];
        place = place_of(seat, rf_str_of(offer->service));
        if (place == NULL && (place = make_place(seat, rf_str_of(offer->service))) == NULL)
            continue;
        place->offered = true;
        place->waiting = offer->waiting;
        if (!of_this_registration)
            continue;
        place->capacity = offer->capacity;
        take_released(place, offer->released);
    }
    rf_places_settle(seat);
}

void rf_places_free(struct rf_seat *seat) {
    struct rf_place *place;
    while ((place = TAILQ_FIRST(&seat->places)) != NULL) {
        TAILQ_REMOVE(&seat->places, place, in_seat);
        rf_ranking_remove(&place->queue->places, &place->rank);
        free(place);
    }
}

struct rf_place *rf_seats_credit(struct rf_seat *seat,
                                 const struct rf_worker_credit_glance *credit) {
    struct rf_place *place = place_of(seat, credit->service);
    if (place == NULL || !rf_seat_agrees(seat, credit->registration))
        return NULL;
    place->waiting = credit->waiting;
    take_released(place, credit->released);
    settle_place(place);
    return place;
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

// Shunned ones come last in the ranking, and only where there are no others.
static struct rf_place *chosen(const struct rf_job_queue *queue, struct rf_rank *rank) {
    struct rf_place *place = rank == NULL ? NULL : RF_OWNER(rank, struct rf_place, rank);
    return place == NULL || (place->shunned && queue->welcome > 0) ? NULL : place;
}

struct rf_place *rf_seats_pick(const struct rf_job_queue *queue, const struct rf_place *avoid) {
    struct rf_place *best = chosen(queue, rf_ranking_first(&queue->places));
    size_t choices = queue->welcome > 0 ? queue->welcome : queue->live;
    // One that has credit is live: with a second live one, that is waited for.
    if (best == NULL || best != avoid || choices == 1)
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
