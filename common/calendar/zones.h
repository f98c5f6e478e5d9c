// Time zones by name, each read once.
#ifndef RF_CALENDAR_ZONES_H
#define RF_CALENDAR_ZONES_H

#include "base/map.h"
#include "calendar/zone.h"

// Zero-initialised is empty. It holds no more zones than the system has.
struct rf_zones {
    struct rf_map map;
};

// rf_zones_find: the zone of this name, borrowed until rf_zones_fini; NULL if it fails: as
// rf_zone_new, and RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_zones_find(struct rf_zones *zones, const char *name,
                                       const struct rf_zone **zone, struct rf_error *error);

// rf_zones_fini: forgets them all; they are read again when they are asked for.
void rf_zones_fini(struct rf_zones *zones);

#endif
