#include "seats.h"
#include "seats_parts.h"

#include <stdlib.h>
#include <string.h>

// A worker says something three times a heartbeat (RF_PULSE_BEATS).
#define ASK_AFTER_HEARTBEATS(n) ((n) / 2)

void rf_seats_init(struct rf_seats *seats, struct rf_ground *ground,
                   const struct rf_seat_hooks *hooks) {
    *seats = (struct rf_seats){.ground = ground, .hooks = *hooks};
    seats->by_identity.seed = ground->seed;
    TAILQ_INIT(&seats->owed);
}

// ---- queues, seats ----

void rf_seat_free(struct rf_seat *seat) {
    rf_places_free(seat);
    rf_seats_acknowledged(seat->seats, seat);
    seat->seats->unwritten -= seat->unwritten != 0;
    rf_ground_stop(seat->seats->ground, &seat->watch);
    free(seat->instance);
    free(seat);
}

static void free_queue(struct rf_job_queue *queue) {
    rf_ranking_fini(&queue->places);
    free(queue->service);
    free(queue);
}

void rf_seats_fini(struct rf_seats *seats) {
    struct rf_map_node *node, *next;
    for (node = rf_map_next(&seats->by_instance, NULL); node != NULL; node = next) {
        next = rf_map_next(&seats->by_instance, node);
        rf_seat_free(RF_OWNER(node, struct rf_seat, by_instance));
    }
    for (node = rf_map_next(&seats->queues, NULL); node != NULL; node = next) {
        next = rf_map_next(&seats->queues, node);
        struct rf_job_queue *queue = RF_OWNER(node, struct rf_job_queue, by_service);
        free_queue(queue);
    }
    rf_map_fini(&seats->by_instance);
    rf_map_fini(&seats->by_identity);
    rf_map_fini(&seats->queues);
}

// Names that callers made up, or that nobody offers any more, leave room for others.
static void drop_unused(struct rf_seats *seats) {
    struct rf_map_node *node, *next;
    for (node = rf_map_next(&seats->queues, NULL); node != NULL; node = next) {
        next = rf_map_next(&seats->queues, node);
        struct rf_job_queue *queue = RF_OWNER(node, struct rf_job_queue, by_service);
        // Jobs in hand and answers count there, too.
        if (queue->count > 0 || queue->places.count > 0 || queue->bytes > 0 || queue->once > 0)
            continue;
        rf_map_remove(&seats->queues, node);
        free_queue(queue);
    }
}

struct rf_job_queue *rf_seats_queue(struct rf_seats *seats, struct rf_str service, bool make) {
    struct rf_map_node *node = rf_map_find(&seats->queues, service.bytes, service.size);
    if (node != NULL)
        return RF_OWNER(node, struct rf_job_queue, by_service);
    if (make && seats->queues.count >= RF_QUEUES_MAX)
        drop_unused(seats);
    if (!make || seats->queues.count >= RF_QUEUES_MAX)
        return NULL;
    struct rf_job_queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL)
        return NULL;
    TAILQ_INIT(&queue->returners);
    TAILQ_INIT(&queue->jobs);
    TAILQ_INIT(&queue->held);
    queue->service = strndup(service.bytes, service.size);
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

void rf_seats_lose(struct rf_seats *seats, struct rf_seat *seat) {
    // Out of the maps and the queues first: nothing that the hook does can find it again.
    rf_map_remove(&seats->by_instance, &seat->by_instance);
    rf_map_remove(&seats->by_identity, &seat->by_identity);
    rf_places_close(seat);
    seats->hooks.lost(seats->hooks.arg, seat);
    rf_seat_free(seat);
}

static void lose_silent(struct rf_seat *seat) {
    seat->seats->ground->counters.workers_lost++;
    rf_seats_lose(seat->seats, seat);
}

// ---- the disk ----

void rf_seats_unwritten(struct rf_seats *seats, struct rf_seat *seat, int64_t position) {
    seats->unwritten += seat->unwritten == 0;
    seat->unwritten = position;
    rf_places_settle(seat);
}

static void is_written(struct rf_seat *seat) {
    seat->seats->unwritten -= seat->unwritten != 0;
    seat->unwritten = 0;
    rf_places_settle(seat);
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
void rf_seat_watch(void *arg) {
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
    rf_places_settle(seat);
}

void rf_seats_stall(struct rf_seat *seat) {
    seat->stalled = true;
    rf_places_settle(seat);
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
