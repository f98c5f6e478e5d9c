// The keys of one provider account: which may be used, and why the others may not. Pure. When each
// of them may be used, its rate limit in the provider's policy says.
#ifndef GATEWAY_ACCOUNT_H
#define GATEWAY_ACCOUNT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/time.h>

#include "config/config.h"

#define ACCOUNT_KEYS (RF_CONFIG_MAX_KEYS + 1) // `key` and `keys`

struct account_key {
    char fingerprint[17];

    // Set aside: refused, or without quota. For all gateways, as retained state tells them.
    bool aside;
    int64_t version; // of the retained value; 0: it is ours alone so far
    bool asking;     // our compare-and-set is on its way
    json_t *value;   // why

    // A refusal of a call that began before does not set it aside again (incident 31).
    struct rf_utc released;
};

// In order of preference.
struct account {
    struct account_key keys[ACCOUNT_KEYS];
    size_t count;
};

void account_fini(struct account *account);

// account_take: the keys are those of `fingerprints` from now on. What is known of a key that stays
// is kept; `gone` is called for each that was set aside and is not among them any more.
typedef void account_gone_fn(void *arg, const struct account_key *key);
void account_take(struct account *account, const char (*fingerprints)[17], size_t count,
                  account_gone_fn *gone, void *arg);

// account_find: the place of the key, or account->count.
size_t account_find(const struct account *account, const char *fingerprint);

// account_left: how many keys are not set aside.
size_t account_left(const struct account *account);

// account_barred: the keys that are set aside or in `tried` (bit i: key i).
uint32_t account_barred(const struct account *account, uint32_t tried);

// account_first: the first key that is not among `barred`; account->count: none.
size_t account_first(const struct account *account, uint32_t barred);

// account_set_aside: with the reason. `version` as in retained state, 0: not there yet.
void account_set_aside(struct account *account, size_t key, int64_t version, json_t *value);

// account_release: may be used again.
void account_release(struct account *account, size_t key, struct rf_utc now);

#endif
