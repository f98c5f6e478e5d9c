// Whether people are to be told that a process is away, or back: given what is seen and the time.
// Pure. What was decided is told until it is taken, at growing distances; an absence that ended
// before it was told is not told at all.
#ifndef HEALTH_ABSENCE_H
#define HEALTH_ABSENCE_H

#include <stdbool.h>

#include <ringfence/time.h>

#define HEALTH_ABSENCE_FIRST_WAIT rf_seconds(5)   // after the first failed telling
#define HEALTH_ABSENCE_MAX_WAIT   rf_seconds(300) // it doubles up to this

enum health_absence_news { HEALTH_ABSENCE_NOTHING, HEALTH_ABSENCE_AWAY, HEALTH_ABSENCE_BACK };

struct health_absence {
    bool away;               // as it is
    struct rf_instant since; // then
    struct rf_utc since_utc;
    bool told_away;               // as people were told last
    int64_t failures;             // of the telling under way, in a row
    struct rf_instant not_before; // its next try
};

// health_absence_init: nobody is seen yet. health_absence_seen: whether one is there.
void health_absence_init(struct health_absence *absence, struct rf_instant now, struct rf_utc utc);
void health_absence_seen(struct health_absence *absence, bool there, struct rf_instant now,
                         struct rf_utc utc);

// health_absence_due: what is to be told now, of one that has to be away for `after`; with NOTHING,
// `wake` is when to ask again (HEALTH_ABSENCE_NEVER: after a change).
#define HEALTH_ABSENCE_NEVER ((struct rf_instant){INT64_MAX})
enum health_absence_news health_absence_due(const struct health_absence *absence,
                                            struct rf_duration after, struct rf_instant now,
                                            struct rf_instant *wake);

// health_absence_told: how the telling of `news` ended.
void health_absence_told(struct health_absence *absence, enum health_absence_news news, bool taken,
                         struct rf_instant now);

#endif
