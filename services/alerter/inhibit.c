// Inhibition: an incident swallows what follows from it while it is open.
#include <fnmatch.h>
#include <string.h>

#include "engine_parts.h"

// Whether only a storm keeps it from people: what is not told for another reason is not held.
static bool is_held(const struct rf_incident *incident) {
    for (unsigned c = 0; c < RF_CHANNELS_MOST; c++)
        if (incident->held[c].ns > 0)
            return true;
    return false;
}

// It must be there for people: open, and told, held or older than what it swallows, so that two
// which name each other do not both fall silent. Of two that are held, what is swallowed is not
// held from then on.
static bool can_swallow(const struct rf_incident *inhibitor, const struct rf_incident *other) {
    return inhibitor != NULL && inhibitor != other && inhibitor->live &&
           inhibitor->phase == RF_PHASE_OPEN &&
           (other == NULL || inhibitor->told != RF_TOLD_NOTHING || is_held(inhibitor) ||
            inhibitor->seq < other->seq);
}

static struct rf_incident *find_matching(const struct rf_engine *engine, const char *pattern,
                                         const struct rf_incident *other) {
    if (strchr(pattern, '*') == NULL) {
        struct rf_incident *incident = rf_engine_find(engine, pattern);
        return can_swallow(incident, other) ? incident : NULL;
    }
    for (struct rf_incident *incident = engine->first; incident != NULL; incident = incident->next)
        if (can_swallow(incident, other) && fnmatch(pattern, incident->fingerprint, 0) == 0)
            return incident;
    return NULL;
}

#define PATTERN_SIZE 320

// The next of the patterns, copied; false at the end. One that is too long matches nothing.
static bool next_pattern(const char **at, char pattern[PATTERN_SIZE]) {
    *at += strspn(*at, " \t");
    size_t length = strcspn(*at, " \t");
    size_t kept = length < PATTERN_SIZE ? length : 0;
    memcpy(pattern, *at, kept);
    pattern[kept] = '\0';
    *at += length;
    return length > 0;
}

struct rf_incident *rf_engine_inhibitor(const struct rf_engine *engine, const char *patterns,
                                        const struct rf_incident *other) {
    char pattern[PATTERN_SIZE];
    struct rf_incident *found = NULL;
    while (found == NULL && next_pattern(&patterns, pattern))
        found = find_matching(engine, pattern, other);
    return found;
}

const struct rf_incident *rf_engine_holder(const struct rf_engine *engine, const char *fingerprint,
                                           const char *id) {
    const struct rf_incident *incident = rf_engine_find(engine, fingerprint);
    if (incident == NULL || strcmp(incident->id, id) != 0 || incident->phase != RF_PHASE_OPEN ||
        incident->told != RF_TOLD_NOTHING)
        return NULL;
    return rf_engine_inhibitor(engine, incident->inhibited_by, incident);
}

static bool names(const char *patterns, const char *fingerprint) {
    char pattern[PATTERN_SIZE];
    while (next_pattern(&patterns, pattern))
        if (fnmatch(pattern, fingerprint, 0) == 0)
            return true;
    return false;
}

void rf_engine_released(struct rf_engine *engine, const struct rf_incident *ended,
                        struct rf_utc now) {
    struct rf_utc until = rf_utc_add(now, engine->setup.config->settle);
    if (!ended->inhibits)
        return;
    for (struct rf_incident *incident = engine->first; incident != NULL;
         incident = incident->next) {
        if (!incident->live || incident == ended ||
            (incident->told != RF_TOLD_NOTHING && !rf_incident_owes(incident)) ||
            !names(incident->inhibited_by, ended->fingerprint))
            continue;
        incident->hold_until = until;
        incident->dirty = true;
    }
}
