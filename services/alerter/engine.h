// The incident engine: events and time in; notices, and incidents to be stored, out. Pure.
//
// It compares what is with what people were told. An incident that is open and was not told wants
// an opening notice, one that is over and was told wants a resolving one, and so on (due.c). What
// keeps a notice back is asked each time anew: its rule's wait, a silence, another incident that it
// follows from, quiet hours, a storm. So whatever ends the one that kept it, what is still true is
// told then, and what no longer is, is not.
//
// A storm keeps one channel, while the others go on being told. What some heard, and one did not,
// that one is owed (want.h).
//
// All that one page of events or one tick changes is taken out by rf_engine_changes and stored in
// one transaction; nothing else may be asked of the engine before rf_engine_stored.
#ifndef RF_ALERTER_ENGINE_H
#define RF_ALERTER_ENGINE_H

#include "alert.h"
#include "calendar/zone.h"
#include "incident.h"
#include "rule.h"
#include "silence.h"

// More at once are counted in one incident for each group, which says so.
#define RF_INCIDENTS_MOST 20000
#define RF_SINGLES_MOST   100 // alerter.storm.notices
#define RF_ENDS_MOST      256 // endings that came before their beginnings

// What it is told of the configuration. All borrowed, until another one is set.
struct rf_engine_setup {
    const struct rf_config_alerter *config;
    const struct rf_zone *zone;          // of the quiet hours; NULL: there are none
    unsigned channels;                   // that are enabled
    unsigned acks;                       // whose receivers are told of acknowledgements
    unsigned takes[RF_CHANNELS_MOST];    // by channel: bits 1 << severity that it takes
    const char *names[RF_CHANNELS_MOST]; // by channel; NULL or "": there is none
    // The channels of a list of names joined by commas. NULL names: all of them.
    unsigned (*named)(const void *arg, const char *names);
    const void *arg;
};

// rf_severity_rank: 0 info, 1 warning, 2 error, 3 critical; of any other text 2.
int rf_severity_rank(const char *severity);

// An ending whose beginning has not come yet: a process can be replaced before it is missed.
struct rf_engine_end {
    char *rule, *value;
    struct rf_utc at;
};

// Whom an incident met first, to be stored.
struct rf_seen_row {
    const struct rf_incident *incident;
    uint64_t hash;
};

struct rf_engine {
    struct rf_engine_setup setup;
    struct rf_silences silences;
    struct rf_map by_fingerprint; // the newest one of each
    struct rf_incident *first, *last, *costing;
    size_t count, shadowed; // alive; of these, whose name a newer one has
    int64_t order;          // of the newest notice
    struct rf_utc singles[RF_CHANNELS_MOST][RF_SINGLES_MOST]; // newest first
    struct rf_engine_end ends[RF_ENDS_MOST];
    size_t end_count;
    struct rf_channel_names names; // of the setup, by slot
    unsigned storming; // channels for which something is held: whatever comes is held with it

    struct rf_utc quiet_asked, quiet_until; // the last answer about quiet hours; until 0: none now

    const struct rf_event *event; // in hand
    bool event_id_free;           // no notice has its id, and no incident
    struct rf_alert *notices;
    size_t notice_count, notice_capacity;
    struct rf_seen_row *seen;
    size_t seen_count, seen_capacity;
    bool ends_changed;
    bool failed; // no memory: what was done since the last changes is worth nothing
};

// rf_engine_init: without any incident. rf_engine_fini: frees all.
void rf_engine_init(struct rf_engine *engine, const struct rf_engine_setup *setup);
void rf_engine_fini(struct rf_engine *engine);

// rf_engine_set: another configuration. What a channel was owed is forgotten if its slot has
// another name now.
void rf_engine_set(struct rf_engine *engine, const struct rf_engine_setup *setup);

// rf_engine_load: an incident as it was stored, which the engine takes over; in the order of seq.
// rf_engine_load_state: what was stored beside them (NULL: nothing was), and the order of the
// newest notice.
void rf_engine_load(struct rf_engine *engine, struct rf_incident *incident);
void rf_engine_load_state(struct rf_engine *engine, const char *state, int64_t order);

// rf_engine_event: takes in one event, in the order of the journal.
void rf_engine_event(struct rf_engine *engine, const struct rf_event *event, struct rf_utc now);

// rf_engine_tick: what time calls for; after each page too. The moment of the next tick; INT64_MAX:
// only an event changes anything.
struct rf_utc rf_engine_tick(struct rf_engine *engine, struct rf_utc now);

// rf_engine_ack: a person has the incident in hand (at 0: no longer). Nothing if there is no such
// incident. The next tick tells it, once, behind what was told of the incident before, to those
// channels that are to know; neither a storm nor a silence keeps it.
void rf_engine_ack(struct rf_engine *engine, const char *id, const char *by, const char *why,
                   struct rf_utc at);

// rf_engine_holder: the open incident for whose sake the one with this name and id, which is open
// as well, is not told yet; NULL: none. May be asked at any time; valid until the engine changes.
const struct rf_incident *rf_engine_holder(const struct rf_engine *engine, const char *fingerprint,
                                           const char *id);

// What is to be stored. Borrowed from the engine until rf_engine_stored, but for the array of
// alerts and the texts, which are the caller's: rf_engine_changes_free.
struct rf_engine_changes {
    struct rf_alert *alerts;
    size_t alert_count;
    const struct rf_incident **incidents; // with live false: for the last time
    char **states;                        // of each of them
    size_t incident_count;
    struct rf_seen_row *seen;
    size_t seen_count;
    char *state; // of the engine; NULL: as before
};

// rf_engine_changes: what was changed since the last time. RF_ERR_NOMEM: the engine is of no use
// any more; what is stored is whole.
RF_NODISCARD enum rf_err rf_engine_changes(struct rf_engine *engine,
                                           struct rf_engine_changes *changes,
                                           struct rf_error *error);
void rf_engine_changes_free(struct rf_engine_changes *changes);

// rf_engine_stored: they are on the disk.
void rf_engine_stored(struct rf_engine *engine);

#endif
