#include "calendar/zone_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *rf_zone_folder(void) {
    const char *named = getenv("TZDIR");
    return named != NULL ? named : "/usr/share/zoneinfo";
}

bool rf_zone_name_valid(const char *name) {
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789_+-/";
    size_t length = name != NULL ? strspn(name, allowed) : 0;
    return length >= 1 && length <= RF_ZONE_NAME_MAX && name[length] == '\0' && name[0] >= 'A' &&
           name[length - 1] != '/';
}

bool rf_zone_known(const char *name) {
    char path[512], magic[4];
    if (!rf_zone_name_valid(name))
        return false;
    snprintf(path, sizeof path, "%s/%s", rf_zone_folder(), name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool known =
        fread(magic, 1, sizeof magic, file) == sizeof magic && memcmp(magic, "TZif", 4) == 0;
    (void)fclose(file);
    return known;
}
