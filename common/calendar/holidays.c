#include "calendar/holidays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/utf8.h"

struct holiday {
    int year; // 0: each
    int month, day;
    const char *name;
};

struct rf_holidays {
    char *text; // what the names are in; NULL: another's
    struct holiday *items;
    size_t count;
};

static bool leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap(year) ? 1 : 0);
}

// A day since 1970-01-01 as a date of the Gregorian calendar, by eras of 400 years that begin on
// the first of March (Howard Hinnant, "chrono-compatible low-level date algorithms").
static struct holiday date_of(int64_t day) {
    int64_t shifted = day + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t in_era = shifted - era * 146097;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153;
    struct holiday date = {.day = (int)(in_year - (153 * month + 2) / 5 + 1),
                           .month = (int)(month < 10 ? month + 3 : month - 9)};
    date.year = (int)(year + era * 400) + (date.month <= 2 ? 1 : 0);
    return date;
}

// So many digits at *at, which it moves behind them and behind `after`, if that is not NUL.
static bool read_number(char **at, size_t digits, char after, int *number) {
    if (strspn(*at, "0123456789") != digits || (after != '\0' && (*at)[digits] != after))
        return false;
    *number = 0;
    for (size_t i = 0; i < digits; i++)
        *number = *number * 10 + ((*at)[i] - '0');
    *at += digits + (after != '\0' ? 1 : 0);
    return true;
}

static bool read_holiday(char *line, struct holiday *out) {
    char *at = line;
    struct holiday read = {0};
    if (strspn(at, "0123456789") == 4 && (!read_number(&at, 4, '-', &read.year) || read.year == 0))
        return false;
    if (!read_number(&at, 2, '-', &read.month) || !read_number(&at, 2, '\0', &read.day))
        return false;
    // The 29th of February may come each year: it does when it is there.
    if (read.month < 1 || read.month > 12 || read.day < 1 ||
        read.day > days_in(read.year == 0 ? 2000 : read.year, read.month))
        return false;
    if (*at != '\0' && *at != ' ' && *at != '\t')
        return false;
    read.name = at + strspn(at, " \t");
    *out = read;
    return true;
}

// A line without its comment and the blanks at its ends.
static char *strip(char *line) {
    line[strcspn(line, "#\r")] = '\0';
    line += strspn(line, " \t");
    size_t length = strlen(line);
    while (length > 0 && (line[length - 1] == ' ' || line[length - 1] == '\t'))
        line[--length] = '\0';
    return line;
}

static enum rf_err add(struct rf_holidays *holidays, const struct holiday *holiday) {
    if ((holidays->count & (holidays->count - 1)) == 0) {
        size_t room = holidays->count == 0 ? 1 : holidays->count * 2;
        struct holiday *items = reallocarray(holidays->items, room, sizeof *items);
        if (items == NULL)
            return RF_ERR_NOMEM;
        holidays->items = items;
    }
    holidays->items[holidays->count++] = *holiday;
    return RF_OK;
}

// The name goes into messages and the database.
static bool is_utf8(const char *text) {
    size_t left = strlen(text), length = 1;
    uint32_t code;
    for (; left > 0 && (length = rf_utf8_decode(text, left, &code)) > 0; left -= length)
        text += length;
    return left == 0;
}

static enum rf_err parse_line(struct rf_holidays *holidays, char *line, const char *source,
                              size_t number, struct rf_error *error) {
    struct holiday holiday;
    char shown[48];
    if (line[0] == '\0')
        return RF_OK;
    rf_utf8_mend(line, strlen(line), shown, sizeof shown);
    if (!is_utf8(line))
        return rf_error_set(error, RF_ERR_INVALID, "%s:%zu: '%s' is not UTF-8; expected UTF-8 text",
                            source, number, shown);
    if (!read_holiday(line, &holiday))
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s:%zu: '%s' does not begin with a date; expected YYYY-MM-DD, or "
                            "MM-DD for each year, and a name if you like",
                            source, number, shown);
    if (strlen(holiday.name) > RF_HOLIDAYS_NAME_MAX)
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s:%zu: '%s' has a name of %zu bytes; expected at most %d", source,
                            number, shown, strlen(holiday.name), RF_HOLIDAYS_NAME_MAX);
    if (holidays->count == RF_HOLIDAYS_MAX)
        return rf_error_set(error, RF_ERR_INVALID, "%s:%zu: expected at most %d holidays", source,
                            number, RF_HOLIDAYS_MAX);
    enum rf_err err = add(holidays, &holiday);
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "out of memory");
}

enum rf_err rf_holidays_parse(char *text, const char *source, struct rf_holidays **out,
                              struct rf_error *error) {
    struct rf_holidays *holidays = calloc(1, sizeof *holidays);
    enum rf_err err = RF_OK;
    *out = NULL;
    if (holidays == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    size_t number = 0;
    // A byte order mark is what some editors begin with.
    char *line = strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? text + 3 : text;
    while (line != NULL && err == RF_OK) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        err = parse_line(holidays, strip(line), source, ++number, error);
        line = end != NULL ? end + 1 : NULL;
    }
    if (err != RF_OK) {
        rf_holidays_destroy(&holidays);
        return err;
    }
    *out = holidays;
    return RF_OK;
}

enum rf_err rf_holidays_read(const char *path, struct rf_holidays **out, struct rf_error *error) {
    char *text = NULL;
    size_t size = 0;
    *out = NULL;
    enum rf_err err = rf_file_read(path, RF_HOLIDAYS_FILE_SIZE, &text, &size, error);
    if (err != RF_OK)
        return err;
    struct rf_holidays *holidays = NULL;
    if (strlen(text) != size)
        err = rf_error_set(error, RF_ERR_INVALID, "%s: has a NUL character; expected text", path);
    else
        err = rf_holidays_parse(text, path, &holidays, error);
    if (holidays != NULL)
        holidays->text = text;
    else
        free(text);
    *out = holidays;
    return err;
}

void rf_holidays_destroy(struct rf_holidays **holidays) {
    if (*holidays == NULL)
        return;
    free((*holidays)->text);
    free((*holidays)->items);
    free(*holidays);
    *holidays = NULL;
}

char *rf_holidays_digest(const struct rf_holidays *holidays, char out[RF_SHA256_HEX_SIZE]) {
    // Each day with the digest of those before it.
    char line[RF_SHA256_HEX_SIZE + RF_HOLIDAYS_NAME_MAX + 32];
    rf_sha256_hex("", 0, out);
    for (size_t i = 0; i < holidays->count; i++) {
        const struct holiday *day = &holidays->items[i];
        int size = snprintf(line, sizeof line, "%s %04d-%02d-%02d %s", out, day->year, day->month,
                            day->day, day->name);
        rf_sha256_hex(line, (size_t)size, out);
    }
    return out;
}

const char *rf_holidays_on(const struct rf_holidays *holidays, int64_t day) {
    if (holidays == NULL)
        return NULL;
    struct holiday date = date_of(day);
    for (size_t i = 0; i < holidays->count; i++) {
        const struct holiday *holiday = &holidays->items[i];
        if (holiday->day == date.day && holiday->month == date.month &&
            (holiday->year == 0 || holiday->year == date.year))
            return holiday->name;
    }
    return NULL;
}
