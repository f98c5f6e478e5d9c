// The facts of which why.h makes a paragraph, from the database.
#ifndef RF_ORCHESTRATOR_EXPLAIN_H
#define RF_ORCHESTRATOR_EXPLAIN_H

#include <jansson.h>

#include <ringfence/time.h>

#include "store/store.h"

#define RF_EXPLAIN_MOST 20 // campaigns with the same number

struct rf_explain {
    struct rf_store_job job;
    void *owner;
    char *call;            // id of the request
    char *contact;         // its id, or a number
    bool marked;           // as rf_claim_mark_holds_up tells it
    char waiting_for[256]; // as rf_claim_waiting_for tells it
    struct rf_utc usable;  // when the first of these may be usable again; 0: nobody knows
    int64_t max_calls;     // campaign.max_calls, of campaigns that have none of their own
    struct rf_utc now;
    json_t *result;
};

// rf_explain_new: the job of a request's parameters {contact}. RF_ERR_INVALID with what is wrong.
RF_NODISCARD enum rf_err rf_explain_new(const json_t *params, const char *call, struct rf_utc now,
                                        struct rf_explain **explain, struct rf_error *error);
void rf_explain_destroy(struct rf_explain **explain);

// rf_explain_run: {contacts: [{id, campaign, campaign_state, phone, name, state, step, reason,
// message, outcome, until, ended, attempts: [{id, created, state, provider, sid, status, ended,
// duration_s}], text}]}: one, or those of each campaign that has the number. RF_ERR_NOT_FOUND if
// there is none.
enum rf_err rf_explain_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

#endif
