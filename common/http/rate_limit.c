#include "http/rate_limit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Ten years: beyond every policy, and far from overflowing.
#define LONGEST_NS (315360000 * RF_NS_PER_S)

// From here on a bare number is a date: in seconds since 1970 (2001), in milliseconds (the same).
#define FIRST_DATE_S  1e9
#define FIRST_DATE_MS 1e12

static struct rf_duration bounded(double ns) {
    if (!(ns > 0))
        return rf_ns(0);
    return rf_ns(ns < (double)LONGEST_NS ? (int64_t)ns : LONGEST_NS);
}

// Digits with an optional fraction; no sign, no exponent, at most 18 digits.
static bool take_number(const char **text, double *number) {
    size_t whole = strspn(*text, "0123456789");
    size_t length = whole;
    if ((*text)[whole] == '.')
        length += 1 + strspn(*text + whole + 1, "0123456789");
    if (whole == 0 || length > 18)
        return false;
    char digits[20];
    memcpy(digits, *text, length);
    digits[length] = '\0';
    *number = strtod(digits, NULL);
    *text += length;
    return true;
}

static bool take_unit(const char **text, double *unit_ns) {
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"ms", 1e6}, {"us", 1e3}, {"ns", 1}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t length = strlen(units[i].name);
        if (strncmp(*text, units[i].name, length) == 0) {
            *text += length;
            *unit_ns = units[i].ns;
            return true;
        }
    }
    return false;
}

static bool parse_units(const char *text, struct rf_duration *reset) {
    double sum = 0, number, unit;
    do {
        if (!take_number(&text, &number) || !take_unit(&text, &unit))
            return false;
        sum += number * unit;
    } while (*text != '\0');
    *reset = bounded(sum);
    return true;
}

static bool parse_bare(const char *text, struct rf_utc now, struct rf_duration *reset) {
    double number;
    if (!take_number(&text, &number) || *text != '\0')
        return false;
    double now_ns = (double)now.ns;
    if (number >= FIRST_DATE_MS)
        *reset = bounded(number * 1e6 - now_ns);
    else if (number >= FIRST_DATE_S)
        *reset = bounded(number * 1e9 - now_ns);
    else
        *reset = bounded(number * 1e9);
    return true;
}

// "Z", "+02:00" or "-0530": seconds east of Greenwich.
static bool parse_zone(const char *text, int *east) {
    int hours, minutes, end = 0;
    *east = 0;
    if (strcmp(text, "Z") == 0)
        return true;
    if (text[0] != '+' && text[0] != '-')
        return false;
    int read = sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &end);
    if (read != 2 || end == 0)
        read = sscanf(text + 1, "%2d%2d%n", &hours, &minutes, &end);
    if (read != 2 || text[1 + end] != '\0' || hours < 0 || hours > 23 || minutes < 0 ||
        minutes > 59)
        return false;
    *east = (hours * 60 + minutes) * (text[0] == '-' ? -60 : 60);
    return true;
}

// A date of RFC 3339, which is the part of ISO 8601 that is seen.
static bool parse_date(const char *text, struct rf_utc now, struct rf_duration *reset) {
    struct tm tm = {0};
    int end = 0, east;
    double fraction = 0;
    if (sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
               &tm.tm_min, &tm.tm_sec, &end) != 6 ||
        end != 19)
        return false;
    if (tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
        tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    text += end;
    if (*text == '.') {
        char digits[16] = "0.";
        size_t length = strspn(text + 1, "0123456789");
        if (length == 0)
            return false;
        strncat(digits, text + 1, length < 9 ? length : 9);
        fraction = strtod(digits, NULL);
        text += 1 + length;
    }
    if (!parse_zone(text, &east))
        return false;
    int64_t seconds = (int64_t)timegm(&tm) - east - now.ns / RF_NS_PER_S;
    *reset = bounded(((double)seconds + fraction) * 1e9 - (double)(now.ns % RF_NS_PER_S));
    return true;
}

bool rf_http_reset_parse(const char *text, struct rf_utc now, struct rf_duration *reset) {
    text += strspn(text, " \t");
    return parse_bare(text, now, reset) || parse_units(text, reset) || parse_date(text, now, reset);
}

static bool parse_count(const char *text, int64_t *count) {
    char *end;
    if (text == NULL || !(isdigit((unsigned char)text[0]) || text[0] == '-'))
        return false;
    *count = strtoll(text, &end, 10);
    return *end == '\0';
}

struct family {
    const char *limit, *remaining, *reset;
};

static const struct family call_families[] = {
    {"x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"},
    {"anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining",
     "anthropic-ratelimit-requests-reset"},
    {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"},
};

static const struct family token_families[] = {
    {"x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"},
    {"anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining",
     "anthropic-ratelimit-tokens-reset"},
};

static bool read_family(const struct family *family, rf_http_header_fn *header, const void *arg,
                        struct rf_utc now, struct rf_rate_limit_told *told) {
    *told = (struct rf_rate_limit_told){0};
    // Looked for first: most replies have none.
    if (!parse_count(header(arg, family->remaining), &told->remaining))
        return false;
    const char *reset = header(arg, family->reset);
    if (reset == NULL || !rf_http_reset_parse(reset, now, &told->reset))
        return false;
    const char *limit = header(arg, family->limit);
    if (limit != NULL && !parse_count(limit, &told->limit))
        return false;
    return told->remaining >= 0 && told->limit >= 0 && told->reset.ns > 0;
}

bool rf_http_rate_limit(rf_http_header_fn *header, const void *arg, struct rf_utc now,
                        struct rf_rate_limit_told *told) {
    struct rf_rate_limit_told found;
    bool tells = false;
    for (size_t i = 0; !tells && i < sizeof call_families / sizeof call_families[0]; i++)
        tells = read_family(&call_families[i], header, arg, now, told);
    for (size_t i = 0; i < sizeof token_families / sizeof token_families[0]; i++) {
        if (!read_family(&token_families[i], header, arg, now, &found) || found.remaining > 0)
            continue;
        if (tells && told->remaining == 0 && told->limit == 0 && told->reset.ns >= found.reset.ns)
            continue;
        *told = (struct rf_rate_limit_told){.reset = found.reset};
        tells = true;
    }
    return tells;
}
