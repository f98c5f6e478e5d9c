// A call in hand: from the request's arrival to its one answer.
#ifndef GATEWAY_CALL_H
#define GATEWAY_CALL_H

#include <ringfence/hedge.h>
#include <ringfence/messages.h>
#include <ringfence/policy.h>

#include "base/map.h"
#include "provider.h"
#include "runtime/timer.h"

// Both clocks at one moment, as given to the core.
struct moment {
    struct rf_instant now;
    struct rf_utc utc;
};

enum call_state {
    CALL_PLACE,   // waits for a place among the calls in flight
    CALL_PERMIT,  // asked to be the test request of a half-open breaker
    CALL_SENDING, // an attempt is on its way
    CALL_WAITING, // for its next retry, a token or recovery: holds no place
    CALL_STORING, // its audio is on the way to the disk
    CALL_MARKING, // its error makes the provider's mark, if no other call's did
    CALL_LOOKING, // the disk is asked whether its speech is there already
    CALL_JOINED,  // the same speech is under way for another call: holds no place
};

// How a link of the chain failed, for the answer in the end.
struct link_failure {
    enum rf_provider provider;
    enum rf_local local;             // not none: no provider, but our own link
    struct provider_verdict verdict; // of class local with one of our codes, or the provider's
    bool exhausted, mark_made;
    const char *no_retry;   // why it was not repeated though it might be, a constant; or NULL
    struct rf_utc retry_at; // 0: unknown
};

// What a reply to an attempt is judged by.
struct sending {
    struct moment began;
    char key[17], section[17]; // fingerprints of the key and the configuration it was sent with
    char audio_key[65]; // of the request that was sent, as the cache knows it; "": not to be kept
};

// A second attempt beside the first one: hedge.c.
struct hedge {
    struct call *call;
    struct rf_policy_call policy;
    struct rf_hedge_race race;
    struct sending sending;
    bool placed;    // holds a place among our calls in flight
    void *transfer; // the rim's
};

// How the first of a call's two attempts failed: it counts if nothing was sent with the other one.
struct hedge_failure {
    struct provider_verdict verdict;
    struct rf_duration retry_after;
    struct sending sending;
};

#define CALL_PERMIT_SIZE 64

// The keys that were tried at one link since the last wait: bit i is key i.
struct call_keys {
    uint32_t link, retries;
    uint32_t keys;
};

struct call {
    // What it is; ours, copied from the request.
    char *id, *campaign, *contact, *trace;
    enum gateway_service service;
    struct provider_job job;
    struct rf_instant deadline;
    struct rf_utc send_before;    // 0: none
    struct rf_instant send_until; // the same by the time that was left when it was sent

    // Where it stands.
    enum call_state state;
    struct rf_config_chain chain; // as it was configured when the call came
    size_t link;                  // chain.count: the local one behind the providers
    struct rf_policy_call policy; // what it holds and waits for at the present link
    int64_t retries;              // made elsewhere, before it was handed back
    struct rf_timer timer;        // due at the end of its wait, or at the deadline
    struct rf_duration waited;
    bool placed;       // holds a place among our calls in flight
    bool credit;       // holds the broker's credit
    bool was_sent;     // an attempt may have reached its provider, and nothing whole came back
    bool idle;         // has joined another's flight, and counts among those that wait
    bool queued;       // it is in the queue for a place
    bool crowded;      // its provider says that we are too many at once
    bool patient;      // no link serves it: it waits for a breaker's recovery where it is
    bool hedged;       // it may have been sent twice: not again
    bool retry_untold; // it is repeated if the budget of all gateways has a retry for it
    bool anyway;       // no other gateway is left for it: it stays, though we are kept from it
    bool elsewhere;    // another gateway has tried it: it is not sent on once more
    bool cancelled;    // by its caller, while it was being sent
    bool lost;         // the broker was, since it came: it may have answered this dial by now
    bool explain;      // the reply is to tell what each policy decided: note.h
    struct provider_verdict *mark; // CALL_MARKING
    json_t *stored;                // CALL_STORING: the result, as soon as it is true

    // Identical speech under way (cache.c): leads the flight or has joined it.
    struct flight *flight;
    struct call *beside, **beside_back;

    // The attempt on its way, and those before.
    struct call_keys tried;
    struct sending sending;
    struct hedge *hedge;           // NULL: none
    struct hedge_failure *failed;  // of one of two attempts, while the other runs; NULL: none
    char permit[CALL_PERMIT_SIZE]; // ""; none
    struct rf_attempt *attempts;
    size_t attempt_count;
    struct rf_decision *decisions;
    size_t decision_count;

    struct link_failure *failures; // of the links before, and of the last one in the end
    size_t failure_count;

    void *owner, *transfer, *writing; // the rim's
    struct call *next, **back;        // all calls
    struct rf_map_node by_id;
    struct call *ahead, *behind; // in the queue for a place
    struct room *room;           // it waits for one of our calls to end; NULL: not so
    struct call *room_before, *room_after;
};

// call_new: from a request that was checked; `chain` has at least one link, be it the local one.
// NULL if out of memory.
struct call *call_new(const struct rf_call_request *request, enum gateway_service service,
                      enum gateway_operation operation, const struct rf_config_chain *chain,
                      struct moment at);
void call_free(struct call *call);

// call_add_attempt: remembers an attempt; texts are copied. False if out of memory: the attempt is
// then missing in the answer, and nothing else.
bool call_add_attempt(struct call *call, const struct rf_attempt *attempt);

// call_add_failure: remembers how a link failed. False if out of memory: the answer then tells of
// those before, or that memory was lacking.
bool call_add_failure(struct call *call, const struct link_failure *failure);

// provider_now: of the call's present link, which is not the local one.
enum rf_provider provider_now(const struct call *call);

// call_is_local: its present link is one of our own, behind the providers.
bool call_is_local(const struct call *call);

// call_has_next: its chain has another link, be it one of our own.
bool call_has_next(const struct call *call);

// link_name: of the call's present link, whatever it is.
const char *link_name(const struct call *call);

// call_repeatable: it may be carried out twice without harm.
bool call_repeatable(const struct call *call);

#endif
