// Loading contacts into campaigns.
#ifndef RF_ORCHESTRATOR_CAMPAIGN_H
#define RF_ORCHESTRATOR_CAMPAIGN_H

#include <jansson.h>
#include <stdbool.h>

#include <ringfence/time.h>

#include "campaign_state.h"
#include "store/store.h"

#define RF_CAMPAIGN_NAME_MAX 64
#define RF_CAMPAIGN_PAGE_MAX 500 // contacts in one load

// A contact to be loaded; `problem` is why it is not (static text; NULL: it may be).
struct rf_campaign_row {
    int64_t line;
    char *phone, *name, *fields, *time_zone;
    const char *problem;
    char *told; // what problem is, if it is of this row alone
    bool added;
};

// Puts contacts into a campaign, which it makes when it is new. A number that the campaign has
// already is counted as known and left as it is, so a load may be repeated. A contact is numbered
// by its line, or gets the next free number where another list's contact has that line.
struct rf_campaign_load {
    struct rf_store_job job;
    void *owner;
    char *call; // id of the request
    char *campaign;
    struct rf_campaign_row *rows;
    size_t count;
    json_t *columns; // an object with the names of their fields, in order
    struct rf_utc now;
    int64_t added, known;
    enum rf_campaign_state state; // of the campaign
};

// rf_campaign_name_valid: 1 to 64 letters, digits, '.', '_' and '-': it stands in event topics.
bool rf_campaign_name_valid(const char *name);

// rf_campaign_load_new: the job of the parameters of campaign.load; RF_ERR_INVALID with what is
// wrong with them as a whole, RF_ERR_IO if the system's time zones cannot be read now. What is
// wrong with one contact is its row's problem.
RF_NODISCARD enum rf_err rf_campaign_load_new(const json_t *params, struct rf_utc now,
                                              struct rf_campaign_load **load,
                                              struct rf_error *error);
void rf_campaign_load_destroy(struct rf_campaign_load **load);

// rf_campaign_load_result: {added, known, state, refused: [{line, reason}]}; a new reference, NULL
// if out of memory.
json_t *rf_campaign_load_result(const struct rf_campaign_load *load);

enum rf_err rf_campaign_load_run(struct rf_store_job *job, struct rf_db *db,
                                 struct rf_error *error);

#endif
