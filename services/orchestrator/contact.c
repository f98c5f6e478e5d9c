#include "contact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "outcome.h"

const struct rf_contact_transition rf_contact_transitions[] = {
    {RF_CONTACT_NEW, RF_CONTACT_SCHEDULED, "its campaign is started"},
    {RF_CONTACT_NEW, RF_CONTACT_SET_ASIDE, "its campaign is cancelled"},
    {RF_CONTACT_SCHEDULED, RF_CONTACT_SET_ASIDE, "its campaign is cancelled"},
    {RF_CONTACT_SCHEDULED, RF_CONTACT_SCRIPT, "claimed"},

    {RF_CONTACT_SCRIPT, RF_CONTACT_SPEECH, "the script is there"},
    {RF_CONTACT_SCRIPT, RF_CONTACT_DIAL, "the script is there, and the provider speaks it"},
    {RF_CONTACT_SCRIPT, RF_CONTACT_WAIT_RETRY, "deferred"},
    {RF_CONTACT_SCRIPT, RF_CONTACT_WAIT_BREAKER, "no usable provider"},
    {RF_CONTACT_SCRIPT, RF_CONTACT_WAIT_WINDOW, "its window is shut: enough are ready"},
    {RF_CONTACT_SCRIPT, RF_CONTACT_SET_ASIDE, "failed"},

    {RF_CONTACT_SPEECH, RF_CONTACT_DIAL, "the audio is there"},
    {RF_CONTACT_SPEECH, RF_CONTACT_WAIT_RETRY, "deferred"},
    {RF_CONTACT_SPEECH, RF_CONTACT_WAIT_BREAKER, "no usable provider"},
    {RF_CONTACT_SPEECH, RF_CONTACT_WAIT_WINDOW, "its window is shut for long"},
    {RF_CONTACT_SPEECH, RF_CONTACT_SET_ASIDE, "failed"},

    {RF_CONTACT_DIAL, RF_CONTACT_SPEECH, "its audio may be gone by now"},
    {RF_CONTACT_DIAL, RF_CONTACT_FOLLOW, "the call was created"},
    {RF_CONTACT_DIAL, RF_CONTACT_ASK, "nobody knows whether it was created"},
    {RF_CONTACT_DIAL, RF_CONTACT_WAIT_RETRY, "not sent: deferred"},
    {RF_CONTACT_DIAL, RF_CONTACT_WAIT_BREAKER, "not sent: no usable provider"},
    {RF_CONTACT_DIAL, RF_CONTACT_WAIT_WINDOW, "outside its calling window"},
    {RF_CONTACT_DIAL, RF_CONTACT_DONE, "it has had its calls: the cap was lowered"},
    {RF_CONTACT_DIAL, RF_CONTACT_SET_ASIDE, "refused"},

    {RF_CONTACT_ASK, RF_CONTACT_FOLLOW, "the provider has the call"},
    {RF_CONTACT_ASK, RF_CONTACT_DIAL, "proven absent"},
    {RF_CONTACT_ASK, RF_CONTACT_SET_ASIDE, "proven absent too often, or never to be known"},

    {RF_CONTACT_FOLLOW, RF_CONTACT_DONE, "the call ended, and none follows it"},
    {RF_CONTACT_FOLLOW, RF_CONTACT_WAIT_RETRY, "not reached: called again later"},
    {RF_CONTACT_FOLLOW, RF_CONTACT_WAIT_WINDOW, "not reached: called again in its window"},
    {RF_CONTACT_FOLLOW, RF_CONTACT_SET_ASIDE, "its provider denies the call for long"},

    {RF_CONTACT_WAIT_RETRY, RF_CONTACT_SCRIPT, "claimed"},
    {RF_CONTACT_WAIT_RETRY, RF_CONTACT_SPEECH, "claimed"},
    {RF_CONTACT_WAIT_RETRY, RF_CONTACT_DIAL, "claimed"},
    {RF_CONTACT_WAIT_BREAKER, RF_CONTACT_SCRIPT, "claimed"},
    {RF_CONTACT_WAIT_BREAKER, RF_CONTACT_SPEECH, "claimed"},
    {RF_CONTACT_WAIT_BREAKER, RF_CONTACT_DIAL, "claimed"},
    {RF_CONTACT_WAIT_WINDOW, RF_CONTACT_SCRIPT, "its window is open"},
    {RF_CONTACT_WAIT_WINDOW, RF_CONTACT_SPEECH, "its window is open"},
    {RF_CONTACT_WAIT_WINDOW, RF_CONTACT_DIAL, "its window is open"},
    {RF_CONTACT_WAIT_RETRY, RF_CONTACT_SET_ASIDE, "its campaign is cancelled"},
    {RF_CONTACT_WAIT_BREAKER, RF_CONTACT_SET_ASIDE, "its campaign is cancelled"},
    {RF_CONTACT_WAIT_WINDOW, RF_CONTACT_SET_ASIDE, "its campaign is cancelled"},

    {RF_CONTACT_SET_ASIDE, RF_CONTACT_WAIT_RETRY, "a person has it tried again"},
    {RF_CONTACT_SET_ASIDE, RF_CONTACT_ASK, "so, and a dial of it is in doubt"},
    {RF_CONTACT_SET_ASIDE, RF_CONTACT_FOLLOW, "so, and its call was not followed to its end"},
};
const size_t rf_contact_transition_count =
    sizeof rf_contact_transitions / sizeof *rf_contact_transitions;

static const char *const state_names[RF_CONTACT_STATES] = {
    [RF_CONTACT_NEW] = "new",
    [RF_CONTACT_SCHEDULED] = "scheduled",
    [RF_CONTACT_SCRIPT] = "running.script",
    [RF_CONTACT_SPEECH] = "running.speech",
    [RF_CONTACT_DIAL] = "running.dial",
    [RF_CONTACT_ASK] = "running.ask",
    [RF_CONTACT_FOLLOW] = "running.follow",
    [RF_CONTACT_WAIT_RETRY] = "waiting.retry",
    [RF_CONTACT_WAIT_BREAKER] = "waiting.breaker",
    [RF_CONTACT_WAIT_WINDOW] = "waiting.window",
    [RF_CONTACT_DONE] = "done",
    [RF_CONTACT_SET_ASIDE] = "set_aside",
};

static const char *const step_names[RF_STEPS] = {
    [RF_STEP_SCRIPT] = "script",
    [RF_STEP_SPEECH] = "speech",
    [RF_STEP_DIAL] = "dial",
};

static const char *const dial_names[RF_DIAL_STATES] = {
    [RF_DIAL_NONE] = "none",     [RF_DIAL_INTENT] = "intent", [RF_DIAL_UNKNOWN] = "unknown",
    [RF_DIAL_PLACED] = "placed", [RF_DIAL_ABSENT] = "absent", [RF_DIAL_ENDED] = "ended",
};

// The place of `name` in `names`, or -1.
static int find_name(const char *const *names, int count, const char *name) {
    for (int i = 0; name && i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

const char *rf_contact_state_name(enum rf_contact_state state) {
    return (unsigned)state < RF_CONTACT_STATES ? state_names[state] : "unknown";
}

bool rf_contact_state_parse(const char *name, enum rf_contact_state *state) {
    int place = find_name(state_names, RF_CONTACT_STATES, name);
    if (place >= 0)
        *state = (enum rf_contact_state)place;
    return place >= 0;
}

const char *rf_step_name(enum rf_step step) {
    return (unsigned)step < RF_STEPS ? step_names[step] : "unknown";
}

const char *rf_dial_state_name(enum rf_dial_state state) {
    return (unsigned)state < RF_DIAL_STATES ? dial_names[state] : "unknown";
}

bool rf_dial_state_parse(const char *name, enum rf_dial_state *state) {
    int place = find_name(dial_names, RF_DIAL_STATES, name);
    if (place >= 0)
        *state = (enum rf_dial_state)place;
    return place >= 0;
}

bool rf_contact_may(enum rf_contact_state from, enum rf_contact_state to) {
    for (size_t i = 0; i < rf_contact_transition_count; i++)
        if (rf_contact_transitions[i].from == from && rf_contact_transitions[i].to == to)
            return true;
    return false;
}

void rf_contact_draw(FILE *out) {
    for (int from = 0; from < RF_CONTACT_STATES; from++) {
        bool leaves = false;
        (void)fprintf(out, "%s\n", state_names[from]);
        for (size_t i = 0; i < rf_contact_transition_count; i++) {
            const struct rf_contact_transition *t = &rf_contact_transitions[i];
            if ((int)t->from != from)
                continue;
            (void)fprintf(out, "  |--> %-16s %s\n", state_names[t->to], t->when);
            leaves = true;
        }
        if (!leaves)
            (void)fputs("  (the end)\n", out);
    }
}

bool rf_contact_running(enum rf_contact_state state) {
    return state >= RF_CONTACT_SCRIPT && state <= RF_CONTACT_FOLLOW;
}

bool rf_contact_waiting(enum rf_contact_state state) {
    return state >= RF_CONTACT_WAIT_RETRY && state <= RF_CONTACT_WAIT_WINDOW;
}

bool rf_contact_ended(enum rf_contact_state state) {
    return state == RF_CONTACT_DONE || state == RF_CONTACT_SET_ASIDE;
}

enum rf_contact_state rf_contact_begins(enum rf_step step) {
    switch (step) {
    case RF_STEP_SCRIPT:
        return RF_CONTACT_SCRIPT;
    case RF_STEP_SPEECH:
        return RF_CONTACT_SPEECH;
    case RF_STEP_DIAL:
        break;
    }
    return RF_CONTACT_DIAL;
}

char *rf_contact_trace(const struct rf_contact *contact, char out[RF_TRACE_SIZE]) {
    char call[192], hex[RF_SHA256_HEX_SIZE];
    int64_t number = rf_outcome_calls(contact->unreached);
    int size = snprintf(call, sizeof call, "%s %lld %lld", contact->id,
                        (long long)contact->campaign_row, (long long)number);
    rf_sha256_hex(call, (size_t)size, hex);
    memcpy(out, hex, RF_TRACE_SIZE - 1);
    out[RF_TRACE_SIZE - 1] = '\0';
    return out;
}

void rf_contact_clear(struct rf_contact *contact) {
    free(contact->campaign);
    free(contact->phone);
    free(contact->name);
    free(contact->fields);
    free(contact->script);
    free(contact->time_zone);
    free(contact->settings);
    *contact = (struct rf_contact){0};
}
