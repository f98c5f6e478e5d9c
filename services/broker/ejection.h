// Ejections: the gateways that one provider's calls are kept from, each for a time that grows when
// it comes back and fails again. Pure.
#ifndef RF_BROKER_EJECTION_H
#define RF_BROKER_EJECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/time.h>

#define RF_EJECTIONS_MAX 64

struct rf_ejection_policy {
    struct rf_duration time;           // the first one; 0: nobody is ejected
    double growth;                     // each that follows is so many times as long
    struct rf_duration max;            // but no longer; so long also is remembered what was before
    struct rf_duration confirm_within; // jury.h
};

#define RF_EJECTION_POLICY_DEFAULT                                                                 \
    ((struct rf_ejection_policy){.time = {30 * RF_NS_PER_S},                                       \
                                 .growth = 2.0,                                                    \
                                 .max = {600 * RF_NS_PER_S},                                       \
                                 .confirm_within = {30 * RF_NS_PER_S}})

struct rf_ejection {
    char instance[64];
    uint64_t who;
    bool stands;
    int64_t times;           // in a row, this one included
    struct rf_instant since; // when it began
    struct rf_instant until; // when it ends; when it ended
};

struct rf_ejections {
    struct rf_ejection_policy policy;
    struct rf_ejection rows[RF_EJECTIONS_MAX];
    size_t count;
};

// rf_ejection_who: the number under which a gateway is known here; never 0.
uint64_t rf_ejection_who(const char *instance);

// rf_ejection_room: may one more of `alive` gateways be ejected, of which `ejected` are already?
// Never the last one, never more than half.
bool rf_ejection_room(int64_t alive, int64_t ejected);

// rf_ejections_begin: ejects the gateway from now on. NULL if the table is full, its name too long
// or the policy says nobody is. Borrowed until the next call here that begins one.
struct rf_ejection *rf_ejections_begin(struct rf_ejections *ejections, const char *instance,
                                       struct rf_instant now);

// rf_ejections_restore: one that began before this process did: `times` in a row, and how long it
// is still to last (clamped to what the policy allows). NULL as above, or if nothing is left.
struct rf_ejection *rf_ejections_restore(struct rf_ejections *ejections, const char *instance,
                                         int64_t times, struct rf_duration left,
                                         struct rf_instant now);

// rf_ejections_find: the one that stands, or NULL.
struct rf_ejection *rf_ejections_find(struct rf_ejections *ejections, const char *instance);

// rf_ejections_end: it is over now, whatever its time was.
void rf_ejections_end(struct rf_ejection *ejection, struct rf_instant now);

// rf_ejections_due: one whose time is over and that stands still, or NULL. rf_ejections_wake: when
// there will be one; false: none stands.
struct rf_ejection *rf_ejections_due(struct rf_ejections *ejections, struct rf_instant now);
bool rf_ejections_wake(const struct rf_ejections *ejections, struct rf_instant *when);

// rf_ejections_exclude: a result of an attempt that began then does not count: its gateway is, or
// was at that time, ejected.
bool rf_ejections_exclude(const struct rf_ejections *ejections, uint64_t who,
                          struct rf_instant began);

#endif
