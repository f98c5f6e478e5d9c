#include "job.h"

#include <stdlib.h>
#include <string.h>

#include "dispatch.h"

static const struct {
    const char *code, *message;
    size_t counter; // its place in struct rf_counters
} answers[] = {
    [RF_JOB_NO_WORKER] = {"no_worker", "no worker offers this service",
                          offsetof(struct rf_counters, calls_no_worker)},
    [RF_JOB_OVERLOADED] = {"overloaded", "no place for a further call",
                           offsetof(struct rf_counters, calls_overloaded)},
    [RF_JOB_TOO_LATE] = {"deadline_exceeded", "the deadline came first",
                         offsetof(struct rf_counters, calls_deadline_exceeded)},
    [RF_JOB_WORKER_LOST] = {"worker_lost", "the worker vanished with the call in hand",
                            offsetof(struct rf_counters, calls_worker_lost)},
    [RF_JOB_UNCERTAIN] =
        {"worker_lost", "the broker was restarted, and a worker that may have the call is not back",
         offsetof(struct rf_counters, calls_worker_lost)},
    [RF_JOB_CANCELLED] = {"cancelled", "cancelled before a worker had it",
                          offsetof(struct rf_counters, calls_cancelled)},
};

struct rf_job *rf_job_find(const struct rf_dispatch *dispatch, const char *id) {
    struct rf_map_node *node = rf_map_find_text(&dispatch->jobs, id);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_job, by_id);
}

static void out_of_list(struct rf_job *job) {
    if (job->queue != NULL) {
        TAILQ_REMOVE(job->held ? &job->queue->held : &job->queue->jobs, job, link);
        job->queue->count--;
        job->queue->held_count -= job->held;
    }
    if (job->seat != NULL) {
        TAILQ_REMOVE(&job->seat->jobs, job, link);
        job->seat->in_hand--;
    }
    job->queue = NULL;
    job->held = false;
    job->seat = NULL;
    job->place = NULL;
    job->doubt.ns = 0;
}

static void free_parts(struct rf_job *job) {
    rf_ground_stop(job->dispatch->ground, &job->timer);
    while (job->askers != NULL) {
        struct rf_asker *asker = job->askers;
        job->askers = asker->next;
        if (asker != &job->first)
            free(asker);
    }
    rf_message_destroy(&job->request);
    rf_message_destroy(&job->handback);
    free(job->avoid);
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
    if (in_hand) {
        struct rf_call_cancel cancel = {.id = job->id};
        rf_ground_send(job->dispatch->ground, &job->seat->peer, RF_MESSAGE_call_cancel, &cancel);
    }
    rf_job_end(job, RF_JOB_TOO_LATE, in_hand);
}

struct rf_job *rf_job_new(struct rf_dispatch *dispatch, const char *id) {
    size_t size = strlen(id) + 1;
    struct rf_job *job = calloc(1, sizeof *job + size);
    if (job == NULL)
        return NULL;
    job->dispatch = dispatch;
    rf_ground_timer(&job->timer, on_due, job);
    memcpy(job->id, id, size);
    if (!rf_map_add_text(&dispatch->jobs, &job->by_id, job->id)) {
        free_parts(job);
        return NULL;
    }
    return job;
}

// ---- answers ----

void rf_job_tell(const struct rf_job *job, const struct rf_call_reply *reply) {
    struct rf_ground *ground = job->dispatch->ground;
    for (const struct rf_asker *asker = job->askers; asker != NULL; asker = asker->next) {
        if (rf_ground_send(ground, &asker->peer, RF_MESSAGE_call_reply, reply) != RF_SENT_OK)
            ground->counters.replies_undeliverable++;
    }
}

void rf_job_tell_raw(const struct rf_job *job, const struct rf_bytes *raw) {
    struct rf_ground *ground = job->dispatch->ground;
    for (const struct rf_asker *asker = job->askers; asker != NULL; asker = asker->next) {
        if (rf_ground_send_raw(ground, &asker->peer, raw) != RF_SENT_OK)
            ground->counters.replies_undeliverable++;
    }
}

static struct rf_call_reply own_reply(struct rf_dispatch *dispatch, const char *id,
                                      enum rf_job_answer answer, bool may_be_sent) {
    ++*(int64_t *)((char *)&dispatch->ground->counters + answers[answer].counter);
    return (struct rf_call_reply){.id = id,
                                  .class = "local",
                                  .code = answers[answer].code,
                                  .message = answers[answer].message,
                                  .sent = may_be_sent ? "maybe" : "no"};
}

// What was surely not begun may be asked for anew, but who only asks again, as the answer may be
// lost, gets the same one: it may have arrived.
static void keep(struct rf_dispatch *dispatch, const struct rf_call_reply *reply,
                 bool may_be_sent) {
    rf_answers_keep_own(may_be_sent ? &dispatch->answers : &dispatch->refused, reply,
                        dispatch->ground->now.instant);
}

void rf_job_end(struct rf_job *job, enum rf_job_answer answer, bool may_be_sent) {
    struct rf_dispatch *dispatch = job->dispatch;
    may_be_sent = may_be_sent || job->uncertain;
    struct rf_call_reply reply = own_reply(dispatch, job->id, answer, may_be_sent);
    keep(dispatch, &reply, may_be_sent);
    if (job->request != NULL) {
        reply.attempts.items = job->request->as.call_request.attempts.items;
        reply.attempts.count = job->request->as.call_request.attempts.count;
    }
    rf_job_tell(job, &reply);
    rf_job_free(job);
}

void rf_job_refuse(struct rf_dispatch *dispatch, const struct rf_peer *to, const char *id,
                   enum rf_job_answer answer, bool may_be_sent) {
    struct rf_call_reply reply = own_reply(dispatch, id, answer, may_be_sent);
    keep(dispatch, &reply, false);
    if (rf_ground_send(dispatch->ground, to, RF_MESSAGE_call_reply, &reply) != RF_SENT_OK)
        dispatch->ground->counters.replies_undeliverable++;
}

// ---- who waits ----

bool rf_job_asked_by(const struct rf_job *job, const struct rf_peer *peer) {
    for (const struct rf_asker *asker = job->askers; asker != NULL; asker = asker->next) {
        if (rf_peer_same(&asker->peer, peer))
            return true;
    }
    return false;
}

bool rf_job_ask(struct rf_job *job, const struct rf_peer *peer) {
    if (rf_job_asked_by(job, peer))
        return true;
    struct rf_asker *asker = NULL;
    if (job->asker_count == 0)
        asker = &job->first;
    else if (job->asker_count < RF_JOB_MAX_ASKERS)
        asker = malloc(sizeof *asker);
    if (asker == NULL)
        return false;
    *asker = (struct rf_asker){job->askers, *peer};
    job->askers = asker;
    job->asker_count++;
    return true;
}

// ---- where it is ----

void rf_job_accept(struct rf_job *job, struct rf_message **request, struct rf_instant due) {
    job->request = *request;
    job->request->raw = (struct rf_bytes){NULL, 0}; // not ours for so long
    *request = NULL;
    job->due = due;
    if (job->dispatch->refused.count > 0)
        rf_answers_forget(&job->dispatch->refused, job->id);
}

void rf_job_queue_up(struct rf_job *job, struct rf_job_queue *queue, bool first) {
    out_of_list(job);
    job->queue = queue;
    if (first)
        TAILQ_INSERT_HEAD(&queue->jobs, job, link);
    else
        TAILQ_INSERT_TAIL(&queue->jobs, job, link);
    queue->count++;
    rf_ground_start(job->dispatch->ground, &job->timer, job->due);
}

void rf_job_hold(struct rf_job *job, struct rf_job_queue *queue) {
    out_of_list(job);
    job->queue = queue;
    job->held = true;
    TAILQ_INSERT_TAIL(&queue->held, job, link);
    queue->count++;
    queue->held_count++;
    rf_ground_start(job->dispatch->ground, &job->timer, job->due);
}

void rf_job_hand_to(struct rf_job *job, struct rf_seat *seat, struct rf_place *place) {
    out_of_list(job);
    job->seat = seat;
    job->place = place;
    TAILQ_INSERT_TAIL(&seat->jobs, job, link);
    seat->in_hand++;
    // An adopted job has no deadline until somebody asks for it.
    if (job->request != NULL)
        rf_ground_start(job->dispatch->ground, &job->timer,
                        rf_instant_add(job->due, rf_ns(RF_DISPATCH_ANSWER_GRACE)));
}
