#include "rotation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/file.h"
#include "base/log.h"
#include "config/config.h"
#include "keeper.h"
#include "runtime/service.h"

#define RETRY_WAIT rf_seconds(10)
#define LOOK_WAIT  rf_seconds(600)

static struct rf_rotate_rules rules_of(const struct rf_rotation *rotation) {
    const struct rf_config_rotate *rotate = &rotation->process->config->logger.rotate;
    static const enum rf_pack packs[] = {
        [RF_COMPRESS_NONE] = RF_PACK_NONE,
        [RF_COMPRESS_GZIP] = RF_PACK_GZIP,
        [RF_COMPRESS_ZSTD] = RF_PACK_ZSTD,
    };
    return (struct rf_rotate_rules){
        .size = rotate->size,
        .age = rotate->age,
        .compress = packs[rotate->compress],
        .keep_bytes = rotate->keep_bytes,
        .keep_age = rotate->keep_age,
    };
}

// At the file's age, but at the latest for the next look at the closed ones.
static void wait_on(struct rf_rotation *rotation) {
    struct rf_rotate_rules rules = rules_of(rotation);
    struct rf_duration wait = LOOK_WAIT, age;
    if (rotation->file->size > 0 && rf_rotate_wait(&rules, rotation->began, rf_clock_utc(), &age) &&
        age.ns < wait.ns)
        wait = age;
    if (rotation->failing && wait.ns < RETRY_WAIT.ns)
        wait = RETRY_WAIT;
    rf_timer_after(&rotation->timer, wait);
}

static void on_timer(void *arg) {
    struct rf_rotation *rotation = arg;
    struct rf_rotate_rules rules = rules_of(rotation);
    if (rf_rotation_due(rotation, 0))
        rotation->due(rotation->arg);
    if (rotation->file->fd < 0)
        return;
    rf_keeper_look(rotation->keeper, &rules);
    wait_on(rotation);
}

enum rf_err rf_rotation_init(struct rf_rotation *rotation, struct rf_process *process,
                             struct rf_log_file *file, void (*due)(void *arg), void *arg,
                             struct rf_error *error) {
    *rotation = (struct rf_rotation){.process = process, .file = file, .due = due, .arg = arg};
    rf_timer_init(&rotation->timer, process->loop, on_timer, rotation);
    return rf_keeper_new(process->loop, file->path, &rotation->keeper, error);
}

void rf_rotation_fini(struct rf_rotation *rotation) {
    if (rotation->process == NULL) // never initialised
        return;
    rf_timer_stop(&rotation->timer);
    rf_keeper_destroy(&rotation->keeper);
}

void rf_rotation_opened(struct rf_rotation *rotation, struct rf_utc began) {
    struct rf_rotate_rules rules = rules_of(rotation);
    bool known = began.ns > 0 && rotation->file->size > 0;
    rotation->began = known ? began : rf_clock_utc();
    rf_keeper_look(rotation->keeper, &rules);
    wait_on(rotation);
}

void rf_rotation_begun(struct rf_rotation *rotation) {
    rotation->began = rf_clock_utc();
    wait_on(rotation);
}

void rf_rotation_closed(struct rf_rotation *rotation) {
    rf_timer_stop(&rotation->timer);
}

bool rf_rotation_due(const struct rf_rotation *rotation, size_t incoming) {
    struct rf_rotate_rules rules = rules_of(rotation);
    if (rotation->failing && rf_clock_now().ns < rotation->not_yet.ns)
        return false;
    return rf_rotate_due(&rules, rotation->file->size, (int64_t)incoming, rotation->began,
                         rf_clock_utc());
}

enum rf_err rf_rotation_settle(const struct rf_rotation *rotation, char name[RF_ROTATED_NAME_SIZE],
                               struct rf_error *error) {
    struct rf_rotated_list list;
    struct rf_rotated_name parts = {0};
    const char *path = rotation->file->path;
    enum rf_err result = rf_rotated_list_read(path, &list, error);
    parts.closed = rf_rotate_stamp(&list, rf_clock_utc());
    rf_rotated_list_fini(&list);
    if (result == RF_OK)
        result = rf_log_file_settle(rotation->file, &parts.first, &parts.last, error);
    if (result == RF_OK && !rf_rotated_name_write(rf_rotated_base(path), &parts, name))
        result = rf_error_set(error, RF_ERR_INVALID, "%s: its name is too long", path);
    return result;
}

enum rf_err rf_rotation_rename(struct rf_rotation *rotation, const char *name,
                               struct rf_error *error) {
    const char *from = rotation->file->path;
    char *path = rf_rotated_path(from, name);
    enum rf_err result = RF_OK;
    if (path == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a path");
    if (rename(from, path) != 0)
        result = rf_error_set(error, RF_ERR_IO, "%s: cannot rename to %s: %s", from, name,
                              strerror(errno));
    else
        result = rf_file_sync_folder(path, error);
    free(path);
    if (result != RF_OK)
        return result;
    RF_CRASH_POINT(logger, renamed);
    rf_log_file_close(rotation->file);
    rf_rotation_closed(rotation);
    if (rotation->failing)
        rf_log(RF_LOG_INFO, "%s is rotated again", from);
    rotation->failing = false;
    return RF_OK;
}

void rf_rotation_failed(struct rf_rotation *rotation, const struct rf_error *error) {
    if (!rotation->failing)
        rf_log(RF_LOG_WARNING, "%s cannot be rotated and grows on, goes on trying: %s",
               rotation->file->path, error->message);
    rotation->failing = true;
    rotation->not_yet = rf_instant_add(rf_clock_now(), RETRY_WAIT);
}
