// Writing what was decided about a contact: its state, its attempt and the events that tell of it,
// in one transaction.
#ifndef RF_ORCHESTRATOR_RECORD_H
#define RF_ORCHESTRATOR_RECORD_H

#include "dnc.h"
#include "notice.h"
#include "store/store.h"

#define RF_RECORD_NOTICES 2

struct rf_record {
    struct rf_store_job job; // its done() is the owner's
    void *owner;

    // The contact: nothing of it is written when `to` is `from`.
    int64_t row;
    enum rf_contact_state from, to;
    enum rf_step step;
    struct rf_utc due;
    int64_t deferrals, spent, redials, interruptions;
    int64_t unreached[RF_UNREACHED_COUNT];
    enum rf_unreached last_unreached;
    char *script;   // NULL: as it is
    char audio[65]; // "": as it is
    char audio_format[9];
    char outcome[32], reason[48], message[256];

    // The attempt to dial: RF_DIAL_NONE: nothing; RF_DIAL_INTENT: a new row; else a change of it.
    struct rf_dial dial;
    char *phone;
    char status[32];
    bool judged;     // by the settings of its campaign
    int64_t version; // of an intent, or if judged: of the settings that allow it
    bool stale;      // why it was refused: its campaign has others now:
    int64_t newer;   // of this version
    char *settings;  // (NULL: none of its own)
    bool paused;     // or its campaign does not run
    bool barred;     // or its number is on the do-not-call list,
    char barred_why[RF_DNC_TEXT_SIZE];
    bool answered;         // the attempt was rf_dial_question's: it goes, and is asked no more
    bool elsewhere;        // it was refused as another has written the contact meanwhile
    bool cancelled;        // the contact waits, and its campaign was cancelled: see sweep.h
    bool unsent;           // the dial was never sent
    struct rf_utc created; // of the call that a question found; 0: as it is
    char provider[32];     // "": as it is
    int64_t duration_s;    // of its call; -1: not told

    char *notices[RF_RECORD_NOTICES]; // NULL: none
    struct rf_utc now;
};

// rf_record_new: a record that takes `contact` to where `plan` says; the caller adds notices, and
// sets job.done and owner, and of a judged plan the version of the settings. NULL if out of memory.
struct rf_record *rf_record_new(const struct rf_contact *contact, const struct rf_plan *plan,
                                struct rf_utc now);

// rf_record_intent: a record of a new attempt to dial, which settings of this version allow. NULL
// if out of memory.
struct rf_record *rf_record_intent(const struct rf_contact *contact, const struct rf_dial *dial,
                                   int64_t version, struct rf_utc now);

// rf_record_run: the job's work. RF_ERR_CONFLICT from an intent: its number is on the do-not-call
// list, its campaign is paused or has other settings by now, or another attempt holds the number;
// from what was judged: its campaign has other settings by now.
enum rf_err rf_record_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

// rf_record_finish: ends the campaign with this row if none of its contacts is left, and
// stores campaign.finished in the same transaction: exactly once.
RF_NODISCARD enum rf_err rf_record_finish(struct rf_db *db, int64_t campaign, struct rf_utc now,
                                          struct rf_error *error);

void rf_record_destroy(struct rf_record **record);

#endif
