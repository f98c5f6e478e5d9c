#include "roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

// One that was taken for lost comes back soon if it lives; later nobody waits for it.
#define LOST_AWAITED (60 * RF_NS_PER_S)

static void write_row(struct rf_core *core, const char *instance, const char *what,
                      struct rf_utc at, int64_t ttl_ns) {
    char key[RF_STATE_KEY_BYTES + 1];
    struct rf_state_entry entry;
    json_t *value = json_pack("{s:I}", what, (json_int_t)at.ns);
    int size = snprintf(key, sizeof key, RF_ROSTER_PREFIX "%s", instance);
    if (value == NULL || size < 0 || (size_t)size >= sizeof key ||
        rf_states_put(&core->states, key, value, ttl_ns, &entry) != RF_OK)
        core->ground.counters.state_refused++;
    json_decref(value);
}

void rf_roster_load(struct rf_core *core) {
    struct rf_state_entry *entries = NULL;
    size_t count = 0;
    if (rf_states_list(&core->states, RF_ROSTER_PREFIX, &entries, &count) != RF_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        int64_t gone = json_integer_value(json_object_get(entries[i].value, "gone"));
        int64_t lost = json_integer_value(json_object_get(entries[i].value, "lost"));
        bool awaited = gone == 0 && (lost == 0 || core->ground.now.utc.ns - lost < LOST_AWAITED);
        if (!rf_recovery_expect(&core->dispatch.recovery, entries[i].key + strlen(RF_ROSTER_PREFIX),
                                gone != 0 ? gone : lost, awaited))
            core->ground.counters.state_refused++;
    }
    free(entries);
    if (core->dispatch.recovery.awaited > 0)
        rf_ground_start(&core->ground, &core->roster, rf_dispatch_recover(&core->dispatch));
}

// Until it is on disk that the worker may have calls, it gets none; a disk that fails is not waited
// for longer than a moment (rf_seats_written).
void rf_roster_enter(struct rf_core *core, struct rf_seat *seat) {
    char key[RF_STATE_KEY_BYTES + 1];
    write_row(core, seat->instance, "since", core->ground.now.utc, 0);
    snprintf(key, sizeof key, RF_ROSTER_PREFIX "%s", seat->instance);
    const struct rf_state_row *row = rf_states_find(&core->states, key);
    if (row != NULL && row->position > core->scribe.written)
        rf_seats_unwritten(&core->dispatch.seats, seat, row->position);
}

void rf_roster_leave(struct rf_core *core, const struct rf_seat *seat) {
    write_row(core, seat->instance, seat->left ? "gone" : "lost", core->ground.now.utc,
              RF_ANSWERS_KEEP);
}

void rf_roster_close(void *arg) {
    struct rf_core *core = arg;
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&core->dispatch.recovery.absent, node)) != NULL) {
        const struct rf_absentee *absentee = RF_OWNER(node, struct rf_absentee, by_instance);
        if (absentee->gone == 0 &&
            rf_map_find_text(&core->dispatch.seats.by_instance, absentee->instance) == NULL)
            write_row(core, absentee->instance, "lost", core->started, RF_ANSWERS_KEEP);
    }
}
