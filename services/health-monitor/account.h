// The account of one provider over time: its changes, its outages, and how long it was what. Pure:
// what is seen and the time in, what is to be kept out.
#ifndef HEALTH_ACCOUNT_H
#define HEALTH_ACCOUNT_H

#include "availability.h"

// Between two looks at most; of a longer time nobody knows what it was like: we stood still.
#define HEALTH_ACCOUNT_GAP rf_seconds(30)

// One change of the status. `to` HEALTH_UNKNOWN: not its own, but ours.
struct health_change {
    struct rf_utc at;
    enum health_status from, to;
    char cause[16];
    char why[HEALTH_WHY_SIZE];
};

// One outage: from the first status that is not up to the next one that is. Time in between that
// nothing is known of neither begins nor ends it.
struct health_outage {
    struct rf_utc began; // 0: there is none
    struct rf_utc ended; // 0: it goes on
    enum health_status worst;
    int64_t changes;
    char cause[16];            // of its worst
    char why[HEALTH_WHY_SIZE]; // then
};

// All zero: nothing was seen.
struct health_account {
    struct health_availability availability;
    enum health_status status; // as it is seen, unknown included
    struct rf_instant looked;  // up to when its time is accounted for
    struct health_outage outage;
};

// What is seen of it now.
struct health_sight {
    enum health_status status;
    struct rf_utc since; // when that began
    const char *cause, *why;
};

enum { HEALTH_NEWS_CHANGE = 1, HEALTH_NEWS_OUTAGE = 2 };

// health_account_look: accounts for the time since the last look and takes in what is seen. What it
// gives are the HEALTH_NEWS that are to be kept: `change` is filled in, account->outage began,
// changed or ended.
unsigned health_account_look(struct health_account *account, const struct health_sight *sight,
                             struct rf_instant now, struct rf_utc utc,
                             struct health_change *change);

// health_account_restore: what an earlier life kept: until when it looked, what it saw last, and an
// outage that went on. True: it saw something, and nobody looked since: `change` says so.
bool health_account_restore(struct health_account *account, enum health_status status,
                            struct rf_utc until, const struct health_outage *outage,
                            struct health_change *change);

#endif
