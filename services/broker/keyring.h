// Who may be behind a connection: the keys of the list, each with its roles of today. A peer of a
// message points to its principal, so that a change of the list holds for every connection at once,
// also for those that stand already.
#ifndef RF_BROKER_KEYRING_H
#define RF_BROKER_KEYRING_H

#include <stdbool.h>

#include <ringfence/error.h>

#include "base/map.h"
#include "curve/known.h"

struct rf_principal {
    struct rf_map_node by_key;
    char key[RF_CURVE_KEY_SIZE];
    char name[RF_CURVE_NAME_SIZE];
    unsigned roles; // admin has all; 0: no longer in the list
    unsigned lost;  // the roles that the last change of the list took from it
};

struct rf_keyring {
    struct rf_map by_key; // all that were ever in the list: peers point to them
    size_t known;         // those with a role
};

// rf_keyring_take: from now on the list is this. RF_ERR_NOMEM: nothing has changed.
RF_NODISCARD enum rf_err rf_keyring_take(struct rf_keyring *ring, const struct rf_known *known,
                                         struct rf_error *error);

// rf_keyring_find: the principal of a key that is, or was, in the list; else NULL.
const struct rf_principal *rf_keyring_find(const struct rf_keyring *ring, const char *key);

// rf_keyring_lost: whether the last change took `role` from anybody who had it.
bool rf_keyring_lost(const struct rf_keyring *ring, enum rf_role role);

// rf_keyring_fini: frees all principals: no peer may be left.
void rf_keyring_fini(struct rf_keyring *ring);

// rf_nobody: who a message with no known key behind it is of. No roles.
extern const struct rf_principal rf_nobody;

#endif
