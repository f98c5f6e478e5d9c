// The life of the simulated telephone calls: queued, begun at so many a second, ringing, answered,
// ended. Pure: a call's states follow from the dates that it is given.
#ifndef SIM_CALLS_H
#define SIM_CALLS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "callbacks.h"

#define SIM_SID_SIZE   35
#define SIM_CALLS_MOST 100000

enum sim_call_status {
    SIM_CALL_QUEUED,
    SIM_CALL_RINGING,
    SIM_CALL_IN_PROGRESS,
    SIM_CALL_COMPLETED,
    SIM_CALL_BUSY,
    SIM_CALL_NO_ANSWER,
    SIM_CALL_FAILED,
    SIM_CALL_CANCELED,
};

// What becomes of a call to a number. Refused numbers get no call at all.
enum sim_fate {
    SIM_FATE_ANSWERED,
    SIM_FATE_MACHINE, // answered by a machine
    SIM_FATE_LONG,    // answered, and talks ten times as long
    SIM_FATE_BUSY,
    SIM_FATE_NO_ANSWER,
    SIM_FATE_FAILED,
    SIM_FATE_REFUSED_INVALID,     // 21211
    SIM_FATE_REFUSED_UNREACHABLE, // 21214
    SIM_FATE_REFUSED_COUNTRY,     // 21215
    SIM_FATE_REFUSED_BLOCKED,     // 21216
};

// sim_fate_of: decides by the number, in the ranges that are reserved for fiction (+1 202 555 0100
// to 0199, +44 20 7946 0000 to 0999) by the last two digits: 90 busy, 91 no answer, 92 failed, 93
// invalid, 94 unreachable, 95 country not permitted, 96 blocked, 97 machine, 98 long. Every other
// number in E.164 is answered; what is not E.164 is invalid.
enum sim_fate sim_fate_of(const char *number);

// sim_number_valid: E.164: a plus and 7 to 15 digits, the first not 0.
bool sim_number_valid(const char *number);

enum sim_audio { SIM_AUDIO_NONE, SIM_AUDIO_WANTED, SIM_AUDIO_FETCHING, SIM_AUDIO_DONE };

struct sim_call {
    char sid[SIM_SID_SIZE];
    char *account, *to, *from, *twiml;
    char *play_url;             // NULL: nothing to fetch
    char *token;                // of the account, as it was when the call was made
    char *status_url, *amd_url; // where to tell of it; NULL: nowhere
    unsigned events;            // of which to tell: bits by enum sim_callback_event
    int told;                   // so many times
    enum sim_call_status status;
    enum sim_fate fate;
    bool detect;
    int64_t created_ns, started_ns, answered_ns, ended_ns, updated_ns; // UTC; 0: not yet
    int64_t timeout_ns;                                                // of the ringing
    json_t *history;
    enum sim_audio audio;
    char audio_sha256[65]; // "" if it could not be fetched
    size_t audio_size;
    long audio_status;
    char audio_error[128];
};

struct sim_calls_options {
    double cps; // calls begun a second
    struct rf_duration ring, talk;
    bool fetch_media;
    uint64_t seed; // of the sids
};

struct sim_calls {
    struct sim_calls_options options;
    struct sim_call **items; // by creation
    size_t count, capacity;
    json_t *by_sid;       // sid -> index
    size_t next_queued;   // all before it have begun
    size_t first_open;    // all before it have ended
    int64_t next_slot_ns; // when the queue may begin the next one
    struct sim_callbacks callbacks;
};

struct sim_dial {
    const char *account, *to, *from;
    const char *twiml;                // NULL: it comes from a URL
    struct rf_duration timeout;       // of the ringing
    bool detect;                      // whether a machine answers is told
    const char *token;                // the account's
    const char *status_url, *amd_url; // NULL: nothing is told there
    unsigned events;                  // what is told to the first
};

// sim_calls_dial: a new call, queued; it may begin at once. RF_ERR_FULL at the bound.
RF_NODISCARD enum rf_err sim_calls_dial(struct sim_calls *calls, const struct sim_dial *dial,
                                        struct rf_utc now, struct sim_call **call);

// sim_calls_advance: does all that is due at `now`.
void sim_calls_advance(struct sim_calls *calls, struct rf_utc now);

// sim_calls_next: when something is due next. False: nothing is.
bool sim_calls_next(const struct sim_calls *calls, struct rf_utc *due);

struct sim_call *sim_calls_find(const struct sim_calls *calls, const char *sid);

// sim_calls_end: as the API's Status=canceled (before the answer) and completed. False: the call is
// past it.
bool sim_calls_end(struct sim_calls *calls, struct sim_call *call, enum sim_call_status status,
                   struct rf_utc now);

// sim_calls_fetch_next: an answered call whose audio is to be fetched now, marked as being fetched,
// or NULL. sim_calls_fetched: what came of it; `sha256` "" if it failed.
struct sim_call *sim_calls_fetch_next(struct sim_calls *calls);
void sim_calls_fetched(struct sim_calls *calls, const char *sid, long status, const char *sha256,
                       size_t size, const char *error);

bool sim_call_ended(const struct sim_call *call);

// sim_call_duration_s: how long it was talked, in begun seconds; 0 while it goes on.
int64_t sim_call_duration_s(const struct sim_call *call);
const char *sim_call_status_name(enum sim_call_status status);
bool sim_call_status_parse(const char *name, enum sim_call_status *status);

// sim_calls_json: the ledger's "dials". A new reference.
json_t *sim_calls_json(const struct sim_calls *calls);

void sim_calls_fini(struct sim_calls *calls); // keeps the options

#endif
