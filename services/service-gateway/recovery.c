// Calls that wait for a breaker to recover (when_open: wait). Another link of the chain that serves
// is worth more than a wait, so each is tried first. When none serves, the call waits where it is
// served soonest, not where the chain begins (incident 8: one recovers in two seconds).
#include <string.h>

#include "internal.h"
#include "note.h"

bool recovery_can_wait(const struct call *call) {
    bool only = call->chain.count == 1 && call->chain.local == RF_LOCAL_NONE;
    return only || call->patient;
}

static bool was_open(const struct call *call, enum rf_provider p) {
    for (size_t i = 0; i < call->failure_count; i++) {
        const struct provider_verdict *verdict = &call->failures[i].verdict;
        if (call->failures[i].provider == p && verdict->class == RF_CLASS_LOCAL &&
            strcmp(verdict->code, "breaker_open") == 0)
            return true;
    }
    return false;
}

// When the link may serve: 0 if it is about to be known.
static struct rf_instant serves_at(const struct core *core, enum rf_provider p) {
    struct rf_policy_decision gate = rf_policy_gate(&core->policies[p]);
    return gate.verdict == RF_POLICY_REFUSED ? gate.at : (struct rf_instant){0};
}

static size_t soonest(const struct core *core, const struct call *call) {
    size_t chosen = call->chain.count;
    for (size_t i = 0; i < call->chain.count; i++) {
        enum rf_provider p = call->chain.links[i];
        if (core->policies[p].rules.when_open != RF_WHEN_OPEN_WAIT || !was_open(call, p))
            continue;
        if (chosen == call->chain.count ||
            rf_instant_before(serves_at(core, p), serves_at(core, call->chain.links[chosen])))
            chosen = i;
    }
    return chosen;
}

bool recovery_wait(struct core *core, struct call *call, struct moment at) {
    size_t link = soonest(core, call);
    if (call->patient || link == call->chain.count)
        return false;
    call->patient = true;
    call->link = link;
    call_note(call, at, "fallback", "wait", "no link serves: for the one that recovers first");
    enter_link(core, call, at);
    return true;
}
