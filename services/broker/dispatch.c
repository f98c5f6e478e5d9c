#include "dispatch.h"

#include <string.h>

static bool served(const struct rf_dispatch *dispatch, const struct rf_job_queue *queue) {
    return dispatch->grace.place != 0 || rf_dispatch_recovering(dispatch) || rf_seats_live(queue);
}

// Whatever waits for a service that nobody offers any more is answered at once.
static void flush_unserved(struct rf_dispatch *dispatch) {
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&dispatch->seats.queues, node)) != NULL) {
        struct rf_job_queue *queue = RF_OWNER(node, struct rf_job_queue, by_service);
        struct rf_job *job;
        while (!served(dispatch, queue) && (job = rf_job_first(queue)) != NULL)
            rf_job_end(job, RF_JOB_NO_WORKER, false);
    }
}

static void on_seat_lost(void *arg, struct rf_seat *seat) {
    struct rf_dispatch *dispatch = arg;
    if (dispatch->lost != NULL)
        dispatch->lost(dispatch->arg, seat);
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
    switch (send_request(dispatch, job, place)) {
    case RF_SENT_OK:
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
    if (!served(dispatch, queue)) {
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

// Whether it is proven that nobody began a call that was asked for first then: we know of all that
// happened since, or all who may have it have told us.
static bool proven(const struct rf_dispatch *dispatch, struct rf_instant asked, bool repeatable) {
    struct rf_duration age = rf_instant_since(dispatch->ground->now.instant, asked);
    if (age.ns >= RF_ANSWERS_KEEP || !rf_answers_complete(&dispatch->answers, repeatable, asked))
        return false;
    return rf_instant_before(dispatch->began, asked) ||
           rf_recovery_proves(&dispatch->recovery,
                              rf_utc_add(dispatch->ground->now.utc, rf_ns(-age.ns)));
}

// A new job goes to its queue, is held until more is known, or cannot be carried out any more.
static void admit(struct rf_dispatch *dispatch, struct rf_job *job, struct rf_job_queue *queue) {
    job->uncertain = job->again && !proven(dispatch, job->asked, job->repeatable);
    bool risky = job->again ? job->uncertain : !job->repeatable;
    if (risky && rf_dispatch_recovering(dispatch)) {
        rf_job_hold(job, queue);
        dispatch->ground->counters.calls_held++;
    } else if (job->uncertain && !job->repeatable) {
        rf_job_end(job, RF_JOB_UNCERTAIN, true);
    } else if (job->unwanted) {
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
            admit(dispatch, job, queue);
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
                      void (*lost)(void *arg, const struct rf_seat *seat), void *arg) {
    *dispatch = (struct rf_dispatch){.ground = ground, .limits = *limits, .lost = lost, .arg = arg};
    struct rf_seat_hooks hooks = {.lost = on_seat_lost, .arg = dispatch};
    rf_seats_init(&dispatch->seats, ground, &hooks);
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

// ---- requests ----

// The earlier of the deadline and the time that was left when it was sent: a client whose clock
// runs ahead, or behind, cannot stretch its call.
static struct rf_instant due_of(const struct rf_now *now,
                                const struct rf_call_request_glance *request) {
    int64_t left = rf_ns_sub(request->deadline, now->utc.ns);
    if (request->remaining_ns > 0 && request->remaining_ns < left)
        left = request->remaining_ns;
    return rf_instant_add(now->instant, rf_ns(left));
}

// Now we know what the worker has in hand, and until when it is wanted.
static bool describe(struct rf_job *job, struct rf_job_wish *wish) {
    struct rf_dispatch *dispatch = job->dispatch;
    wish->service = rf_seats_queue(&dispatch->seats, wish->request->service, true);
    if (!rf_job_fits(dispatch, wish) || !rf_job_describe(job, wish))
        return false;
    rf_ground_start(dispatch->ground, &job->timer,
                    rf_instant_add(job->due, rf_ns(RF_DISPATCH_ANSWER_GRACE)));
    return true;
}

static bool is_another(const struct rf_job *job, const struct rf_call_request_glance *request) {
    return job->frame != NULL &&
           (!rf_str_is(request->operation, job->operation) ||
            (job->service != NULL && !rf_str_is(request->service, job->service->service)));
}

static void join(struct rf_dispatch *dispatch, const struct rf_peer *from, struct rf_job *job,
                 struct rf_job_wish *wish) {
    if (is_another(job, wish->request))
        rf_ground_refuse(dispatch->ground, from, job->id, "id_conflict",
                         "another call with this id is in flight");
    else if ((job->frame == NULL && !describe(job, wish)) || !rf_job_ask(job, from))
        rf_job_answer_once(dispatch, from, job->id, RF_JOB_OVERLOADED, true); // no room, or memory
    else
        dispatch->ground->counters.calls_joined++;
}

// From memory: as it was, or that it was.
static void answer_again(struct rf_dispatch *dispatch, const struct rf_peer *from,
                         const struct rf_answer *answer) {
    struct rf_ground *ground = dispatch->ground;
    ground->counters.calls_repeated++;
    if (answer->size == 0) {
        rf_job_answer_once(dispatch, from, answer->id, RF_JOB_FORGOTTEN, true);
        return;
    }
    struct rf_bytes raw = {answer->data, answer->size};
    if (rf_ground_send_raw(ground, from, &raw) != RF_SENT_OK)
        ground->counters.replies_undeliverable++;
}

// A repeated id: joined to the call in flight, or answered from memory.
static bool repeated(struct rf_dispatch *dispatch, const struct rf_peer *from,
                     struct rf_job_wish *wish) {
    const struct rf_map_key *id = &wish->id;
    struct rf_job *job = rf_job_find(dispatch, id);
    if (job != NULL) {
        join(dispatch, from, job, wish);
        return true;
    }
    const struct rf_answer *answer =
        rf_answers_find(&dispatch->answers, id, dispatch->ground->now.instant);
    if (answer == NULL)
        return false;
    // Surely not begun: that holds for who only asks again. It may be asked for anew.
    if (rf_answers_said_no(answer) && wish->request->asked_ns == 0) {
        rf_answers_forget(&dispatch->answers, id);
        return false;
    }
    answer_again(dispatch, from, answer);
    return true;
}

// What is in the way of a new call; RF_JOB_TAKEN: nothing.
static enum rf_job_answer obstacle(struct rf_dispatch *dispatch, const struct rf_job_wish *wish) {
    struct rf_instant now = dispatch->ground->now.instant;
    const struct rf_job_queue *queue = wish->service;
    if (!rf_instant_before(now, wish->due))
        return RF_JOB_TOO_LATE;
    if (queue == NULL || !served(dispatch, queue))
        return RF_JOB_NO_WORKER;
    if (queue->count >= dispatch->limits.waiting || !rf_job_fits(dispatch, wish))
        return RF_JOB_OVERLOADED;
    if (!wish->request->repeatable && !rf_answers_room(&dispatch->answers, queue->once, now))
        return RF_JOB_TOO_MANY;
    return RF_JOB_TAKEN;
}

// A call whose id nobody knows.
static void take(struct rf_dispatch *dispatch, const struct rf_peer *from,
                 struct rf_job_wish *wish) {
    const struct rf_call_request_glance *request = wish->request;
    struct rf_instant now = dispatch->ground->now.instant;
    struct rf_instant asked = rf_instant_add(now, rf_ns(-request->asked_ns));
    bool again = request->asked_ns > 0;
    // A service that was never offered gets a queue only while the workers are still registering,
    // and leaves room for what they offer.
    bool make = dispatch->grace.place != 0 && dispatch->seats.queues.count < RF_QUEUES_OF_CALLERS;
    wish->service = rf_seats_queue(&dispatch->seats, request->service, make);
    enum rf_job_answer answer = obstacle(dispatch, wish);
    struct rf_job *job = answer == RF_JOB_TAKEN ? rf_job_new(dispatch, wish) : NULL;
    if (job == NULL) {
        rf_job_refuse(dispatch, from, wish, answer == RF_JOB_TAKEN ? RF_JOB_OVERLOADED : answer,
                      again && !proven(dispatch, asked, request->repeatable));
        return;
    }
    (void)rf_job_ask(job, from); // the first costs no memory
    job->again = again;
    job->asked = asked;
    dispatch->ground->counters.calls_taken++;
    admit(dispatch, job, wish->service);
}

void rf_dispatch_request(struct rf_dispatch *dispatch, const struct rf_peer *from,
                         const struct rf_glance *glance) {
    const struct rf_call_request_glance *request = &glance->as.call_request;
    struct rf_job_wish wish = {.request = request,
                               .raw = glance->raw,
                               .id = rf_job_key(dispatch, request->id),
                               .due = due_of(&dispatch->ground->now, request)};
    if (!repeated(dispatch, from, &wish))
        take(dispatch, from, &wish);
}

void rf_dispatch_cancel(struct rf_dispatch *dispatch, const struct rf_peer *from, const char *id) {
    struct rf_map_key key = rf_job_key(dispatch, rf_str_of(id));
    struct rf_job *job = rf_job_find(dispatch, &key);
    // Others who wait for it as well have not cancelled.
    if (job == NULL || !rf_job_asked_by(job, from) || job->asker_count > 1)
        return;
    if (job->held && job->uncertain) {
        job->unwanted = true; // a worker may have it in hand, and is told when it comes
        return;
    }
    if (job->seat == NULL) {
        rf_job_end(job, RF_JOB_CANCELLED, false);
        return;
    }
    struct rf_call_cancel cancel = {.id = job->id};
    rf_ground_send(dispatch->ground, &job->seat->peer, RF_MESSAGE_call_cancel, &cancel);
}

void rf_dispatch_requeue(struct rf_dispatch *dispatch, struct rf_job *job, struct rf_place *avoid) {
    struct rf_job_queue *queue = job->service;
    if (!rf_instant_before(dispatch->ground->now.instant, job->due)) {
        rf_job_end(job, RF_JOB_TOO_LATE, false);
    } else if (queue == NULL || !served(dispatch, queue)) {
        rf_job_end(job, RF_JOB_NO_WORKER, false);
    } else {
        rf_job_give_back(job, queue, avoid);
        pump_queue(dispatch, queue);
    }
}
