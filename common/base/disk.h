// Room on a disk, and how little of it is too little.
#ifndef RF_BASE_DISK_H
#define RF_BASE_DISK_H

#include <stdbool.h>
#include <stdint.h>

// What is there, as statvfs(3) tells it to a process without privileges.
struct rf_disk_room {
    int64_t free_bytes, total_bytes;
    int64_t free_inodes, total_inodes; // total 0: the file system has no such limit
};

// It is low below the smaller of the two, so that neither a small tmpfs nor a large array is always
// or never low; or when less than 1 % of its inodes are left.
struct rf_disk_bounds {
    int64_t least_bytes;
    double least_share;
};

// rf_disk_look: the room of the file system that `path` is on. False: errno says why.
bool rf_disk_look(const char *path, struct rf_disk_room *room);

// rf_disk_least: how many bytes must be free. Pure.
int64_t rf_disk_least(const struct rf_disk_room *room, const struct rf_disk_bounds *bounds);

// rf_disk_low: whether there is less than `factor` times what is wanted; `inodes` says whether
// those are what is low. Pure.
bool rf_disk_low(const struct rf_disk_room *room, const struct rf_disk_bounds *bounds,
                 double factor, bool *inodes);

#endif
