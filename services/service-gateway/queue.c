// Who waits for a place: first come, first served.

#include "internal.h"

static int64_t capacity(const struct core *core, enum gateway_service service) {
    switch (service) {
    case GATEWAY_SPEECH:
        return core->config->speech_concurrency;
    case GATEWAY_SCRIPT:
        return core->config->script_concurrency;
    default:
        return core->config->telephony_concurrency;
    }
}

bool place_take(struct core *core, struct call *call) {
    if (call->placed)
        return true;
    if (core->running[call->service] >= capacity(core, call->service))
        return false;
    core->running[call->service]++;
    call->placed = true;
    return true;
}

void place_give(struct core *core, struct call *call) {
    if (!call->placed)
        return;
    core->running[call->service]--;
    call->placed = false;
}

bool place_take_second(struct core *core, const struct call *call) {
    if (core->running[call->service] >= capacity(core, call->service))
        return false;
    core->running[call->service]++;
    return true;
}

void place_give_second(struct core *core, const struct call *call) {
    core->running[call->service]--;
}

void place_queue(struct core *core, struct call *call) {
    enum gateway_service s = call->service;
    if (call->queued)
        return;
    call->queued = true;
    call->behind = NULL;
    call->ahead = core->last[s];
    *(call->ahead != NULL ? &call->ahead->behind : &core->first[s]) = call;
    core->last[s] = call;
}

void place_unqueue(struct core *core, struct call *call) {
    enum gateway_service s = call->service;
    if (!call->queued)
        return;
    *(call->ahead != NULL ? &call->ahead->behind : &core->first[s]) = call->behind;
    *(call->behind != NULL ? &call->behind->ahead : &core->last[s]) = call->ahead;
    call->behind = call->ahead = NULL;
    call->queued = false;
}

struct call *place_next(struct core *core, enum gateway_service service) {
    struct call *call = core->first[service];
    if (call == NULL || !place_take(core, call))
        return NULL;
    place_unqueue(core, call);
    timed_remove(core, call);
    return call;
}

int64_t waiting_total(const struct core *core) {
    int64_t total = 0;
    for (int s = 0; s < GATEWAY_SERVICE_COUNT; s++)
        total += core->waiting[s];
    return total;
}

void wait_end(struct core *core, struct call *call) {
    if (call->state != CALL_WAITING)
        return;
    core->waiting[call->service]--;
    call->state = CALL_PLACE;
}

void credit_give(struct core *core, struct call *call) {
    if (!call->credit)
        return;
    call->credit = false;
    core->effects->release(core->arg, call->service, core->waiting[call->service]);
}

void core_remove(struct core *core, struct call *call) {
    cache_leave(core, call);
    hedge_leave(core, call);
    timed_remove(core, call);
    place_unqueue(core, call);
    place_give(core, call);
    wait_end(core, call);
    policy_leave(core, call);
    credit_give(core, call);
    hand_remove(core, call);
    call_free(call);
}
