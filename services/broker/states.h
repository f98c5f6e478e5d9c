// Retained state: small values under a key, each with a version; compare-and-set; leases that end
// on their own. Bounded by count and by the size of a value. Who watches a key is told by the one
// hook `changed`.
#ifndef RF_BROKER_STATES_H
#define RF_BROKER_STATES_H

#include <ringfence/error.h>
#include <ringfence/messages.h>

#include <sys/queue.h>

#include "base/map.h"
#include "ground.h"

#define RF_STATE_KEY_BYTES   255
#define RF_STATE_VALUE_BYTES ((size_t)64 * 1024) // as JSON text

// Rows beyond max_rows for what the broker itself keeps (its workers, limits, pauses, ejections):
// what clients fill must not push it out.
#define RF_STATE_RESERVE 10000

struct rf_states;

struct rf_state_row {
    struct rf_map_node by_key;
    struct rf_states *states;
    struct rf_timer lease;
    char *key;
    int64_t version;
    json_t *value;
    size_t bytes;          // of the value as JSON text
    struct rf_utc expires; // end of the lease; 0: none
    int64_t position;      // of the record of this value: the owner of `changed` sets it,
    TAILQ_ENTRY(rf_state_row) renewed;
    bool is_renewed; // and this: a lease that was renewed without a record of its own
};

TAILQ_HEAD(rf_state_rows, rf_state_row);

// The entry is the value as it stands now; version 0 and no value: the row is about to be deleted.
typedef void rf_states_changed_fn(void *arg, struct rf_state_row *row,
                                  const struct rf_state_entry *entry);

struct rf_states {
    struct rf_ground *ground;
    struct rf_map rows;
    int64_t version; // the last one given, one line for all keys: none comes twice, even of a key
                     // that was deleted and made again, even after a restart
    size_t max_rows;
    rf_states_changed_fn *changed;
    void *arg;
};

// rf_states_init: empty. Versions go on above `version`.
void rf_states_init(struct rf_states *states, struct rf_ground *ground, size_t max_rows,
                    int64_t version, rf_states_changed_fn *changed, void *arg);
void rf_states_fini(struct rf_states *states);

// rf_states_restore: a value from disk, of which nobody is told. A lease goes on up to its end by
// UTC; one that is over is deleted when the core's timers run next. RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_states_restore(struct rf_states *states, const char *key,
                                           int64_t version, json_t *value, struct rf_utc expires);

// rf_states_has_room: whether a client may write under `key`: a new row needs a place below
// max_rows.
bool rf_states_has_room(const struct rf_states *states, const char *key);

// rf_states_find: the row of the key, or NULL. rf_states_delete: without any condition; a key that
// is not there is fine.
struct rf_state_row *rf_states_find(const struct rf_states *states, const char *key);
void rf_states_delete(struct rf_states *states, const char *key);

// rf_states_get: the value under `key`; RF_ERR_NOT_FOUND. `entry` borrows until the next write.
RF_NODISCARD enum rf_err rf_states_get(const struct rf_states *states, const char *key,
                                       struct rf_state_entry *entry);

// rf_states_put: writes. `ttl_ns` 0: no lease, also if there was one; else it is deleted at exactly
// now + ttl unless written again. RF_ERR_INVALID for a key that is empty or too long, RF_ERR_FULL
// for a bound (rows, value's size), RF_ERR_NOMEM. `entry` gets the new
// value.
RF_NODISCARD enum rf_err rf_states_put(struct rf_states *states, const char *key, json_t *value,
                                       int64_t ttl_ns, struct rf_state_entry *entry);

// rf_states_cas: as put, if the version is still `version` (0: there is none); `value` NULL
// deletes. RF_ERR_CONFLICT if it is not. `entry` gets the value as it stands then, also after a
// conflict; version 0 if there is none.
RF_NODISCARD enum rf_err rf_states_cas(struct rf_states *states, const char *key, int64_t version,
                                       json_t *value, int64_t ttl_ns, struct rf_state_entry *entry);

// rf_states_list: all entries whose key begins with `prefix`, sorted by key, in a new array that
// the caller frees; keys and values are borrowed until the next write. RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_states_list(const struct rf_states *states, const char *prefix,
                                        struct rf_state_entry **entries, size_t *count);

#endif
