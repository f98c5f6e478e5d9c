// Calls in hand: all of them in a list, and each by its id.
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define FIRST_BUCKETS 64

// FNV-1a, from a start that nobody outside knows: who chooses ids cannot choose their buckets.
static size_t hash_of(const struct core *core, const char *id) {
    uint64_t hash = core->seed ^ UINT64_C(0xcbf29ce484222325);
    for (const unsigned char *c = (const unsigned char *)id; *c != '\0'; c++)
        hash = (hash ^ *c) * UINT64_C(0x100000001b3);
    return (size_t)(hash ^ hash >> 32);
}

static struct call **bucket_of(const struct core *core, const char *id) {
    return &core->by_id[hash_of(core, id) & (core->buckets - 1)];
}

static void chain(struct core *core, struct call *call) {
    struct call **bucket = bucket_of(core, call->id);
    call->same_bucket = *bucket;
    *bucket = call;
}

// Twice as many buckets as calls at most, half as many at least. Without memory for more, chains
// grow longer, and nothing else.
static bool widen(struct core *core) {
    size_t buckets = core->buckets > 0 ? 2 * core->buckets : FIRST_BUCKETS;
    if (core->call_count < core->buckets)
        return true;
    struct call **fresh = calloc(buckets, sizeof *fresh);
    if (fresh == NULL)
        return core->buckets > 0;
    free(core->by_id);
    core->by_id = fresh;
    core->buckets = buckets;
    for (struct call *call = core->calls; call != NULL; call = call->next)
        chain(core, call);
    return true;
}

bool hand_add(struct core *core, struct call *call) {
    if (!widen(core) || !timed_reserve(core))
        return false;
    chain(core, call);
    call->next = core->calls;
    call->back = &core->calls;
    if (call->next != NULL)
        call->next->back = &call->next;
    core->calls = call;
    core->call_count++;
    return true;
}

struct call *hand_find(const struct core *core, const char *id) {
    struct call *call = core->buckets > 0 ? *bucket_of(core, id) : NULL;
    while (call != NULL && strcmp(call->id, id) != 0)
        call = call->same_bucket;
    return call;
}

void hand_remove(struct core *core, struct call *call) {
    struct call **at = bucket_of(core, call->id);
    while (*at != call)
        at = &(*at)->same_bucket;
    *at = call->same_bucket;
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
    free(core->by_id);
    free(core->timed);
}
