// Why a contact stands where it stands, in one paragraph of plain words. Pure.
#ifndef RF_ORCHESTRATOR_WHY_H
#define RF_ORCHESTRATOR_WHY_H

#include "campaign_state.h"
#include "contact.h"
#include "events/text.h"

// An attempt to dial, as the database has it.
struct rf_why_attempt {
    enum rf_dial_state state;
    struct rf_utc created, ended; // ended 0: it has not
    const char *provider, *sid;   // NULL: not known
    const char *status;           // of the call, or why there is none; NULL: not known
    int64_t duration_s;           // -1: not told
};

#define RF_WHY_ATTEMPTS 5 // that are told; more are counted

// What is known. Texts may be NULL, but for `id`, `campaign` and `phone`.
struct rf_why {
    const char *id, *campaign, *phone, *name;
    enum rf_campaign_state campaign_state;
    enum rf_contact_state state;
    enum rf_step step;
    const char *reason, *message, *outcome;
    struct rf_utc due, ended;
    bool written, spoken; // script and audio are there
    struct rf_why_attempt attempts[RF_WHY_ATTEMPTS];
    size_t attempt_count;    // of those above: the last ones, in order
    int64_t attempts_all;    // that were sent, or may have been
    int64_t attempts_unsent; // and those that our own side refused
    int64_t max_calls;       // campaign.max_calls
    struct rf_utc usable;    // when the first of waiting_for may be usable again; 0: nobody knows
    bool marked;             // one of waiting_for is marked unusable
    const char *waiting_for; // what holds up claiming: providers, services; "" or NULL: nothing
};

// rf_why_text: appends the paragraph, without a line end.
void rf_why_text(const struct rf_why *why, struct rf_utc now, struct rf_text *text);

#endif
