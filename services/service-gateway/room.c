// Calls whose provider said that too many of us are there at once (ElevenLabs'
// concurrent_limit_exceeded): time alone is no cure, one of our own calls has to end. Each waits as
// its retry policy says, and goes on sooner when that happens: one for each that ends, in their
// order.
#include "internal.h"
#include "note.h"

void room_wait(struct core *core, struct call *call, struct moment at) {
    struct room *room = &core->rooms[provider_now(call)];
    call->room = room;
    call->room_after = NULL;
    call->room_before = room->last;
    *(room->last != NULL ? &room->last->room_after : &room->first) = call;
    room->last = call;
    call_note(call, at, "bulkhead", "wait", "until another call of ours ends there");
}

void room_leave(struct call *call) {
    struct room *room = call->room;
    if (room == NULL)
        return;
    *(call->room_before != NULL ? &call->room_before->room_after : &room->first) = call->room_after;
    *(call->room_after != NULL ? &call->room_after->room_before : &room->last) = call->room_before;
    call->room = NULL;
}

void room_ended(struct core *core, enum rf_provider p, struct moment at) {
    struct call *call = core->rooms[p].first;
    if (call == NULL)
        return;
    call_note(call, at, "bulkhead", "again", "another call of ours has ended");
    rf_policy_hasten(&call->policy, at.now);
    timed_add(core, call, at.now); // takes it out of the room
}
