// A worker's account with the broker: what it offers, which calls are in its hand, which places
// they take. Pure.
//
// Places are counted from the current registration on, on both sides: free = capacity - (dispatched
// - released). Calls in hand from before it are unknown to that sum, so they lower the capacity
// that is told until they give their places back.
#ifndef RF_BUS_LEDGER_H
#define RF_BUS_LEDGER_H

#include <ringfence/error.h>
#include <ringfence/messages.h>
#include <ringfence/worker.h>

struct rf_ledger_offer {
    char *service;
    int64_t capacity;
    int64_t old;      // places taken by calls from before the registration
    int64_t taken;    // places taken since, and not given back
    int64_t released; // places given back since
    int64_t waiting;  // calls that wait for a retry
    int64_t told;     // of `released`, what the broker was told last
    bool moved;       // `waiting` is another than it was told
    const char *providers[RF_WORKER_MAX_PROVIDERS]; // whom it asks
    size_t provider_count;
};

struct rf_ledger {
    struct rf_ledger_offer *offers;
    size_t count;
    struct _zhashx_t *in_hand; // by id: struct in_hand of ledger.c
    bool draining;
};

RF_NODISCARD enum rf_err rf_ledger_init(struct rf_ledger *ledger,
                                        const struct rf_worker_offer *offers, size_t count);
void rf_ledger_fini(struct rf_ledger *ledger);

// rf_ledger_registered: the broker does not know us from before: both sides count anew.
void rf_ledger_registered(struct rf_ledger *ledger);

enum rf_ledger_verdict {
    RF_LEDGER_NEW,     // carry it out
    RF_LEDGER_KNOWN,   // this id is in hand already: its place was given back at once
    RF_LEDGER_UNKNOWN, // a service that we do not offer
};

// rf_ledger_request: a request for `service` came. `repeatable`: it may be carried out twice;
// `remaining_ns` as it says, by which the broker knows one hand-out of an id from the next.
enum rf_ledger_verdict rf_ledger_request(struct rf_ledger *ledger, const char *service,
                                         const char *id, bool repeatable, int64_t remaining_ns);

// rf_ledger_remaining: what the last request with this id said; 0: it is not in hand.
int64_t rf_ledger_remaining(const struct rf_ledger *ledger, const char *id);

// rf_ledger_answered: no longer in hand. False if it was not. `repeatable` as the request said.
bool rf_ledger_answered(struct rf_ledger *ledger, const char *id, bool *repeatable);

// rf_ledger_release: a place is free again; `waiting` calls of the service wait (-1: as before).
// NULL if there is no such service or no place was taken: a slip of the caller's. `counted`: the
// count of released places tells it; else only the capacity of the next heartbeat does.
const struct rf_ledger_offer *rf_ledger_release(struct rf_ledger *ledger, const char *service,
                                                int64_t waiting, bool *counted);

// rf_ledger_waiting: so many calls of the service wait. Fine for a service that is not offered.
void rf_ledger_waiting(struct rf_ledger *ledger, const char *service, int64_t waiting);

// rf_ledger_credit_due: whether `untold` of `capacity` places that were given back are to be told
// to the broker now; `left` are free as it sees them. Else they can wait for more, or for the next
// heartbeat: no call waits for them.
bool rf_ledger_credit_due(int64_t capacity, int64_t left, int64_t untold);

// rf_ledger_due: whether the broker is to be told of the offer now. rf_ledger_told: it was.
bool rf_ledger_due(const struct rf_ledger_offer *offer);
void rf_ledger_told(struct rf_ledger_offer *offer);

// rf_ledger_uses: whom the service asks, as rf_worker_uses. False: there is no such service.
bool rf_ledger_uses(struct rf_ledger *ledger, const char *service, const char *const *providers,
                    size_t count);

// rf_ledger_offered: the capacity to tell now.
int64_t rf_ledger_offered(const struct rf_ledger_offer *offer);

size_t rf_ledger_in_hand(const struct rf_ledger *ledger);

#endif
