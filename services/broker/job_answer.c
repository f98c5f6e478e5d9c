// The ends of a job: what its askers are told, and what is remembered of it.
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
    [RF_JOB_FORGOTTEN] = {"worker_lost", "it was answered, and there was no room to remember how",
                          offsetof(struct rf_counters, calls_worker_lost)},
    [RF_JOB_TOO_MANY] = {"overloaded",
                         "no place for a further call that may not be repeated: its answer is "
                         "remembered for 10 minutes (broker.answers)",
                         offsetof(struct rf_counters, calls_overloaded)},
    [RF_JOB_CANCELLED] = {"cancelled", "cancelled before a worker had it",
                          offsetof(struct rf_counters, calls_cancelled)},
};

size_t *rf_job_share(const struct rf_job *job) {
    return job->service == NULL ? NULL : &job->service->once;
}

static void send_raw(struct rf_ground *ground, const struct rf_peer *to,
                     const struct rf_bytes *reply) {
    if (rf_ground_send_raw(ground, to, reply) != RF_SENT_OK)
        ground->counters.replies_undeliverable++;
}

void rf_job_tell(const struct rf_job *job, const struct rf_bytes *reply) {
    for (const struct rf_asker *asker = job->askers; asker != NULL; asker = asker->next)
        send_raw(job->dispatch->ground, &asker->peer, reply);
}

// Of a call that is not known to be repeatable.
static enum rf_answers_memory memory_of(bool repeatable, bool may_be_sent) {
    if (repeatable)
        return may_be_sent ? RF_ANSWERS_REPEATABLE : RF_ANSWERS_REPEATABLE_NO;
    return may_be_sent ? RF_ANSWERS_ONCE : RF_ANSWERS_ONCE_NO;
}

// The room that was taken for the answer is free for it.
static void keep(struct rf_job *job, enum rf_answers_memory memory, const struct rf_bytes *reply,
                 bool own) {
    struct rf_map_key id = rf_map_key_of(&job->by_id);
    rf_job_await(job, false);
    rf_answers_keep(&job->dispatch->answers, memory, &id, reply, own, rf_job_share(job),
                    job->dispatch->ground->now.instant);
}

void rf_job_await(struct rf_job *job, bool awaited) {
    if (job->awaited != awaited &&
        rf_answers_await(&job->dispatch->answers, rf_job_share(job), awaited))
        job->awaited = awaited;
}

void rf_job_keep(struct rf_job *job, const struct rf_bytes *reply) {
    keep(job, memory_of(job->repeatable, true), reply, false);
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

// Without memory, or with attempts beyond the largest frame, as short as it can be. False: not at
// all.
static bool pack(struct rf_dispatch *dispatch, struct rf_call_reply *reply,
                 struct rf_frame *frame) {
    if (rf_wire_encode(RF_MESSAGE_call_reply, reply, frame, NULL) == RF_OK)
        return true;
    reply->attempts.count = 0;
    if (rf_wire_encode(RF_MESSAGE_call_reply, reply, frame, NULL) == RF_OK)
        return true;
    dispatch->ground->counters.replies_undeliverable++;
    return false;
}

// What was surely not begun may be asked for anew, but who only asks again, as the answer may be
// lost, gets the same one: it may have arrived.
void rf_job_end(struct rf_job *job, enum rf_job_answer answer, bool may_be_sent) {
    struct rf_dispatch *dispatch = job->dispatch;
    may_be_sent = may_be_sent || job->uncertain;
    struct rf_call_reply reply = own_reply(dispatch, job->id, answer, may_be_sent);
    struct rf_message *request = job->tried ? rf_job_request(job) : NULL;
    if (request != NULL) {
        reply.attempts.items = request->as.call_request.attempts.items;
        reply.attempts.count = request->as.call_request.attempts.count;
    }
    struct rf_frame frame;
    if (pack(dispatch, &reply, &frame)) {
        struct rf_bytes raw = {frame.data, frame.size};
        keep(job, memory_of(job->repeatable, may_be_sent), &raw, true);
        rf_job_tell(job, &raw);
        rf_frame_free(&frame);
    }
    rf_message_destroy(&request);
    rf_job_free(job);
}

// It took no room, so that those that are unsure have a memory of their own.
void rf_job_refuse(struct rf_dispatch *dispatch, const struct rf_peer *to,
                   const struct rf_job_wish *wish, enum rf_job_answer answer, bool may_be_sent) {
    char *id = strndup(wish->id.bytes, wish->id.size);
    if (id == NULL) {
        dispatch->ground->counters.replies_undeliverable++;
        return;
    }
    struct rf_call_reply reply = own_reply(dispatch, id, answer, may_be_sent);
    struct rf_frame frame;
    bool packed = pack(dispatch, &reply, &frame);
    free(id);
    if (!packed)
        return;
    struct rf_bytes raw = {frame.data, frame.size};
    enum rf_answers_memory memory =
        may_be_sent ? RF_ANSWERS_UNSURE : memory_of(wish->request->repeatable, false);
    rf_answers_keep(&dispatch->answers, memory, &wish->id, &raw, true, NULL,
                    dispatch->ground->now.instant);
    send_raw(dispatch->ground, to, &raw);
    rf_frame_free(&frame);
}

void rf_job_answer_once(struct rf_dispatch *dispatch, const struct rf_peer *to, const char *id,
                        enum rf_job_answer answer, bool may_be_sent) {
    struct rf_call_reply reply = own_reply(dispatch, id, answer, may_be_sent);
    if (rf_ground_send(dispatch->ground, to, RF_MESSAGE_call_reply, &reply) != RF_SENT_OK)
        dispatch->ground->counters.replies_undeliverable++;
}
