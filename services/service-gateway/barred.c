// A provider that the broker keeps this gateway from, as its calls alone fail there: calls are not
// refused for that, and no link of their chain is skipped: they go back to the broker with all that
// was tried, and another gateway goes on with them. Where there is none the broker says so, and the
// call is carried out here all the same.
#include "internal.h"
#include "note.h"

// Where our clock says that it is over already the broker's clock is behind ours: it tells when it
// is over, and so long at most we believe it without a word.
#define CLOCK_AHEAD rf_seconds(60)

bool barred_now(const struct core *core, const struct call *call, struct moment at) {
    return !call->anyway && !call->policy.unpaid &&
           rf_instant_before(at.now, core->barred[provider_now(call)]);
}

void barred_leave(struct core *core, struct call *call, struct moment at) {
    static const char message[] = "this gateway is kept from the provider, as its calls alone fail";
    struct rf_utc until = utc_of(core->barred[provider_now(call)], at);
    call_note(call, at, "breaker", "refused", "%s", message);
    if (!core->connected && call_has_next(call)) // nobody is there to hand it back to
        link_refused(core, call, "breaker_open", message, until, at);
    else
        hand_back(core, call, at);
}

void barred_take(struct core *core, enum rf_provider p, int64_t until, struct moment at) {
    core->barred[p] = (struct rf_instant){0};
    if (until == 0)
        return;
    int64_t left = rf_ns_sub(until, at.utc.ns);
    core->barred[p] = rf_instant_add(at.now, left > 0 ? rf_ns(left) : CLOCK_AHEAD);
    for (struct call *call = core->calls, *next; call != NULL; call = next) {
        next = call->next;
        if ((call->state == CALL_WAITING || call->state == CALL_PLACE) && !call_is_local(call) &&
            provider_now(call) == p && barred_now(core, call, at))
            hand_back(core, call, at);
    }
}
