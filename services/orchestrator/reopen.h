// Looking again at the contacts that wait for their first window, when it may have become another
// one: what is to be done is noted, and carried out in parts, as a large campaign would hold up all
// others otherwise. (One that was called already has a wait of its own, which stays.)
#ifndef RF_ORCHESTRATOR_REOPEN_H
#define RF_ORCHESTRATOR_REOPEN_H

#include <stdbool.h>

#include <ringfence/time.h>

#include "base/digest.h"
#include "calendar/holidays.h"
#include "config/config.h"
#include "store/store.h"

// rf_reopen_fingerprint: of all that decides for whom it is time, but for what campaigns have of
// their own. Returns out; "" if out of memory.
char *rf_reopen_fingerprint(const struct rf_config_campaign *campaign,
                            const struct rf_holidays *holidays, char out[RF_SHA256_HEX_SIZE]);

// rf_reopen_note, _note_all: in a transaction: the waiting contacts of a campaign, or of all
// campaigns, are to be looked at.
RF_NODISCARD enum rf_err rf_reopen_note(struct rf_db *db, int64_t campaign, struct rf_error *error);
RF_NODISCARD enum rf_err rf_reopen_note_all(struct rf_db *db, struct rf_error *error);

#define RF_REOPEN_MOST 5000

struct rf_reopen {
    struct rf_store_job job;
    void *owner;
    char fingerprint[RF_SHA256_HEX_SIZE]; // "": nothing to compare
    struct rf_utc now;
    int64_t most; // contacts that one transaction goes through; RF_REOPEN_MOST
    bool some;    // contacts are due now
    bool more;    // there is more to be done: to be submitted again
};

// rf_reopen_run: notes all campaigns if they wait by another calendar than this one, and makes the
// contacts of a part of what was noted due.
enum rf_err rf_reopen_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

#endif
