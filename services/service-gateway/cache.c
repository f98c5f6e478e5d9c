// The cache of speech, as far as it is decided here: what is the same request, who asks the disk,
// and who waits for whom. Of identical requests that are under way one goes its way, the leader;
// the others have joined it, hold no place, and get what it gets. What the disk does is the rim's.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "internal.h"
#include "note.h"

// One request for which at least one call is under way, by its key.
struct flight {
    char key[RF_SHA256_HEX_SIZE];
    struct rf_map_node by_key;
    struct flight *after;              // among those without a leader
    struct call *leader;               // NULL: the first who joined is to take over
    struct call *joined, **joined_end; // first come, first served
    bool orphaned;                     // it is among those without a leader
    struct link_failure *failure;      // whoever asks the same gets the same; NULL: none
};

// ---- what is the same request ----

// Whatever a provider builds from, it puts into the request; so what gives the same request gives
// the same audio, and nothing that changes it can be forgotten here. The key of the account stands
// in a header, and headers are left out.
static bool key_of(enum rf_provider p, const struct provider_request *request,
                   char key[RF_SHA256_HEX_SIZE]) {
    char *text;
    int length = asprintf(&text, "1\n%s\n%s %s\n%s", rf_provider_name(p), request->method,
                          request->url, request->body != NULL ? request->body : "");
    if (length < 0)
        return false;
    rf_sha256_hex(text, (size_t)length, key);
    free(text);
    return true;
}

static bool wanted_key(const struct core *core, const struct call *call,
                       char key[RF_SHA256_HEX_SIZE]) {
    static char none[] = "";
    const enum rf_provider p = provider_now(call);
    struct provider_settings settings = core->settings[p];
    struct provider_request request = {0};
    struct rf_error error;
    settings.key.value = none; // a hit needs none
    bool good = provider_of(p)->build(&settings, &call->job, &request, &error) == RF_OK &&
                key_of(p, &request, key);
    provider_request_fini(&request);
    return good;
}

void cache_note_sent(const struct core *core, struct call *call,
                     const struct provider_request *request) {
    if (!core->config->cache_enabled || call->job.operation != GATEWAY_SPEAK ||
        !key_of(provider_now(call), request, call->sending.audio_key))
        call->sending.audio_key[0] = '\0';
}

// ---- flights ----

static struct flight *find(struct core *core, const char *key) {
    struct rf_map_node *node = rf_map_find_text(&core->flights, key);
    return node != NULL ? RF_OWNER(node, struct flight, by_key) : NULL;
}

static struct flight *begin(struct core *core, const char *key, struct call *leader) {
    struct flight *flight = calloc(1, sizeof *flight);
    if (flight == NULL)
        return NULL;
    snprintf(flight->key, sizeof flight->key, "%s", key);
    flight->joined_end = &flight->joined;
    flight->leader = leader;
    if (!rf_map_add_text(&core->flights, &flight->by_key, flight->key)) {
        free(flight);
        return NULL;
    }
    leader->flight = flight;
    return flight;
}

static void end(struct core *core, struct flight *flight) {
    rf_map_remove(&core->flights, &flight->by_key);
    free(flight->failure);
    free(flight);
}

static void orphan(struct core *core, struct flight *flight) {
    flight->leader = NULL;
    if (flight->orphaned)
        return;
    flight->orphaned = true;
    flight->after = core->orphans;
    core->orphans = flight;
}

static void join(struct core *core, struct call *call, struct flight *flight, struct moment at) {
    call->flight = flight;
    call->state = CALL_JOINED;
    call->beside = NULL;
    call->beside_back = flight->joined_end;
    *flight->joined_end = call;
    flight->joined_end = &call->beside;
    timed_add(core, call, call->deadline);
    call_note(call, at, "cache", "joined", "the same speech is under way for call %s",
              flight->leader != NULL ? flight->leader->id : "none");
    // It waits as one waits for a retry: the broker may send another call meanwhile.
    call->idle = waiting_total(core) < core->config->max_waiting;
    if (call->idle) {
        core->waiting[call->service]++;
        credit_give(core, call);
    }
}

static void unjoin(struct core *core, struct call *call) {
    struct flight *flight = call->flight;
    *call->beside_back = call->beside;
    *(call->beside != NULL ? &call->beside->beside_back : &flight->joined_end) = call->beside_back;
    call->beside = NULL;
    call->beside_back = NULL;
    timed_remove(core, call);
    if (call->idle)
        core->waiting[call->service]--;
    call->idle = false;
}

void cache_leave(struct core *core, struct call *call) {
    struct flight *flight = call->flight;
    if (flight == NULL)
        return;
    if (flight->leader == call)
        orphan(core, flight);
    else
        unjoin(core, call);
    call->flight = NULL;
}

// ---- the way of a call ----

bool cache_enter(struct core *core, struct call *call, struct moment at) {
    char key[RF_SHA256_HEX_SIZE];
    struct rf_error error;
    struct flight *flight;
    if (!core->config->cache_enabled || call->job.operation != GATEWAY_SPEAK ||
        !rf_instant_before(at.now, call->deadline) || !wanted_key(core, call, key))
        return false;
    flight = find(core, key);
    if (flight != NULL && flight->failure == NULL) {
        join(core, call, flight, at);
        return true;
    }
    if (flight != NULL || begin(core, key, call) == NULL)
        return false;
    call->state = CALL_LOOKING;
    timed_add(core, call, call->deadline);
    if (core->effects->look(core->arg, call, key, &error) == RF_OK)
        return true;
    call_note(call, at, "cache", "miss", "%s", error.message);
    timed_remove(core, call);
    call->state = CALL_PLACE;
    return false;
}

// The leader has what all of them want; it is answered by its own way.
void cache_serve(struct core *core, struct call *leader, json_t *result) {
    struct flight *flight = leader->flight;
    if (flight == NULL || flight->leader != leader)
        return;
    for (struct call *call; (call = flight->joined) != NULL;) {
        cache_leave(core, call);
        answer_ok(core, call, result);
    }
}

void cache_refuse(struct core *core, struct call *leader, const char *code, const char *message) {
    struct flight *flight = leader->flight;
    if (flight == NULL || flight->leader != leader)
        return;
    for (struct call *call; (call = flight->joined) != NULL;) {
        cache_leave(core, call);
        answer_local(core, call, code, message);
    }
}

void cache_failed(struct core *core, struct call *call, const struct link_failure *failure) {
    struct flight *flight = call->flight;
    // What is wrong with a request is wrong with the same one. Without memory for it, whoever
    // joined asks and hears it.
    if (flight != NULL && flight->leader == call &&
        failure->verdict.class == RF_CLASS_PERMANENT_INVALID &&
        (flight->failure = malloc(sizeof *flight->failure)) != NULL) {
        *flight->failure = *failure;
        flight->failure->mark_made = false;
    }
    cache_leave(core, call);
}

// To the provider, or to another gateway if this one ends.
static void go_on(struct core *core, struct call *call, struct moment at) {
    call->state = CALL_PLACE;
    if (core->draining)
        hand_back(core, call, at);
    else
        try_link(core, call, at);
}

void core_looked(struct core *core, struct call *call, const struct recording *found,
                 struct moment at) {
    timed_remove(core, call);
    call->state = CALL_PLACE;
    json_t *result = NULL;
    if (found != NULL)
        result = json_pack("{s:s, s:I, s:s, s:s}", "audio", found->sha256, "size",
                           (json_int_t)found->size, "format", found->format, "provider",
                           link_name(call));
    if (result != NULL) {
        call_note(call, at, "cache", "hit", "%s.%s, %lld bytes", found->sha256, found->format,
                  (long long)found->size);
        cache_serve(core, call, result);
        answer_ok(core, call, result);
        json_decref(result);
    } else {
        call_note(call, at, "cache", "miss", "not spoken before, or no longer kept");
        go_on(core, call, at);
    }
    run_queues(core, at);
}

// The first of those who joined goes on where the leader was; nobody else does.
static void take_over(struct core *core, struct flight *flight, struct moment at) {
    struct call *call = flight->joined;
    unjoin(core, call);
    flight->leader = call;
    call_note(call, at, "cache", "took_over", "the call before it ended without the speech");
    go_on(core, call, at);
}

void cache_run(struct core *core, struct moment at) {
    struct flight *flight;
    while ((flight = core->orphans) != NULL) {
        core->orphans = flight->after;
        flight->orphaned = false;
        while (flight->failure != NULL && flight->joined != NULL)
            link_failed(core, flight->joined, flight->failure, at);
        if (flight->joined == NULL)
            end(core, flight);
        else
            take_over(core, flight, at);
    }
}

void cache_fini(struct core *core) {
    struct rf_map_node *node = rf_map_next(&core->flights, NULL);
    while (node != NULL) {
        struct flight *flight = RF_OWNER(node, struct flight, by_key);
        node = rf_map_next(&core->flights, node);
        free(flight->failure);
        free(flight);
    }
    rf_map_fini(&core->flights);
}
