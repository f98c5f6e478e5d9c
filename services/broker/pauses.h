// Pauses that providers asked for by Retry-After. They are the account's: told to all gateways, and
// retained as "throttle/PROVIDER" or "throttle/PROVIDER/KEY", so that the next broker knows. Only
// ever extended, by whoever was asked for a later end; only time ends one (incident 31).
#ifndef RF_BROKER_PAUSES_H
#define RF_BROKER_PAUSES_H

#include "ground.h"
#include "states.h"

#define RF_PAUSES_MAX 256

struct rf_pause {
    char service[32], key[64]; // key "": the account
    struct rf_utc until;
};

struct rf_pauses {
    struct rf_ground *ground;
    struct rf_states *states;
    struct rf_pause items[RF_PAUSES_MAX];
    size_t count;
};

void rf_pauses_init(struct rf_pauses *pauses, struct rf_ground *ground, struct rf_states *states);

// rf_pauses_restore: those that the retained state has.
void rf_pauses_restore(struct rf_pauses *pauses);

// rf_pauses_extend: a gateway was asked for it. False if one that stands ends as late, or there are
// too many.
bool rf_pauses_extend(struct rf_pauses *pauses, const struct rf_limit_pause *pause);

// rf_pauses_list: those that stand now, as they are told; at most `most`. Texts are borrowed until
// the next extension.
size_t rf_pauses_list(struct rf_pauses *pauses, struct rf_limit_pause *out, size_t most);

#endif
