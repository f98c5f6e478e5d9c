#include "disk.h"

#define LEAST_INODES 0.01
#define CLEARANCE    1.1

const char *health_disk_status_name(enum health_disk_status status) {
    static const char *const names[] = {
        [HEALTH_DISK_UNKNOWN] = "unknown", [HEALTH_DISK_OK] = "ok", [HEALTH_DISK_LOW] = "low"};
    return (unsigned)status <= HEALTH_DISK_LOW ? names[status] : "unknown";
}

int64_t health_disk_least(const struct health_disk_room *room,
                          const struct health_disk_bounds *bounds) {
    double share = (double)room->total_bytes * bounds->least_share;
    return share < (double)bounds->least_bytes ? (int64_t)share : bounds->least_bytes;
}

bool health_disk_record(struct health_disk *disk, const struct health_disk_room *room,
                        const struct health_disk_bounds *bounds, struct rf_utc now,
                        enum health_disk_status *from, bool *inodes) {
    double factor = disk->status == HEALTH_DISK_LOW ? CLEARANCE : 1.0;
    double least = (double)health_disk_least(room, bounds) * factor;
    double least_inodes = (double)room->total_inodes * LEAST_INODES * factor;
    bool few_bytes = (double)room->free_bytes < least;
    *inodes = !few_bytes && (double)room->free_inodes < least_inodes;
    *from = disk->status;
    enum health_disk_status status = few_bytes || *inodes ? HEALTH_DISK_LOW : HEALTH_DISK_OK;
    if (status == disk->status)
        return false;
    *disk = (struct health_disk){.status = status, .since = now};
    return true;
}
