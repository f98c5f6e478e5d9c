// A contact of a campaign: its states, the legal transitions between them, and what is known of it
// while it is worked on. Pure.
#ifndef RF_ORCHESTRATOR_CONTACT_H
#define RF_ORCHESTRATOR_CONTACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <ringfence/id.h>
#include <ringfence/time.h>

#include "config/account.h"

enum rf_contact_state {
    RF_CONTACT_NEW,          // loaded; its campaign was not started
    RF_CONTACT_SCHEDULED,    // in the queue, never begun
    RF_CONTACT_SCRIPT,       // running: the script is being written
    RF_CONTACT_SPEECH,       // running: the script is being spoken
    RF_CONTACT_DIAL,         // running: a dial is about to be sent, or was sent
    RF_CONTACT_ASK,          // running: a dial may have been carried out; the provider is asked
    RF_CONTACT_FOLLOW,       // running: the call exists and is followed to its end
    RF_CONTACT_WAIT_RETRY,   // deferred for a while
    RF_CONTACT_WAIT_BREAKER, // deferred until a provider is usable again
    RF_CONTACT_WAIT_WINDOW,  // deferred to its calling window
    RF_CONTACT_DONE,         // its last call reached a terminal status
    RF_CONTACT_SET_ASIDE,    // it ultimately failed
};
#define RF_CONTACT_STATES 12

// What is to be done next; also while the contact waits.
enum rf_step { RF_STEP_SCRIPT, RF_STEP_SPEECH, RF_STEP_DIAL };
#define RF_STEPS 3

// One legal change of state. The database holds the same table and refuses all else.
struct rf_contact_transition {
    enum rf_contact_state from, to;
    const char *when;
};
extern const struct rf_contact_transition rf_contact_transitions[];
extern const size_t rf_contact_transition_count;

// rf_contact_state_name: as it is stored: "new", "running.dial", "waiting.breaker". Never NULL.
const char *rf_contact_state_name(enum rf_contact_state state);
bool rf_contact_state_parse(const char *name, enum rf_contact_state *state);

// rf_step_name: "script", "speech" or "dial". Never NULL.
const char *rf_step_name(enum rf_step step);

// rf_contact_may: whether `from` may become `to`; staying as it is, is not a transition.
bool rf_contact_may(enum rf_contact_state from, enum rf_contact_state to);

// rf_contact_draw: writes the table as a picture of text: each state, and below it where it goes
// and when. It stands in ringfence-orchestrator(8).
void rf_contact_draw(FILE *out);

bool rf_contact_running(enum rf_contact_state state);
bool rf_contact_waiting(enum rf_contact_state state);
bool rf_contact_ended(enum rf_contact_state state);

// rf_contact_begins: the running state in which `step` is worked on.
enum rf_contact_state rf_contact_begins(enum rf_step step);

// The one attempt to dial that may be open. A row of it is durable before the request is sent.
enum rf_dial_state {
    RF_DIAL_NONE,
    RF_DIAL_INTENT,  // stored; the request may be sent
    RF_DIAL_UNKNOWN, // it may have been carried out: the provider is to be asked
    RF_DIAL_PLACED,  // the call exists: its sid is known
    RF_DIAL_ABSENT,  // there is no call and none can come of it any more
    RF_DIAL_ENDED,   // the call reached a terminal status, or was given up
};
#define RF_DIAL_STATES 6

const char *rf_dial_state_name(enum rf_dial_state state);
bool rf_dial_state_parse(const char *name, enum rf_dial_state *state);

#define RF_SID_SIZE    64
#define RF_SENDER_SIZE 24

struct rf_dial {
    char id[RF_ULID_SIZE]; // of the attempt and of the call on the bus: carried out once
    enum rf_dial_state state;
    struct rf_utc created;
    struct rf_utc send_before;  // no gateway sends it after this
    struct rf_utc proven_after; // nor is it proven absent before this
    char account[RF_CONFIG_ACCOUNT_SIZE], sender[RF_SENDER_SIZE]; // whose call; "": not told
    char sid[RF_SID_SIZE];
    bool question;    // never sent: rf_dial_question
    bool interrupted; // in doubt as a process of ours was lost with it in hand

    // Of this life alone, and by its own clock (known_since), as the wall clock may be set.
    struct rf_duration within;       // the request's time at most; 0: not told
    struct rf_instant known_since;   // begun, or found in the database
    int absences;                    // answers in a row that did not show it, list_lag apart
    struct rf_duration last_absence; // after known_since
    struct rf_utc denied;            // since when the provider refuses to be asked; 0: not so
    struct rf_utc unsure;            // since when it lists what may be this call; 0: not so
};

struct rf_contact {
    int64_t row;
    char id[96]; // "<campaign>-<line>"
    char *campaign;
    int64_t campaign_row, priority; // of the campaign
    int64_t line;
    char *phone;
    char *name;   // NULL: not given
    char *fields; // JSON object of the other columns; NULL: none
    enum rf_contact_state state;
    enum rf_step step;
    char *script;   // finished step; NULL: not yet
    char audio[65]; // finished step: SHA-256 of the bytes; "": not yet
    char audio_format[9];
    struct rf_utc spoken;  // when the audio was last known to be there
    int64_t deferrals;     // in a row, without a finished step between them
    int64_t spent;         // requests of this step that failed without being exhausted
    int64_t redials;       // attempts to dial that were sent, not answered, and proved absent
    int64_t interruptions; // that a process of ours had in hand when it was lost, and proved absent
    char *time_zone;       // its own; NULL: that of the campaign
    int64_t version;       // of the settings of its campaign
    char *settings;        // those; NULL: it has none of its own
    int64_t unreached[RF_UNREACHED_COUNT]; // calls that ended so; their sum is all its calls
    enum rf_unreached last_unreached;      // how the last of them ended
    bool barred;                           // on the do-not-call list when it was claimed
    struct rf_utc ask_since; // calls since then may exist that we do not know (backup.h); 0: none
    struct rf_dial dial;
};

#define RF_TRACE_SIZE 33

// rf_contact_trace: what connects all that is said of one call to the contact, in all processes: 32
// hexadecimal digits, from the first step of its work to how the call ended. The next call to the
// same contact has another. It comes of the contact and the number of the call alone, so that who
// takes over goes on with it. Returns out.
char *rf_contact_trace(const struct rf_contact *contact, char out[RF_TRACE_SIZE]);

// rf_contact_clear: frees the texts and zeroes the contact.
void rf_contact_clear(struct rf_contact *contact);

#endif
