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
        while (!served(dispatch, queue) && (job = TAILQ_FIRST(&queue->jobs)) != NULL)
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
    flush_unserved(dispatch);
}

// ---- handing out ----

// Where all are kept from a provider, one of them carries it out all the same: one that gave it
// back already would only do so again.
static bool is_last_resort(const struct rf_job *job, const struct rf_place *place) {
    return place->shunned && (job->avoid != NULL || place->queue->live == 1);
}

// A request that is handed out at once goes on as it came, but for the time that is left.
static enum rf_sent send_request(struct rf_dispatch *dispatch, const struct rf_job *job,
                                 const struct rf_place *place) {
    const struct rf_seat *seat = place->seat;
    struct rf_call_request *request = &job->request->as.call_request;
    struct rf_frame frame;
    bool as_it_came = job == dispatch->fresh && dispatch->fresh_raw.size > 0 &&
                      request->anyway == is_last_resort(job, place);
    request->anyway = is_last_resort(job, place);
    request->remaining_ns = rf_instant_since(job->due, dispatch->ground->now.instant).ns;
    if (!as_it_came ||
        rf_wire_relay_request(&dispatch->fresh_raw, request->remaining_ns, &frame, NULL) != RF_OK)
        return rf_ground_send(dispatch->ground, &seat->peer, RF_MESSAGE_call_request, request);
    struct rf_bytes raw = {frame.data, frame.size};
    enum rf_sent sent = rf_ground_send_raw(dispatch->ground, &seat->peer, &raw);
    rf_frame_free(&frame);
    return sent;
}

// A send that fails may free the worker, and with it answer the job: neither is touched then.
static void hand_over(struct rf_dispatch *dispatch, struct rf_job *job, struct rf_place *place) {
    struct rf_seat *seat = place->seat;
    switch (send_request(dispatch, job, place)) {
    case RF_SENT_OK:
        rf_seats_serve(&dispatch->seats, place);
        rf_job_hand_to(job, seat, place);
        dispatch->ground->counters.calls_dispatched++;
        break;
    case RF_SENT_GONE:
        dispatch->ground->counters.workers_lost++;
        rf_seats_lose(&dispatch->seats, seat);
        break;
    case RF_SENT_FULL:
        rf_seats_stall(seat);
        break;
    case RF_SENT_FAILED:
        rf_job_end(job, RF_JOB_OVERLOADED, false);
        break;
    }
}

// The first call that can be handed out now. One that waits for another worker than the one that
// gave it back does not hold up those behind it. As long as workers register after a start, none is
// the last one that is left.
static struct rf_job *next_out(const struct rf_dispatch *dispatch, const struct rf_job_queue *queue,
                               struct rf_place **place) {
    struct rf_job *job;
    TAILQ_FOREACH(job, &queue->jobs, link) {
        *place = rf_seats_pick(queue, job->avoid);
        if (*place != NULL)
            return (*place)->shunned && dispatch->grace.place != 0 ? NULL : job;
        if (job->avoid == NULL || rf_seats_pick(queue, NULL) == NULL)
            return NULL; // nobody has a place for anybody
    }
    return NULL;
}

static void pump_queue(struct rf_dispatch *dispatch, struct rf_job_queue *queue) {
    struct rf_job *job;
    struct rf_place *place;
    while ((job = next_out(dispatch, queue, &place)) != NULL)
        hand_over(dispatch, job, place);
}

// ---- after a start ----

bool rf_dispatch_recovering(const struct rf_dispatch *dispatch) {
    return dispatch->recovering.place != 0 && dispatch->recovery.awaited > 0;
}

// Whether it is proven that nobody began a call that was asked for first then: we know of all that
// happened since, or all who may have it have told us.
static bool proven(const struct rf_dispatch *dispatch, struct rf_instant asked) {
    struct rf_duration age = rf_instant_since(dispatch->ground->now.instant, asked);
    if (age.ns >= RF_ANSWERS_KEEP || !rf_answers_complete(&dispatch->answers, asked) ||
        !rf_answers_complete(&dispatch->refused, asked))
        return false;
    return rf_instant_before(dispatch->began, asked) ||
           rf_recovery_proves(&dispatch->recovery,
                              rf_utc_add(dispatch->ground->now.utc, rf_ns(-age.ns)));
}

static bool repeatable(const struct rf_job *job) {
    return job->request->as.call_request.repeatable;
}

// A new job goes to its queue, is held until more is known, or cannot be carried out any more.
static void admit(struct rf_dispatch *dispatch, struct rf_job *job, struct rf_job_queue *queue) {
    job->uncertain = job->again && !proven(dispatch, job->asked);
    bool risky = job->again ? job->uncertain : !repeatable(job);
    if (risky && rf_dispatch_recovering(dispatch)) {
        rf_job_hold(job, queue);
        dispatch->ground->counters.calls_held++;
    } else if (job->uncertain && !repeatable(job)) {
        rf_job_end(job, RF_JOB_UNCERTAIN, true);
    } else if (job->unwanted) {
        rf_job_end(job, RF_JOB_CANCELLED, false);
    } else {
        rf_job_queue_up(job, queue, false);
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

void rf_dispatch_init(struct rf_dispatch *dispatch, struct rf_ground *ground, size_t queue_limit,
                      void (*lost)(void *arg, const struct rf_seat *seat), void *arg) {
    *dispatch = (struct rf_dispatch){
        .ground = ground, .queue_limit = queue_limit, .lost = lost, .arg = arg};
    struct rf_seat_hooks hooks = {.lost = on_seat_lost, .arg = dispatch};
    rf_seats_init(&dispatch->seats, ground, &hooks);
    rf_answers_init(&dispatch->answers);
    rf_answers_init(&dispatch->refused);
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
    rf_seats_fini(&dispatch->seats);
    rf_answers_fini(&dispatch->answers);
    rf_answers_fini(&dispatch->refused);
    rf_recovery_fini(&dispatch->recovery);
    rf_ground_stop(dispatch->ground, &dispatch->grace);
    rf_ground_stop(dispatch->ground, &dispatch->recovering);
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
static struct rf_instant due_of(const struct rf_now *now, const struct rf_call_request *request) {
    int64_t left = rf_ns_sub(request->deadline, now->utc.ns);
    if (request->remaining_ns > 0 && request->remaining_ns < left)
        left = request->remaining_ns;
    return rf_instant_add(now->instant, rf_ns(left));
}

static void join(struct rf_dispatch *dispatch, const struct rf_peer *from, struct rf_job *job,
                 struct rf_message **message) {
    const struct rf_call_request *request = &(*message)->as.call_request;
    const struct rf_call_request *first =
        job->request == NULL ? request : &job->request->as.call_request;
    if (strcmp(first->service, request->service) != 0 ||
        strcmp(first->operation, request->operation) != 0) {
        rf_ground_refuse(dispatch->ground, from, request->id, "id_conflict",
                         "another call with this id is in flight");
        return;
    }
    if (!rf_job_ask(job, from)) {
        rf_job_refuse(dispatch, from, request->id, RF_JOB_OVERLOADED, true);
        return;
    }
    dispatch->ground->counters.calls_joined++;
    if (job->request != NULL)
        return;
    // Now we know what the worker has in hand, and until when it is wanted.
    rf_job_accept(job, message, due_of(&dispatch->ground->now, request));
    rf_ground_start(dispatch->ground, &job->timer,
                    rf_instant_add(job->due, rf_ns(RF_DISPATCH_ANSWER_GRACE)));
}

// A repeated id: joined to the call in flight, or answered from memory.
static bool repeated(struct rf_dispatch *dispatch, const struct rf_peer *from,
                     struct rf_message **message) {
    const char *id = (*message)->as.call_request.id;
    struct rf_instant now = dispatch->ground->now.instant;
    struct rf_job *job = rf_job_find(dispatch, id);
    if (job != NULL) {
        join(dispatch, from, job, message);
        return true;
    }
    const struct rf_answer *answer = rf_answers_find(&dispatch->answers, id, now);
    if (answer == NULL && (*message)->as.call_request.asked_ns > 0)
        answer = rf_answers_find(&dispatch->refused, id, now);
    if (answer == NULL)
        return false;
    dispatch->ground->counters.calls_repeated++;
    rf_ground_send(dispatch->ground, from, RF_MESSAGE_call_reply, &answer->reply);
    return true;
}

void rf_dispatch_request(struct rf_dispatch *dispatch, const struct rf_peer *from,
                         struct rf_message **message) {
    const struct rf_call_request *request = &(*message)->as.call_request;
    struct rf_ground *ground = dispatch->ground;
    if (repeated(dispatch, from, message))
        return;
    struct rf_instant due = due_of(&ground->now, request);
    struct rf_instant asked = rf_instant_add(ground->now.instant, rf_ns(-request->asked_ns));
    bool again = request->asked_ns > 0;
    enum rf_job_answer refused = RF_JOB_OVERLOADED;
    // A service that was never offered gets a queue only while the workers are still registering,
    // and leaves room for what they offer.
    bool make = dispatch->grace.place != 0 && dispatch->seats.queues.count < RF_QUEUES_OF_CALLERS;
    struct rf_job_queue *queue = rf_seats_queue(&dispatch->seats, request->service, make);
    struct rf_job *job = NULL;
    if (!rf_instant_before(ground->now.instant, due))
        refused = RF_JOB_TOO_LATE;
    else if (queue == NULL || !served(dispatch, queue))
        refused = RF_JOB_NO_WORKER;
    else if (queue->count < dispatch->queue_limit)
        job = rf_job_new(dispatch, request->id);
    if (job == NULL || !rf_job_ask(job, from)) {
        if (job != NULL)
            rf_job_free(job);
        rf_job_refuse(dispatch, from, request->id, refused, again && !proven(dispatch, asked));
        return;
    }
    job->again = again;
    job->asked = asked;
    dispatch->fresh = job;
    dispatch->fresh_raw = (*message)->raw;
    rf_job_accept(job, message, due);
    ground->counters.calls_taken++;
    admit(dispatch, job, queue);
    pump_queue(dispatch, queue);
    dispatch->fresh = NULL;
}

void rf_dispatch_cancel(struct rf_dispatch *dispatch, const struct rf_peer *from, const char *id) {
    struct rf_job *job = rf_job_find(dispatch, id);
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

void rf_dispatch_requeue(struct rf_dispatch *dispatch, struct rf_job *job) {
    struct rf_job_queue *queue =
        rf_seats_queue(&dispatch->seats, job->request->as.call_request.service, true);
    if (!rf_instant_before(dispatch->ground->now.instant, job->due)) {
        rf_job_end(job, RF_JOB_TOO_LATE, false);
    } else if (queue == NULL || !served(dispatch, queue)) {
        rf_job_end(job, RF_JOB_NO_WORKER, false);
    } else {
        rf_job_queue_up(job, queue, true);
        pump_queue(dispatch, queue);
    }
}
