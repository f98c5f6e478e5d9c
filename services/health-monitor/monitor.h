// The health monitor's state, shared by its parts.
#ifndef HEALTH_MONITOR_H
#define HEALTH_MONITOR_H

#include <sys/types.h>

#include <jansson.h>

#include <ringfence/id.h>
#include <ringfence/rng.h>

#include "absence.h"
#include "account.h"
#include "certificate.h"
#include "config/config.h"
#include "disk.h"
#include "forecast.h"
#include "history.h"
#include "http/client.h"
#include "processes.h"
#include "reach.h"
#include "recent.h"
#include "runtime/loop.h"
#include "runtime/service.h"
#include "skew.h"
#include "standing.h"

struct monitor;
struct rf_worker;

// One provider that is probed.
struct health_target {
    struct monitor *monitor;
    enum rf_provider provider;
    struct health_probes probes;
    struct health_passive passive;
    struct health_standing standing;
    struct rf_secret key;         // a copy: a `file:` key is read again while it is refused
    bool ours;                    // the last probe met a fault of ours
    bool unseen;                  // and nobody answered it
    struct rf_instant calls_fell; // when its calls began to say that it is down
    struct rf_utc unseen_since;
    struct health_account account;
    struct health_recent recent;
    json_t *told; // the retained value as it was written last; NULL: not yet
    struct health_certificate certificate;
    bool looked;         // the probe under way looks at the certificate
    struct rf_utc asked; // when it began, by our clock
    struct rf_timer timer;
    struct rf_http_transfer *transfer; // NULL: no probe is under way
    struct health_forecast forecast;
    bool credit_unread;                       // the last answer told no credit
    struct rf_http_transfer *credit_transfer; // NULL: its account is not asked now
};

#define HEALTH_OWN_SIDE "own-side" // its name in the history

#define HEALTH_FOLDERS 4

// One folder that this host's processes write to.
struct health_folder {
    struct monitor *monitor;
    const char *path; // of the configuration
    bool seen;        // at the last look, and no earlier folder is on its disk
    dev_t device;
    struct health_disk disk;
};

struct monitor {
    struct rf_process *process;
    const struct rf_config *config; // the newest one
    struct rf_http *http;
    struct rf_rng rng; // of the probes' jitter
    struct health_target targets[RF_PROVIDER_COUNT];
    size_t target_count;
    struct health_processes processes;
    struct rf_timer missing_timer;
    struct health_folder folders[HEALTH_FOLDERS];
    struct rf_timer disk_timer;
    struct health_absence absence; // of the alerter
    struct rf_timer absence_timer;
    struct rf_http_transfer *absence_post;   // NULL: none is under way
    enum health_absence_news absence_posted; // what it tells
    char *absence_path;                      // the file that outlives a restart
    struct health_absence_kept absence_kept; // as it stands there
    bool absence_unkept;                     // it could not be written
    struct health_history *history;          // NULL: it is not kept
    struct health_named named[RF_PROVIDER_COUNT + 1];
    size_t named_count;
    struct rf_timer history_timer;
    struct health_reach reaches[RF_PROVIDER_COUNT]; // of each target
    struct health_own_side own_side;
    struct health_account own_account;
    char own_why[HEALTH_WHY_SIZE]; // it failed
    struct health_skew skew;       // of our clock
    struct rf_worker *worker;
    struct rf_timer forecast_timer;
    struct health_need need_speech, need_calls; // of all campaigns
    json_t *need_names;                         // theirs; NULL: not known yet
    char need_call[RF_ULID_SIZE];               // that asks for them; "": none is under way
};

// probe.c: begins a probe of the target; `health_target_told` hears what it says. A probe that
// cannot even be begun is told as a fault of ours.
void probe_begin(struct health_target *target);

// forecast_watch.c: asks every health.credit.interval what the accounts of providers have and what
// campaigns need, and tells when the one will not last for the other. _probed: an answer to a
// probe, which may tell the credit too. _look: something of it is known anew. _json: the member
// "forecast" of the provider's retained value, a new reference; NULL: nothing is known.
// _restore: from there.
RF_NODISCARD enum rf_err forecast_watch_begin(struct monitor *monitor, struct rf_error *error);
void forecast_watch_probed(struct health_target *target, const struct health_answer *answer);
void forecast_watch_look(struct health_target *target);
json_t *forecast_watch_json(const struct health_target *target);
void forecast_watch_restore(struct health_target *target, const json_t *value);
void forecast_watch_end(struct monitor *monitor);

// monitor.c: takes an answer in, tells of a change, and plans the next probe.
void health_target_told(struct health_target *target, const struct health_answer *answer);

// monitor.c: what is known of it by now decides, and a change is told.
void health_target_look(struct health_target *target);

// monitor.c: takes in what a gateway tells of attempts, and tells of a change.
void health_target_heard(struct health_target *target, const struct rf_measure *measure);

// monitor.c: its circuit breaker has closed: calls that failed before say nothing any more.
void health_target_recovered(struct health_target *target);

// attempts_watch.c: hears what gateways tell of their attempts, and of breakers that close.
RF_NODISCARD enum rf_err attempts_watch_begin(struct monitor *monitor, struct rf_error *error);

// monitor.c: begins with what is retained of the target's status, and probes from then on.
void health_target_begin(struct health_target *target);

// monitor.c: writes the retained value `provider/<name>`; _refresh: if a figure of it is another.
void health_target_store(struct health_target *target);
void health_target_refresh(struct health_target *target);

// value.c: the retained value of a provider, and the part of it that is its availability: for each
// of health_windows the share in which it served (absent while nothing is known) of the time that
// is known. A new reference; NULL: no memory.
json_t *health_target_json(const struct health_target *target, struct rf_instant now,
                           struct rf_utc utc);
json_t *health_availability_json(const struct health_availability *availability, struct rf_utc now);

// own_side_watch.c: whether our own side fails, and tells it. _seen: takes an answer in, before it
// is recorded; it may look at all targets. _fall: how many bad answers in a row are enough now, or
// HEALTH_HELD while it is not known whose fault they are. _holds: whether a bad word of its calls
// has to wait for that; `calls_fell`: it is new.
void own_side_begin(struct monitor *monitor);
void own_side_seen(struct health_target *target, const struct health_answer *answer);
int64_t own_side_fall(const struct health_target *target);
bool own_side_holds(struct health_target *target, bool calls_fell);

// own_side_watch.c: the vendor behind a provider: openai and openai-tts are one. A constant.
const char *own_side_vendor(enum rf_provider provider);

// skew_watch.c: holds our clock against the date of an answer to a probe, and tells a change.
void skew_watch_told(struct health_target *target, const struct rf_http_reply *reply);

// history_watch.c: begins with what was kept, where it can be read, and looks at all targets every
// HEALTH_LOOK. _look: after something was found out of one.
void history_watch_begin(struct monitor *monitor);
void history_watch_look(struct health_target *target);
void history_watch_own_side(struct monitor *monitor); // it failed, or is well again
void history_watch_end(struct monitor *monitor);

// serve.c: answers as the service "health". _end: before the history is closed.
RF_NODISCARD enum rf_err serve_begin(struct monitor *monitor, struct rf_error *error);
void serve_drain(struct monitor *monitor);
void serve_end(struct monitor *monitor);

// certificate_watch.c: takes in what a probe that looked at the certificate saw (0: none).
void certificate_watch_told(struct health_target *target, struct rf_utc until);

// disk_watch.c: looks at the folders' disks every health.disk.interval and tells of a change.
void disk_watch_begin(struct monitor *monitor);
void disk_watch_end(struct monitor *monitor);

// absence_tell.c: tells health.alerter_webhook when no alerter is there, or no broker for it to
// hear of anything, and when one is again, and goes on with what an earlier monitor told.
// RF_ERR_NOMEM. _look: after a change in the registry of processes, of the configuration, or of the
// broker.
RF_NODISCARD enum rf_err absence_tell_begin(struct monitor *monitor, struct rf_error *error);
void absence_tell_look(struct monitor *monitor);
void absence_tell_end(struct monitor *monitor);

// registry_watch.c: watches the registry of processes and tells of the lost ones.
RF_NODISCARD enum rf_err registry_watch_begin(struct monitor *monitor, struct rf_error *error);
void registry_watch_end(struct monitor *monitor);

#endif
