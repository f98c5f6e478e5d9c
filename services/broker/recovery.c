#include "recovery.h"

#include <stdlib.h>
#include <string.h>

static void forget(struct rf_recovery *recovery, struct rf_absentee *absentee) {
    recovery->awaited -= absentee->awaited;
    rf_map_remove(&recovery->absent, &absentee->by_instance);
    free(absentee);
}

void rf_recovery_fini(struct rf_recovery *recovery) {
    struct rf_map_node *node;
    while ((node = rf_map_next(&recovery->absent, NULL)) != NULL)
        forget(recovery, RF_OWNER(node, struct rf_absentee, by_instance));
    rf_map_fini(&recovery->absent);
}

bool rf_recovery_expect(struct rf_recovery *recovery, const char *instance, int64_t gone,
                        bool awaited) {
    size_t size = strlen(instance) + 1;
    struct rf_absentee *absentee = calloc(1, sizeof *absentee + size);
    if (absentee == NULL)
        return false;
    absentee->gone = gone;
    absentee->awaited = awaited;
    memcpy(absentee->instance, instance, size);
    if (!rf_map_add_text(&recovery->absent, &absentee->by_instance, absentee->instance)) {
        free(absentee);
        return false;
    }
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the map holds the absentee by its node
    recovery->awaited += awaited;
    return true;
}

bool rf_recovery_told(struct rf_recovery *recovery, const char *instance, struct rf_utc now,
                      int64_t known_ns) {
    struct rf_map_node *node = rf_map_find_text(&recovery->absent, instance);
    if (node == NULL)
        return false;
    if (known_ns != 0 && rf_ns_sub(now.ns, known_ns) > recovery->complete.ns)
        recovery->complete.ns = rf_ns_sub(now.ns, known_ns);
    bool was_awaited = recovery->awaited > 0;
    forget(recovery, RF_OWNER(node, struct rf_absentee, by_instance));
    return was_awaited && recovery->awaited == 0;
}

bool rf_recovery_proves(const struct rf_recovery *recovery, struct rf_utc asked) {
    if (asked.ns < recovery->complete.ns)
        return false;
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&recovery->absent, node)) != NULL) {
        const struct rf_absentee *absentee = RF_OWNER(node, struct rf_absentee, by_instance);
        if (absentee->gone == 0 || asked.ns <= absentee->gone)
            return false;
    }
    return true;
}
