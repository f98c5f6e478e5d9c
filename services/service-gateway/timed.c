// Calls that wait for a time: a heap by `due`, so that ten thousand of them cost a few steps each,
// in whatever order jitter lets them end.
#include <stdlib.h>

#include "internal.h"

static void set(struct core *core, size_t at, struct call *call) {
    core->timed[at] = call;
    call->timed = at + 1;
}

static void rise(struct core *core, size_t at, struct call *call) {
    while (at > 0 && rf_instant_before(call->due, core->timed[(at - 1) / 2]->due)) {
        set(core, at, core->timed[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    set(core, at, call);
}

static void sink(struct core *core, size_t at, struct call *call) {
    for (size_t child; (child = 2 * at + 1) < core->timed_count; at = child) {
        if (child + 1 < core->timed_count &&
            rf_instant_before(core->timed[child + 1]->due, core->timed[child]->due))
            child++;
        if (!rf_instant_before(core->timed[child]->due, call->due))
            break;
        set(core, at, core->timed[child]);
    }
    set(core, at, call);
}

bool timed_reserve(struct core *core) {
    if (core->call_count < core->timed_room)
        return true;
    size_t room = core->timed_room > 0 ? 2 * core->timed_room : 64;
    struct call **grown = realloc(core->timed, room * sizeof *grown);
    if (grown == NULL)
        return false;
    core->timed = grown;
    core->timed_room = room;
    return true;
}

void timed_add(struct core *core, struct call *call, struct rf_instant due) {
    timed_remove(core, call);
    call->due = due;
    rise(core, core->timed_count++, call);
}

void timed_remove(struct core *core, struct call *call) {
    room_leave(call);
    if (call->timed == 0)
        return;
    size_t at = call->timed - 1;
    call->timed = 0;
    struct call *last = core->timed[--core->timed_count];
    if (last == call)
        return;
    if (at > 0 && rf_instant_before(last->due, core->timed[(at - 1) / 2]->due))
        rise(core, at, last);
    else
        sink(core, at, last);
}
