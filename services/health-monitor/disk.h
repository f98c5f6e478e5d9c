// Whether enough is left of a disk that we write to. Pure.
#ifndef HEALTH_DISK_H
#define HEALTH_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/time.h>

#include "base/disk.h"

enum health_disk_status { HEALTH_DISK_UNKNOWN, HEALTH_DISK_OK, HEALTH_DISK_LOW };

struct health_disk {
    enum health_disk_status status;
    struct rf_utc since;
};

// health_disk_status_name: "unknown", "ok" or "low". Never NULL.
const char *health_disk_status_name(enum health_disk_status status);

// health_disk_record: takes a look at the disk in. True if the status is another than `from` (was
// before); `inodes` says whether those are what is low. A disk that is low is ok again only with a
// tenth more than is wanted, so that one at the border is not told of again and again.
bool health_disk_record(struct health_disk *disk, const struct rf_disk_room *room,
                        const struct rf_disk_bounds *bounds, struct rf_utc now,
                        enum health_disk_status *from, bool *inodes);

#endif
