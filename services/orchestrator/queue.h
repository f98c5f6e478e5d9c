// The queue in the database: claiming what is due.
#ifndef RF_ORCHESTRATOR_QUEUE_H
#define RF_ORCHESTRATOR_QUEUE_H

#include <jansson.h>

#include "campaigns/schema.h"
#include "claim.h"
#include "contact_rows.h"
#include "store/store.h"

// Claims by a decision, campaign by campaign as turn.h says, of those that run and are not paused:
// each contact becomes running, and contact.started is stored for those that begin.
struct rf_queue_claim {
    struct rf_store_job job;
    void *owner;
    struct rf_claim_decision decision;
    int64_t limit; // contacts in progress of a campaign that has no limit of its own; 0: none
    struct rf_utc now;
    struct rf_contact_list contacts; // claimed
    int64_t claimed, test_row;       // for struct rf_claim_result
    bool full;                       // likewise
    int64_t sharers;                 // orchestrators that work on this database
    // When there is something next; INT64_MAX: there is nothing. Of a campaign that gave all that
    // was asked for it may be what was just claimed: the next claim finds out.
    struct rf_utc open_next, test_next, prepare_next;
    bool prepared; // as in struct rf_claim_result
    int64_t ahead; // contacts that are ready and wait for their first window
};
enum rf_err rf_queue_claim_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

// Makes the contacts due that wait for a provider.
struct rf_queue_release {
    struct rf_store_job job;
    void *owner;
    struct rf_utc now;
};
enum rf_err rf_queue_release_run(struct rf_store_job *job, struct rf_db *db,
                                 struct rf_error *error);

// The sids of a number that we know: those are not the call that find_call looks for.
struct rf_queue_known {
    struct rf_store_job job;
    void *owner;
    char *phone;
    json_t *sids; // array
};
enum rf_err rf_queue_known_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

#endif
