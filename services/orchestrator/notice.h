// Events of the orchestrator as they lie in the outbox: written in the transaction of the change
// that they tell of, published later, repeated unchanged.
#ifndef RF_ORCHESTRATOR_NOTICE_H
#define RF_ORCHESTRATOR_NOTICE_H

#include <ringfence/error.h>
#include <ringfence/messages.h>

#include "campaign_state.h"
#include "person.h"
#include "plan.h"

struct rf_db; // store/db.h

// What was measured of the step that a notice tells of.
struct rf_notice_step {
    enum rf_step step;
    struct rf_duration took;
    const struct rf_call_reply *reply; // NULL: there was none
    const char *operation; // of that call, if it was no step but a question about its dial; or NULL
};

// Each makes a JSON text that the caller frees; NULL if out of memory.
char *rf_notice_started(const struct rf_contact *contact, struct rf_utc now);
char *rf_notice_step(const struct rf_contact *contact, const struct rf_plan *plan,
                     const struct rf_notice_step *step, struct rf_utc now);
char *rf_notice_deferred(const struct rf_contact *contact, const struct rf_plan *plan,
                         const struct rf_notice_step *step, struct rf_utc now);
char *rf_notice_done(const struct rf_contact *contact, const struct rf_plan *plan,
                     struct rf_utc now);
char *rf_notice_set_aside(const struct rf_contact *contact, const struct rf_plan *plan,
                          const struct rf_notice_step *step, struct rf_utc now);
char *rf_notice_loaded(const char *campaign, int64_t added, int64_t known, int64_t total,
                       struct rf_utc now);
char *rf_notice_ordered(const char *campaign, enum rf_campaign_order order,
                        enum rf_campaign_state from, enum rf_campaign_state to, int64_t contacts,
                        const struct rf_person *person, struct rf_utc now);
char *rf_notice_set(const char *campaign, int64_t version, json_t *settings, struct rf_utc now);
char *rf_notice_dnc(const char *change, int64_t count, const char *by, struct rf_utc now);
char *rf_notice_finished(const char *campaign, int64_t done, int64_t set_aside, int64_t total,
                         struct rf_utc now);
char *rf_notice_stalled(const char *campaign, struct rf_utc since, int64_t due, int64_t in_progress,
                        struct rf_utc now);
char *rf_notice_moving(const char *campaign, struct rf_duration held, struct rf_utc now);

// rf_notice_store: puts the text into the outbox. RF_ERR_NOMEM if it is NULL.
RF_NODISCARD enum rf_err rf_notice_store(struct rf_db *db, const char *text,
                                         struct rf_error *error);

// rf_notice_store_all: likewise several texts, in this order.
RF_NODISCARD enum rf_err rf_notice_store_all(struct rf_db *db, char *const *texts, size_t count,
                                             struct rf_error *error);

// rf_notice_parse: the event of a text. Its texts belong to `*root`, which the caller releases by
// json_decref after use.
RF_NODISCARD enum rf_err rf_notice_parse(const char *text, struct rf_event *event, json_t **root,
                                         struct rf_error *error);

#endif
