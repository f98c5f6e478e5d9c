// Who was told of as a process of another version. Such a process tries again all the time, on
// several sockets, until somebody upgrades one of us: it is told once. Pure.
#ifndef RF_BROKER_STRANGERS_H
#define RF_BROKER_STRANGERS_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/time.h>

#include "wire/question.h"

// Names are what somebody says: whoever makes up ever new ones is not told of ever more.
#define RF_STRANGERS 64

struct rf_strangers {
    struct rf_stranger {
        char name[RF_SPEAKER_SIZE];
        struct rf_instant told;
    } known[RF_STRANGERS]; // the oldest is overwritten
    size_t count, next;
};

// rf_strangers_new: whether `name` is to be told of, which is noted then. False: it was, or
// RF_STRANGERS others were within the last hour.
bool rf_strangers_new(struct rf_strangers *strangers, const char *name, struct rf_instant now);

#endif
