// Names of time zones: those of the files below the system's folder of them (tzdata).
#ifndef RF_CALENDAR_ZONE_NAME_H
#define RF_CALENDAR_ZONE_NAME_H

#include <stdbool.h>

#include <ringfence/error.h>

#define RF_ZONE_NAME_MAX 64

// rf_zone_folder: $TZDIR, else /usr/share/zoneinfo; GLib looks there as well. Never NULL.
const char *rf_zone_folder(void);

// rf_zone_name_valid: whether `name` (may be NULL) has the form of a name such as Europe/Berlin: it
// names a file below the folder, and nothing beside it. Pure.
bool rf_zone_name_valid(const char *name);

// rf_zone_look: whether it is valid and the folder has such a zone; reads the file's first bytes.
// RF_ERR_NOT_FOUND, with what was expected, only if it is certain that there is none; what cannot
// be looked at now (no file is free, no right to read it, no such folder) is RF_ERR_IO.
RF_NODISCARD enum rf_err rf_zone_look(const char *name, struct rf_error *error);

#endif
