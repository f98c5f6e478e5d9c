// Calls that wait for a time, whatever it is: a retry, a token, their deadline.
#include <assert.h>

#include "internal.h"

bool timed_reserve(struct core *core) {
    return rf_timer_heap_reserve(&core->timed, core->call_count + 1);
}

void timed_add(struct core *core, struct call *call, struct rf_instant due) {
    room_leave(call);
    call->timer.due = due;
    bool added = rf_timer_heap_put(&core->timed, &call->timer);
    assert(added); // there is room for every call in hand
    (void)added;
}

void timed_remove(struct core *core, struct call *call) {
    room_leave(call);
    rf_timer_heap_take(&core->timed, &call->timer);
}

struct call *timed_first(const struct core *core) {
    struct rf_timer *timer = rf_timer_heap_first(&core->timed);
    return timer != NULL ? RF_OWNER(timer, struct call, timer) : NULL;
}
