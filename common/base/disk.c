#include "base/disk.h"

#include <errno.h>
#include <sys/statvfs.h>

#define LEAST_INODES 0.01

static int64_t times(uint64_t count, uint64_t size) {
    int64_t product;
    return __builtin_mul_overflow(count, size, &product) ? INT64_MAX : product;
}

bool rf_disk_look(const char *path, struct rf_disk_room *room) {
    struct statvfs v;
    int result;
    do
        result = statvfs(path, &v);
    while (result != 0 && errno == EINTR);
    if (result != 0)
        return false;
    *room = (struct rf_disk_room){.free_bytes = times(v.f_bavail, v.f_frsize),
                                  .total_bytes = times(v.f_blocks, v.f_frsize),
                                  .free_inodes = times(v.f_favail, 1),
                                  .total_inodes = times(v.f_files, 1)};
    return true;
}

int64_t rf_disk_least(const struct rf_disk_room *room, const struct rf_disk_bounds *bounds) {
    double share = (double)room->total_bytes * bounds->least_share;
    return share < (double)bounds->least_bytes ? (int64_t)share : bounds->least_bytes;
}

bool rf_disk_low(const struct rf_disk_room *room, const struct rf_disk_bounds *bounds,
                 double factor, bool *inodes) {
    double least_inodes = (double)room->total_inodes * LEAST_INODES * factor;
    bool few_bytes = (double)room->free_bytes < (double)rf_disk_least(room, bounds) * factor;
    *inodes = !few_bytes && (double)room->free_inodes < least_inodes;
    return few_bytes || *inodes;
}
