// The limits of the provider accounts, kept for the whole fleet: each is a pool (pool.h) of which
// the gateways have shares on lease. What a gateway has it declares with the beginning of a term,
// that is with each registration; a broker that was restarted grants nothing before all gateways
// that it may have granted to have done so, or their leases are over.
//
//   limit.c        words of gateways in, who comes and goes
//   limit_tell.c   shares out, and what the status tells
//   limit_known.c  which gateways may hold something, and what was used before, over a restart
//   pauses.c       pauses that providers asked for (Retry-After)
#ifndef RF_BROKER_LIMIT_H
#define RF_BROKER_LIMIT_H

#include <jansson.h>
#include <sys/queue.h>

#include "base/map.h"
#include "ground.h"
#include "pauses.h"
#include "pool.h"
#include "states.h"

#define RF_LIMITS_MAX     16  // providers
#define RF_LIMIT_POOLS    256 // keys have pools of their own
#define RF_LIMIT_KEY_SIZE 64

struct rf_limit_rules {
    const char *provider;  // borrowed
    int64_t max_in_flight; // 0: no limit
    double rate;           // 0: no limit
    int64_t burst;
    struct rf_budget_policy budget;
    struct rf_duration attempt_timeout; // an attempt of a lost gateway is over after it
};

struct rf_limits;

struct rf_limit {
    TAILQ_ENTRY(rf_limit) in_limits;
    const struct rf_limit_rules *rules;
    char key[RF_LIMIT_KEY_SIZE]; // "": of the account
    struct rf_pool pool;
    bool touched;
};

// What one gateway has of one limit.
struct rf_limit_part {
    TAILQ_ENTRY(rf_limit_part) in_member;
    struct rf_limit_member *member;
    struct rf_limit *limit;
    struct rf_pool_holder holder;
    int64_t calls; // as it told last
};

// A gateway that holds something, or did and is lost.
struct rf_limit_member {
    struct rf_map_node by_instance;
    TAILQ_ENTRY(rf_limit_member) in_untold;
    struct rf_limits *limits;
    char *instance;
    struct rf_peer peer;
    bool gone; // only what it left behind is still here
    bool anew; // its term knows too few of our limits: it is told so until it begins another one
    bool untold, answer;
    int64_t term, stamp;
    struct rf_instant heard; // its lease is counted from its last demand
    TAILQ_HEAD(, rf_limit_part) parts;
};

struct rf_limits {
    struct rf_ground *ground;
    struct rf_states *states;
    struct rf_limit_rules rules[RF_LIMITS_MAX];
    size_t rule_count;
    TAILQ_HEAD(, rf_limit) limits;
    size_t limit_count;
    struct rf_map members;
    TAILQ_HEAD(, rf_limit_member) untold;
    struct rf_pauses pauses;
    struct rf_timer timer;
    struct {
        struct rf_map instances; // of the broker before this one, which have not come back
        bool lost;               // some never did
        bool found;              // all have come back, or their leases are over,
        struct rf_instant over;  // since then
        struct rf_instant lease_over, attempts_over;
        struct rf_timer timer;
    } known;
};

void rf_limits_init(struct rf_limits *limits, struct rf_ground *ground, struct rf_states *states);
void rf_limits_fini(struct rf_limits *limits);

// rf_limits_add: what one provider's account allows. False beyond RF_LIMITS_MAX.
bool rf_limits_add(struct rf_limits *limits, const struct rf_limit_rules *rules);

// rf_limits_change: other rules for the provider from now on.
void rf_limits_change(struct rf_limits *limits, const struct rf_limit_rules *rules);

// rf_limits_restore: takes over from the retained state which gateways may hold something, and
// which pauses stand. Once, before the first demand.
void rf_limits_restore(struct rf_limits *limits);

// rf_limits_register: a worker that asks providers has registered: it is kept for the next broker
// that it may hold something, before it can have a call.
void rf_limits_register(struct rf_limits *limits, const char *instance);

// rf_limits_demand: the word of a registered gateway.
void rf_limits_demand(struct rf_limits *limits, const struct rf_peer *from, const char *instance,
                      const struct rf_limit_demand *demand);

// rf_limits_lose: the gateway is gone. `idle`: with nothing in hand; else its attempts may go on.
void rf_limits_lose(struct rf_limits *limits, const char *instance, bool idle);

// rf_limits_json: how they stand; rf_limits_pauses_json: which pauses do. New arrays, NULL if out
// of memory.
json_t *rf_limits_json(struct rf_limits *limits);
json_t *rf_limits_pauses_json(struct rf_limits *limits);

// ---- between the files ----

// limits_run: grants what may be granted of the limits that were touched, and tells it.
void limits_run(struct rf_limits *limits);

// limits_untold: the member is to be told something.
void limits_untold(struct rf_limits *limits, struct rf_limit_member *member);

// limits_tell: sends what the members are to be told.
void limits_tell(struct rf_limits *limits);

// limits_refuse: tells the member that we know no limits as in these words, RF_LIMIT_POOLS at most.
void limits_refuse(struct rf_limits *limits, const struct rf_limit_member *member,
                   const struct rf_limit_word *const *words, size_t count);

// limits_begin_anew: tells all members to begin a new term, as there are limits that they were told
// are none of ours.
void limits_begin_anew(struct rf_limits *limits);

// limits_join: the gateway holds something from now on: kept for the next broker. limits_leave: no
// more.
void limits_join(struct rf_limits *limits, const char *instance);
void limits_leave(struct rf_limits *limits, const char *instance);

// limits_keep_debt: a holder of the limit goes: if its bucket is not full, the next one that is
// made for it, by whichever broker, is not either. limits_owe: what was kept so.
void limits_keep_debt(struct rf_limits *limits, const struct rf_limit *limit);
void limits_owe(struct rf_limits *limits, struct rf_limit *limit);

// limits_hold: nothing is granted of a new limit as long as somebody may hold something of it. What
// they used nobody knows, of those that never came back nor of those that did and begin a new term:
// a bucket was empty when the last of them was found, or its lease was over.
void limits_hold(struct rf_limits *limits, struct rf_limit *limit);

// limits_known_fini: frees what limit_known.c has.
void limits_known_fini(struct rf_limits *limits);

#endif
