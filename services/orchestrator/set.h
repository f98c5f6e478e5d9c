// Settings of a campaign's own, kept with a version that rises with each change: read, decided on
// with the configuration at hand, and written if nobody has changed them meanwhile.
#ifndef RF_ORCHESTRATOR_SET_H
#define RF_ORCHESTRATOR_SET_H

#include <jansson.h>
#include <stdbool.h>

#include <ringfence/time.h>

#include "campaign_state.h"
#include "config/config.h"
#include "store/store.h"

struct rf_set {
    struct rf_store_job job;
    void *owner;
    char *call; // id of the request
    char *campaign;
    char *text, *file; // a file of settings, and its name for messages; NULL: none
    json_t *changes;   // {key: value as in a file; "": as configured}; NULL: none
    bool create;       // a campaign that is not there is made
    struct rf_utc now;
    int tries;

    bool known; // as read
    int64_t row, version;
    enum rf_campaign_state state;
    char *before; // JSON; NULL: none of its own

    char *after;         // to be written; NULL: none of its own
    int64_t concurrency; // out of it; -1: none of its own
    bool reopen;         // when it may call has become another
    json_t *result;
};

// rf_set_new: the job of a request's parameters {campaign, settings, file, changes, create};
// `settings` is a YAML text. RF_ERR_INVALID with what is wrong with them.
RF_NODISCARD enum rf_err rf_set_new(const json_t *params, const char *call, struct rf_utc now,
                                    struct rf_set **set, struct rf_error *error);
void rf_set_destroy(struct rf_set **set);

// rf_set_read_run: what there is. RF_ERR_NOT_FOUND, unless it is to be made; RF_ERR_INVALID if the
// campaign is cancelled.
enum rf_err rf_set_read_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

// rf_set_decide: what is to be written, and the result {campaign, state, version, changed,
// settings}; without `changed` there is nothing to write. RF_ERR_CONFIG with place, key and mend.
RF_NODISCARD enum rf_err rf_set_decide(struct rf_set *set, const struct rf_config *config,
                                       bool *changed, struct rf_error *error);

// rf_set_write_run: RF_ERR_CONFLICT if it has become another since it was read. Who waits for the
// campaign's first window is looked at again when that has changed. When it is answered no intent
// to dial is under way that does not know of it.
enum rf_err rf_set_write_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

#endif
