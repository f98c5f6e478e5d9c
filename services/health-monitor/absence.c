#include "absence.h"

void health_absence_init(struct health_absence *absence, struct rf_instant now, struct rf_utc utc) {
    *absence = (struct health_absence){.away = true, .since = now, .since_utc = utc, .outage = utc};
}

void health_absence_restore(struct health_absence *absence,
                            const struct health_absence_kept *kept) {
    absence->told_away = kept->told;
    if (kept->since.ns == 0)
        return;
    absence->begun = !kept->told;
    absence->outage = kept->since;
    absence->since_utc = kept->since;
}

void health_absence_begin(struct health_absence *absence, enum health_absence_news news) {
    absence->begun = absence->begun || news == HEALTH_ABSENCE_AWAY;
}

struct health_absence_kept health_absence_keep(const struct health_absence *absence) {
    if (!absence->told_away && !absence->begun)
        return (struct health_absence_kept){0};
    return (struct health_absence_kept){.told = absence->told_away, .since = absence->outage};
}

void health_absence_seen(struct health_absence *absence, bool there, struct rf_instant now,
                         struct rf_utc utc) {
    if (absence->away == !there)
        return;
    absence->away = !there;
    absence->since = now;
    absence->since_utc = utc;
    absence->begun = false;
    // One whose return was not told yet goes on.
    if (absence->away && !absence->told_away)
        absence->outage = utc;
    // Another thing is to be told now, which nobody has failed to take yet.
    absence->failures = 0;
    absence->not_before = now;
}

enum health_absence_news health_absence_due(const struct health_absence *absence,
                                            struct rf_duration after, struct rf_instant now,
                                            struct rf_instant *wake) {
    struct rf_instant due = absence->not_before;
    *wake = HEALTH_ABSENCE_NEVER;
    if (absence->away == absence->told_away)
        return HEALTH_ABSENCE_NOTHING;
    if (absence->away) {
        struct rf_instant long_enough = rf_instant_add(absence->since, after);
        due = rf_instant_before(due, long_enough) ? long_enough : due;
    }
    if (rf_instant_before(now, due)) {
        *wake = due;
        return HEALTH_ABSENCE_NOTHING;
    }
    return absence->away ? HEALTH_ABSENCE_AWAY : HEALTH_ABSENCE_BACK;
}

void health_absence_told(struct health_absence *absence, enum health_absence_news news, bool taken,
                         struct rf_instant now) {
    if (taken) {
        absence->told_away = news == HEALTH_ABSENCE_AWAY;
        absence->failures = 0;
        absence->not_before = now;
        return;
    }
    struct rf_duration wait = HEALTH_ABSENCE_FIRST_WAIT, most = HEALTH_ABSENCE_MAX_WAIT;
    for (int64_t i = 0; i < absence->failures && wait.ns < most.ns; i++)
        wait.ns *= 2;
    absence->failures++;
    absence->not_before = rf_instant_add(now, wait.ns < most.ns ? wait : most);
}
