// The queue in the database: claiming what is due, and what was in progress at the last end.
#ifndef RF_ORCHESTRATOR_QUEUE_H
#define RF_ORCHESTRATOR_QUEUE_H

#include <jansson.h>

#include "claim.h"
#include "store/store.h"

// A list of contacts that owns them.
struct rf_contact_list {
    struct rf_contact *items;
    size_t count, room;
};
void rf_contact_list_clear(struct rf_contact_list *list);

// Claims by a decision, campaign by campaign as turn.h says, of those that run and are not paused:
// each contact becomes running, and contact.started is stored for those that begin.
struct rf_queue_claim {
    struct rf_store_job job;
    void *owner;
    struct rf_claim_decision decision;
    int64_t limit; // contacts of one campaign in progress; 0: none
    struct rf_utc now;
    struct rf_contact_list contacts;    // claimed
    int64_t claimed, test_row;          // for struct rf_claim_result
    bool full;                          // likewise
    struct rf_utc open_next, test_next; // INT64_MAX: none
};
enum rf_err rf_queue_claim_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

// The contacts that were running, with their open attempts: to go on with them.
struct rf_queue_resume {
    struct rf_store_job job;
    struct rf_contact_list contacts;
};
enum rf_err rf_queue_resume_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

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
