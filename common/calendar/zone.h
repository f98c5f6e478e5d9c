// Time zones of the system (tzdata), by name: what the clock on the wall shows there. Read by GLib,
// which takes no part of the environment but TZDIR, and changes nothing in the process.
#ifndef RF_CALENDAR_ZONE_H
#define RF_CALENDAR_ZONE_H

#include <stdint.h>

#include <ringfence/error.h>

#include "calendar/zone_name.h"

struct rf_zone; // immutable

// rf_zone_new: RF_ERR_NOT_FOUND with what was expected if it is certain that the system has no such
// zone; RF_ERR_IO if it cannot be read now.
RF_NODISCARD enum rf_err rf_zone_new(const char *name, struct rf_zone **zone,
                                     struct rf_error *error);
void rf_zone_destroy(struct rf_zone **zone);

// A time during which the zone's clock runs evenly.
struct rf_zone_span {
    int64_t offset_s; // local time less UTC
    int64_t end_s;    // the second (since 1970, UTC) from which another one holds; or the horizon
};

// rf_zone_span: the span that the second `at_s` lies in, looked at up to `horizon_s`.
struct rf_zone_span rf_zone_span(const struct rf_zone *zone, int64_t at_s, int64_t horizon_s);

#endif
