// Which keys are accepted (`PUT /admin/keys`), so that a key can be revoked while the set runs.
#ifndef SIM_KEYS_H
#define SIM_KEYS_H

#include <jansson.h>
#include <stdbool.h>

#include <ringfence/error.h>

struct sim_keys {
    json_t *accepted; // provider -> array of keys; NULL: any key everywhere
};

// sim_keys_set: replaces all by {"<provider>": ["key", ...], ...}. A provider that is not named
// accepts any key that is not empty; one with an empty list accepts none.
RF_NODISCARD enum rf_err sim_keys_set(struct sim_keys *keys, const json_t *value,
                                      struct rf_error *error);

bool sim_keys_accept(const struct sim_keys *keys, const char *provider, const char *key);

// sim_keys_valid: `key` if it is accepted, else the first that is; NULL: none is.
const char *sim_keys_valid(const struct sim_keys *keys, const char *provider, const char *key);

// sim_keys_json: as put; a new reference.
json_t *sim_keys_json(const struct sim_keys *keys);

void sim_keys_fini(struct sim_keys *keys);

#endif
