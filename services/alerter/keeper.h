// Jobs of a store that have to be stored in the end, as what they tell of has happened: each is
// tried again after a wait until it is. That the store takes nothing is said once, and once that it
// does again.
#ifndef RF_ALERTER_KEEPER_H
#define RF_ALERTER_KEEPER_H

#include <stdbool.h>

#include "runtime/loop.h"
#include "store/store.h"

#define RF_KEEPER_WAIT rf_seconds(1)

struct rf_keeper;

// One such job, embedded in its owner's struct, of which it is the first member, or not. Zero it.
struct rf_kept {
    struct rf_store_job job; // private, and first
    struct rf_keeper *keeper;
    struct rf_kept *next, **link; // in the keeper's list
    struct rf_timer timer;        // the next try
    bool failing;                 // for reading: the last try failed
    // run: as that of a store's job; it may be called again after it succeeded, if the commit
    // failed.
    enum rf_err (*run)(struct rf_kept *kept, struct rf_db *db, struct rf_error *error);
    // stored: on the loop, once; the keeper does not know it any more, and it may be freed.
    void (*stored)(struct rf_kept *kept);
    // drop: the keeper ends, whether it was stored or not: it may be freed, but nobody is to be
    // told.
    void (*drop)(struct rf_kept *kept);
};

// Embedded in its owner; private but for `wait`.
struct rf_keeper {
    struct rf_loop *loop;
    struct rf_store *store;
    const char *what; // for people: "alerts"
    struct rf_duration wait;
    struct rf_kept *first; // that are not stored yet
    bool failing, closing;
};

// rf_keeper_init: all pointers are borrowed.
void rf_keeper_init(struct rf_keeper *keeper, struct rf_loop *loop, struct rf_store *store,
                    const char *what);

// rf_keeper_keep: begins to store it.
void rf_keeper_keep(struct rf_keeper *keeper, struct rf_kept *kept);

// rf_keeper_idle: everything is stored.
bool rf_keeper_idle(const struct rf_keeper *keeper);

// rf_keeper_close: before the store is closed, which carries out once more what it was given; from
// then on nothing is tried again. rf_keeper_fini: behind it: drops what is left.
void rf_keeper_close(struct rf_keeper *keeper);
void rf_keeper_fini(struct rf_keeper *keeper);

#endif
