// What comes in from outside, and what it changes.
#include "core.h"

#include <stdio.h>
#include <string.h>

#include "internal.h"

static const char *const service_names[GATEWAY_SERVICE_COUNT] = {
    [GATEWAY_SPEECH] = "speech", [GATEWAY_SCRIPT] = "script", [GATEWAY_TELEPHONY] = "telephony"};

// Of which service each operation is.
static const enum gateway_service services[] = {
    [GATEWAY_SPEAK] = GATEWAY_SPEECH,          [GATEWAY_WRITE] = GATEWAY_SCRIPT,
    [GATEWAY_DIAL] = GATEWAY_TELEPHONY,        [GATEWAY_FIND_CALL] = GATEWAY_TELEPHONY,
    [GATEWAY_CALL_STATUS] = GATEWAY_TELEPHONY,
};

const char *gateway_service_name(enum gateway_service service) {
    return service_names[service];
}

bool gateway_service_parse(const char *name, enum gateway_service *service) {
    for (int s = 0; s < GATEWAY_SERVICE_COUNT; s++)
        if (strcmp(name, service_names[s]) == 0) {
            *service = (enum gateway_service)s;
            return true;
        }
    return false;
}

static const struct rf_config_chain *chain_of(const struct core *core,
                                              enum gateway_service service) {
    switch (service) {
    case GATEWAY_SPEECH:
        return &core->config->speech;
    case GATEWAY_SCRIPT:
        return &core->config->script;
    default:
        return &core->config->telephony;
    }
}

static void give_permit_back(struct core *core, enum rf_provider p, int64_t epoch,
                             const char *permit) {
    core->effects->outcome(core->arg, p, epoch, permit, RF_CLASS_LOCAL, rf_ns(0), false, NULL);
}

void core_init(struct core *core, const struct gateway_effects *effects, void *arg,
               const struct rf_config_gateway *config, struct provider_settings *settings,
               uint64_t seed) {
    *core = (struct core){
        .effects = effects, .arg = arg, .config = config, .settings = settings, .rng = {seed}};
    policies_init(core);
    keys_take(core);
    marks_take(core);
    core->by_id.seed = rf_rng_next(&core->rng); // clients choose the ids
}

void core_fini(struct core *core) {
    hand_fini(core);
    cache_fini(core);
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        json_decref(core->marks[p].value);
    keys_fini(core);
    *core = (struct core){0};
}

static bool operation_of(const struct rf_call_request *request, enum gateway_service *service,
                         enum gateway_operation *operation) {
    if (!gateway_service_parse(request->service, service))
        return false;
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        *operation = (enum gateway_operation)i;
        if (services[i] == *service &&
            strcmp(request->operation, provider_operation_name(*operation)) == 0)
            return true;
    }
    return false;
}

// A call that another gateway handed back goes on where it stood: same link, same count of retries.
static void resume(struct call *call) {
    const struct rf_config_chain *chain = &call->chain;
    if (call->attempt_count == 0)
        return;
    const char *last = call->attempts[call->attempt_count - 1].provider;
    for (size_t i = 0; i < chain->count; i++)
        if (strcmp(rf_provider_name(chain->links[i]), last) == 0)
            call->link = i;
}

static void begin_call(struct core *core, struct call *call, int64_t next_attempt,
                       struct moment at) {
    resume(call);
    if (next_attempt <= at.utc.ns) {
        enter_link(core, call, at);
        return;
    }
    struct rf_instant due = rf_instant_add(at.now, rf_ns(next_attempt - at.utc.ns));
    int64_t retries = call->retries;
    call->waited = rf_instant_since(due, at.now);
    if (call_is_local(call)) {
        enter_link(core, call, at);
        return;
    }
    policy_enter(core, call);
    rf_policy_resume(policy_of(core, call), &call->policy, retries, due);
    wait_for(core, call, due, at);
}

void core_request(struct core *core, const struct rf_call_request *request, struct moment at) {
    enum gateway_service service;
    enum gateway_operation operation;
    struct call *call;
    if (!operation_of(request, &service, &operation)) {
        answer_request(core, request, RF_CLASS_PERMANENT_INVALID, "operation",
                       "this gateway has no such service and operation");
    } else if (!json_is_object(request->params)) {
        answer_request(core, request, RF_CLASS_PERMANENT_INVALID, "params",
                       "params: a map expected");
    } else if ((call = call_new(request, service, operation, chain_of(core, service), at)) ==
                   NULL ||
               !hand_add(core, call)) {
        call_free(call);
        answer_request(core, request, RF_CLASS_LOCAL, "overloaded", "out of memory");
    } else if (core->draining) {
        call->policy.due =
            rf_instant_add(at.now, rf_ns(rf_ns_sub(request->next_attempt, at.utc.ns)));
        hand_back(core, call, at);
    } else {
        begin_call(core, call, request->next_attempt, at);
    }
    run_queues(core, at);
}

void core_cancel(struct core *core, const char *id, struct moment at) {
    struct call *call = hand_find(core, id);
    if (call == NULL)
        return;
    // A dial on its way is left to end: aborted, nobody would know whether the call exists. If
    // nothing comes of it, it is not begun anew.
    if (call->state == CALL_SENDING && !call_repeatable(call)) {
        call->cancelled = true;
        return;
    }
    if (call->state == CALL_SENDING || call->state == CALL_STORING) {
        core->effects->abort(core->arg, call);
        call->was_sent = true;
    }
    if (call->state == CALL_LOOKING)
        core->effects->abort(core->arg, call);
    // A grant that may be on its way is given back when it comes.
    permit_end(core, call, RF_CLASS_LOCAL, rf_ns(0), NULL);
    answer_local(core, call, "cancelled", "the caller cancelled it");
    run_queues(core, at);
}

void core_permit(struct core *core, const char *id, enum rf_provider p, const char *permit,
                 int64_t epoch, struct rf_duration lease, struct moment at) {
    struct call *call = hand_find(core, id);
    if (call == NULL || call->state != CALL_PERMIT || provider_now(call) != p) {
        if (permit != NULL)
            give_permit_back(core, p, epoch, permit);
        run_queues(core, at);
        return;
    }
    timed_remove(core, call);
    call->state = CALL_PLACE;
    if (permit != NULL) {
        snprintf(call->permit, sizeof call->permit, "%s", permit);
        rf_policy_granted(&core->policies[p], &call->policy, epoch);
        begin_attempt(core, call, lease, at);
    } else if (barred_now(core, call, at)) {
        barred_leave(core, call, at);
    } else {
        obey(core, call, rf_policy_not_granted(&core->policies[p], &call->policy, at.now), at);
    }
    run_queues(core, at);
}

// Those who have all but a place of their service are in nobody's queue but ours.
static void end_waits_for_places(struct core *core, enum rf_provider p, struct moment at) {
    for (struct call *call = core->calls, *next; call != NULL; call = next) {
        next = call->next;
        if (call->queued && provider_now(call) == p) {
            place_unqueue(core, call);
            timed_remove(core, call);
            try_link(core, call, at);
        }
    }
}

void core_breaker(struct core *core, const struct rf_breaker_view *view, struct moment at) {
    enum rf_provider p;
    enum rf_breaker_state state;
    if (!rf_provider_parse(view->service, &p) || !rf_breaker_state_parse(view->state, &state))
        return;
    struct rf_instant until = {rf_ns_add(at.now.ns, rf_ns_sub(view->until, at.utc.ns))};
    if (!rf_policy_follow(&core->policies[p], state, view->epoch, until))
        return; // overtaken
    barred_take(core, p, view->ejected_until, at);
    if (state == RF_BREAKER_OPEN)
        end_waits_for_places(core, p, at);
    run_queues(core, at);
}

void core_connected(struct core *core, bool connected, struct moment at) {
    core->connected = connected;
    if (connected)
        return;
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        rf_policy_lost(&core->policies[p]);
    for (struct call *call = core->calls, *next; call != NULL; call = next) {
        next = call->next;
        call->lost = !call_repeatable(call);
        if (call->state == CALL_WAITING || call->state == CALL_PLACE)
            (void)answer_given_up(core, call);
    }
    run_queues(core, at);
}

void core_drain(struct core *core, struct moment at) {
    core->draining = true;
    for (struct call *call = core->calls, *next; call != NULL; call = next) {
        next = call->next;
        bool waits =
            call->state == CALL_WAITING || call->state == CALL_PLACE || call->state == CALL_JOINED;
        if (waits && !call->policy.unpaid) // the word on its retry comes within 200 ms
            hand_back(core, call, at);
    }
    cache_run(core, at);
}

void core_tick(struct core *core, struct moment at) {
    struct call *call;
    slow_tell(core, at);
    while ((call = timed_first(core)) != NULL && !rf_instant_before(at.now, call->timer.due)) {
        timed_remove(core, call);
        if (call->state == CALL_WAITING) {
            wait_end(core, call);
            try_link(core, call, at);
        } else if (call->state == CALL_SENDING) {
            hedge_try(core, call, at);
        } else if (call->state == CALL_MARKING) {
            mark_again(core, call, at);
        } else if (call->state == CALL_STORING) {
            core->effects->abort(core->arg, call);
            call->was_sent = true;
            answer_local(core, call, "deadline_exceeded", "the audio was not stored in time");
        } else if (call->state == CALL_LOOKING) {
            core->effects->abort(core->arg, call);
            answer_local(core, call, "deadline_exceeded", "the cache did not answer in time");
        } else if (call->state == CALL_JOINED) {
            answer_local(core, call, "deadline_exceeded", "the same speech did not end in time");
        } else {
            answer_local(core, call, "deadline_exceeded", "no place came free in time");
        }
    }
    run_queues(core, at);
}

bool core_wake(const struct core *core, struct rf_instant *when) {
    const struct call *first = timed_first(core);
    bool found = first != NULL;
    struct rf_instant slow;
    if (found)
        *when = first->timer.due;
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        if (rf_policy_wake(&core->policies[p], &slow) &&
            (!found || rf_instant_before(slow, *when))) {
            *when = slow;
            found = true;
        }
    return found;
}
