// The serving side: a process that carries out calls of some services (gateways; the orchestrator
// for "campaign"). Registration, heartbeat, credit, outcomes and breaker states over the `workers`
// socket.
//
// Credit: each offered service has a capacity. A request that comes takes a place; the worker gives
// it back by rf_worker_release when the call ends or begins to wait, at most once each.
#ifndef RINGFENCE_WORKER_H
#define RINGFENCE_WORKER_H

#include <ringfence/class.h>
#include <ringfence/error.h>
#include <ringfence/messages.h>
#include <ringfence/time.h>

#pragma GCC visibility push(default)

struct rf_bus;
struct rf_worker;

struct rf_worker_offer {
    const char *service;
    int64_t capacity;
};

struct rf_worker_handlers {
    // A request came; it must be answered once by rf_worker_reply or rf_worker_handback. Borrowed
    // during the call.
    void (*request)(void *arg, const struct rf_call_request *request);
    // The caller no longer wants it; answer it all the same. May be NULL.
    void (*cancel)(void *arg, const char *id);
    // A breaker's state as the authority has it (also all of them after a registration). May be
    // NULL.
    void (*breaker)(void *arg, const struct rf_breaker_view *breaker);
    // Answer to rf_worker_permit: `permit` NULL means refused; `lease` is what is left of it now.
    // May be NULL.
    void (*permit)(void *arg, const char *call, const char *service, const char *permit,
                   int64_t epoch, struct rf_duration lease);
    // The broker is there (true), or was lost (false): dials that have not begun are to be dropped.
    void (*connected)(void *arg, bool connected);
    // What rf_worker_unsent counts is 0 again. May be NULL.
    void (*all_sent)(void *arg);
    // Limits of provider accounts that the broker keeps for all workers. All three, or none (NULL).
    // A registration was made, and with it a term begins, before any request of it comes. `kept`
    // false: this broker keeps none, and each worker's own limits hold.
    void (*term)(void *arg, bool kept);
    // Fills in what the broker is to be told, but stamp and answer. With `all` all of it, else what
    // is news. Called once a pass at most; what it points to is borrowed during the pass. False:
    // nothing.
    bool (*demand)(void *arg, bool all, struct rf_limit_demand *demand);
    // The broker granted; nothing more is begun by it after `until`.
    void (*share)(void *arg, const struct rf_limit_share *share, struct rf_instant until);
};

// rf_worker_new: registers as soon as the broker is there. Everything is borrowed for the worker's
// life but `offers`, which is copied.
RF_NODISCARD enum rf_err rf_worker_new(struct rf_bus *bus, const struct rf_worker_offer *offers,
                                       size_t count, const struct rf_worker_handlers *handlers,
                                       void *arg, struct rf_worker **worker,
                                       struct rf_error *error);

#define RF_WORKER_MAX_PROVIDERS 8 // of one service

// rf_worker_uses: whom the worker asks to carry out `service`: its results are weighed with those
// of the other workers that ask the same, and the breaker's authority may keep it from one of them
// (rf_breaker_view.ejected_until). May be told again at any time. The texts are borrowed for the
// worker's life; any beyond RF_WORKER_MAX_PROVIDERS are left out.
void rf_worker_uses(struct rf_worker *worker, const char *service, const char *const *providers,
                    size_t count);

// rf_worker_destroy: says goodbye and closes. Calls still in hand are lost to their callers.
void rf_worker_destroy(struct rf_worker **worker);

// rf_worker_reply: answers a request; its id leaves the list of ids in hand. A reply whose broker
// is away is kept and sent after the next registration. It is kept until the broker has surely read
// it, and sent again if its connection broke; that of a request that is not repeatable is
// remembered for ten minutes (10,000 of them at most) and told to every broker that we register
// with.
void rf_worker_reply(struct rf_worker *worker, const struct rf_call_reply *reply);

// rf_worker_release: one place of `service` is free again. `waiting` is the number of its calls
// that wait for a retry now.
void rf_worker_release(struct rf_worker *worker, const char *service, int64_t waiting);

// rf_worker_waiting: so many calls of `service` wait for a retry now. rf_worker_release tells it,
// too; this is for those whose wait ends without a place to give back.
void rf_worker_waiting(struct rf_worker *worker, const char *service, int64_t waiting);

// What the breaker's authority is told of an attempt; texts are copied.
struct rf_worker_result {
    const char *provider;
    int64_t epoch;           // of the breaker when the attempt began
    const char *permit;      // of a test request; NULL: none
    enum rf_class class;     // of the result
    struct rf_duration took; // since the attempt began
    const char *error;       // of a failure, for people; or NULL
    bool slow;      // it has been running for breaker.slow_after and still runs: no result yet
    bool slow_told; // the result of an attempt that was reported slow before
};

// rf_worker_report: as rf_worker_outcome, which is one of its plain results.
void rf_worker_report(struct rf_worker *worker, const struct rf_worker_result *result);

// rf_worker_outcome: reports an attempt to the breaker's authority; numbered and repeated until it
// is acknowledged. `permit` NULL: not a test request.
void rf_worker_outcome(struct rf_worker *worker, const char *provider, int64_t epoch,
                       const char *permit, enum rf_class c, struct rf_duration took,
                       const char *error_text);

// rf_worker_permit: asks to be the test request of `provider` in `epoch`; answered by
// handlers.permit, also (refused) when the broker goes.
void rf_worker_permit(struct rf_worker *worker, const char *call, const char *provider,
                      int64_t epoch);

// rf_worker_demand_soon: handlers.demand has news: it is asked when the running handler returns.
void rf_worker_demand_soon(struct rf_worker *worker);

// rf_worker_handback: gives a waiting call back, for another worker to go on with.
void rf_worker_handback(struct rf_worker *worker, const struct rf_worker_handback *handback);

// rf_worker_drain: nothing new is dispatched to us from now on.
void rf_worker_drain(struct rf_worker *worker);

// rf_worker_unsent: replies and calls handed back that the broker has not surely read: it is away,
// or slower than we are, and what lies in a socket goes with its process. Who ends now loses them.
size_t rf_worker_unsent(const struct rf_worker *worker);

// rf_worker_leased: whether the broker has answered a heartbeat that we sent within our lease: it
// surely counts on us. What must not be begun by one who was taken for lost is begun only then,
// also by a process that was stopped for a while and does not know it yet.
bool rf_worker_leased(const struct rf_worker *worker);

// rf_worker_in_hand: requests neither answered nor handed back.
size_t rf_worker_in_hand(const struct rf_worker *worker);

#pragma GCC visibility pop

#endif
