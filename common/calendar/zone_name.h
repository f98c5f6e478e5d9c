// Names of time zones: those of the files below the system's folder of them (tzdata).
#ifndef RF_CALENDAR_ZONE_NAME_H
#define RF_CALENDAR_ZONE_NAME_H

#include <stdbool.h>

#define RF_ZONE_NAME_MAX 64

// rf_zone_folder: $TZDIR, else /usr/share/zoneinfo; GLib looks there as well. Never NULL.
const char *rf_zone_folder(void);

// rf_zone_name_valid: whether `name` (may be NULL) has the form of a name such as Europe/Berlin: it
// names a file below the folder, and nothing beside it. Pure.
bool rf_zone_name_valid(const char *name);

// rf_zone_known: whether it is valid and the folder has such a zone. Reads the file's first bytes.
bool rf_zone_known(const char *name);

#endif
