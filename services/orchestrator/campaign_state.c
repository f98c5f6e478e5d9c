#include "campaign_state.h"

#include <string.h>

const struct rf_campaign_transition rf_campaign_transitions[] = {
    {RF_CAMPAIGN_LOADING, RF_CAMPAIGN_RUNNING, "started"},
    {RF_CAMPAIGN_LOADING, RF_CAMPAIGN_CANCELLED, "cancelled"},
    {RF_CAMPAIGN_RUNNING, RF_CAMPAIGN_PAUSED, "paused"},
    {RF_CAMPAIGN_RUNNING, RF_CAMPAIGN_FINISHED, "no contact is left"},
    {RF_CAMPAIGN_RUNNING, RF_CAMPAIGN_CANCELLED, "cancelled"},
    {RF_CAMPAIGN_PAUSED, RF_CAMPAIGN_RUNNING, "resumed"},
    {RF_CAMPAIGN_PAUSED, RF_CAMPAIGN_FINISHED, "its last calls ended, and no contact is left"},
    {RF_CAMPAIGN_PAUSED, RF_CAMPAIGN_CANCELLED, "cancelled"},
    {RF_CAMPAIGN_FINISHED, RF_CAMPAIGN_RUNNING, "contacts that were set aside are tried again"},
};
const size_t rf_campaign_transition_count =
    sizeof rf_campaign_transitions / sizeof *rf_campaign_transitions;

static const char *const state_names[RF_CAMPAIGN_STATES] = {
    [RF_CAMPAIGN_LOADING] = "loading",     [RF_CAMPAIGN_RUNNING] = "running",
    [RF_CAMPAIGN_PAUSED] = "paused",       [RF_CAMPAIGN_FINISHED] = "finished",
    [RF_CAMPAIGN_CANCELLED] = "cancelled",
};

const char *rf_campaign_state_name(enum rf_campaign_state state) {
    return (unsigned)state < RF_CAMPAIGN_STATES ? state_names[state] : "unknown";
}

bool rf_campaign_state_parse(const char *name, enum rf_campaign_state *state) {
    for (int i = 0; name && i < RF_CAMPAIGN_STATES; i++) {
        if (strcmp(state_names[i], name) == 0) {
            *state = (enum rf_campaign_state)i;
            return true;
        }
    }
    return false;
}

bool rf_campaign_may(enum rf_campaign_state from, enum rf_campaign_state to) {
    for (size_t i = 0; i < rf_campaign_transition_count; i++)
        if (rf_campaign_transitions[i].from == from && rf_campaign_transitions[i].to == to)
            return true;
    return false;
}

void rf_campaign_draw(FILE *out) {
    (void)fputs("digraph campaign {\n", out);
    for (size_t i = 0; i < rf_campaign_transition_count; i++) {
        const struct rf_campaign_transition *t = &rf_campaign_transitions[i];
        (void)fprintf(out, "  \"%s\" -> \"%s\" [label=\"%s\"];\n", rf_campaign_state_name(t->from),
                      rf_campaign_state_name(t->to), t->when);
    }
    (void)fputs("}\n", out);
}

// ---- orders ----

#define CANCELLED                                                                                  \
    "it was cancelled, which cannot be undone; load its contacts into a campaign of another name"
#define NOT_STARTED "it was not started yet; start it by campaign start"
#define ENDED       "it has ended already"

// What comes of an order in each state: the next state, or why not.
struct answer {
    enum rf_campaign_state to;
    const char *why_not;
};

static const struct answer answers[RF_CAMPAIGN_ORDERS][RF_CAMPAIGN_STATES] = {
    [RF_CAMPAIGN_START] =
        {
            [RF_CAMPAIGN_LOADING] = {RF_CAMPAIGN_RUNNING, NULL},
            [RF_CAMPAIGN_RUNNING] = {RF_CAMPAIGN_RUNNING, NULL},
            [RF_CAMPAIGN_PAUSED] = {0, "it is paused; let it go on by campaign resume"},
            [RF_CAMPAIGN_FINISHED] = {RF_CAMPAIGN_FINISHED, NULL},
            [RF_CAMPAIGN_CANCELLED] = {0, CANCELLED},
        },
    [RF_CAMPAIGN_PAUSE] =
        {
            [RF_CAMPAIGN_LOADING] = {0, NOT_STARTED ", or leave it: nobody is called before"},
            [RF_CAMPAIGN_RUNNING] = {RF_CAMPAIGN_PAUSED, NULL},
            [RF_CAMPAIGN_PAUSED] = {RF_CAMPAIGN_PAUSED, NULL},
            [RF_CAMPAIGN_FINISHED] = {0, ENDED},
            [RF_CAMPAIGN_CANCELLED] = {0, CANCELLED},
        },
    [RF_CAMPAIGN_RESUME] =
        {
            [RF_CAMPAIGN_LOADING] = {0, NOT_STARTED},
            [RF_CAMPAIGN_RUNNING] = {RF_CAMPAIGN_RUNNING, NULL},
            [RF_CAMPAIGN_PAUSED] = {RF_CAMPAIGN_RUNNING, NULL},
            [RF_CAMPAIGN_FINISHED] = {0, ENDED "; contacts that were set aside are tried again by "
                                               "campaign retry"},
            [RF_CAMPAIGN_CANCELLED] = {0, CANCELLED},
        },
    [RF_CAMPAIGN_CANCEL] =
        {
            [RF_CAMPAIGN_LOADING] = {RF_CAMPAIGN_CANCELLED, NULL},
            [RF_CAMPAIGN_RUNNING] = {RF_CAMPAIGN_CANCELLED, NULL},
            [RF_CAMPAIGN_PAUSED] = {RF_CAMPAIGN_CANCELLED, NULL},
            [RF_CAMPAIGN_FINISHED] = {0, ENDED},
            [RF_CAMPAIGN_CANCELLED] = {RF_CAMPAIGN_CANCELLED, NULL},
        },
    // A paused one stays so: its contacts are tried when it goes on.
    [RF_CAMPAIGN_RETRY] =
        {
            [RF_CAMPAIGN_LOADING] = {0, NOT_STARTED},
            [RF_CAMPAIGN_RUNNING] = {RF_CAMPAIGN_RUNNING, NULL},
            [RF_CAMPAIGN_PAUSED] = {RF_CAMPAIGN_PAUSED, NULL},
            [RF_CAMPAIGN_FINISHED] = {RF_CAMPAIGN_RUNNING, NULL},
            [RF_CAMPAIGN_CANCELLED] = {0, CANCELLED},
        },
};

const char *rf_campaign_order_name(enum rf_campaign_order order) {
    static const char *const names[RF_CAMPAIGN_ORDERS] = {
        [RF_CAMPAIGN_START] = "start",   [RF_CAMPAIGN_PAUSE] = "pause",
        [RF_CAMPAIGN_RESUME] = "resume", [RF_CAMPAIGN_CANCEL] = "cancel",
        [RF_CAMPAIGN_RETRY] = "retry",
    };
    return (unsigned)order < RF_CAMPAIGN_ORDERS ? names[order] : "unknown";
}

const char *rf_campaign_obey(enum rf_campaign_state state, enum rf_campaign_order order,
                             enum rf_campaign_state *to) {
    const struct answer *answer = &answers[order][state];
    if (!answer->why_not)
        *to = answer->to;
    return answer->why_not;
}
