#include "calendar/calling.h"

#define MINUTE_S 60
#define DAY_S    (INT64_C(86400))

const char *rf_calling_why_name(enum rf_calling_why why) {
    static const char *const names[] = {
        [RF_CALLING_OPEN] = "open",
        [RF_CALLING_WEEKDAY] = "weekday",
        [RF_CALLING_HOUR] = "hour",
        [RF_CALLING_HOLIDAY] = "holiday",
    };
    return (unsigned)why < sizeof names / sizeof names[0] ? names[why] : "unknown";
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

// A moment by the clock on the wall.
struct local {
    int64_t second; // since 1970-01-01T00:00, local
    int64_t day;
    int weekday; // 0: Monday
    int minute;  // of the day
};

static struct local local_of(int64_t second) {
    int64_t day = floor_div(second, DAY_S);
    return (struct local){
        .second = second,
        .day = day,
        .weekday = (int)(((day + 3) % 7 + 7) % 7), // 1970-01-01 was a Thursday
        .minute = (int)((second - day * DAY_S) / MINUTE_S),
    };
}

static bool both_open(const struct rf_calling *calling, const struct local *at) {
    return rf_hours_open(&calling->windows, at->weekday, at->minute) &&
           rf_hours_open(&calling->narrower, at->weekday, at->minute);
}

// Open by windows that opened today, whatever yesterday was.
static bool both_open_today(const struct rf_calling *calling, const struct local *at) {
    return rf_hours_open_today(&calling->windows, at->weekday, at->minute) &&
           rf_hours_open_today(&calling->narrower, at->weekday, at->minute);
}

static enum rf_calling_why look(const struct rf_calling *calling, const struct local *at,
                                const char **holiday) {
    *holiday = rf_holidays_on(calling->holidays, at->day);
    if (*holiday != NULL)
        return RF_CALLING_HOLIDAY;
    if (both_open(calling, at)) {
        if (!both_open_today(calling, at))
            *holiday = rf_holidays_on(calling->holidays, at->day - 1);
        return *holiday != NULL ? RF_CALLING_HOLIDAY : RF_CALLING_OPEN;
    }
    return rf_hours_touch(&calling->windows, at->weekday) &&
                   rf_hours_touch(&calling->narrower, at->weekday)
               ? RF_CALLING_HOUR
               : RF_CALLING_WEEKDAY;
}

// The next second by the wall clock at which what holds may be another.
static int64_t next_change(const struct rf_calling *calling, const struct local *at) {
    int a = rf_hours_next(&calling->windows, at->minute);
    int b = rf_hours_next(&calling->narrower, at->minute);
    return at->day * DAY_S + (int64_t)(a < b ? a : b) * MINUTE_S;
}

struct rf_calling_answer rf_calling_at(const struct rf_calling *calling, struct rf_utc now) {
    struct rf_calling_answer answer = {.until = RF_CALLING_NEVER};
    if (calling->windows.count == 0 && calling->narrower.count == 0 && calling->holidays == NULL)
        return answer;
    // Where the wall clock runs evenly, what holds changes only at the ends of windows and at
    // midnight; between two such spans it may change with the clock itself.
    int64_t at = floor_div(now.ns, RF_NS_PER_S);
    int64_t horizon = at + RF_CALLING_HORIZON_DAYS * DAY_S;
    struct rf_zone_span span = rf_zone_span(calling->zone, at, horizon);
    struct local local = local_of(at + span.offset_s);
    answer.why = look(calling, &local, &answer.holiday);
    for (;;) {
        at = next_change(calling, &local) - span.offset_s;
        if (at >= span.end_s) {
            at = span.end_s;
            if (at >= horizon)
                return answer;
            span = rf_zone_span(calling->zone, at, horizon);
        }
        if (at >= horizon)
            return answer;
        local = local_of(at + span.offset_s);
        const char *holiday;
        enum rf_calling_why why = look(calling, &local, &holiday);
        if ((why == RF_CALLING_OPEN) != (answer.why == RF_CALLING_OPEN)) {
            answer.until.ns = at * RF_NS_PER_S;
            return answer;
        }
    }
}

struct rf_utc rf_calling_next(const struct rf_calling *calling, struct rf_utc at) {
    struct rf_calling_answer answer = rf_calling_at(calling, at);
    return answer.why == RF_CALLING_OPEN ? at : answer.until;
}
