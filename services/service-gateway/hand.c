// Calls in hand: all of them in a list, the latest first, and each by its id.
#include "internal.h"

bool hand_add(struct core *core, struct call *call) {
    if (!timed_reserve(core) || !rf_map_add_text(&core->by_id, &call->by_id, call->id))
        return false;
    call->next = core->calls;
    call->back = &core->calls;
    if (call->next != NULL)
        call->next->back = &call->next;
    core->calls = call;
    core->call_count++;
    return true;
}

struct call *hand_find(const struct core *core, const char *id) {
    struct rf_map_node *node = rf_map_find_text(&core->by_id, id);
    return node != NULL ? RF_OWNER(node, struct call, by_id) : NULL;
}

void hand_remove(struct core *core, struct call *call) {
    rf_map_remove(&core->by_id, &call->by_id);
    *call->back = call->next;
    if (call->next != NULL)
        call->next->back = call->back;
    core->call_count--;
}

void hand_fini(struct core *core) {
    while (core->calls != NULL) {
        struct call *call = core->calls;
        core->calls = call->next;
        call_free(call);
    }
    rf_map_fini(&core->by_id);
    rf_timer_heap_fini(&core->timed);
}
