// What operators order of a campaign: start, pause, resume, cancel, and its priority; each is one
// transaction.
#ifndef RF_ORCHESTRATOR_CONTROL_H
#define RF_ORCHESTRATOR_CONTROL_H

#include <jansson.h>
#include <stdbool.h>

#include <ringfence/time.h>

#include "campaign_state.h"
#include "person.h"
#include "store/store.h"

#define RF_CAMPAIGN_PRIORITY_MOST 10 // and -10 at least

#define RF_CONTROL_MOST 5000

struct rf_control {
    struct rf_store_job job;
    void *owner;
    char *call; // id of the request
    char *campaign;
    enum rf_campaign_order order; // of rf_control_order_run
    int64_t row;                  // of the campaign, when the order is carried out
    bool prioritize;              // `priority` is given
    int64_t priority;
    struct rf_person person;
    struct rf_utc now;
    int64_t most; // contacts put into the queue by one transaction; RF_CONTROL_MOST
    bool more;    // there are more of them: to be submitted again
    bool again;   // it was: the order is carried out
    json_t *result;
};

// rf_control_new: the job of a request's parameters {campaign, priority, by, why}; its caller sets
// job.run, and `order`. RF_ERR_INVALID with what is wrong with them.
RF_NODISCARD enum rf_err rf_control_new(const json_t *params, const char *call, struct rf_utc now,
                                        struct rf_control **control, struct rf_error *error);
void rf_control_destroy(struct rf_control **control);

// rf_control_order_run: carries the order out; not RF_CAMPAIGN_RETRY (requeue.h). RF_ERR_NOT_FOUND,
// or RF_ERR_INVALID with why not and what can be done. The same order again is fine. Starting puts
// the new contacts into the queue, `most` at a time, as a large campaign would hold up all others
// otherwise, and goes on with a start that was broken off; cancelling leaves it to the sweep
// (sweep.h) to set contacts aside. Result: {campaign, state, was, priority, total, new, running,
// waiting, done, set_aside}.
enum rf_err rf_control_order_run(struct rf_store_job *job, struct rf_db *db,
                                 struct rf_error *error);

// rf_control_priority_run: sets the priority of a campaign. The same result.
enum rf_err rf_control_priority_run(struct rf_store_job *job, struct rf_db *db,
                                    struct rf_error *error);

// A campaign's row, for orders.
struct rf_control_campaign {
    int64_t row;
    enum rf_campaign_state state;
};

// rf_control_find: RF_ERR_NOT_FOUND if there is no such campaign.
RF_NODISCARD enum rf_err rf_control_find(struct rf_db *db, const char *name,
                                         struct rf_control_campaign *campaign,
                                         struct rf_error *error);

// rf_control_obey: the state that the order makes of it, stored, and the event that tells of it.
// RF_ERR_INVALID with why not. `contacts` are those that the order concerns, and `person` gave it,
// for the event.
RF_NODISCARD enum rf_err rf_control_obey(struct rf_db *db, const char *name,
                                         struct rf_control_campaign *campaign,
                                         enum rf_campaign_order order, int64_t contacts,
                                         const struct rf_person *person, struct rf_utc now,
                                         struct rf_error *error);

#endif
