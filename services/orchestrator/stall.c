#include "stall.h"

#include <stdlib.h>

void rf_stall_fini(struct rf_stall *stall) {
    free(stall->entries);
    *stall = (struct rf_stall){0};
}

static struct rf_stall_entry *add(struct rf_stall *stall, int64_t campaign) {
    if (stall->count == stall->capacity) {
        size_t capacity = stall->capacity == 0 ? 8 : stall->capacity * 2;
        struct rf_stall_entry *entries = realloc(stall->entries, capacity * sizeof *entries);
        if (entries == NULL)
            return NULL;
        stall->entries = entries;
        stall->capacity = capacity;
    }
    struct rf_stall_entry *entry = &stall->entries[stall->count++];
    *entry = (struct rf_stall_entry){.campaign = campaign};
    return entry;
}

static struct rf_stall_entry *find(struct rf_stall *stall, int64_t campaign) {
    for (size_t i = 0; i < stall->count; i++)
        if (stall->entries[i].campaign == campaign)
            return &stall->entries[i];
    return NULL;
}

enum rf_err rf_stall_look(struct rf_stall *stall, const struct rf_stall_look *look,
                          struct rf_duration limit, struct rf_instant now,
                          enum rf_stall_verdict *verdict, struct rf_duration *stood,
                          struct rf_error *error) {
    struct rf_stall_entry *entry = find(stall, look->campaign);
    bool known = entry != NULL;
    *verdict = RF_STALL_NOTHING;
    if (!known && (entry = add(stall, look->campaign)) == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    entry->seen = true;
    bool moved = known && entry->signature != look->signature;
    entry->signature = look->signature;
    if (!known || moved || !look->may_move)
        entry->moved = now;
    *stood = rf_instant_since(now, entry->moved);
    if (look->told && (moved || !look->may_move))
        *verdict = RF_STALL_MOVES;
    else if (!look->told && look->may_move && stood->ns >= limit.ns)
        *verdict = RF_STALL_STANDS;
    return RF_OK;
}

void rf_stall_round(struct rf_stall *stall) {
    size_t kept = 0;
    for (size_t i = 0; i < stall->count; i++) {
        if (!stall->entries[i].seen)
            continue;
        stall->entries[kept] = stall->entries[i];
        stall->entries[kept++].seen = false;
    }
    stall->count = kept;
}
