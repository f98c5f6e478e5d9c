// What follows a reply: the next step, a deferral, the end. Pure.
#ifndef RF_ORCHESTRATOR_PLAN_H
#define RF_ORCHESTRATOR_PLAN_H

#include <ringfence/class.h>
#include <ringfence/messages.h>

#include "contact.h"

// The part of the configuration that decisions need.
struct rf_rules {
    bool play;                       // the script is spoken by us: there is a speech step
    struct rf_duration media_ttl;    // audio that was used less than twice this ago is kept
    struct rf_duration defer_delay;  // a deferral at most
    struct rf_duration send_margin;  // send_before after the intent
    struct rf_duration http_timeout; // of the dial: one that began may take effect until its end
    struct rf_duration list_lag;     // how late the provider's list of calls may be
    struct rf_duration clock_skew;   // between the provider's clock and ours
    struct rf_duration poll_initial, poll_max;
    struct rf_duration told_poll;  // instead, of calls whose end is told by callbacks; 0: none is
    struct rf_duration lost_after; // a call that its provider does not know for so long is given up
    int64_t max_attempts;          // requests a step may spend: 1 + max_retries
};

// A decision about one contact. `to` equal to its state: look again at `due`.
struct rf_plan {
    enum rf_contact_state to;
    enum rf_step step;       // to be done next
    struct rf_utc due;       // of a waiting state, or of looking again
    enum rf_dial_state dial; // what becomes of its attempt; RF_DIAL_NONE: nothing
    int64_t deferrals, spent, redials, interruptions; // the counters from now on
    int64_t unreached[RF_UNREACHED_COUNT];
    enum rf_unreached last_unreached;
    bool unsent;          // the dial that came to nothing was never sent to the provider
    bool judged;          // by the settings of its campaign: by others it may be another plan
    bool service_refused; // not this contact: the service as a whole takes nothing now

    char reason[48]; // deferred, set aside: breaker_open, retries_exhausted, ...
    enum rf_class class;
    char provider[32];
    char message[256];

    // What a finished step gave; borrowed from the reply.
    const char *text; // script
    const char *audio, *audio_format;
    int64_t audio_size;
    char sid[RF_SID_SIZE]; // dial, adopted, ended
    struct rf_utc created; // of an adopted call, by its provider; 0: not told
    char status[32];       // of the call
    int64_t duration_s;    // of a call that ended; -1: not told
};

// rf_plan_reply: what follows the reply to the step that `contact` is in (script, speech or dial).
void rf_plan_reply(const struct rf_contact *contact, const struct rf_call_reply *reply,
                   const struct rf_rules *rules, struct rf_utc now, struct rf_plan *plan);

// rf_plan_defer: back in the queue with nothing burnt, such as a contact whose number another
// attempt holds.
void rf_plan_defer(const struct rf_contact *contact, const char *reason, const char *message,
                   const struct rf_rules *rules, struct rf_utc now, struct rf_plan *plan);

// rf_plan_speak_again: whether the contact has waited so long since its audio was last seen that it
// may be gone before the provider fetches it (gateway.cache.max_bytes). Then `plan` has it spoken
// once more before its dial, which costs nothing while it is still there.
bool rf_plan_speak_again(const struct rf_contact *contact, const struct rf_rules *rules,
                         struct rf_utc now, struct rf_plan *plan);

// rf_plan_ahead: whether the step before the dial is carried out now although the contact's window
// is shut until `opens`. Not if too many are ready already (no `room`), nor if what is spoken now
// may be gone by then.
bool rf_plan_ahead(const struct rf_contact *contact, const struct rf_rules *rules,
                   struct rf_utc now, struct rf_utc opens, bool room);

// rf_plan_rest: the plan of a finished step, with the next one's `provider` unusable for `reason`
// (breaker_open, marked): the contact rests in front of it, at no cost.
void rf_plan_rest(struct rf_plan *plan, const char *provider, const char *reason,
                  const struct rf_rules *rules, struct rf_utc now);

// rf_plan_put_back: back in the queue, due now, with nothing counted at all.
void rf_plan_put_back(const struct rf_contact *contact, const char *reason, const char *message,
                      struct rf_utc now, struct rf_plan *plan);

// rf_plan_stay: a plan that changes nothing, as the ground for the others.
void rf_plan_stay(const struct rf_contact *contact, struct rf_plan *plan);

// rf_plan_copy: `text` (NULL: "") into `out`, cut at a whole UTF-8 character.
void rf_plan_copy(char *out, size_t size, const char *text);

#endif
