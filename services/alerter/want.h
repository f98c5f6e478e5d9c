// What an incident wants to be told now, and to whom.
//
// Due is what the incident wants as a whole (due.c). As soon as one channel hears it, it counts as
// told, and every other channel that was to hear it, and is kept by a storm, is owed it: at the end
// of its storm that one hears how things stand then. While no channel can hear it, nothing is owed,
// and it is asked anew each time whether it is still due.
#ifndef RF_ALERTER_WANT_H
#define RF_ALERTER_WANT_H

#include "engine_parts.h"

struct rf_want {
    struct rf_incident *incident;
    enum rf_due due;   // of the incident as a whole; RF_DUE_NOTHING: only something is owed
    unsigned channels; // that are to hear of it; 0 with something due: nobody is, and it is kept
    unsigned char each[RF_CHANNELS_MOST]; // what each of these is to hear, enum rf_due
};

// rf_want_of: what the incident wants at `now`. Its channels that want nothing (any more) are not
// held any longer. *wake as for rf_engine_due.
struct rf_want rf_want_of(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now,
                          struct rf_utc *wake);

// rf_want_is_empty: there is nothing to tell.
bool rf_want_is_empty(const struct rf_want *want);

// rf_want_is_story: it is told together with others like it: what quiet hours kept, and what was
// over before it could be told.
bool rf_want_is_story(const struct rf_want *want);

// rf_want_told: these of its channels heard it; the others are owed it. They are taken out of
// the want.
void rf_want_told(struct rf_engine *engine, struct rf_want *want, unsigned channels,
                  struct rf_utc now);

// rf_want_hold: a storm on each of its channels keeps it.
void rf_want_hold(struct rf_engine *engine, const struct rf_want *want, struct rf_utc now);

#endif
