// How a provider is, all in all: by its probes and by its calls. Pure.
#ifndef HEALTH_STANDING_H
#define HEALTH_STANDING_H

#include "passive.h"
#include "status.h"

struct health_flap_rules {
    int64_t changes; // so many of its status
    struct rf_duration within;
};

#define HEALTH_CHANGES 32 // that are remembered

struct health_standing {
    enum health_status status; // unknown also while our own side fails
    enum health_status told;   // the last one that was known: what people were told
    struct rf_utc since;
    const char *cause; // probes, calls, both, own_side; a constant
    char why[HEALTH_WHY_SIZE];
    struct rf_utc changes[HEALTH_CHANGES]; // the latest, as a ring
    size_t change_count;                   // ever
    bool flapping;
};

// health_standing_restore: as it was told last, by an earlier life of the monitor.
void health_standing_restore(struct health_standing *standing, enum health_status status,
                             struct rf_utc since, const char *why);

// health_standing_look: the status by both. True when it changed; *from is the last that was known,
// which may be the same: nothing is to be told then.
//   probes down, calls succeed     degraded: its probe address has a fault of its own
//   probes down, or calls down     down
//   either degraded                degraded
// What nothing is known of does not weigh; when nothing is known any more, the last status stays.
bool health_standing_look(struct health_standing *standing, const struct health_probes *probes,
                          const struct health_passive *passive, struct rf_utc now,
                          enum health_status *from);

// health_standing_cover: while our own side fails (`what`: network, dns): probes say nothing, and
// it is up if calls say so, else unknown. True when the status changed.
bool health_standing_cover(struct health_standing *standing, const char *what,
                           const struct health_passive *passive, struct rf_utc now,
                           enum health_status *from);

// health_standing_flaps: whether its status changed that often of late, and until it was the same
// for half of the time that counts. True when that changed.
bool health_standing_flaps(struct health_standing *standing, const struct health_flap_rules *rules,
                           struct rf_utc now);

#endif
