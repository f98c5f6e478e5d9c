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

// What has to outlive a restart.
struct health_absence_kept {
    bool told;           // people were told last that it is away
    struct rf_utc since; // the absence that was told, or is being told; 0: none
};

struct health_absence {
    bool away;               // as it is
    struct rf_instant since; // then
    struct rf_utc since_utc;
    struct rf_utc outage;         // since when it is away, or was when its return is to be told
    bool begun;                   // this absence may have been told
    bool told_away;               // as people were told last
    int64_t failures;             // of the telling under way, in a row
    struct rf_instant not_before; // its next try
};

// health_absence_init: nobody is seen yet. health_absence_seen: whether one is there.
void health_absence_init(struct health_absence *absence, struct rf_instant now, struct rf_utc utc);
void health_absence_seen(struct health_absence *absence, bool there, struct rf_instant now,
                         struct rf_utc utc);

// health_absence_restore: what an earlier monitor kept; behind health_absence_init. What it told is
// not told again. What it did not finish telling begins anew, under the name of the same absence,
// as it may have been taken.
void health_absence_restore(struct health_absence *absence, const struct health_absence_kept *kept);

// health_absence_begin: `news` is about to be told, and may have been from now on, whatever is
// heard of it. health_absence_keep: what is to be kept by now.
void health_absence_begin(struct health_absence *absence, enum health_absence_news news);
struct health_absence_kept health_absence_keep(const struct health_absence *absence);

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
