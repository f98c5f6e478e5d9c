// Whether enough is left of a disk that we write to. Pure.
#ifndef HEALTH_DISK_H
#define HEALTH_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/time.h>

enum health_disk_status { HEALTH_DISK_UNKNOWN, HEALTH_DISK_OK, HEALTH_DISK_LOW };

struct health_disk {
    enum health_disk_status status;
    struct rf_utc since;
};

// What is there, as statvfs(3) tells it to a process without privileges.
struct health_disk_room {
    int64_t free_bytes, total_bytes;
    int64_t free_inodes, total_inodes; // total 0: the file system has no such limit
};

// It is low below the smaller of the two, so that neither a small tmpfs nor a large array is always
// or never low; or when less than 1 % of its inodes are left.
struct health_disk_bounds {
    int64_t least_bytes;
    double least_share;
};

// health_disk_status_name: "unknown", "ok" or "low". Never NULL.
const char *health_disk_status_name(enum health_disk_status status);

// health_disk_least: how many bytes must be free.
int64_t health_disk_least(const struct health_disk_room *room,
                          const struct health_disk_bounds *bounds);

// health_disk_record: takes a look at the disk in. True if the status is another than `from` (was
// before); `inodes` says whether those are what is low. A disk that is low is ok again only with a
// tenth more than is wanted, so that one at the border is not told of again and again.
bool health_disk_record(struct health_disk *disk, const struct health_disk_room *room,
                        const struct health_disk_bounds *bounds, struct rf_utc now,
                        enum health_disk_status *from, bool *inodes);

#endif
