// The pace of calls: so many a second for all, and for each campaign. Contacts that are ready to
// be dialled stand in line; higher priorities go first, then who came first. Pure.
#ifndef RF_ORCHESTRATOR_PACE_H
#define RF_ORCHESTRATOR_PACE_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

// One limit: a call each interval. What was not used is not saved up, but for RF_PACE_SLACK_MS, by
// which a timer may be late.
#define RF_PACE_SLACK_MS 10

struct rf_pace_limit {
    struct rf_duration interval; // 0: no limit
    struct rf_instant next;      // no call before this
};

// A place that was given: `next` of a limit before it and behind it.
struct rf_pace_place {
    struct rf_instant before, behind;
};

// A contact in the line. Zero it before use; it lives where its owner has it.
struct rf_pace_waiter {
    struct rf_pace_waiter *next, **link; // link NULL: not in the line
    int64_t campaign, priority;
    double rate;                   // calls a second of its campaign; 0: no limit
    struct rf_pace_place all, own; // that it got
};

struct rf_pace {
    struct rf_pace_limit all;
    struct rf_pace_campaign *campaigns;
    size_t count, room;
    double all_rate; // calls a second
    int64_t sharers;
    struct rf_pace_waiter *line;
};

// rf_pace_configure: `all` is calls a second; 0: no limit. What was used of the old limit counts
// on.
void rf_pace_configure(struct rf_pace *pace, double all);

// rf_pace_rate: the same for one campaign; if nobody of it stands in line, who comes next says it.
void rf_pace_rate(struct rf_pace *pace, int64_t campaign, double rate);

// rf_pace_share: so many orchestrators, we among them, have the limits together: each keeps to its
// part, so that they are not exceeded whatever each of them has to do. At first 1.
void rf_pace_share(struct rf_pace *pace, int64_t sharers);

// rf_pace_wait: puts a contact in the line. RF_ERR_NOMEM: it is not in it.
RF_NODISCARD enum rf_err rf_pace_wait(struct rf_pace *pace, struct rf_pace_waiter *waiter);

// rf_pace_leave: takes it out, if it is in the line.
void rf_pace_leave(struct rf_pace_waiter *waiter);

// rf_pace_next: the contact that is to be dialled now, taken out of the line and counted; or NULL,
// and `due` is when to ask again (INT64_MAX: when somebody comes).
struct rf_pace_waiter *rf_pace_next(struct rf_pace *pace, struct rf_instant now,
                                    struct rf_instant *due);

// rf_pace_give_back: the contact that rf_pace_next gave is not dialled after all: its place is for
// the next one. Nothing happens if another has got one since, as what was not used is not saved up.
void rf_pace_give_back(struct rf_pace *pace, const struct rf_pace_waiter *waiter);

// rf_pace_fini: frees what it has; those in the line are out of it.
void rf_pace_fini(struct rf_pace *pace);

#endif
