// What the telephony provider told of the call of one dial, by callbacks whose signature the
// console has checked. They come in any order, more than once, late, or not at all. Pure.
//
// The end of a call that is told so is believed, and not asked for again: it is signed by a secret
// that the provider and we alone have, it comes when the provider's API does not answer too, and to
// ask would be a request a call. What is missed is asked for (follow.h).
#ifndef RF_ORCHESTRATOR_TOLD_H
#define RF_ORCHESTRATOR_TOLD_H

#include <ringfence/messages.h>

#include "contact.h"

// All zero: nothing was told.
struct rf_told {
    char sid[RF_SID_SIZE];
    char status[32];      // the terminal one; "": it was not told yet
    char answered_by[32]; // "": not told
    int64_t duration_s;   // -1: not told
};

enum rf_told_news {
    RF_TOLD_NOTHING,    // or nothing new
    RF_TOLD_CALL,       // the call exists, or who answered it
    RF_TOLD_END,        // it has ended
    RF_TOLD_OTHER_CALL, // of another call than the one that we know: nothing was taken
};

// rf_told_take: takes over what an event call.told says. `sid` is that of the dial's call, "" while
// it is not known. A call that has ended stays so.
enum rf_told_news rf_told_take(struct rf_told *told, const char *sid, const struct rf_event *event);

// rf_told_ended: whether what was told is enough to end the call. Where the provider `listens` who
// answers, a completed call may have been a machine's: until that is told it is not.
bool rf_told_ended(const struct rf_told *told, bool listens);

// rf_told_result: the same as the result of call_status; a new reference, NULL if out of memory.
json_t *rf_told_result(const struct rf_told *told);

#endif
