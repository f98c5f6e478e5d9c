#include "calendar/hours.h"

#include <ctype.h>
#include <string.h>

#define ALL_DAYS 0x7Fu

static enum rf_err wrong(struct rf_error *error, const char *what, size_t length) {
    return rf_error_set(error, RF_ERR_INVALID, "'%.*s' is no %s", (int)length, what,
                        "window; expected " RF_HOURS_EXPECTED);
}

// The day of a name of three letters at `at`, or -1.
static int day_of(const char *at) {
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (int day = 0; day < 7; day++)
        if (strncasecmp(at, names[day], 3) == 0)
            return day;
    return -1;
}

// "mon", "mon-fri" or "daily" at *at, which it moves behind it. 0: none of them.
static unsigned read_days(const char **at) {
    if (strncasecmp(*at, "daily", 5) == 0) {
        *at += 5;
        return ALL_DAYS;
    }
    int first = day_of(*at), last = first;
    if (first < 0)
        return 0;
    *at += 3;
    if (**at == '-') {
        last = day_of(*at + 1);
        if (last < 0)
            return 0;
        *at += 4;
    }
    unsigned days = 1u << first;
    for (int day = first; day != last; days |= 1u << day)
        day = (day + 1) % 7;
    return days;
}

// "09:30" at *at, which it moves behind it. -1: no time of the day.
static int read_time(const char **at) {
    const char *digit = *at;
    int hour = 0, minute = 0;
    size_t digits = strspn(digit, "0123456789");
    if (digits < 1 || digits > 2 || digit[digits] != ':')
        return -1;
    for (size_t i = 0; i < digits; i++)
        hour = hour * 10 + (digit[i] - '0');
    digit += digits + 1;
    if (strspn(digit, "0123456789") != 2)
        return -1;
    minute = (digit[0] - '0') * 10 + (digit[1] - '0');
    *at = digit + 2;
    if (minute > 59 || hour > 24 || (hour == 24 && minute > 0))
        return -1;
    return hour * 60 + minute;
}

enum rf_err rf_hours_parse(const char *text, struct rf_hours *window, struct rf_error *error) {
    const char *at = text;
    struct rf_hours read = {0};
    do {
        at += at != text ? 1 : 0; // a comma
        unsigned days = read_days(&at);
        if (days == 0)
            return wrong(error, text, strlen(text));
        read.days |= days;
    } while (*at == ',');
    if (*at != ' ')
        return wrong(error, text, strlen(text));
    at += strspn(at, " ");
    read.from = read_time(&at);
    if (read.from < 0 || *at != '-')
        return wrong(error, text, strlen(text));
    at++;
    read.to = read_time(&at);
    if (read.to < 0 || at[strspn(at, " ")] != '\0')
        return wrong(error, text, strlen(text));
    if (read.from == RF_DAY_MINUTES)
        return rf_error_set(error, RF_ERR_INVALID,
                            "'%s' begins at 24:00; expected 00:00 of the day that follows", text);
    if (read.from == read.to)
        return rf_error_set(error, RF_ERR_INVALID,
                            "'%s' ends as it begins; expected 00:00-24:00 for the whole day", text);
    if (read.to < read.from)
        read.to += RF_DAY_MINUTES;
    *window = read;
    return RF_OK;
}

static bool has_day(const struct rf_hours *window, int weekday) {
    return (window->days >> weekday & 1u) != 0;
}

bool rf_hours_open_today(const struct rf_hours_list *windows, int weekday, int minute) {
    for (size_t i = 0; i < windows->count; i++) {
        const struct rf_hours *window = &windows->items[i];
        if (has_day(window, weekday) && minute >= window->from && minute < window->to)
            return true;
    }
    return windows->count == 0;
}

bool rf_hours_open_since_yesterday(const struct rf_hours_list *windows, int weekday, int minute) {
    int yesterday = (weekday + 6) % 7;
    for (size_t i = 0; i < windows->count; i++) {
        const struct rf_hours *window = &windows->items[i];
        if (has_day(window, yesterday) && minute + RF_DAY_MINUTES < window->to)
            return true;
    }
    return false;
}

bool rf_hours_open(const struct rf_hours_list *windows, int weekday, int minute) {
    return rf_hours_open_today(windows, weekday, minute) ||
           rf_hours_open_since_yesterday(windows, weekday, minute);
}

bool rf_hours_touch(const struct rf_hours_list *windows, int weekday) {
    for (size_t i = 0; i < windows->count; i++)
        if (has_day(&windows->items[i], weekday))
            return true;
    return windows->count == 0 || rf_hours_open_since_yesterday(windows, weekday, 0);
}

int rf_hours_next(const struct rf_hours_list *windows, int minute) {
    int next = RF_DAY_MINUTES;
    for (size_t i = 0; i < windows->count; i++) {
        int ends[] = {windows->items[i].from, windows->items[i].to % RF_DAY_MINUTES};
        for (int k = 0; k < 2; k++)
            if (ends[k] > minute && ends[k] < next)
                next = ends[k];
    }
    return next;
}

bool rf_hours_meet(const struct rf_hours_list *a, const struct rf_hours_list *b) {
    for (int day = 0; day < 7; day++)
        for (int minute = 0; minute < RF_DAY_MINUTES; minute++)
            if (rf_hours_open(a, day, minute) && rf_hours_open(b, day, minute))
                return true;
    return false;
}
