// Looks at the disks of this host's folders and tells of a change. Folders of one file system are
// one disk; one that is not there yet is none.
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/log.h"
#include "monitor.h"

static void publish(struct health_folder *folder, const struct rf_disk_room *room,
                    enum health_disk_status from, struct rf_duration held, bool inodes,
                    int64_t least) {
    struct monitor *monitor = folder->monitor;
    char host[HEALTH_NAME_SIZE] = "";
    gethostname(host, sizeof host - 1);
    json_t *data =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "from", health_disk_status_name(from),
                  "host", host, "free_bytes", (json_int_t)room->free_bytes, "total_bytes",
                  (json_int_t)room->total_bytes, "least_bytes", (json_int_t)least, "free_inodes",
                  (json_int_t)room->free_inodes, "total_inodes", (json_int_t)room->total_inodes);
    bool low = folder->disk.status == HEALTH_DISK_LOW;
    if (low)
        (void)json_object_set_new(data, "what", json_string(inodes ? "inodes" : "bytes"));
    else if (from == HEALTH_DISK_LOW)
        (void)json_object_set_new(data, "held_ns", json_integer((json_int_t)held.ns));
    struct rf_event event = {
        .type = rf_event_type_name(low ? RF_EVENT_DISK_LOW : RF_EVENT_DISK_OK),
        .subject = folder->path,
        .data = data,
    };
    struct rf_error error;
    if (rf_bus_publish(monitor->process->bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "cannot tell %s of %s: %s", event.type, folder->path, error.message);
    json_decref(data);
}

static bool is_known(const struct monitor *monitor, size_t count, dev_t device) {
    for (size_t i = 0; i < count; i++)
        if (monitor->folders[i].seen && monitor->folders[i].device == device)
            return true;
    return false;
}

static void look_at(struct monitor *monitor, size_t index) {
    struct health_folder *folder = &monitor->folders[index];
    const struct rf_config_health *config = &monitor->config->health;
    const struct rf_disk_bounds bounds = {config->disk_least_bytes, config->disk_least_share};
    struct rf_disk_room room;
    struct stat status;
    folder->seen = false;
    if (stat(folder->path, &status) != 0 || is_known(monitor, index, status.st_dev) ||
        !rf_disk_look(folder->path, &room))
        return;
    folder->seen = true;
    folder->device = status.st_dev;
    enum health_disk_status from;
    bool inodes;
    struct rf_utc now = rf_clock_utc(), since = folder->disk.since;
    if (health_disk_record(&folder->disk, &room, &bounds, now, &from, &inodes))
        publish(folder, &room, from, rf_utc_since(now, since), inodes,
                rf_disk_least(&room, &bounds));
}

static void on_timer(void *arg) {
    struct monitor *monitor = arg;
    for (size_t i = 0; i < HEALTH_FOLDERS; i++)
        look_at(monitor, i);
    rf_timer_after(&monitor->disk_timer, monitor->config->health.disk_interval);
}

void disk_watch_begin(struct monitor *monitor) {
    const struct rf_config *config = monitor->config;
    const char *const paths[HEALTH_FOLDERS] = {config->state_dir, config->log_dir,
                                               config->media_dir, config->run_dir};
    for (size_t i = 0; i < HEALTH_FOLDERS; i++)
        monitor->folders[i] = (struct health_folder){.monitor = monitor, .path = paths[i]};
    rf_timer_init(&monitor->disk_timer, monitor->process->loop, on_timer, monitor);
    rf_timer_after(&monitor->disk_timer, rf_ns(0));
}

void disk_watch_end(struct monitor *monitor) {
    if (monitor->disk_timer.loop != NULL)
        rf_timer_stop(&monitor->disk_timer);
}
