// A campaign's own states and the legal transitions between them. Pure.
#ifndef RF_ORCHESTRATOR_CAMPAIGN_STATE_H
#define RF_ORCHESTRATOR_CAMPAIGN_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum rf_campaign_state {
    RF_CAMPAIGN_LOADING,  // takes contacts; nobody is called
    RF_CAMPAIGN_RUNNING,  // its contacts are called
    RF_CAMPAIGN_PAUSED,   // nothing new is begun; calls that exist are followed to their end
    RF_CAMPAIGN_FINISHED, // none of its contacts is left
    RF_CAMPAIGN_CANCELLED // for good: contacts are set aside, calls that exist come to their end
};
#define RF_CAMPAIGN_STATES 5

// One legal change of state. The database holds the same table and refuses all else.
struct rf_campaign_transition {
    enum rf_campaign_state from, to;
    const char *when;
};
extern const struct rf_campaign_transition rf_campaign_transitions[];
extern const size_t rf_campaign_transition_count;

// rf_campaign_state_name: as it is stored: "loading", "running", ... Never NULL.
const char *rf_campaign_state_name(enum rf_campaign_state state);
bool rf_campaign_state_parse(const char *name, enum rf_campaign_state *state);

// rf_campaign_may: whether `from` may become `to`; staying as it is, is not a transition.
bool rf_campaign_may(enum rf_campaign_state from, enum rf_campaign_state to);

// rf_campaign_draw: writes the table as a graph in the language of Graphviz.
void rf_campaign_draw(FILE *out);

// What an operator asks of a campaign.
enum rf_campaign_order {
    RF_CAMPAIGN_START,
    RF_CAMPAIGN_PAUSE,
    RF_CAMPAIGN_RESUME,
    RF_CAMPAIGN_CANCEL,
    RF_CAMPAIGN_RETRY,
};
#define RF_CAMPAIGN_ORDERS 5

// rf_campaign_order_name: "start", "pause", ... Never NULL.
const char *rf_campaign_order_name(enum rf_campaign_order order);

// rf_campaign_obey: what a campaign in `state` becomes by the order; `to` may be `state`, as to ask
// for the same twice is fine. NULL: it may be carried out; else why not, and what can be done
// instead, for people.
const char *rf_campaign_obey(enum rf_campaign_state state, enum rf_campaign_order order,
                             enum rf_campaign_state *to);

#endif
