// Numbers that nobody may call, over all campaigns. They are refused when contacts are loaded, and
// looked at again when a contact is claimed and in the transaction of each intent to dial.
#ifndef RF_ORCHESTRATOR_DNC_H
#define RF_ORCHESTRATOR_DNC_H

#include <jansson.h>
#include <stdbool.h>

#include "plan.h"
#include "store/db.h"
#include "store/store.h"

#define RF_DNC_PAGE_MAX  1000 // numbers in one request
#define RF_DNC_WHY_BYTES 200  // of a reason
#define RF_DNC_BY_BYTES  64   // of who asks
#define RF_DNC_TEXT_SIZE (RF_DNC_WHY_BYTES + 80)

// Whether a column c.phone is on the list, in SQL.
#define RF_DNC_BARRED                                                                              \
    "EXISTS (SELECT 1 FROM do_not_call d WHERE d.number = CAST (substr (c.phone, 2) AS BIGINT))"

// A number of a request; `problem` is why it is refused (static text; NULL: it is not).
struct rf_dnc_row {
    int64_t line; // of the file it comes from; 0: none
    int64_t number;
    char *why;
    const char *problem;
};

// Puts numbers on the list, or takes them off it.
struct rf_dnc_change {
    struct rf_store_job job;
    void *owner;
    char *call; // id of the request
    char *by;   // who asks for it; NULL: not told
    bool remove;
    struct rf_dnc_row *rows;
    size_t count;
    struct rf_utc now;
    int64_t changed, unchanged;
};

// rf_dnc_change_new: the job of the parameters of dnc_add or dnc_remove, {numbers: [{phone, why,
// line}], by}; RF_ERR_INVALID with what is wrong with them as a whole.
RF_NODISCARD enum rf_err rf_dnc_change_new(const json_t *params, bool remove, struct rf_utc now,
                                           struct rf_dnc_change **change, struct rf_error *error);
void rf_dnc_change_destroy(struct rf_dnc_change **change);
// rf_dnc_change_run: the job's work; dnc.changed is stored in the same transaction.
enum rf_err rf_dnc_change_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

// rf_dnc_change_result: {added, known, refused: [{place, line, reason}]}, or removed and unknown
// instead of the first two; `place` is the number's in the request, from 0; a new reference, NULL
// if out of memory.
json_t *rf_dnc_change_result(const struct rf_dnc_change *change);

// A page of the list, by number.
struct rf_dnc_list {
    struct rf_store_job job;
    void *owner;
    char *call;
    int64_t after, limit; // numbers behind `after`; 0: from the first
    json_t *result;       // {numbers: [{phone, since, why}]}
};
enum rf_err rf_dnc_list_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);
void rf_dnc_list_destroy(struct rf_dnc_list **list);

// rf_dnc_look: whether the number may not be called; then `why` says since when, and why: such as
// "is on the do-not-call list since 2026-11-28: asked by letter".
RF_NODISCARD enum rf_err rf_dnc_look(struct rf_db *db, const char *phone, bool *barred,
                                     char why[RF_DNC_TEXT_SIZE], struct rf_error *error);

// rf_dnc_empty: whether there is no number on the list at all.
RF_NODISCARD enum rf_err rf_dnc_empty(struct rf_db *db, bool *empty, struct rf_error *error);

// rf_dnc_plan: sets the contact aside as do_not_call; no call is open. `why` is for people.
void rf_dnc_plan(const struct rf_contact *contact, const char *why, struct rf_plan *plan);

#endif
