// The terms by which a campaign calls: its own settings, over those of the configuration. Kept
// while contacts of it are in progress; they come with each contact, and with a dial that was
// refused as they had become others.
#ifndef RF_ORCHESTRATOR_TERMS_H
#define RF_ORCHESTRATOR_TERMS_H

#include "orchestrator.h"

struct rf_terms {
    struct rf_terms *next;
    struct rf_orchestrator *orchestrator;
    int64_t campaign, version; // its row; of its settings
    int64_t holders;
    char *settings;               // JSON; NULL: none of its own
    struct rf_config *own;        // NULL: as configured
    struct rf_holidays *holidays; // of own
    char problem[256];            // why its settings cannot be used; "": they can
    bool stopped;                 // none of its contacts was claimed since an order stopped it
};

// rf_terms_hold: the terms of the campaign of a contact, which brings its settings; given back by
// rf_terms_drop, which frees them after the last contact. NULL if out of memory.
struct rf_terms *rf_terms_hold(struct rf_orchestrator *orchestrator,
                               const struct rf_contact *contact);
void rf_terms_drop(struct rf_terms **terms);

// rf_terms_stop, _go: an order stops the campaign; contacts of it were claimed, so that it runs.
void rf_terms_stop(struct rf_orchestrator *orchestrator, int64_t campaign);
void rf_terms_go(struct rf_orchestrator *orchestrator, int64_t campaign);

// rf_terms_learn: the settings of a campaign are these now. Older ones than are known, and those of
// a campaign without contacts in progress, are left alone.
void rf_terms_learn(struct rf_orchestrator *orchestrator, int64_t campaign, int64_t version,
                    const char *settings);

// rf_terms_configure: applies all settings anew, over this configuration. What cannot be applied
// any more stays as it was, and the log says so.
void rf_terms_configure(struct rf_orchestrator *orchestrator, const struct rf_config *config);

// rf_terms_campaign, _holidays: what holds now; borrowed until the next learning or configuring.
const struct rf_config_campaign *rf_terms_campaign(const struct rf_terms *terms);
const struct rf_holidays *rf_terms_holidays(const struct rf_terms *terms);

#endif
