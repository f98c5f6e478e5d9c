#include "rotated/name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const endings[] = {
    [RF_PACK_NONE] = "",
    [RF_PACK_GZIP] = ".gz",
    [RF_PACK_ZSTD] = ".zst",
};

#define YEAR_10000_S INT64_C(253402300800)

bool rf_rotated_name_write(const char *base, const struct rf_rotated_name *name,
                           char out[RF_ROTATED_NAME_SIZE]) {
    time_t seconds = (time_t)(name->closed.ns / RF_NS_PER_S);
    struct tm tm;
    char when[24];
    if (name->closed.ns < 0 || seconds >= YEAR_10000_S || gmtime_r(&seconds, &tm) == NULL ||
        strftime(when, sizeof when, "%Y%m%dT%H%M%S", &tm) == 0)
        return false;
    int length = snprintf(out, RF_ROTATED_NAME_SIZE, "%s.%s.%06dZ.%" PRId64 "-%" PRId64 "%s%s",
                          base, when, (int)(name->closed.ns % RF_NS_PER_S / 1000), name->first,
                          name->last, endings[name->pack], name->partial ? ".partial" : "");
    return length > 0 && length < RF_ROTATED_NAME_SIZE;
}

static bool ending_read(const char *text, struct rf_rotated_name *name) {
    for (size_t i = sizeof endings / sizeof endings[0]; i-- > 0;) {
        size_t length = strlen(endings[i]);
        if (strncmp(text, endings[i], length) != 0)
            continue;
        name->pack = (enum rf_pack)i;
        name->partial = strcmp(text + length, ".partial") == 0;
        return name->partial || text[length] == '\0';
    }
    return false;
}

bool rf_rotated_name_read(const char *base, const char *text, struct rf_rotated_name *name) {
    size_t length = strlen(base);
    struct tm tm = {0};
    int fraction = 0, used = 0;
    char again[RF_ROTATED_NAME_SIZE];
    *name = (struct rf_rotated_name){0};
    if (strncmp(text, base, length) != 0 || text[length] != '.')
        return false;
    const char *at = strptime(text + length + 1, "%Y%m%dT%H%M%S", &tm);
    if (at == NULL ||
        sscanf(at, ".%6dZ.%18" SCNd64 "-%18" SCNd64 "%n", &fraction, &name->first, &name->last,
               &used) != 3 ||
        name->first < 0 || name->last < 0 || !ending_read(at + used, name))
        return false;
    name->closed.ns = (int64_t)timegm(&tm) * RF_NS_PER_S + (int64_t)fraction * 1000;
    // What we would not write so is a file of somebody else.
    return rf_rotated_name_write(base, name, again) && strcmp(again, text) == 0;
}
