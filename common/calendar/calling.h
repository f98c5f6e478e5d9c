// Whether somebody may be called now, by the clock on the wall where they are; and until when, or
// from when on. Pure: the instant is given.
#ifndef RF_CALENDAR_CALLING_H
#define RF_CALENDAR_CALLING_H

#include <ringfence/time.h>

#include "calendar/holidays.h"
#include "calendar/hours.h"
#include "calendar/zone.h"

// What is not found within this is never: no calendar shuts for longer.
#define RF_CALLING_HORIZON_DAYS 366
#define RF_CALLING_NEVER        ((struct rf_utc){INT64_MAX})

// When calls are allowed. All is borrowed. The wall clock decides: an hour that the spring leaves
// out is no hour of the window, and one that the autumn brings twice is open twice. Nobody is
// called on a holiday from midnight to midnight, nor in what a window that opened on it has left
// after midnight.
struct rf_calling {
    const struct rf_zone *zone;
    struct rf_hours_list windows; // of the campaign
    struct rf_hours_list
        narrower; // of the outcome that it is called again after: both must be open
    const struct rf_holidays *holidays; // NULL: none
};

enum rf_calling_why {
    RF_CALLING_OPEN,
    RF_CALLING_WEEKDAY, // no window on this weekday
    RF_CALLING_HOUR,    // its windows of this day are shut
    RF_CALLING_HOLIDAY,
};

struct rf_calling_answer {
    enum rf_calling_why why;
    const char *holiday; // its name, which may be ""; NULL: none is the reason. Borrowed
    struct rf_utc until; // open: allowed before this; else: allowed again from this on.
                         // RF_CALLING_NEVER: neither changes within the horizon
};

// rf_calling_why_name: "open", "weekday", "hour", "holiday". Never NULL.
const char *rf_calling_why_name(enum rf_calling_why why);

// rf_calling_at: what holds at `now`.
struct rf_calling_answer rf_calling_at(const struct rf_calling *calling, struct rf_utc now);

// rf_calling_next: `at`, or the next instant that is allowed after it; RF_CALLING_NEVER.
struct rf_utc rf_calling_next(const struct rf_calling *calling, struct rf_utc at);

#endif
