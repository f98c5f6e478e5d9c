// Incidents: what people are told about. One is all that happens under one name (its fingerprint),
// from its first event until something ends it; it has one opening notice and at most one
// resolving one, which is its last. Pure; the engine (engine.h) decides, the ledger keeps.
#ifndef RF_ALERTER_INCIDENT_H
#define RF_ALERTER_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/messages.h>
#include <ringfence/time.h>

#include "alert.h"
#include "base/map.h"
#include "channels/channels.h"
#include "seen.h"

#define RF_INCIDENT_NAMES 10 // of its subjects are told by name

enum rf_phase {
    RF_PHASE_PENDING, // fewer events than its rule wants
    RF_PHASE_OPEN,
    RF_PHASE_RESOLVED,
};
// What it wants to be told (due.c). Stored by number for who is owed it.
enum rf_due {
    RF_DUE_NOTHING,
    RF_DUE_OPENED,
    RF_DUE_UPDATED,
    RF_DUE_REMINDER,
    RF_DUE_ESCALATED,
    RF_DUE_RESOLVED,
    RF_DUE_OVER, // it was over before it could be told that it is open
};
enum rf_told { RF_TOLD_NOTHING, RF_TOLD_OPENED, RF_TOLD_RESOLVED };

const char *rf_phase_name(enum rf_phase phase); // "pending", "open", "resolved"
const char *rf_told_name(enum rf_told told);    // "nothing", "opened", "resolved"
enum rf_phase rf_phase_parse(const char *name);
enum rf_told rf_told_parse(const char *name);

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): by meaning, as there are few
struct rf_incident {
    struct rf_map_node node;           // by fingerprint
    struct rf_incident *next, *before; // in the order of their beginnings
    struct rf_incident *next_costing;  // of those with costs
    char id[RF_ALERT_ID_SIZE];         // of its first event, and of its first notice
    char thread[RF_ALERT_ID_SIZE];     // id of the notice that began its story; "": not told
    int64_t seq;                       // ascending
    enum rf_phase phase;
    enum rf_told told;
    char *fingerprint, *rule, *severity, *subject, *service, *campaign, *title;
    char *costs;               // the provider whose contacts it costs; "": none
    char *inhibited_by;        // names, or patterns of them, of what swallows it
    char *first_event, *event; // the first one and the newest, as kept by rf_event_keep
    char *names[RF_INCIDENT_NAMES];
    size_t name_count;
    int64_t n; // journal number of the newest event

    struct rf_utc opened, last, resolved; // by the events' own times
    struct rf_utc heard, touched;         // when its first and its newest event were heard
    int64_t events, subjects;             // of it
    int64_t deferred, set_aside;          // contacts, while it was open
    int64_t swallowed;                    // what followed from it, and was not told
    bool seen_full;                       // subjects, deferred, set_aside are lower bounds
    struct rf_seen seen;

    int64_t *recent; // times of its events while it is pending, of those within the rule's time
    size_t recent_count, recent_capacity;

    char *told_to;                       // channels that were told of it, joined by commas
    int64_t notices;                     // that were made of it
    int64_t updates;                     // of these, in a row
    bool news, news_now;                 // something to tell; at once
    struct rf_utc told_at;               // first notice
    struct rf_utc spoke_at, reminded_at; // newest notice; newest but updates
    bool escalated;

    int64_t changes; // opened and closed, each within flap_window of the one before
    struct rf_utc changed_at;
    bool flapping, closed; // held open; its last change was an ending
    bool by_quiet;         // nothing but quiet ended it
    bool unsaid;           // and its rule did not want that to be told

    struct rf_utc acked;
    char *acked_by, *acked_why;
    bool ack_owed; // it is to be told to the channels that want to know

    struct rf_utc hold_until; // what swallowed it ended; it is told then
    struct rf_utc
        held[RF_CHANNELS_MOST]; // since when a storm on the channel keeps it; 0: none does
    unsigned char owed[RF_CHANNELS_MOST]; // what the channel did not hear yet, and others did
                                          // (enum rf_due)
    bool quieted;                         // quiet hours kept it
    bool inhibits;                        // it swallowed another one, which waits for its end
    bool dirty;                           // to be stored
    bool shadowed;                        // a newer one has its name
    bool live;                            // the engine still needs it
};

// rf_incident_new: with all its texts "", and live. NULL: no memory.
struct rf_incident *rf_incident_new(void);
void rf_incident_destroy(struct rf_incident **incident);

// rf_incident_set: replaces a text by a copy. False: no memory.
bool rf_incident_set(char **text, const char *value);

// rf_incident_state: what the table's columns do not have, as JSON (a new string, NULL: no memory);
// rf_incident_restore reads it back: false if it is no such JSON, or there is no memory. `names`:
// those of the channels, by slot; what one is owed whose name is gone is forgotten.
char *rf_incident_state(const struct rf_incident *incident, const struct rf_channel_names *names);
bool rf_incident_restore(struct rf_incident *incident, const char *state,
                         const struct rf_channel_names *names);

// rf_incident_owes: whether a channel did not hear yet what others did.
bool rf_incident_owes(const struct rf_incident *incident);

// rf_event_keep: the event as JSON, with long texts and lists cut: some 16 KiB at most. A new
// string; NULL: no memory. rf_event_kept: the same as an event, whose texts live as long as
// *root, which the caller gives to json_decref; NULL if it is not one.
char *rf_event_keep(const struct rf_event *event);
struct rf_event rf_event_kept(const char *text, json_t **root);

#endif
