// The rim of the gateway: what carries out the core's effects, and tells it what came.
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <ringfence/bus.h>
#include <ringfence/worker.h>

#include "core.h"
#include "http/client.h"
#include "measure/measure.h"
#include "redact/redactor.h"
#include "runtime/loop.h"
#include "runtime/service.h"

// Audio on the disk: store.c.
struct store {
    const char *folder;
    struct disk *writer, *reader, *sweeper; // so that none waits for another
    struct rf_timer timer;                  // the next try to come below the bound
    int64_t left, grown;                    // bytes at the last sweep, and since
    bool sweeping, over;
};

struct gateway {
    struct rf_process *process;
    const struct rf_config *config; // the current one
    struct rf_http *http;
    struct store store;
    struct rf_worker *worker;
    struct core core;
    struct rf_redactor *redactor;
    struct rf_config_gateway limits; // concurrency and max_waiting as at the start
    struct provider_settings settings[RF_PROVIDER_COUNT];
    struct rf_timer wake;                 // the core's next moment
    struct rf_timer keys;                 // key files are read again while a mark stands
    struct state_request *state_requests; // on their way
    struct {
        char link[32];         // that was retained last
        struct rf_instant due; // and is again
    } fallbacks[GATEWAY_SERVICE_COUNT];
    int64_t waiting[GATEWAY_SERVICE_COUNT]; // as the broker was told
    struct {
        struct rf_measure of[RF_PROVIDER_COUNT]; // since they were told last
        struct rf_timer timer;                   // runs while there are any
    } measures;
    bool draining;
};

// gateway_now: both clocks.
struct moment gateway_now(struct gateway *gateway);

// gateway_settle: after each call of the core: its timer is set, and the broker is told how many
// wait, and of a drain that is complete.
void gateway_settle(struct gateway *gateway);

// serve.c: hears what the broker says. effects.c: does what the core wants.
extern const struct rf_worker_handlers gateway_from_broker;
extern const struct gateway_effects gateway_effects;

// ---- transport.c ----

enum rf_err gateway_send(void *arg, struct call *call, struct hedge *hedge,
                         const struct provider_request *request,
                         const struct rf_config_provider *provider, struct rf_duration timeout,
                         struct rf_error *error);
void gateway_abort(void *arg, struct call *call);
void gateway_abort_hedge(void *arg, struct call *call);

// ---- state_request.c: a compare-and-set of retained state that is on its way ----

struct state_request {
    struct gateway *gateway;
    enum rf_provider provider;
    char *about;     // the call's id, or the key's fingerprint; NULL: neither
    const char *why; // it deletes a key's value (a constant); NULL: not so
    struct state_request *next;
};

// state_request_new: both texts may be NULL; `about` is copied. Never NULL: without memory for it
// the process ends. state_request_free: it was answered.
struct state_request *state_request_new(struct gateway *gateway, enum rf_provider provider,
                                        const char *about, const char *why);
void state_request_free(struct state_request *request);
// state_requests_fini: those whose answer never came.
void state_requests_fini(struct gateway *gateway);

// ---- retained.c: marks as retained state ----

void gateway_mark(void *arg, enum rf_provider provider, const char *call, json_t *value,
                  struct rf_duration ttl);
void gateway_unmark(void *arg, enum rf_provider provider, int64_t version);
RF_NODISCARD enum rf_err gateway_watch_marks(struct gateway *gateway, struct rf_error *error);

// ---- store.c ----

RF_NODISCARD enum rf_err store_start(struct gateway *gateway, struct rf_error *error);
// store_stop: safe after a failed start, and before one.
void store_stop(struct gateway *gateway);
enum rf_err store_put(void *arg, struct call *call, const char *sha256, const char *format,
                      const void *data, size_t size, struct rf_error *error);
enum rf_err store_look(void *arg, struct call *call, const char *key, struct rf_error *error);

// gateway_retain_fallback: `event` is a fallback.used: for a while the status shows who serves.
void gateway_retain_fallback(struct gateway *gateway, const struct rf_event *event);

// ---- recording.c ----

// gateway_recording_take: the recording of `config` is what the local link serves from now on. An
// error, with the key and the path, keeps the one before. Blocks on the disk: at the start and at a
// reload, which read files anyway.
RF_NODISCARD enum rf_err gateway_recording_take(struct gateway *gateway,
                                                const struct rf_config *config,
                                                struct rf_error *error);

// ---- retained_keys.c: keys that are set aside as retained state ----

void gateway_key_aside(void *arg, enum rf_provider provider, const char *fingerprint, json_t *value,
                       struct rf_duration ttl);
void gateway_key_clear(void *arg, enum rf_provider provider, const char *fingerprint,
                       int64_t version, const char *why);
RF_NODISCARD enum rf_err gateway_watch_keys(struct gateway *gateway, struct rf_error *error);

// ---- measures.c ----

void measures_init(struct gateway *gateway);
void measures_fini(struct gateway *gateway);
// measures_attempt: an attempt has ended; it is told within a second. measures_tell: now.
void measures_attempt(struct gateway *gateway, enum rf_provider provider, enum rf_class c,
                      struct rf_duration took);
void measures_tell(struct gateway *gateway);

// ---- settings.c ----

// gateway_settings_take: configuration and keys of `config`, from now on.
RF_NODISCARD enum rf_err gateway_settings_take(struct gateway *gateway,
                                               const struct rf_config *config,
                                               struct rf_error *error);
void gateway_settings_fini(struct gateway *gateway);
// gateway_keys_refresh: reads key files again.
void gateway_keys_refresh(struct gateway *gateway);

#endif
