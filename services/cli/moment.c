#include "moment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "options.h"

#define DAY_NS (INT64_C(24) * 3600 * RF_NS_PER_S)

static enum rf_err refuse(const char *option, const char *text, struct rf_error *error) {
    return rf_error_set(error, RF_ERR_INVALID,
                        "%s: \"%s\" is no time; expected a length of time before now (10m, 2h, 7d) "
                        "or a date (2026-11-24T10:48:00Z)",
                        option, text);
}

// "7d": the configuration has no such unit, as no wait of ours is so long.
static bool days_read(const char *text, struct rf_duration *ago) {
    char *end;
    long days = strtol(text, &end, 10);
    if (end == text || strcmp(end, "d") != 0 || days < 0 || days > 36500)
        return false;
    *ago = rf_ns(days * DAY_NS);
    return true;
}

// The part of a second behind the point, in nanoseconds; false if there are no digits.
static bool fraction_read(const char **at, int64_t *ns) {
    int64_t place = RF_NS_PER_S / 10;
    *ns = 0;
    if (**at != '.')
        return true;
    const char *first = ++*at;
    for (; **at >= '0' && **at <= '9'; ++*at, place /= 10)
        *ns += place * (**at - '0');
    return *at > first;
}

// How far the zone is before UTC, in seconds.
static bool zone_read(const char *at, int64_t *east) {
    int hours, minutes, length = 0;
    *east = 0;
    if (*at == '\0' || strcmp(at, "Z") == 0)
        return true;
    if (sscanf(at + 1, "%2d:%2d%n", &hours, &minutes, &length) != 2 || length != 5 ||
        at[6] != '\0' || hours < 0 || minutes < 0 || hours > 23 || minutes > 59 ||
        (*at != '+' && *at != '-'))
        return false;
    int64_t size = INT64_C(3600) * hours + INT64_C(60) * minutes;
    *east = *at == '-' ? -size : size;
    return true;
}

// strptime takes the 31st of any month, which timegm makes a day of the next one.
static bool day_exists(const struct tm *date) {
    struct tm day = {.tm_year = date->tm_year, .tm_mon = date->tm_mon, .tm_mday = date->tm_mday};
    return timegm(&day) != -1 && day.tm_mday == date->tm_mday;
}

static bool date_read(const char *text, struct rf_utc *moment) {
    struct tm tm = {0};
    int64_t ns = 0, east = 0;
    const char *at = strptime(text, "%Y-%m-%d", &tm);
    if (at == NULL || !day_exists(&tm))
        return false;
    if (*at == 'T' || *at == ' ') {
        const char *clock = at + 1;
        at = strptime(clock, "%H:%M:%S", &tm);
        if (at == NULL)
            at = strptime(clock, "%H:%M", &tm);
        if (at == NULL || !fraction_read(&at, &ns))
            return false;
    }
    if (!zone_read(at, &east))
        return false;
    int64_t seconds = (int64_t)timegm(&tm) - east;
    return seconds >= 0 && !__builtin_mul_overflow(seconds, RF_NS_PER_S, &moment->ns) &&
           !__builtin_add_overflow(moment->ns, ns, &moment->ns);
}

enum rf_err cli_moment_read(const char *option, const char *text, struct rf_utc now,
                            struct rf_utc *moment, struct rf_error *error) {
    struct rf_duration ago;
    if (strchr(text, '-') != NULL)
        return date_read(text, moment) ? RF_OK : refuse(option, text, error);
    if (!days_read(text, &ago) && cli_duration_read(option, text, &ago, NULL) != RF_OK)
        return refuse(option, text, error);
    moment->ns = ago.ns < now.ns ? now.ns - ago.ns : 0;
    return RF_OK;
}

enum rf_err cli_number_read(const char *option, const char *text, int64_t least, int64_t most,
                            int64_t *number, struct rf_error *error) {
    char *end;
    long long value = strtoll(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || value < least || value > most)
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s: \"%s\"; expected a whole number from %" PRId64 " to %" PRId64,
                            option, text, least, most);
    *number = value;
    return RF_OK;
}
