// Whether it is our own side that fails: providers that have nothing in common but us, and none of
// which answers any more (incident 25). An answer of any kind, also a bad one, shows that the way
// to a provider is there. Pure.
#ifndef HEALTH_REACH_H
#define HEALTH_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/time.h>

// What one probe says of the way there.
enum health_sign {
    HEALTH_SIGN_ANSWER, // somebody answered
    HEALTH_SIGN_MUTE,   // nobody did
    HEALTH_SIGN_NAME,   // nobody did, as its name was not found
};

// All zero: nothing is known.
struct health_reach {
    const char *vendor;           // providers of one vendor have more in common than us
    int64_t mute;                 // probes in a row that nobody answered
    int64_t names;                // of them, those whose name was not found
    struct rf_instant mute_since; // the first of them
    struct rf_instant answered;   // the last answer; 0: none
};

// health_reach_seen: takes in what a probe that ended now says.
void health_reach_seen(struct health_reach *reach, enum health_sign sign, struct rf_instant now);

enum health_blame {
    HEALTH_BLAME_PROVIDER,  // another vendor has answered since, or there is none
    HEALTH_BLAME_UNDECIDED, // one is to be asked, or has not ended its answer
    HEALTH_BLAME_OWN_SIDE,  // none has answered since
};

// health_reach_blame: whose fault it is that nobody answers for `reaches[at]`.
enum health_blame health_reach_blame(const struct health_reach *reaches, size_t count, size_t at);

// health_reach_alone: all are of one vendor: who fails cannot be told.
bool health_reach_alone(const struct health_reach *reaches, size_t count);

// health_reach_forget: what was not answered is forgotten.
void health_reach_forget(struct health_reach *reaches, size_t count);

struct health_own_side {
    bool failed;
    const char *what; // "dns": no name is found; else "network". A constant
    struct rf_instant since;
    struct rf_utc since_utc;
};

// health_own_side_look: our own side fails when a provider has not answered for `fall` probes in a
// row, and none of any other vendor has since; it is well again with the first answer of any. True
// when that changed.
bool health_own_side_look(struct health_own_side *own, const struct health_reach *reaches,
                          size_t count, int64_t fall, struct rf_instant now, struct rf_utc utc);

#endif
