#include "base/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * RF_NS_PER_S + (int64_t)t.tv_nsec;
}

struct rf_instant rf_clock_now(void) {
    return (struct rf_instant){read_clock(CLOCK_MONOTONIC)};
}

struct rf_instant rf_clock_boot(void) {
    return (struct rf_instant){read_clock(CLOCK_BOOTTIME)};
}

struct rf_utc rf_clock_utc(void) {
    return (struct rf_utc){read_clock(CLOCK_REALTIME)};
}

void rf_clock_pause(struct rf_duration time) {
    const struct timespec left = {.tv_sec = (time_t)(time.ns / RF_NS_PER_S),
                                  .tv_nsec = (long)(time.ns % RF_NS_PER_S)};
    (void)nanosleep(&left, NULL);
}

// Each line of a log has a time: the C library's way costs as much as the rest of a line.
static void put_digits(char *out, size_t count, int64_t number) {
    for (; count > 0; number /= 10)
        out[--count] = (char)('0' + number % 10);
}

struct date {
    int64_t year, month, day;
};

// The Gregorian date of a day since 1970-01-01, counted in eras of 400 years that begin in March,
// so that a leap day is the last one of its year.
static struct date date_of(int64_t day) {
    int64_t since = day + 719468, era = since / 146097, in_era = since % 146097;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153; // from March
    struct date date = {.day = in_year - (153 * month + 2) / 5 + 1,
                        .month = month < 10 ? month + 3 : month - 9,
                        .year = era * 400 + year};
    date.year += date.month <= 2;
    return date;
}

void rf_utc_format_part(struct rf_utc t, char *out) {
    put_digits(out + 20, 6, (t.ns < 0 ? 0 : t.ns) % RF_NS_PER_S / RF_NS_PER_US);
}

char *rf_utc_format(struct rf_utc t, char *out) {
    int64_t ns = t.ns < 0 ? 0 : t.ns, seconds = ns / RF_NS_PER_S, second = seconds % 86400;
    struct date date = date_of(seconds / 86400);
    put_digits(out, 4, date.year);
    put_digits(out + 5, 2, date.month);
    put_digits(out + 8, 2, date.day);
    put_digits(out + 11, 2, second / 3600);
    put_digits(out + 14, 2, second / 60 % 60);
    put_digits(out + 17, 2, second % 60);
    rf_utc_format_part(t, out);
    out[4] = out[7] = '-';
    out[10] = 'T';
    out[13] = out[16] = ':';
    out[19] = '.';
    out[26] = 'Z';
    out[27] = '\0';
    return out;
}
