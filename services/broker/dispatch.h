// Calls: queued per service, handed to the worker with the most credit, answered once.
//
// What cannot be served is answered with class `local`:
//   no_worker          no worker that is not draining offers the service. For one lease after the
//                      broker's start calls wait instead, as the workers are still registering.
//   overloaded         the queue of the service is full, or there is no room to remember the answer
//                      of a call that may not be repeated
//   deadline_exceeded  `sent: no` in the queue, at exactly the deadline; `sent: maybe` in hand, a
//                      second after it, so that the worker's own answer, which knows more, can come
//   worker_lost        the worker vanished with the request in hand (`sent: maybe`): silent for a
//                      lease (two heartbeats, by default), or its connection is gone
//   cancelled          before a worker had it
//
// Workers that are kept from a provider (ejected, suspected) get no calls while others are left. As
// long as workers still register after a start, calls wait for those others; when none has come,
// the last one is ejected no more. Where each of several is kept from another provider, a call goes
// to one of them, and if that gives it back to the next, to be carried out there `anyway`: it comes
// back once at most.
//
// One id is carried out once: a repeated id joins the call in flight, or gets the answer that it
// got before. Only what surely nothing began (`sent: no`) may be asked for anew.
//
// Also across a restart of the broker. Until every worker of the stored registry has registered and
// told what it did (recovery.h), or one lease since the start is over, no call is dispatched that
// may not be repeated, and none that was asked for before (`asked_ns`): each waits for the worker
// that has it in hand, or is answered as that worker says. Afterwards one that was asked for before
// is carried out if it is proven that nobody began it, or if it may be repeated; else it is
// answered worker_lost (`sent: maybe`).
#ifndef RF_BROKER_DISPATCH_H
#define RF_BROKER_DISPATCH_H

#include "answers.h"
#include "recovery.h"
#include "seats.h"

#define RF_DISPATCH_ANSWER_GRACE (1 * RF_NS_PER_S) // the client library waits for 2 s

struct rf_dispatch_limits {
    size_t waiting; // calls of a service
    // Calls of all services, in hand of workers too. A service may take as much as it leaves free:
    // half of it if it is alone, and one that is flooded leaves room for others.
    size_t bytes;
    size_t once; // answers to calls that may not be repeated (answers.h); shared in the same way
};

struct rf_dispatch_hooks {
    // A worker goes; before its calls are answered.
    void (*lost)(void *arg, const struct rf_seat *seat);
    // Whether a client is still there, as far as can be told at once.
    bool (*there)(void *arg, const struct rf_peer *client);
    void *arg;
};

struct rf_dispatch {
    struct rf_ground *ground;
    struct rf_seats seats;
    struct rf_answers answers;
    struct rf_map jobs; // by id
    size_t bytes;       // of all jobs
    struct rf_recovery recovery;
    struct rf_timer recovering; // while it runs, who is awaited is
    struct rf_instant began;
    struct rf_dispatch_limits limits;
    struct rf_timer grace; // after the start; while it runs, a service without worker waits
    uint64_t heartbeats;
    struct rf_dispatch_hooks hooks;
};

// rf_dispatch_init: nothing queued.
void rf_dispatch_init(struct rf_dispatch *dispatch, struct rf_ground *ground,
                      const struct rf_dispatch_limits *limits,
                      const struct rf_dispatch_hooks *hooks);
void rf_dispatch_fini(struct rf_dispatch *dispatch);

// ---- callers.c: what clients say ----

// rf_dispatch_request: a client's call.request.
void rf_dispatch_request(struct rf_dispatch *dispatch, const struct rf_peer *from,
                         const struct rf_glance *glance);

// rf_dispatch_cancel: a client no longer wants it. That ends the call when all who wait for it have
// said so, or are gone: in the queue it is answered `cancelled`, in hand the worker is told, and
// its answer goes to the clients. One who is found to be gone later ends it when it would be handed
// out.
void rf_dispatch_cancel(struct rf_dispatch *dispatch, const struct rf_peer *from, const char *id);

// ---- dispatch.c ----

// rf_dispatch_recover: workers from before the start are awaited; returns until when.
struct rf_instant rf_dispatch_recover(struct rf_dispatch *dispatch);

// rf_dispatch_recovering: whether calls are held. rf_dispatch_told: the worker has told all results
// that it remembers (worker.recalled).
bool rf_dispatch_recovering(const struct rf_dispatch *dispatch);
void rf_dispatch_told(struct rf_dispatch *dispatch, struct rf_seat *seat,
                      const struct rf_worker_recalled *recalled);

// rf_dispatch_credit: the worker gave places of a service back, of which what waits gets some.
void rf_dispatch_credit(struct rf_dispatch *dispatch, struct rf_seat *seat,
                        const struct rf_worker_credit_glance *credit);

// rf_dispatch_pump: hands out what waits for the services of this worker, and answers what waits
// for those that nobody offers any more. rf_dispatch_pump_all: the same for all services.
void rf_dispatch_pump(struct rf_dispatch *dispatch, struct rf_seat *seat);
void rf_dispatch_pump_all(struct rf_dispatch *dispatch);

// rf_dispatch_requeue: a job that a worker gave back goes to the front of its queue, for another
// than `avoid` (may be NULL), or is answered.
void rf_dispatch_requeue(struct rf_dispatch *dispatch, struct rf_job *job, struct rf_place *avoid);

// ---- hand.c: what workers say of the calls in their hand ----

// rf_dispatch_heartbeat: registers or hears a worker and settles what it says of the calls in its
// hand. Sends nothing to the worker: answer it, then call rf_dispatch_pump. NULL if it is late, or
// could not be registered. `news` tells how it was found.
struct rf_seat *rf_dispatch_heartbeat(struct rf_dispatch *dispatch, const struct rf_peer *from,
                                      const struct rf_worker_heartbeat *heartbeat,
                                      enum rf_seat_news *news);

// rf_dispatch_reply: a worker's call.reply goes to whoever waits for it. A reply to a call that is
// over already takes the place of our guess (worker_lost, deadline_exceeded) for whoever repeats
// the id. `seat` NULL: the sender is not registered.
void rf_dispatch_reply(struct rf_dispatch *dispatch, struct rf_seat *seat,
                       const struct rf_glance *glance);

// rf_dispatch_handback: a call that waits for a retry goes to the front of its queue, for another
// worker.
void rf_dispatch_handback(struct rf_dispatch *dispatch, struct rf_seat *seat,
                          const struct rf_worker_handback *handback);

#endif
