// A job: a call between its request and its answer.
#ifndef RF_BROKER_JOB_H
#define RF_BROKER_JOB_H

#include <sys/queue.h>

#include "base/map.h"
#include "ground.h"
#include "wire/wire.h"

#define RF_JOB_MAX_ASKERS 8

struct rf_dispatch;
struct rf_job_queue;
struct rf_seat;
struct rf_place;

TAILQ_HEAD(rf_job_list, rf_job);

// Who waits for the answer: the client that asked, and whoever repeated the id meanwhile.
struct rf_asker {
    struct rf_asker *next;
    struct rf_peer peer;
};

struct rf_job {
    struct rf_map_node by_id;
    TAILQ_ENTRY(rf_job) link; // of its queue's jobs, or of its seat's
    struct rf_dispatch *dispatch;
    struct rf_message *request;     // NULL: found in the hand of a worker that registered
    struct rf_message *handback;    // the last one, whose attempts the request borrows
    struct rf_asker first, *askers; // the first stands here, as most jobs have no other
    size_t asker_count;
    struct rf_job_queue *queue; // while it waits; NULL in hand
    bool held;                  // in its queue, among those that are held
    bool again;                 // the id was asked for before, perhaps at another broker
    bool uncertain;             // and somebody may have begun it
    bool unwanted;              // cancelled while it was held
    struct rf_instant asked;    // first
    struct rf_seat *seat;       // in whose hand; NULL while it waits
    struct rf_place *place;     // whose credit it took; NULL if adopted
    char *avoid;                // the worker that handed it back
    struct rf_instant due;      // the earlier of deadline and remaining time
    struct rf_timer timer;
    struct rf_instant doubt; // not 0: may have been lost on the way; lost if not seen until then
    uint64_t listed;         // the last heartbeat that named it
    char id[];
};

// The answers that the broker gives itself, all of class `local`.
enum rf_job_answer {
    RF_JOB_NO_WORKER,
    RF_JOB_OVERLOADED,
    RF_JOB_TOO_LATE,
    RF_JOB_WORKER_LOST,
    RF_JOB_UNCERTAIN, // worker_lost, too
    RF_JOB_CANCELLED,
};

struct rf_job *rf_job_find(const struct rf_dispatch *dispatch, const char *id);

// rf_job_new: a job in no list, found by its id from now on; NULL if out of memory.
struct rf_job *rf_job_new(struct rf_dispatch *dispatch, const char *id);

// rf_job_free: out of its list and forgotten, without an answer.
void rf_job_free(struct rf_job *job);

// rf_job_end: answers all that wait with an answer of the broker's own, and frees the job. What may
// have been sent to a provider is remembered for whoever repeats the id; the rest for who only asks
// again, as he may not have seen it.
void rf_job_end(struct rf_job *job, enum rf_job_answer answer, bool may_be_sent);

// rf_job_refuse: such an answer to a request that did not become a job.
void rf_job_refuse(struct rf_dispatch *dispatch, const struct rf_peer *to, const char *id,
                   enum rf_job_answer answer, bool may_be_sent);

// rf_job_tell: sends a reply to all that wait.
void rf_job_tell(const struct rf_job *job, const struct rf_call_reply *reply);

// rf_job_tell_raw: the same with a reply that is packed already.
void rf_job_tell_raw(const struct rf_job *job, const struct rf_bytes *raw);

// rf_job_ask: one more peer waits; true also if it waits already. False beyond RF_JOB_MAX_ASKERS,
// or out of memory.
bool rf_job_ask(struct rf_job *job, const struct rf_peer *peer);
bool rf_job_asked_by(const struct rf_job *job, const struct rf_peer *peer);

// rf_job_accept: the job is this request, which it takes over, due then.
void rf_job_accept(struct rf_job *job, struct rf_message **request, struct rf_instant due);

// rf_job_queue_up: takes the job out of the list that it is in and puts it into a queue. `first`:
// before all others.
void rf_job_queue_up(struct rf_job *job, struct rf_job_queue *queue, bool first);

// rf_job_hold: the same, among those that are held.
void rf_job_hold(struct rf_job *job, struct rf_job_queue *queue);

// rf_job_hand_to: takes the job out of the list that it is in and puts it into a worker's hand.
// `place` NULL: it takes no credit of this registration.
void rf_job_hand_to(struct rf_job *job, struct rf_seat *seat, struct rf_place *place);

#endif
