// Policy: everything that stands between a caller and a service that may fail, as one composition.
// The order is that of rf_policy_step and rf_policy_ended, and nowhere else:
//
//   rate limit > bulkhead > breaker > attempt (the caller's) > result > retry (budget) > done
//
// Pure: time goes in, a decision comes out; it sends nothing, sets no timer and never calls back.
// No allocation: what a call needs is a member of the caller's own record (struct rf_policy_call).
// Each step is O(1), but for a breaker that opens (it wakes those that wait, each in O(1)). One
// thread at a time may use a policy and its calls.
//
// A call that waits (for a token, a place, recovery, its retry) holds no place in the bulkhead. The
// owner keeps a timer for it and asks again; see tests/examples/c/guard.c for the whole of it:
//
//   rf_policy_begin(&policy, &call, deadline);
//   for (;;) {
//       d = rf_policy_step(&policy, &call, now);
//       RF_POLICY_WAIT, RF_POLICY_QUEUED: again at d.at, or when rf_policy_next names the call
//       RF_POLICY_REFUSED: over; d.reason and d.at say why, and when it makes sense to try again
//       RF_POLICY_GO: rf_policy_sent, the attempt (d.timeout at most), then
//       d = rf_policy_ended(&policy, &call, class, retry_after, now);
//           RF_POLICY_RETRY: as RF_POLICY_WAIT;  RF_POLICY_DONE: over; d.reason says why no retry
//   }
//   and after every event: while ((other = rf_policy_next(&policy, now)) != NULL) step(other)
//
// The breaker is either the policy's own, or a copy of one that an authority keeps for many
// (rf_policy_follow). A copy that is HALF_OPEN says RF_POLICY_ASK: the authority is asked for the
// permit of the test request, and its answer told by rf_policy_granted or rf_policy_not_granted.
#ifndef RINGFENCE_POLICY_H
#define RINGFENCE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/adaptive.h>
#include <ringfence/breaker.h>
#include <ringfence/budget.h>
#include <ringfence/bulkhead.h>
#include <ringfence/class.h>
#include <ringfence/hedge.h>
#include <ringfence/rate_limit.h>
#include <ringfence/retry.h>
#include <ringfence/share.h>
#include <ringfence/time.h>

#pragma GCC visibility push(default)

// What a call does that meets a breaker that does not let it through.
enum rf_when_open {
    RF_WHEN_OPEN_FAIL, // it is refused at once
    RF_WHEN_OPEN_WAIT, // it waits for recovery, within its deadline and without a place
};

struct rf_policy_rules {
    struct rf_rate_limit_policy rate_limit;
    struct rf_bulkhead_policy bulkhead;
    struct rf_adaptive_policy adaptive; // on: sets the bulkhead's limit
    struct rf_breaker_policy breaker;   // of a copy only slow_after and slow_rate matter
    enum rf_when_open when_open;
    struct rf_duration attempt_timeout;
    struct rf_duration attempt_min; // no attempt, and no retry, is begun with less time left
    struct rf_retry_policy retry;
    struct rf_budget_policy budget;
    struct rf_hedge_policy hedge;
};

#define RF_POLICY_RULES_DEFAULT                                                                    \
    ((struct rf_policy_rules){.rate_limit = RF_RATE_LIMIT_POLICY_DEFAULT,                          \
                              .bulkhead = RF_BULKHEAD_POLICY_DEFAULT,                              \
                              .adaptive = RF_ADAPTIVE_POLICY_DEFAULT,                              \
                              .breaker = RF_BREAKER_POLICY_DEFAULT,                                \
                              .when_open = RF_WHEN_OPEN_FAIL,                                      \
                              .attempt_timeout = {15 * RF_NS_PER_S},                               \
                              .attempt_min = {500 * RF_NS_PER_MS},                                 \
                              .retry = RF_RETRY_POLICY_DEFAULT,                                    \
                              .budget = RF_BUDGET_POLICY_DEFAULT,                                  \
                              .hedge = RF_HEDGE_POLICY_DEFAULT})

enum rf_policy_verdict {
    RF_POLICY_GO,      // send now, and give it `timeout` at most
    RF_POLICY_ASK,     // ask the authority for the permit of the test request
    RF_POLICY_WAIT,    // step again at `at`, or when rf_policy_next names the call
    RF_POLICY_QUEUED,  // the same: it waits for a place, and `at` is its deadline
    RF_POLICY_RETRY,   // after an attempt: as WAIT, `wait` is the retry's. A call that is `unpaid`
                       // is told by its next step whether there is one: WAIT, or REFUSED
    RF_POLICY_REFUSED, // over: nothing was sent this time
    RF_POLICY_DONE,    // over: the attempt's class is the call's
};

enum rf_policy_reason {
    RF_POLICY_NO_REASON,
    RF_POLICY_DEADLINE,      // no time is left for an attempt
    RF_POLICY_RATE_LIMITED,  // our own rate limit
    RF_POLICY_THROTTLED,     // the provider asked for a pause, or told that nothing remains
    RF_POLICY_NO_PLACE,      // the bulkhead and its queue are full
    RF_POLICY_OPEN,          // the breaker is open
    RF_POLICY_TESTING,       // it is half open, and another call is the test request
    RF_POLICY_NOT_RETRYABLE, // the class says no
    RF_POLICY_EXHAUSTED,     // max_retries are used up
    RF_POLICY_NO_BUDGET,     // too many retries of late
    RF_POLICY_TOO_LATE,      // a retry could not finish before the deadline
    RF_POLICY_TOO_LONG,      // the provider's Retry-After is beyond max_delay
};

struct rf_policy_decision {
    enum rf_policy_verdict verdict;
    enum rf_policy_reason reason;
    struct rf_instant at;       // WAIT, QUEUED, RETRY: when to step again; REFUSED: when it makes
                                // sense to ask again, 0 if unknown
    struct rf_duration timeout; // GO: of the attempt
    struct rf_duration wait;    // RETRY; DONE for TOO_LONG: what the provider asked for
};

// A link in one of the lists of a policy.
struct rf_policy_link {
    struct rf_policy_link *before, *after;
    struct rf_policy_list *list; // NULL: in none
};

struct rf_policy_list {
    struct rf_policy_link *first, *last;
    int64_t count;
};

// A key of the service's account: the limit is the provider's for each of them.
struct rf_policy_key {
    struct rf_rate_limit rate_limit;
    int64_t reserved;  // tokens of calls that are not sent
    int64_t in_flight; // attempts on their way with it
    // Tokens that an authority keeps: rf_policy_shares_begin.
    struct rf_share share;
    int64_t leased;               // of calls that are not written
    int64_t late;                 // attempts whose token was used up before they were written
    struct rf_policy_list hungry; // calls that wait for one
};

#define RF_POLICY_NO_KEY UINT8_MAX

// A call. All zero before rf_policy_begin; must not move or end between it and rf_policy_end.
// Members are for reading only.
struct rf_policy_call {
    struct rf_instant deadline;
    struct rf_retry retry;
    struct rf_instant due;           // of the retry; 0: none is awaited
    struct rf_instant ready;         // with a token: when it may be used
    struct rf_breaker_ticket ticket; // epoch in which its attempt began
    struct rf_bulkhead_waiter waiter;
    struct rf_policy_link waits, runs, holds;
    struct rf_instant use_by;  // sent with a token of the authority's: it is used then
    struct rf_instant slow_at; // while it runs: when it is slow
    bool begun;
    uint32_t barred;  // keys that it must not use: bit i is key i
    uint8_t key;      // of its token, and of its last attempt
    bool token;       // of the rate limit, reserved and not yet used
    bool leased;      // and one of the authority's
    bool late;        // that was used up before the attempt was written
    bool patient;     // its last attempt was refused for that: the next one keeps its token
    bool place;       // in the bulkhead
    bool admitted;    // by the policy's own breaker
    bool asked;       // the authority, for the permit
    bool test;        // it is the test request
    bool failed_test; // it was, and failed: an authority is about to open its breaker
    bool running;     // an attempt is on its way
    bool retrying;    // a retry is decided: the budget counts it
    bool credit;      // the authority's budget does
    bool unpaid;      // it is about to: the call waits for its word, until
    struct rf_instant pay_by;
    bool counted; // its first attempt was sent
    bool beside;  // it is the second attempt of another one: rf_policy_hedge
};

// The breaker's state as its authority told it last.
struct rf_policy_copy {
    bool known;
    enum rf_breaker_state state;
    int64_t epoch;
    struct rf_instant until; // end of OPEN
    bool testing;            // one of our calls asks for the permit or holds it
};

// Of one service. Members are for reading only.
struct rf_policy {
    struct rf_policy_rules rules;
    struct rf_policy_key key;   // the only one, or
    struct rf_policy_key *keys; // several, borrowed; NULL: one
    size_t key_count;           // of `keys`
    struct rf_bulkhead bulkhead;
    struct rf_adaptive adaptive;
    struct rf_breaker breaker; // its own, if it does not follow
    bool follows;
    struct rf_policy_copy copy;
    struct rf_budget budget;
    struct rf_share retries; // of the authority's budget
    int64_t paid;            // retries of it that wait
    int64_t calls;           // first attempts since its term began
    struct rf_hedge hedge;
    struct rf_rng rng;
    struct rf_policy_list waiting; // for a retry
    struct rf_policy_list idle;    // for recovery
    struct rf_policy_list unpaid;  // for the authority's word on their retry
    struct rf_policy_list woken;   // to be told by rf_policy_next
    struct rf_policy_list running; // by their beginning, those not yet told slow
    struct rf_policy_list holding; // by their beginning, those that hold a token of an authority's
    int64_t in_flight;             // attempts on their way
};

// rf_policy_reason_name: "deadline_exceeded", "rate_limited", "throttled", "no_place",
// "breaker_open", "testing", "not_retryable", "exhausted", "no_budget", "too_late", "too_long";
// "" for none. Never NULL.
const char *rf_policy_reason_name(enum rf_policy_reason reason);

// rf_policy_init: nothing in flight, breaker CLOSED. The rules are copied. `seed` is of the jitter.
void rf_policy_init(struct rf_policy *policy, const struct rf_policy_rules *rules, uint64_t seed,
                    struct rf_instant now);

// rf_policy_change: other rules from now on, without forgetting what was seen; but the policy's own
// breaker keeps its rules.
void rf_policy_change(struct rf_policy *policy, const struct rf_policy_rules *rules,
                      struct rf_instant now);

// rf_policy_begin: a call that ends by `deadline`. It holds nothing yet.
void rf_policy_begin(struct rf_policy *policy, struct rf_policy_call *call,
                     struct rf_instant deadline);

// rf_policy_gate: what the breaker would say now. Takes nothing and waits for nothing: GO, ASK, or
// REFUSED, also where the call would wait.
struct rf_policy_decision rf_policy_gate(const struct rf_policy *policy);

// rf_policy_step: what the call may do now. What it holds already it keeps, so it may be asked
// again at any time: GO until it is sent. Before its retry is due: WAIT.
struct rf_policy_decision rf_policy_step(struct rf_policy *policy, struct rf_policy_call *call,
                                         struct rf_instant now);

// rf_policy_next: a call that waited and should step again: it has a place now, the breaker opened
// or recovered. NULL: none. To be asked until then after every function here that ends, lets go or
// changes something, and after the time that rf_policy_step gave.
struct rf_policy_call *rf_policy_next(struct rf_policy *policy, struct rf_instant now);

// How long an attempt may hold a token of an authority's rate before its request is written.
#define RF_POLICY_TOKEN_HOLD rf_ms(500)

// rf_policy_sent: the attempt that GO allowed begins now.
void rf_policy_sent(struct rf_policy *policy, struct rf_policy_call *call, struct rf_instant now);

// rf_policy_written: its connection stands, and its request is being written: the token of an
// authority's rate is used now. Where nobody says so it is at the attempt's end. Connections need
// their time, and not each the same: counted from before them, two requests could come to the
// provider closer together than its limit allows.
//
// But a connection that hangs must not hold the token that all others wait for: it is used
// RF_POLICY_TOKEN_HOLD after rf_policy_sent at the latest. An attempt that comes to be written
// later takes another token if one is free; if not this is false, and its request must not be
// written: where a provider's address is a black hole for a while, all gateways' attempts hang, and
// all of their requests would come at once when it answers. The owner tells rf_policy_settled of it
// with RF_CLASS_LOCAL, and the call steps again: it waits for a token as any other. No retry is
// spent. That attempt then keeps its token until it is written or over, however long its connection
// needs, so of two in a row one at most is refused, and a call's deadline bounds them all.
// Attempts that hang so a key has rate_limit.burst at most: while so many do it takes no token, and
// leaves all of them to the others.
bool rf_policy_written(struct rf_policy *policy, struct rf_policy_call *call,
                       struct rf_instant now);

// rf_policy_ended: the attempt has a result, which is told to the policy's own breaker (an
// authority is the owner's to tell, with call->ticket, before this). `retry_after` is the
// provider's wish, 0: none: for RATE_LIMITED as rf_policy_pause, for others this call waits so
// long. RETRY, DONE, or WAIT or REFUSED where the breaker is open now.
struct rf_policy_decision rf_policy_ended(struct rf_policy *policy, struct rf_policy_call *call,
                                          enum rf_class c, struct rf_duration retry_after,
                                          struct rf_instant now);

// rf_policy_settled: as rf_policy_ended, for a call that goes on by another way than a retry (next
// page, other key, a mark): it holds nothing afterwards but, with `keep_place`, its place.
void rf_policy_settled(struct rf_policy *policy, struct rf_policy_call *call, enum rf_class c,
                       bool keep_place, struct rf_instant now);

// rf_policy_pause: the call's last attempt was asked to slow down: until `wait` is over nothing
// begins with its key. False, and nothing happens, for 0 and for more than retry.max_delay: a call
// that would wait so long ends by RF_POLICY_TOO_LONG, and what becomes of the others is its owner's
// to say.
bool rf_policy_pause(struct rf_policy *policy, const struct rf_policy_call *call,
                     struct rf_duration wait, struct rf_instant now);

// rf_policy_told: the reply to the call's last attempt, good or not, told of the provider's limit
// (rf_rate_limit_follow): for its key it counts from now on. To be called after rf_policy_settled.
// False: it says nothing new, or rate_limit.follow is 0.
bool rf_policy_told(struct rf_policy *policy, const struct rf_policy_call *call,
                    const struct rf_rate_limit_told *told, struct rf_instant now);

// rf_policy_retry: the second half of rf_policy_ended, after rf_policy_settled: shall it be
// repeated? `left` bounds the time, if it is less than that to the deadline.
struct rf_policy_decision rf_policy_retry(struct rf_policy *policy, struct rf_policy_call *call,
                                          enum rf_class c, struct rf_duration retry_after,
                                          struct rf_duration left, struct rf_instant now);

// rf_policy_resume: a call that waited elsewhere: `retries` were made, the next attempt is due.
void rf_policy_resume(struct rf_policy *policy, struct rf_policy_call *call, int64_t retries,
                      struct rf_instant due);

// rf_policy_hasten: a call that waits for its retry need not wait longer: its next step goes on.
// For any other call: no effect.
void rf_policy_hasten(struct rf_policy_call *call, struct rf_instant now);

// rf_policy_spend: the call's retry is made, but by another policy of the same authority, which
// will not pay for it: the budget counts it as sent. To be called before rf_policy_end. A call that
// is not about to be repeated, or is still `unpaid`: no effect.
void rf_policy_spend(struct rf_policy *policy, struct rf_policy_call *call, struct rf_instant now);

// rf_policy_let_go: gives back the place, the token and the permit that are not in use.
void rf_policy_let_go(struct rf_policy *policy, struct rf_policy_call *call, struct rf_instant now);

// rf_policy_end: the call is over, whatever it waits for or holds. One that never began: no effect.
void rf_policy_end(struct rf_policy *policy, struct rf_policy_call *call, struct rf_instant now);

// ---- several keys ----

// With several keys each has its own rate limit, and a call takes the first one that has a token;
// when none has, it waits for the one that has it soonest.

// rf_policy_keys: from now on the calls use `count` keys, in their order of preference. `keys` is
// memory for as many, borrowed until the next time and not read; NULL for one. `former[i]` is which
// of those before the i-th is, whose limit goes on, or RF_POLICY_NO_KEY. At most 32 keys. Before
// it, rf_policy_unkey is told every call that has begun.
void rf_policy_keys(struct rf_policy *policy, struct rf_policy_key *keys, size_t count,
                    const uint8_t *former, struct rf_instant now);

// rf_policy_unkey: the keys are about to be others: gives the call's token back, so that its next
// step finds another one, and takes its attempt off its key. One whose token was used up is refused
// by rf_policy_written, also if its key stays.
void rf_policy_unkey(struct rf_policy *policy, struct rf_policy_call *call);

// rf_policy_bar: from its next step on the call uses none of these keys (bit i: key i), if another
// one is left.
void rf_policy_bar(struct rf_policy_call *call, uint32_t keys);

// rf_policy_key_paused: as rf_rate_limit_paused, of a key.
bool rf_policy_key_paused(const struct rf_policy *policy, size_t key, struct rf_instant now,
                          struct rf_instant *until);

// ---- hedging: a second attempt beside a slow one ----

// For calls alone that may be carried out twice. Which of both is the call's: rf_hedge_race.
//
//   rf_policy_sent(&policy, &first, now);
//   if (rf_policy_hedge_after(&policy, &first, now, &delay)), and it still runs after `delay`:
//       d = rf_policy_hedge(&policy, &first, &second, now);
//           RF_POLICY_GO: rf_policy_sent, and the attempt; RF_POLICY_REFUSED: the first goes on
//   of each result: rf_policy_settled; the other one, if it still runs: rf_policy_cancelled
//   and in the end rf_policy_end of the second

// rf_policy_hedge_after: the attempt was just sent: true: ask rf_policy_hedge after `delay`. False
// for a retry, for a test request, and if hedging is off.
bool rf_policy_hedge_after(struct rf_policy *policy, const struct rf_policy_call *call,
                           struct rf_instant now, struct rf_duration *delay);

// rf_policy_hedge: may a second attempt of `first` be sent now? It passes the order of
// rf_policy_step and the budget of hedges, and waits for nothing: GO, or REFUSED, and then it
// holds nothing. `second` is a record of its own, begun by this; it never is a test request.
struct rf_policy_decision rf_policy_hedge(struct rf_policy *policy,
                                          const struct rf_policy_call *first,
                                          struct rf_policy_call *second, struct rf_instant now);

// rf_policy_cancelled: the attempt was ended without a result, as the other one was answered: it
// holds nothing, and is neither a failure nor a success. One that does not run: no effect.
void rf_policy_cancelled(struct rf_policy *policy, struct rf_policy_call *call,
                         struct rf_instant now);

// ---- a breaker elsewhere ----

// rf_policy_follow: from the first one on, the policy obeys the authority's breaker. Pushes with an
// earlier epoch than the last one are ignored: false. `until`: the end of OPEN.
bool rf_policy_follow(struct rf_policy *policy, enum rf_breaker_state state, int64_t epoch,
                      struct rf_instant until);

// rf_policy_lost: the authority is gone; the next one may count from the beginning.
void rf_policy_lost(struct rf_policy *policy);

// rf_policy_asked: the authority was asked for the permit, as ASK wanted.
void rf_policy_asked(struct rf_policy *policy, struct rf_policy_call *call);

// rf_policy_granted: the call is the test request: its next step says GO.
void rf_policy_granted(struct rf_policy *policy, struct rf_policy_call *call, int64_t epoch);

// rf_policy_not_granted: GO or ASK if the state is another meanwhile, else what TESTING says.
struct rf_policy_decision rf_policy_not_granted(struct rf_policy *policy,
                                                struct rf_policy_call *call, struct rf_instant now);

// ---- limits elsewhere ----

// An authority may keep the limits of the service's account for many: places of the bulkhead,
// tokens of each key's rate, retries of the budget. Each policy has shares of them on lease
// (<ringfence/share.h>), beside its own limits. A call that lacks a token or a place of the
// authority's waits as for one of its own; rf_policy_next names it when there is one.

enum rf_policy_limit { RF_POLICY_PLACES, RF_POLICY_TOKENS, RF_POLICY_RETRIES };
#define RF_POLICY_LIMIT_COUNT 3

// What the authority is told: counts since the term began.
struct rf_policy_need {
    int64_t held; // in use when it began
    int64_t returned, used;
    int64_t wanted; // so many more could be used at once
    int64_t seen;   // granted, as far as it is known
    int64_t calls;  // begun; of retries
};

// rf_policy_shares_begin: a term begins. With `kept` the authority keeps the limits that the rules
// have, and nothing is begun by them before its first word; without, there is no authority.
void rf_policy_shares_begin(struct rf_policy *policy, bool kept);

// rf_policy_share_need: what the authority is to be told of a limit, after giving back what is
// neither in use nor to be kept. `key` of tokens, else 0. False: the limit is not the authority's.
bool rf_policy_share_need(struct rf_policy *policy, enum rf_policy_limit limit, size_t key,
                          struct rf_policy_need *need);

// rf_policy_share_grant: its word, as rf_share_grant. rf_policy_share_open: it has no such limit.
void rf_policy_share_grant(struct rf_policy *policy, enum rf_policy_limit limit, size_t key,
                           int64_t granted, int64_t keep, struct rf_instant until,
                           struct rf_instant now);
void rf_policy_share_open(struct rf_policy *policy, enum rf_policy_limit limit, size_t key);

// rf_policy_pause_until: another's call was asked to slow down: nothing begins with the key before.
// Only ever extends. rf_policy_paused_until: the end of the key's pause, asked for here or there.
void rf_policy_pause_until(struct rf_policy *policy, size_t key, struct rf_instant until);
struct rf_instant rf_policy_paused_until(const struct rf_policy *policy, size_t key);

// ---- calls that still run ----

// rf_policy_slow: a call whose attempt has been running for slow_after, each once; NULL: none. The
// policy's own breaker has counted it; an authority is the owner's to tell.
struct rf_policy_call *rf_policy_slow(struct rf_policy *policy, struct rf_instant now);

// rf_policy_wake: when rf_policy_slow, rf_policy_next (a token that an attempt held too long) or
// the policy's own breaker has something to do; false: never.
bool rf_policy_wake(const struct rf_policy *policy, struct rf_instant *when);

#pragma GCC visibility pop

#endif
