#include "base/crash_point.h"
#include "dispatch_parts.h"

bool rf_dispatch_served(const struct rf_dispatch *dispatch, const struct rf_job_queue *queue) {
    return dispatch->grace.place != 0 || rf_dispatch_recovering(dispatch) || rf_seats_live(queue);
}

// Whatever waits for a service that nobody offers any more is answered at once.
static void flush_unserved(struct rf_dispatch *dispatch) {
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&dispatch->seats.queues, node)) != NULL) {
        struct rf_job_queue *queue = RF_OWNER(node, struct rf_job_queue, by_service);
        struct rf_job *job;
        while (!rf_dispatch_served(dispatch, queue) && (job = rf_job_first(queue)) != NULL)
            rf_job_end(job, RF_JOB_NO_WORKER, false);
    }
}

static void on_seat_lost(void *arg, struct rf_seat *seat) {
    struct rf_dispatch *dispatch = arg;
    dispatch->hooks.lost(dispatch->hooks.arg, seat);
    struct rf_job *job;
    while ((job = TAILQ_FIRST(&seat->jobs)) != NULL)
        rf_job_end(job, RF_JOB_WORKER_LOST, true);
    struct rf_place *place;
    TAILQ_FOREACH(place, &seat->places, in_seat)
    rf_job_avoid_none(place);
    flush_unserved(dispatch);
}

// ---- handing out ----

// Where all are kept from a provider, one of them carries it out all the same: one that gave it
// back already would only do so again.
static bool is_last_resort(const struct rf_job *job, const struct rf_place *place) {
    return place->shunned && (job->avoid != NULL || place->queue->live == 1);
}

// It goes on as it came, but for the time that is left, and for whether it is a last resort.
static enum rf_sent send_request(struct rf_dispatch *dispatch, struct rf_job *job,
                                 const struct rf_place *place) {
    bool anyway = is_last_resort(job, place);
    if (job->anyway != anyway && !rf_job_say_anyway(job, anyway))
        return RF_SENT_FAILED;
    int64_t left = rf_instant_since(job->due, dispatch->ground->now.instant).ns;
    // By it a handback says which hand-out it answers.
    if (job->remaining_ns != 0 && left >= job->remaining_ns)
        left = job->remaining_ns - 1;
    job->remaining_ns = left > 0 ? left : 1;
    rf_wire_set_remaining(job->frame, job->remaining_at, job->remaining_ns);
    struct rf_bytes raw = {job->frame, job->frame_size};
    return rf_ground_send_raw(dispatch->ground, &place->seat->peer, &raw);
}

// True: the job is in hand, or answered. A send that fails may free the worker, and with it answer
// what waits in a queue: a job that does is not touched then.
static bool hand_over(struct rf_dispatch *dispatch, struct rf_job *job, struct rf_place *place) {
    struct rf_seat *seat = place->seat;
    if (rf_job_unwanted(job)) {
        rf_job_end(job, RF_JOB_CANCELLED, false);
        return true;
    }
    switch (send_request(dispatch, job, place)) {
    case RF_SENT_OK:
        RF_CRASH_POINT(broker, call_handed_out);
        rf_seats_serve(&dispatch->seats, place);
        rf_job_hand_to(job, seat, place);
        dispatch->ground->counters.calls_dispatched++;
        return true;
    case RF_SENT_GONE:
        dispatch->ground->counters.workers_lost++;
        rf_seats_lose(&dispatch->seats, seat);
        break;
    case RF_SENT_FULL:
        rf_seats_stall(seat);
        break;
    case RF_SENT_FAILED:
        rf_job_end(job, RF_JOB_OVERLOADED, false);
        return true;
    }
    return false;
}

// As long as workers register after a start, none is the last one that is left.
static bool may_have(const struct rf_dispatch *dispatch, const struct rf_place *place) {
    return place != NULL && !(place->shunned && dispatch->grace.place != 0);
}

// The first call that can be handed out now. Those that wait for another worker than the one that
// gave them back do not hold up the others. Only one place can be both avoided and the only one
// with credit, so that two returners are looked at at most.
static struct rf_job *next_out(const struct rf_dispatch *dispatch, const struct rf_job_queue *queue,
                               struct rf_place **place) {
    struct rf_place *best = rf_seats_pick(queue, NULL), *returner;
    if (!may_have(dispatch, best))
        return NULL; // nobody has a place for anybody
    TAILQ_FOREACH(returner, &queue->returners, in_returners) {
        *place = rf_seats_pick(queue, returner);
        if (may_have(dispatch, *place))
            return TAILQ_FIRST(&returner->returned);
    }
    *place = best;
    return TAILQ_FIRST(&queue->jobs);
}

static void pump_queue(struct rf_dispatch *dispatch, struct rf_job_queue *queue) {
    struct rf_job *job;
    struct rf_place *place;
    while ((job = next_out(dispatch, queue, &place)) != NULL)
        (void)hand_over(dispatch, job, place);
}

// A job in no list, or held: to a worker at once, if nobody waits before it.
static void begin(struct rf_dispatch *dispatch, struct rf_job *job, struct rf_job_queue *queue) {
    bool first = rf_job_first(queue) == NULL;
    struct rf_place *place;
    while (first && may_have(dispatch, place = rf_seats_pick(queue, NULL)))
        if (hand_over(dispatch, job, place))
            return;
    if (!rf_dispatch_served(dispatch, queue)) {
        rf_job_end(job, RF_JOB_NO_WORKER, false);
        return;
    }
    rf_job_queue_up(job, queue);
    if (!first)
        pump_queue(dispatch, queue);
}

// ---- after a start ----

bool rf_dispatch_recovering(const struct rf_dispatch *dispatch) {
    return dispatch->recovering.place != 0 && dispatch->recovery.awaited > 0;
}

// We know of all that happened since, or all who may have it have told us.
bool rf_dispatch_proven(const struct rf_dispatch *dispatch, struct rf_instant asked,
                        bool repeatable) {
    struct rf_duration age = rf_instant_since(dispatch->ground->now.instant, asked);
    if (age.ns >= RF_ANSWERS_KEEP || !rf_answers_complete(&dispatch->answers, repeatable, asked))
        return false;
    return rf_instant_before(dispatch->began, asked) ||
           rf_recovery_proves(&dispatch->recovery,
                              rf_utc_add(dispatch->ground->now.utc, rf_ns(-age.ns)));
}

void rf_dispatch_admit(struct rf_dispatch *dispatch, struct rf_job *job,
                       struct rf_job_queue *queue) {
    job->uncertain = job->again && !rf_dispatch_proven(dispatch, job->asked, job->repeatable);
    bool risky = job->again ? job->uncertain : !job->repeatable;
    if (risky && rf_dispatch_recovering(dispatch)) {
        rf_job_hold(job, queue);
        dispatch->ground->counters.calls_held++;
    } else if (job->uncertain && !job->repeatable) {
        rf_job_end(job, RF_JOB_UNCERTAIN, true);
    } else if (rf_job_unwanted(job)) {
        rf_job_end(job, RF_JOB_CANCELLED, false);
    } else {
        begin(dispatch, job, queue);
    }
}

static void release_held(struct rf_dispatch *dispatch) {
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&dispatch->seats.queues, node)) != NULL) {
        struct rf_job_queue *queue = RF_OWNER(node, struct rf_job_queue, by_service);
        struct rf_job *job;
        while ((job = TAILQ_FIRST(&queue->held)) != NULL)
            rf_dispatch_admit(dispatch, job, queue);
        pump_queue(dispatch, queue);
    }
}

void rf_dispatch_told(struct rf_dispatch *dispatch, struct rf_seat *seat,
                      const struct rf_worker_recalled *recalled) {
    // Of a registration that is over it does not say what is in its hand now.
    if (recalled->registration != 0 && recalled->registration != seat->registration)
        return;
    seat->recalling = false;
    if (!rf_recovery_told(&dispatch->recovery, seat->instance, dispatch->ground->now.utc,
                          recalled->known_ns))
        return;
    release_held(dispatch);
    flush_unserved(dispatch);
}

static void on_recovery_end(void *arg) {
    release_held(arg);
    flush_unserved(arg);
}

struct rf_instant rf_dispatch_recover(struct rf_dispatch *dispatch) {
    struct rf_duration wait = dispatch->ground->lease;
    if (wait.ns < RF_RECOVERY_LEAST)
        wait = rf_ns(RF_RECOVERY_LEAST);
    struct rf_instant end = rf_instant_add(dispatch->ground->now.instant, wait);
    rf_ground_start(dispatch->ground, &dispatch->recovering, end);
    return end;
}

static void on_grace_end(void *arg) {
    flush_unserved(arg);
}

void rf_dispatch_init(struct rf_dispatch *dispatch, struct rf_ground *ground,
                      const struct rf_dispatch_limits *limits,
                      const struct rf_dispatch_hooks *hooks) {
    *dispatch = (struct rf_dispatch){.ground = ground, .limits = *limits, .hooks = *hooks};
    struct rf_seat_hooks seat_hooks = {.lost = on_seat_lost, .arg = dispatch};
    rf_seats_init(&dispatch->seats, ground, &seat_hooks);
    rf_answers_init(&dispatch->answers, limits->once);
    dispatch->jobs.seed = dispatch->answers.map.seed = ground->seed;
    dispatch->began = ground->now.instant;
    rf_ground_timer(&dispatch->grace, on_grace_end, dispatch);
    rf_ground_timer(&dispatch->recovering, on_recovery_end, dispatch);
    rf_ground_start(ground, &dispatch->grace, rf_instant_add(ground->now.instant, ground->lease));
}

void rf_dispatch_fini(struct rf_dispatch *dispatch) {
    struct rf_map_node *node;
    while ((node = rf_map_next(&dispatch->jobs, NULL)) != NULL)
        rf_job_free(RF_OWNER(node, struct rf_job, by_id));
    rf_map_fini(&dispatch->jobs);
    rf_answers_fini(&dispatch->answers);
    rf_seats_fini(&dispatch->seats);
    rf_recovery_fini(&dispatch->recovery);
    rf_ground_stop(dispatch->ground, &dispatch->grace);
    rf_ground_stop(dispatch->ground, &dispatch->recovering);
}

void rf_dispatch_credit(struct rf_dispatch *dispatch, struct rf_seat *seat,
                        const struct rf_worker_credit_glance *credit) {
    struct rf_place *place = rf_seats_credit(seat, credit);
    if (place != NULL)
        pump_queue(dispatch, place->queue);
}

void rf_dispatch_pump(struct rf_dispatch *dispatch, struct rf_seat *seat) {
    // A send that fails may free any seat, this one too: the queues are noted before.
    struct rf_job_queue *queues[RF_QUEUES_MAX];
    size_t count = 0;
    struct rf_place *place;
    TAILQ_FOREACH(place, &seat->places, in_seat)
    queues[count++] = place->queue;
    for (size_t i = 0; i < count; i++)
        pump_queue(dispatch, queues[i]);
    flush_unserved(dispatch);
}

void rf_dispatch_pump_all(struct rf_dispatch *dispatch) {
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&dispatch->seats.queues, node)) != NULL)
        pump_queue(dispatch, RF_OWNER(node, struct rf_job_queue, by_service));
    flush_unserved(dispatch);
}

void rf_dispatch_requeue(struct rf_dispatch *dispatch, struct rf_job *job, struct rf_place *avoid) {
    struct rf_job_queue *queue = job->service;
    if (!rf_instant_before(dispatch->ground->now.instant, job->due)) {
        rf_job_end(job, RF_JOB_TOO_LATE, false);
    } else if (queue == NULL || !rf_dispatch_served(dispatch, queue)) {
        rf_job_end(job, RF_JOB_NO_WORKER, false);
    } else if (rf_job_unwanted(job)) {
        rf_job_end(job, RF_JOB_CANCELLED, false); // its cancel and the handback crossed
    } else {
        rf_job_give_back(job, queue, avoid);
        pump_queue(dispatch, queue);
    }
}
