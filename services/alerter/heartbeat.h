// The dead man's switch: a request to a URL every alerter.heartbeat.interval, as long as the
// alerter truly works: it hears the journal, and its store takes a write. Whoever gets them alarms
// people when they stay away.
#ifndef RF_ALERTER_HEARTBEAT_H
#define RF_ALERTER_HEARTBEAT_H

#include <stdbool.h>

#include "http/client.h"
#include "ledger.h"
#include "runtime/loop.h"

struct rf_config_heartbeat;

// ---- the decision; pure ----

enum rf_beat_news {
    RF_BEAT_SAME,
    RF_BEAT_FAILS, // from now on: told once
    RF_BEAT_WORKS, // again
};

struct rf_beat {
    bool silent;  // we do not work, so nothing is sent
    bool unheard; // the receiver did not take the last one
};

// rf_beat_due: whether one is to be sent now, when `trouble` (NULL: none) keeps us from working.
bool rf_beat_due(struct rf_beat *beat, const char *trouble, enum rf_beat_news *news);

// rf_beat_heard: whether the receiver took it: 2xx.
enum rf_beat_news rf_beat_heard(struct rf_beat *beat, bool taken);

// ---- the rim ----

struct rf_heartbeat {
    const struct rf_config_heartbeat *config;
    struct rf_ledger *ledger;
    struct rf_http *http;
    struct rf_http_transfer *transfer;
    struct rf_timer timer;
    struct rf_beat beat;
    struct rf_store_job job;
    struct rf_utc now;
    bool writing;
    bool stopped;
    const char *(*trouble)(void *arg);
    void *arg;
};

// rf_heartbeat_start: begins, if there is a URL. `trouble` says what keeps the owner from working,
// NULL: nothing. All pointers are borrowed.
void rf_heartbeat_start(struct rf_heartbeat *heartbeat, struct rf_loop *loop,
                        const struct rf_config_heartbeat *config, struct rf_ledger *ledger,
                        struct rf_http *http, const char *(*trouble)(void *arg), void *arg);

// rf_heartbeat_reload: another configuration.
void rf_heartbeat_reload(struct rf_heartbeat *heartbeat, const struct rf_config_heartbeat *config);

// rf_heartbeat_stop: before the ledger is closed; the heartbeat must live until that is done.
void rf_heartbeat_stop(struct rf_heartbeat *heartbeat);

#endif
