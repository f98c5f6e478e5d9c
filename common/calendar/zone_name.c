#include "calendar/zone_name.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static enum rf_err none(const char *name, struct rf_error *error) {
    return rf_error_set(error, RF_ERR_NOT_FOUND,
                        "there is no time zone '%.64s' in %s; expected a name such as "
                        "Europe/Berlin, and the package tzdata",
                        name != NULL ? name : "", rf_zone_folder());
}

static enum rf_err unreadable(const char *name, int why, struct rf_error *error) {
    return rf_error_set(error, RF_ERR_IO, "the time zone %s in %s cannot be read: %s", name,
                        rf_zone_folder(), strerror(why));
}

enum rf_err rf_zone_look(const char *name, struct rf_error *error) {
    char path[512], magic[4];
    if (!rf_zone_name_valid(name))
        return none(name, error);
    snprintf(path, sizeof path, "%s/%s", rf_zone_folder(), name);
    FILE *file = fopen(path, "re");
    if (file == NULL && errno != ENOENT && errno != ENOTDIR)
        return unreadable(name, errno, error);
    // Without the folder nobody knows which zones there are.
    if (file == NULL)
        return access(rf_zone_folder(), X_OK) == 0 ? none(name, error)
                                                   : unreadable(name, errno, error);
    size_t size = fread(magic, 1, sizeof magic, file);
    int why = ferror(file) && errno != EISDIR ? errno : 0;
    (void)fclose(file);
    if (why != 0)
        return unreadable(name, why, error);
    return size == sizeof magic && memcmp(magic, "TZif", 4) == 0 ? RF_OK : none(name, error);
}
