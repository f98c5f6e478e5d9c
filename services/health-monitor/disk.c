#include "disk.h"

#define CLEARANCE 1.1

const char *health_disk_status_name(enum health_disk_status status) {
    static const char *const names[] = {
        [HEALTH_DISK_UNKNOWN] = "unknown", [HEALTH_DISK_OK] = "ok", [HEALTH_DISK_LOW] = "low"};
    return (unsigned)status <= HEALTH_DISK_LOW ? names[status] : "unknown";
}

bool health_disk_record(struct health_disk *disk, const struct rf_disk_room *room,
                        const struct rf_disk_bounds *bounds, struct rf_utc now,
                        enum health_disk_status *from, bool *inodes) {
    double factor = disk->status == HEALTH_DISK_LOW ? CLEARANCE : 1.0;
    bool low = rf_disk_low(room, bounds, factor, inodes);
    *from = disk->status;
    enum health_disk_status status = low ? HEALTH_DISK_LOW : HEALTH_DISK_OK;
    if (status == disk->status)
        return false;
    *disk = (struct health_disk){.status = status, .since = now};
    return true;
}
