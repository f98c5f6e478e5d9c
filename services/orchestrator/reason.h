// The reasons that are stored with a contact: each with the words that tell it to people, and what
// a person could do. Pure.
#ifndef RF_ORCHESTRATOR_REASON_H
#define RF_ORCHESTRATOR_REASON_H

#include <stddef.h>

#include "contact.h"

// Of what it is the reason: one name may be told of several.
enum rf_reason_kind {
    RF_REASON_WAITS, // of waiting
    RF_REASON_ASKS,  // of asking the provider for a call
    RF_REASON_ENDS,  // of being set aside
};

// Where what a campaign may have of its own is written.
#define RF_REASON_WHERE                                                                            \
    "of the campaign itself if ringfence campaign status shows them, which ringfence campaign "    \
    "set changes, else of the configuration"
#define RF_REASON_WINDOWS                                                                          \
    "the windows are campaign.windows, narrowed after a call that did not reach it by "            \
    "campaign.recall.*.windows: " RF_REASON_WHERE

// X(ID, kind, "name", "it waits, asks or was set aside because ...", "what a person could do;
// empty: nothing is needed")
#define RF_REASONS(X)                                                                              \
    X(BREAKER_OPEN, WAITS, "breaker_open", "the circuit breaker of its provider is open",          \
      "ringfence breaker list shows it, and ringfence status what its provider is like")           \
    X(MARKED, WAITS, "marked", "its provider is marked unusable",                                  \
      "ringfence mark list says why; after the mend, ringfence mark clear lets it go on")          \
    X(NO_WORKER, WAITS, "no_worker", "no gateway offers the service that it needs next",           \
      "ringfence status shows the gateways: one with this service must be started")                \
    X(OVERLOADED, WAITS, "overloaded", "the queue of the service that it needs next was full", "") \
    X(DRAINING, WAITS, "draining", "the gateway that it was given to was about to end", "")        \
    X(DEADLINE_EXCEEDED, WAITS, "deadline_exceeded", "no answer came in time", "")                 \
    X(WORKER_LOST, WAITS, "worker_lost", "the gateway that worked on it was lost", "")             \
    X(CALL_CANCELLED, WAITS, "cancelled", "its request was cancelled before it was carried out",   \
      "")                                                                                          \
    X(ID_CONFLICT, WAITS, "id_conflict", "its request had the id of another one", "")              \
    X(STORE_FAILED, WAITS, "store_failed", "the gateway could not write what it had made",         \
      "the disk of the gateway is full or broken: see its log")                                    \
    X(OTHER_ACCOUNT, WAITS, "other_account",                                                       \
      "the gateway that it was given to has another account, or another address, of its provider", \
      "give the orchestrators and all gateways the same providers.twilio")                         \
    X(LOCAL, WAITS, "local", "our own processes refused its request", "")                          \
    X(REQUEST, WAITS, "request", "its request cannot be made",                                     \
      "see the message, and ringfence config check")                                               \
    X(NUMBER_IN_USE, WAITS, "number_in_use",                                                       \
      "another attempt to the same number is open, and there is one at most over all campaigns",   \
      "")                                                                                          \
    X(PAUSED, WAITS, "paused", "its campaign was paused before it was dialled", "")                \
    X(TAKEN_OVER, WAITS, "taken_over",                                                             \
      "its orchestrator is gone, and the one that took it over had no place for it", "")           \
    X(SETTINGS, WAITS, "settings", "the settings of its campaign cannot be used",                  \
      "see the message; ringfence campaign set mends them")                                        \
    X(TIME_ZONE_UNREADABLE, WAITS, "time_zone_unreadable",                                         \
      "the orchestrator cannot read the system's time zones now",                                  \
      "see the message: its limit of open files, or the package tzdata")                           \
    X(TRANSIENT, WAITS, "transient", "its provider failed for the moment", "")                     \
    X(RATE_LIMITED, WAITS, "rate_limited", "its provider limits how much it is asked", "")         \
    X(AMBIGUOUS, WAITS, "ambiguous", "nobody knows whether its provider carried its request out",  \
      "")                                                                                          \
    X(BUSY, WAITS, "busy", "its last call met a busy line", "")                                    \
    X(NO_ANSWER, WAITS, "no-answer", "nobody answered its last call", "")                          \
    X(FAILED, WAITS, "failed", "its last call could not be connected", "")                         \
    X(CANCELED, WAITS, "canceled", "its last call was ended before an answer", "")                 \
    X(VOICEMAIL, WAITS, "voicemail", "a machine answered its last call", "")                       \
    X(WEEKDAY, WAITS, "weekday", "nobody is called on this weekday where it is",                   \
      RF_REASON_WINDOWS)                                                                           \
    X(HOUR, WAITS, "hour", "it is outside calling hours where it is", RF_REASON_WINDOWS)           \
    X(HOLIDAY, WAITS, "holiday", "it is a holiday where it is",                                    \
      "the holidays are campaign.holidays: " RF_REASON_WHERE)                                      \
    X(RESTARTED, ASKS, "restarted", "the orchestrator ended while the dial was on its way", "")    \
    X(RESTORED, ASKS, "restored",                                                                  \
      "its database was restored from a backup, and calls made since are not in it", "")           \
    X(ASK_AMBIGUOUS, ASKS, "ambiguous", "the dial was sent, and what came of it was not told", "") \
    X(ASK_WORKER_LOST, ASKS, "worker_lost", "the gateway was lost with the dial in its hand", "")  \
    X(ASK_DEADLINE, ASKS, "deadline_exceeded", "the dial was sent, and no answer came in time",    \
      "")                                                                                          \
    X(RETRIES_EXHAUSTED, ENDS, "retries_exhausted", "it failed as often as it may be tried",       \
      "when the cause is gone, ringfence campaign retry tries it again")                           \
    X(INTERRUPTED, ENDS, "interrupted",                                                            \
      "our own processes were lost with its dial in hand as often as that may be",                 \
      "see in the log why they end; then ringfence campaign retry tries it again")                 \
    X(PERMANENT_AUTH, ENDS, "permanent.auth", "its provider refused the key",                      \
      "give the provider a valid key, then ringfence campaign retry")                              \
    X(PERMANENT_QUOTA, ENDS, "permanent.quota", "the account at its provider is empty",            \
      "fill the account, then ringfence campaign retry")                                           \
    X(PERMANENT_CONFIG, ENDS, "permanent.config", "something is configured wrongly",               \
      "mend what the message names (a country that may not be called: enable it in Twilio's "      \
      "geo permissions), then ringfence campaign retry NAME --reason permanent.config")            \
    X(PERMANENT_INVALID, ENDS, "permanent.invalid", "its provider refused what it was asked",      \
      "look at the contact's number and fields; corrected, load it into another campaign")         \
    X(CALL_LOST, ENDS, "call_lost",                                                                \
      "its call was created, but its provider denied to know it for too long",                     \
      "look for the call at the provider; ringfence campaign retry --reason call_lost dials anew") \
    X(CALL_UNKNOWN, ENDS, "call_unknown",                                                          \
      "it will not be known whether its last dial made a call, as its provider does not tell",     \
      "look for the call at the provider; it is not dialled anew, as that could be a second call") \
    X(TIME_ZONE_UNKNOWN, ENDS, "time_zone_unknown", "nobody knows what time it is where it is",    \
      "mend its time zone, or install the system's time zones, then ringfence campaign retry")     \
    X(NO_WINDOW, ENDS, "no_window", "no calling window opens for it within a year",                \
      "mend campaign.windows or campaign.holidays, then ringfence campaign retry")                 \
    X(STORE_REFUSED, ENDS, "store_refused",                                                        \
      "the database refuses what was to be written about it",                                      \
      "mend what the message names, then ringfence campaign retry")                                \
    X(DO_NOT_CALL, ENDS, "do_not_call", "its number is on the do-not-call list",                   \
      "nothing: nobody may call it")                                                               \
    X(CANCELLED, ENDS, "cancelled", "its campaign was cancelled",                                  \
      "to call it after all, load it into another campaign")

enum rf_reason {
#define X(id, kind, name, words, mend) RF_REASON_##id,
    RF_REASONS(X)
#undef X
        RF_REASON_COUNT
};

struct rf_reason_row {
    enum rf_reason_kind kind;
    const char *name, *words, *mend;
};

// rf_reason_row: the row of a reason.
const struct rf_reason_row *rf_reason_row(enum rf_reason reason);

// rf_reason_name: as it is stored.
const char *rf_reason_name(enum rf_reason reason);

// rf_reason_find: the row of a stored reason in a state; NULL: none has words for it, such as the
// code of a process of a later version.
const struct rf_reason_row *rf_reason_find(enum rf_contact_state state, const char *name);

#endif
