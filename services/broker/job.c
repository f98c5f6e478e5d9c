#include "job.h"

#include <stdlib.h>
#include <string.h>

#include "dispatch.h"

struct rf_job *rf_job_find(const struct rf_dispatch *dispatch, const struct rf_map_key *id) {
    struct rf_map_node *node = rf_map_find_key(&dispatch->jobs, id);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_job, by_id);
}

struct rf_map_key rf_job_key(const struct rf_dispatch *dispatch, struct rf_str id) {
    return rf_map_key(dispatch->jobs.seed, id.bytes, id.size);
}

// ---- lists ----

static void out_of_queue(struct rf_job *job) {
    struct rf_job_queue *queue = job->queue;
    if (job->held)
        TAILQ_REMOVE(&queue->held, job, link);
    else if (job->avoid == NULL)
        TAILQ_REMOVE(&queue->jobs, job, link);
    else
        TAILQ_REMOVE(&job->avoid->returned, job, link);
    if (job->avoid != NULL && TAILQ_EMPTY(&job->avoid->returned))
        TAILQ_REMOVE(&queue->returners, job->avoid, in_returners);
    queue->count--;
    queue->held_count -= job->held;
}

static void out_of_list(struct rf_job *job) {
    if (job->queue != NULL)
        out_of_queue(job);
    if (job->seat != NULL) {
        TAILQ_REMOVE(&job->seat->jobs, job, link);
        job->seat->in_hand--;
    }
    job->queue = NULL;
    job->held = false;
    job->seat = NULL;
    job->place = NULL;
    job->avoid = NULL;
    job->doubt.ns = 0;
}

static void into_queue(struct rf_job *job, struct rf_job_queue *queue) {
    out_of_list(job);
    job->queue = queue;
    queue->count++;
    rf_ground_start(job->dispatch->ground, &job->timer, job->due);
}

void rf_job_queue_up(struct rf_job *job, struct rf_job_queue *queue) {
    into_queue(job, queue);
    TAILQ_INSERT_TAIL(&queue->jobs, job, link);
}

void rf_job_give_back(struct rf_job *job, struct rf_job_queue *queue, struct rf_place *avoid) {
    into_queue(job, queue);
    job->avoid = avoid;
    if (avoid == NULL) {
        TAILQ_INSERT_HEAD(&queue->jobs, job, link);
        return;
    }
    if (TAILQ_EMPTY(&avoid->returned))
        TAILQ_INSERT_HEAD(&queue->returners, avoid, in_returners);
    TAILQ_INSERT_HEAD(&avoid->returned, job, link);
}

struct rf_job *rf_job_first(const struct rf_job_queue *queue) {
    const struct rf_place *returner = TAILQ_FIRST(&queue->returners);
    return returner != NULL ? TAILQ_FIRST(&returner->returned) : TAILQ_FIRST(&queue->jobs);
}

void rf_job_avoid_none(struct rf_place *place) {
    struct rf_job *job;
    while ((job = TAILQ_LAST(&place->returned, rf_job_list)) != NULL)
        rf_job_give_back(job, place->queue, NULL);
}

void rf_job_hold(struct rf_job *job, struct rf_job_queue *queue) {
    into_queue(job, queue);
    job->held = true;
    TAILQ_INSERT_TAIL(&queue->held, job, link);
    queue->held_count++;
}

void rf_job_hand_to(struct rf_job *job, struct rf_seat *seat, struct rf_place *place) {
    out_of_list(job);
    job->seat = seat;
    job->place = place;
    if (place == NULL)
        job->remaining_ns = 0;
    TAILQ_INSERT_TAIL(&seat->jobs, job, link);
    seat->in_hand++;
    // An adopted job has no deadline until somebody asks for it.
    if (job->frame != NULL)
        rf_ground_start(job->dispatch->ground, &job->timer,
                        rf_instant_add(job->due, rf_ns(RF_DISPATCH_ANSWER_GRACE)));
}

void rf_job_tell_cancel(const struct rf_job *job) {
    struct rf_call_cancel cancel = {.id = job->id};
    rf_ground_send(job->dispatch->ground, &job->seat->peer, RF_MESSAGE_call_cancel, &cancel);
}

// ---- beginning and end ----

// What it holds, and that its answer will have to be remembered, for its service and for all. Of
// one that was found nobody knows yet what it is.
static void charge(struct rf_job *job, size_t bytes) {
    job->bytes = bytes;
    job->dispatch->bytes += bytes;
    if (job->service != NULL)
        job->service->bytes += bytes;
    if (job->frame != NULL && !job->repeatable)
        rf_job_await(job, true);
}

static void discharge(struct rf_job *job) {
    job->dispatch->bytes -= job->bytes;
    if (job->service != NULL)
        job->service->bytes -= job->bytes;
    rf_job_await(job, false);
}

void rf_job_weigh(struct rf_job *job, ptrdiff_t more) {
    size_t bytes = job->bytes + (size_t)more;
    job->base += (size_t)more;
    discharge(job);
    charge(job, bytes);
}

static size_t block_of(const struct rf_map_key *id, size_t more) {
    return sizeof(struct rf_job) + id->size + 1 + more;
}

static size_t room_for(const struct rf_job_wish *wish) {
    return wish->request->operation.size + 1 + wish->raw.size + RF_WIRE_HOLD_MORE;
}

bool rf_job_fits(const struct rf_dispatch *dispatch, const struct rf_job_wish *wish) {
    size_t bytes = block_of(&wish->id, room_for(wish)), limit = dispatch->limits.bytes;
    size_t taken = dispatch->bytes + bytes;
    size_t of_service = wish->service == NULL ? 0 : wish->service->bytes;
    return taken <= limit && of_service + bytes <= limit - taken;
}

static void free_parts(struct rf_job *job) {
    rf_ground_stop(job->dispatch->ground, &job->timer);
    while (job->askers != NULL) {
        struct rf_asker *asker = job->askers;
        job->askers = asker->next;
        if (asker != &job->first)
            free(asker);
    }
    discharge(job);
    free(job->apart);
    free(job);
}

void rf_job_free(struct rf_job *job) {
    out_of_list(job);
    rf_map_remove(&job->dispatch->jobs, &job->by_id);
    free_parts(job);
}

static void on_due(void *arg) {
    struct rf_job *job = arg;
    bool in_hand = job->seat != NULL;
    if (in_hand)
        rf_job_tell_cancel(job);
    rf_job_end(job, RF_JOB_TOO_LATE, in_hand);
}

// A job that knows its id alone, and has room for `more` bytes behind it.
static struct rf_job *make(struct rf_dispatch *dispatch, const struct rf_map_key *id, size_t more) {
    struct rf_job *job = malloc(block_of(id, more));
    if (job == NULL)
        return NULL;
    memset(job, 0, offsetof(struct rf_job, first));
    job->dispatch = dispatch;
    rf_ground_timer(&job->timer, on_due, job);
    memcpy(job->id, id->bytes, id->size);
    job->id[id->size] = 0;
    struct rf_map_key key = {job->id, id->size, id->hash};
    if (!rf_map_add_key(&dispatch->jobs, &job->by_id, &key)) {
        free_parts(job);
        return NULL;
    }
    job->base = block_of(id, more);
    charge(job, job->base);
    return job;
}

// Puts the rest into the room at `at`, which takes `apart` bytes beside its base.
static void fill(struct rf_job *job, const struct rf_job_wish *wish, char *at, size_t apart) {
    const struct rf_call_request_glance *request = wish->request;
    discharge(job);
    job->operation = memcpy(at, request->operation.bytes, request->operation.size);
    at += request->operation.size;
    *at++ = 0;
    job->frame = (unsigned char *)at;
    job->frame_size = rf_wire_hold_request(&wish->raw, &request->remaining_ns_pair, job->frame,
                                           &job->remaining_at);
    job->service = wish->service;
    job->repeatable = request->repeatable;
    job->tried = request->attempts.size > 1; // more than an empty list
    job->anyway = request->anyway;
    job->due = wish->due;
    charge(job, job->base + apart);
}

struct rf_job *rf_job_new(struct rf_dispatch *dispatch, const struct rf_job_wish *wish) {
    struct rf_job *job = make(dispatch, &wish->id, room_for(wish));
    if (job != NULL)
        fill(job, wish, job->id + wish->request->id.size + 1, 0);
    return job;
}

struct rf_job *rf_job_found(struct rf_dispatch *dispatch, const char *id) {
    struct rf_map_key key = rf_job_key(dispatch, rf_str_of(id));
    return make(dispatch, &key, 0);
}

bool rf_job_describe(struct rf_job *job, const struct rf_job_wish *wish) {
    if (wish->raw.size > RF_WIRE_MAX_BYTES - RF_WIRE_HOLD_MORE)
        return false;
    char *apart = malloc(room_for(wish));
    if (apart == NULL)
        return false;
    fill(job, wish, apart, room_for(wish));
    free(job->apart);
    job->apart = apart;
    return true;
}

struct rf_message *rf_job_request(const struct rf_job *job) {
    struct rf_message *message = NULL;
    if (job->frame == NULL ||
        rf_wire_decode_relay(job->frame, job->frame_size, &message, NULL) != RF_OK)
        return NULL;
    return message;
}

// Packed anew from its fields.
static bool rewrite(struct rf_job *job, const struct rf_call_request *request) {
    struct rf_frame frame;
    if (rf_wire_encode(RF_MESSAGE_call_request, request, &frame, NULL) != RF_OK)
        return false;
    struct rf_glance glance;
    bool done = rf_wire_glance(frame.data, frame.size, &glance);
    if (done) {
        struct rf_job_wish wish = {&glance.as.call_request, glance.raw, rf_map_key_of(&job->by_id),
                                   job->service, job->due};
        done = rf_job_describe(job, &wish);
    }
    rf_frame_free(&frame);
    return done;
}

bool rf_job_say_anyway(struct rf_job *job, bool anyway) {
    struct rf_message *message = rf_job_request(job);
    if (message == NULL)
        return false;
    message->as.call_request.anyway = anyway;
    bool done = rewrite(job, &message->as.call_request);
    rf_message_destroy(&message);
    return done;
}

bool rf_job_add_attempts(struct rf_job *job, const struct rf_worker_handback *handback) {
    struct rf_message *message = rf_job_request(job);
    if (message == NULL)
        return false;
    struct rf_call_request *request = &message->as.call_request;
    request->attempts.items = handback->attempts.items;
    request->attempts.count = handback->attempts.count;
    request->retries = handback->retries;
    request->next_attempt = handback->next_attempt;
    bool done = rewrite(job, request);
    rf_message_destroy(&message);
    return done;
}
