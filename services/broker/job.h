// A job: a call between its request and its answer.
#ifndef RF_BROKER_JOB_H
#define RF_BROKER_JOB_H

#include <sys/queue.h>

#include "base/map.h"
#include "ground.h"
#include "wire/glance.h"

#define RF_JOB_MAX_ASKERS 8

struct rf_dispatch;
struct rf_job_queue;
struct rf_seat;
struct rf_place;

TAILQ_HEAD(rf_job_list, rf_job);

// Who waits for the answer: the client that asked, and whoever repeated the id meanwhile.
struct rf_asker {
    struct rf_asker *next;
    bool cancelled; // and waits for the answer all the same
    struct rf_peer peer;
};

// Its request is kept as the bytes that go to the worker (rf_wire_hold_request), in the same
// allocation: whoever needs to look into it, which is seldom, decodes it.
struct rf_job {
    struct rf_map_node by_id;
    TAILQ_ENTRY(rf_job) link; // of its queue's jobs, of its seat's, or of those that `avoid` gave
    struct rf_dispatch *dispatch;
    unsigned char *frame; // NULL: found in the hand of a worker that registered
    size_t frame_size, remaining_at;
    const char *operation;        // behind the id, or at `apart`
    char *apart;                  // operation and frame, where they came later than the id
    struct rf_job_queue *service; // where it belongs; NULL: not known, or there are too many
    size_t base;                  // bytes that it holds beside `apart`
    size_t bytes;                 // of all that it holds, as they are counted
    bool awaited;                 // room for its answer is taken
    bool repeatable;              // known with its request
    bool tried;                   // the request tells of attempts
    bool anyway;                  // the request says so
    struct rf_asker *askers;      // the newest first
    size_t asker_count;
    struct rf_job_queue *queue; // while it waits; NULL in hand
    bool held;                  // in its queue, among those that are held
    bool again;                 // the id was asked for before, perhaps at another broker
    bool uncertain;             // and somebody may have begun it
    struct rf_instant asked;    // first
    struct rf_seat *seat;       // in whose hand; NULL while it waits
    struct rf_place *place;     // whose credit it took; NULL if adopted
    int64_t remaining_ns;       // as the last hand-out said: another each time; 0: adopted
    struct rf_place *avoid;     // the worker's that handed it back, while that is there
    struct rf_instant due;      // the earlier of deadline and remaining time
    struct rf_timer timer;
    struct rf_instant doubt; // not 0: may have been lost on the way; lost if not seen until then
    uint64_t listed;         // the last heartbeat that named it
    struct rf_asker first;   // one of the askers, as most jobs have no other; undefined before it
    char id[];
};

// The answers that the broker gives itself, all of class `local`.
enum rf_job_answer {
    RF_JOB_TAKEN, // no answer
    RF_JOB_NO_WORKER,
    RF_JOB_OVERLOADED,
    RF_JOB_TOO_LATE,
    RF_JOB_WORKER_LOST,
    RF_JOB_UNCERTAIN, // worker_lost, too
    RF_JOB_FORGOTTEN, // and this
    RF_JOB_TOO_MANY,  // overloaded, too: by answers that may not be forgotten
    RF_JOB_CANCELLED,
};

struct rf_job *rf_job_find(const struct rf_dispatch *dispatch, const struct rf_map_key *id);

// rf_job_key: an id as jobs and answers are found by it.
struct rf_map_key rf_job_key(const struct rf_dispatch *dispatch, struct rf_str id);

// What a job is made of.
struct rf_job_wish {
    const struct rf_call_request_glance *request;
    struct rf_bytes raw; // in which it is seen
    struct rf_map_key id;
    struct rf_job_queue *service; // where it belongs; NULL: there are too many
    struct rf_instant due;
};

// rf_job_new: a job in no list, found by its id from now on; NULL if out of memory. All that it
// holds counts for its service until it is freed; for which there is room if rf_job_fits.
struct rf_job *rf_job_new(struct rf_dispatch *dispatch, const struct rf_job_wish *wish);
bool rf_job_fits(const struct rf_dispatch *dispatch, const struct rf_job_wish *wish);

// rf_job_found: the same for a call found in a worker's hand, of which only the id is known.
// rf_job_describe: somebody asked for it (or it goes on changed), so that the rest is known, too.
// False if out of memory, or beyond what a worker takes in one frame; it stays as it was then.
struct rf_job *rf_job_found(struct rf_dispatch *dispatch, const char *id);
bool rf_job_describe(struct rf_job *job, const struct rf_job_wish *wish);

// rf_job_say_anyway: what the request says so from now on. False if out of memory.
bool rf_job_say_anyway(struct rf_job *job, bool anyway);

// rf_job_add_attempts: the request goes on with what has been tried so far. False if out of memory,
// or beyond the largest frame.
bool rf_job_add_attempts(struct rf_job *job, const struct rf_worker_handback *handback);

// rf_job_request: what is asked for, decoded anew: the caller destroys it. NULL if that is not
// known, or out of memory.
struct rf_message *rf_job_request(const struct rf_job *job);

// rf_job_share: what counts the calls of its service whose answers may not be forgotten; NULL: it
// has no service.
size_t *rf_job_share(const struct rf_job *job);

// rf_job_weigh: what it holds takes so many bytes more, or (below 0) less.
void rf_job_weigh(struct rf_job *job, ptrdiff_t more);

// rf_job_free: out of its list and forgotten, without an answer.
void rf_job_free(struct rf_job *job);

// rf_job_end: answers all that wait with an answer of the broker's own, and frees the job. What may
// have been sent to a provider is remembered for whoever repeats the id; the rest for who only asks
// again, as he may not have seen it.
void rf_job_end(struct rf_job *job, enum rf_job_answer answer, bool may_be_sent);

// rf_job_refuse: such an answer to a request that did not become a job.
void rf_job_refuse(struct rf_dispatch *dispatch, const struct rf_peer *to,
                   const struct rf_job_wish *wish, enum rf_job_answer answer, bool may_be_sent);

// rf_job_answer_once: such an answer to one peer, which is not remembered.
void rf_job_answer_once(struct rf_dispatch *dispatch, const struct rf_peer *to, const char *id,
                        enum rf_job_answer answer, bool may_be_sent);

// rf_job_tell: sends a packed reply to all that wait.
void rf_job_tell(const struct rf_job *job, const struct rf_bytes *reply);

// rf_job_await: room for its answer is taken, if there is any, or (false) given back.
void rf_job_await(struct rf_job *job, bool awaited);

// rf_job_keep: remembers a worker's packed reply, which says more than `no` of what was sent.
void rf_job_keep(struct rf_job *job, const struct rf_bytes *reply);

// rf_job_ask: one more peer waits, if it does not yet. Beyond RF_JOB_MAX_ASKERS it takes the place
// of the one that asked first, which is told `overloaded` and mostly is gone: a client that lost
// its connection asks again over another. False if out of memory.
// Who asks after it has cancelled wants it again.
bool rf_job_ask(struct rf_job *job, const struct rf_peer *peer);

// rf_job_call_off: the peer no longer wants it. False if it does not wait.
bool rf_job_call_off(struct rf_job *job, const struct rf_peer *peer);

// rf_job_unwanted: whether somebody has cancelled it, and nobody is there who has not: a client
// that lost its connection asks again over another, and cancels there. Those who are gone are
// forgotten.
bool rf_job_unwanted(struct rf_job *job);

// rf_job_queue_up: takes the job out of the list that it is in and puts it behind all others of its
// queue. rf_job_give_back: before them, for another worker than `avoid` (NULL: for any).
// rf_job_first: the one in the queue that is next, whoever can take it; NULL: none waits.
// rf_job_avoid_none: the place is about to go, and with it what avoided it.
void rf_job_queue_up(struct rf_job *job, struct rf_job_queue *queue);
void rf_job_give_back(struct rf_job *job, struct rf_job_queue *queue, struct rf_place *avoid);
struct rf_job *rf_job_first(const struct rf_job_queue *queue);
void rf_job_avoid_none(struct rf_place *place);

// rf_job_hold: the same, among those that are held.
void rf_job_hold(struct rf_job *job, struct rf_job_queue *queue);

// rf_job_hand_to: takes the job out of the list that it is in and puts it into a worker's hand.
// `place` NULL: it takes no credit of this registration.
void rf_job_hand_to(struct rf_job *job, struct rf_seat *seat, struct rf_place *place);

// rf_job_tell_cancel: tells the worker that has it in hand that nobody waits for it.
void rf_job_tell_cancel(const struct rf_job *job);

#endif
