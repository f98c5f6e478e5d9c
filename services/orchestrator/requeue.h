// Contacts that were set aside go back into the queue, with fresh budgets: all of a campaign, those
// of one reason, or one; some at a time. One whose last attempt is still open, as the database had
// refused what became of it (store_refused), is not dialled before its provider was asked: it goes
// on where that was left, by the next takeover.
#ifndef RF_ORCHESTRATOR_REQUEUE_H
#define RF_ORCHESTRATOR_REQUEUE_H

#include <jansson.h>

#include <ringfence/time.h>

#include "person.h"
#include "store/store.h"

#define RF_REQUEUE_MOST 200 // contacts of one transaction

struct rf_requeue {
    struct rf_store_job job;
    void *owner;
    char *call; // id of the request
    char *campaign;
    char *reason;  // NULL: all but those that want to be named
    int64_t line;  // the only contact; 0: all
    int64_t after; // lines behind it
    struct rf_person person;
    struct rf_utc now;
    int64_t retried;
    int64_t asked; // of them: those with an open attempt
    json_t *result;
};

// rf_requeue_new: the job of a request's parameters {campaign, reason, contact, after, by, why}.
// RF_ERR_INVALID with what is wrong with them.
RF_NODISCARD enum rf_err rf_requeue_new(const json_t *params, const char *call, struct rf_utc now,
                                        struct rf_requeue **requeue, struct rf_error *error);
void rf_requeue_destroy(struct rf_requeue **requeue);

// rf_requeue_run: RF_ERR_NOT_FOUND without the campaign or the contact; RF_ERR_INVALID with why
// not. Never a contact of which nobody will know whether a call of it exists. Those set aside as
// do_not_call, call_lost or call_unknown only if `reason` names it. What was finished of a contact
// is kept, and so are the calls that count against its cap. Of a cancelled campaign only those with
// an open attempt: their numbers are held by it, and free when it is known what became of it.
// Result: {campaign, state, retried, asked, kept, unnamed, after}: `kept` were left for a call that
// may exist, `unnamed` as no reason named them; `after`, if there may be more, is for the next
// request.
enum rf_err rf_requeue_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

#endif
