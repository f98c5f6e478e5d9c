// Weekly windows of local time, such as "mon-fri 09:00-17:00". Pure.
#ifndef RF_CALENDAR_HOURS_H
#define RF_CALENDAR_HOURS_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>

#define RF_DAY_MINUTES 1440

// What rf_hours_parse takes, for people.
#define RF_HOURS_EXPECTED                                                                          \
    "days and hours such as mon-fri 09:00-17:00, sat,sun 10:00-14:00 or daily 22:00-02:00"

// It opens on each of its days at `from` and shuts before `to`, both counted from that day's
// midnight by the clock on the wall: `to` may lie in the next day.
struct rf_hours {
    unsigned days; // bit 0: Monday
    int from;      // 0 to 1439
    int to;        // from + 1 to from + 1440
};

// Several of them: open when one is. Borrowed.
struct rf_hours_list {
    const struct rf_hours *items;
    size_t count; // 0: always open
};

// rf_hours_parse: RF_ERR_INVALID with what is wrong; `window` is then untouched. Days are names of
// three letters, ranges of them (over the end of the week as well), or "daily"; an end not after
// its beginning is of the next day; 24:00 may stand as an end.
RF_NODISCARD enum rf_err rf_hours_parse(const char *text, struct rf_hours *window,
                                        struct rf_error *error);

// rf_hours_open: whether one is open at `minute` of a `weekday` (0: Monday).
bool rf_hours_open(const struct rf_hours_list *windows, int weekday, int minute);

// rf_hours_open_today, _since_yesterday: the two parts of it: by a window that opened today, and
// by one that opened yesterday and goes on over midnight.
bool rf_hours_open_today(const struct rf_hours_list *windows, int weekday, int minute);
bool rf_hours_open_since_yesterday(const struct rf_hours_list *windows, int weekday, int minute);

// rf_hours_touch: whether one is open for some part of the weekday.
bool rf_hours_touch(const struct rf_hours_list *windows, int weekday);

// rf_hours_next: the first minute after `minute` of any day at which one opens or shuts;
// RF_DAY_MINUTES if none does before midnight.
int rf_hours_next(const struct rf_hours_list *windows, int minute);

// rf_hours_meet: whether both are open together at some minute of the week.
bool rf_hours_meet(const struct rf_hours_list *a, const struct rf_hours_list *b);

#endif
