// Audio, to the disk and from it: what the core asks for becomes work for the threads, and the
// folder is cleared when there is more than allowed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "disk.h"
#include "gateway.h"
#include "shelf.h"

// A path of the dial is signed for media_ttl, and between the speech and its dial a contact may
// wait for telephony: audio stays for both.
#define KEEP_TTLS 2

static void store_grew(struct gateway *gateway, int64_t bytes);

// ---- keeping ----

struct put_work {
    const char *folder;
    char key[RF_SHA256_HEX_SIZE];
    struct recording audio;
    char data[];
};

static enum rf_err put(void *work, struct rf_error *error) {
    const struct put_work *put = work;
    return shelf_put(put->folder, put->key, &put->audio, put->data, error);
}

static void on_put(void *arg, enum rf_err result, const struct rf_error *error, const void *work) {
    const struct put_work *put = work;
    struct call *call = arg;
    struct gateway *gateway = call->owner;
    call->writing = NULL;
    core_stored(&gateway->core, call, result, error, gateway_now(gateway));
    if (result == RF_OK)
        store_grew(gateway, put->audio.size);
    gateway_settle(gateway);
}

enum rf_err store_put(void *arg, struct call *call, const char *sha256, const char *format,
                      const void *data, size_t size, struct rf_error *error) {
    struct gateway *gateway = arg;
    struct put_work *work = NULL;
    struct disk_job *job = NULL;
    size_t whole;
    if (!__builtin_add_overflow(sizeof *work, size, &whole))
        work = malloc(whole);
    if (work != NULL) {
        *work = (struct put_work){.folder = gateway->store.folder};
        snprintf(work->key, sizeof work->key, "%s", call->sending.audio_key);
        snprintf(work->audio.sha256, sizeof work->audio.sha256, "%s", sha256);
        snprintf(work->audio.format, sizeof work->audio.format, "%s", format);
        work->audio.size = (int64_t)size;
        memcpy(work->data, data, size);
    }
    enum rf_err err = disk_do(gateway->store.writer, put, work, on_put, call, &job, error);
    call->owner = gateway;
    call->writing = err == RF_OK ? job : NULL;
    return err;
}

// ---- looking ----

struct look_work {
    const char *folder;
    char key[RF_SHA256_HEX_SIZE];
    struct recording found;
};

static enum rf_err look(void *work, struct rf_error *error) {
    struct look_work *look = work;
    return shelf_find(look->folder, look->key, &look->found, error);
}

static void on_look(void *arg, enum rf_err result, const struct rf_error *error, const void *work) {
    const struct look_work *look = work;
    struct call *call = arg;
    struct gateway *gateway = call->owner;
    call->writing = NULL;
    (void)error;
    core_looked(&gateway->core, call, result == RF_OK ? &look->found : NULL, gateway_now(gateway));
    gateway_settle(gateway);
}

enum rf_err store_look(void *arg, struct call *call, const char *key, struct rf_error *error) {
    struct gateway *gateway = arg;
    struct look_work *work = malloc(sizeof *work);
    struct disk_job *job = NULL;
    if (work != NULL) {
        *work = (struct look_work){.folder = gateway->store.folder};
        snprintf(work->key, sizeof work->key, "%s", key);
    }
    enum rf_err err = disk_do(gateway->store.reader, look, work, on_look, call, &job, error);
    call->owner = gateway;
    call->writing = err == RF_OK ? job : NULL;
    return err;
}

// ---- clearing ----

struct sweep_work {
    const char *folder;
    struct evict_rule rule;
    struct recording recording; // of the local link: always in use
    bool recording_lost;
    struct shelf_sweep done;
};

static enum rf_err sweep(void *work, struct rf_error *error) {
    struct sweep_work *sweep = work;
    sweep->recording_lost =
        sweep->recording.size > 0 && !shelf_touch(sweep->folder, &sweep->recording);
    return shelf_sweep(sweep->folder, &sweep->rule, rf_clock_utc(), &sweep->done, error);
}

static void on_sweep(void *arg, enum rf_err result, const struct rf_error *error,
                     const void *work) {
    const struct sweep_work *sweep = work;
    struct gateway *gateway = arg;
    struct store *store = &gateway->store;
    struct rf_error problem;
    store->sweeping = false;
    store->left = sweep->done.left;
    if (result != RF_OK)
        rf_log(RF_LOG_WARNING, "media_dir is not cleared: %s", error->message);
    if (sweep->done.files_removed > 0)
        rf_log(RF_LOG_INFO, "media_dir: %zu files of audio removed, %lld bytes; %lld are left",
               sweep->done.files_removed, (long long)sweep->done.removed,
               (long long)sweep->done.left);
    bool over = sweep->done.left > sweep->rule.max_bytes;
    if (over && !store->over)
        rf_log(RF_LOG_WARNING,
               "media_dir holds %lld bytes, more than gateway.cache.max_bytes, and all of it may "
               "still be wanted",
               (long long)sweep->done.left);
    store->over = over;
    if (over || result != RF_OK) // until it is old enough
        rf_timer_after(&store->timer, rf_ns(sweep->rule.keep.ns / 8));
    if (sweep->recording_lost &&
        gateway_recording_take(gateway, gateway->config, &problem) != RF_OK)
        rf_log(RF_LOG_ERROR, "the recording was removed and cannot be put back: %s",
               problem.message);
}

static void begin_sweep(struct gateway *gateway) {
    struct store *store = &gateway->store;
    struct rf_error error;
    struct sweep_work *work = store->sweeping ? NULL : malloc(sizeof *work);
    if (work == NULL)
        return; // the next file stored tries again
    *work = (struct sweep_work){
        .folder = store->folder,
        .rule = {.max_bytes = gateway->limits.cache_max_bytes,
                 .keep = rf_ns(gateway->config->telephony.media_ttl.ns * KEEP_TTLS)},
        .recording = gateway->core.recording,
    };
    rf_timer_stop(&store->timer);
    store->grown = 0;
    store->sweeping =
        disk_do(store->sweeper, sweep, work, on_sweep, gateway, NULL, &error) == RF_OK;
}

static void on_timer(void *arg) {
    begin_sweep(arg);
}

// Beyond the bound, or after so much that other gateways of the folder may have brought it there.
static void store_grew(struct gateway *gateway, int64_t bytes) {
    struct store *store = &gateway->store;
    int64_t most = gateway->limits.cache_max_bytes;
    store->grown += bytes;
    if (rf_timer_running(&store->timer))
        return; // nothing was old enough a moment ago
    if (store->grown > most / 16 || store->left + store->grown > most)
        begin_sweep(gateway);
}

enum rf_err store_start(struct gateway *gateway, struct rf_error *error) {
    struct store *store = &gateway->store;
    struct rf_loop *loop = gateway->process->loop;
    store->folder = gateway->config->media_dir; // for good: it takes a restart to change
    rf_timer_init(&store->timer, loop, on_timer, gateway);
    enum rf_err err = shelf_make(store->folder, error);
    if (err == RF_OK)
        err = disk_new(loop, &store->writer, error);
    if (err == RF_OK)
        err = disk_new(loop, &store->reader, error);
    if (err == RF_OK)
        err = disk_new(loop, &store->sweeper, error);
    if (err == RF_OK)
        begin_sweep(gateway);
    return err;
}

void store_stop(struct gateway *gateway) {
    struct store *store = &gateway->store;
    rf_timer_stop(&store->timer);
    disk_destroy(&store->writer);
    disk_destroy(&store->reader);
    disk_destroy(&store->sweeper);
}
