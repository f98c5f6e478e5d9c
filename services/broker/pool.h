// A pool: what a provider's account allows of one thing (calls at once, attempts begun a second,
// retries), kept here for the whole fleet and granted to the gateways in shares. Pure: time goes
// in; who is to be told what comes out. No allocation: holders are members of the owner's records.
//
// What is granted, given back and used is counted from the beginning of a holder's term and only
// ever grows, so a message that is repeated or overtaken changes nothing, and nothing is granted
// twice. Outstanding is what a holder was granted and has neither given back nor used.
//
//   places    are held for the time of an attempt and given back. Never more outstanding than the
//             limit, those of a lost holder included until its attempts must be over.
//   tokens    are used once. The interval between two is kept at the sender: the next one is
//             granted an interval after the holder of the one before *said* that it was used, that
//             is that its request was being written, or that its connection hung for
//             RF_POLICY_TOKEN_HOLD (<ringfence/policy.h>: what comes to be written later needs
//             another). What is outstanding may be used at any moment, so it counts as if it were
//             used now.
//   retries   are used once, and come out of a budget of the fleet's calls (<ringfence/budget.h>);
//             those that wait, or lie with a holder, are taken.
//
// Who wants more is served in turn, one at a time: nobody waits for more than the others' one.
// Nothing wanted in vain of late: each may keep an equal part unused, so that its calls ask nobody.
#ifndef RF_BROKER_POOL_H
#define RF_BROKER_POOL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <ringfence/budget.h>
#include <ringfence/time.h>

enum rf_pool_kind { RF_POOL_PLACES, RF_POOL_TOKENS, RF_POOL_RETRIES };
#define RF_POOL_KIND_COUNT 3

// After something was wanted in vain nobody keeps unused shares for so long.
#define RF_POOL_SCARCE rf_seconds(1)

struct rf_pool_rules {
    int64_t places;                 // PLACES: outstanding at most
    double rate;                    // TOKENS: a second, above 0
    int64_t burst;                  // TOKENS: so many at once after a rest
    struct rf_budget_policy budget; // RETRIES
};

// What one gateway has of a pool. All zero before rf_pool_join; members are for reading only.
struct rf_pool_holder {
    TAILQ_ENTRY(rf_pool_holder) in_pool;
    bool joined;
    bool lost; // what it has counts until `free_at`, then it is closed
    struct rf_instant free_at;
    int64_t granted; // since its term began, with what it held then
    int64_t returned, used;
    int64_t wanted; // it could use so many more at once
    int64_t keep;   // it may have so many without a use for them
    bool untold;    // `granted` or `keep` is news to it
    uint64_t turn;  // when it was served last
};

TAILQ_HEAD(rf_pool_holders, rf_pool_holder);

// Members are for reading only.
struct rf_pool {
    enum rf_pool_kind kind;
    struct rf_pool_rules rules;
    struct rf_pool_holders holders;
    int64_t count; // holders, without those that are lost
    int64_t outstanding;
    int64_t interval_ns;          // TOKENS: between two
    struct rf_instant full;       // TOKENS: when the bucket is full again
    struct rf_budget budget;      // RETRIES
    bool holding;                 // nothing is granted before
    struct rf_instant held_until; // this time
    struct rf_instant scarce_until;
    uint64_t turns;
};

// rf_pool_kind_name: "places", "tokens", "retries". rf_pool_kind_parse: the way back.
const char *rf_pool_kind_name(enum rf_pool_kind kind);
bool rf_pool_kind_parse(const char *name, enum rf_pool_kind *kind);

// rf_pool_init: nobody holds anything.
void rf_pool_init(struct rf_pool *pool, enum rf_pool_kind kind, const struct rf_pool_rules *rules,
                  struct rf_instant now);

// rf_pool_change: other rules from now on. What is outstanding above a lower limit stays so.
void rf_pool_change(struct rf_pool *pool, const struct rf_pool_rules *rules, struct rf_instant now);

// rf_pool_hold: nothing is granted before `until`: holders that we do not know may be there.
// rf_pool_unhold: they are all known. A bucket is empty then, and at the end of a hold, as nobody
// knows what was used before.
void rf_pool_hold(struct rf_pool *pool, struct rf_instant until);
void rf_pool_unhold(struct rf_pool *pool, struct rf_instant now);

// rf_pool_owe: a bucket of a new pool is full again after so long, not longer than it takes an
// empty one. Others: no effect.
void rf_pool_owe(struct rf_pool *pool, struct rf_duration debt, struct rf_instant now);

// rf_pool_emptied: what was used until `then` nobody knows: a bucket was empty at that time.
// Others: no effect.
void rf_pool_emptied(struct rf_pool *pool, struct rf_instant then);

// rf_pool_join: the holder begins a term with `held` outstanding. One that had joined, also one
// that is lost, is closed before.
void rf_pool_join(struct rf_pool *pool, struct rf_pool_holder *holder, int64_t held,
                  struct rf_instant now);

// What a holder says: counts since its term began.
struct rf_pool_word {
    int64_t returned, used;
    int64_t wanted; // it could use so many more at once,
    int64_t seen;   // when it knew of so many granted ones
};

// rf_pool_hear: the holder's word. Impossible counts are cut down to possible ones.
void rf_pool_hear(struct rf_pool *pool, struct rf_pool_holder *holder,
                  const struct rf_pool_word *word, struct rf_instant now);

// rf_pool_calls: so many calls were begun: RETRIES come out of them. Others: no effect.
void rf_pool_calls(struct rf_pool *pool, int64_t count, struct rf_instant now);

// rf_pool_lose: the holder is gone, with what it has; rf_pool_run closes it at `free_at`, when it
// begins nothing more and its attempts must be over. rf_pool_close: its term is over: places are
// free, as it holds none or says what it holds; of tokens and retries nobody knows, so that they
// count as used. rf_pool_leave: it gives all back unused.
void rf_pool_lose(struct rf_pool *pool, struct rf_pool_holder *holder, struct rf_instant free_at,
                  struct rf_instant now);
void rf_pool_close(struct rf_pool *pool, struct rf_pool_holder *holder, struct rf_instant now);
void rf_pool_leave(struct rf_pool *pool, struct rf_pool_holder *holder, struct rf_instant now);

// rf_pool_run: grants what is wanted and there. To be called after every function above, and at
// rf_pool_wake. Holders that are to be told have `untold`.
void rf_pool_run(struct rf_pool *pool, struct rf_instant now);

// rf_pool_told: the holder was told of `granted` and `keep`.
void rf_pool_told(struct rf_pool_holder *holder);

// rf_pool_wake: when time alone changes something; false: never.
bool rf_pool_wake(const struct rf_pool *pool, struct rf_instant now, struct rf_instant *when);

// rf_pool_left: how many could be granted now; 0 or more.
int64_t rf_pool_left(struct rf_pool *pool, struct rf_instant now);

// rf_pool_holder_has: outstanding of this holder.
static inline int64_t rf_pool_holder_has(const struct rf_pool_holder *holder) {
    return holder->granted - holder->returned - holder->used;
}

#endif
