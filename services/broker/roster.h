// The stored registry of workers: the retained values `worker/<instance>`, which the broker alone
// writes. A worker is in it from its registration on; when it leaves (gone) or is lost, the value
// says when, and stays as long as answers are remembered. A broker that starts finds in it who may
// have calls in hand (recovery.h).
#ifndef RF_BROKER_ROSTER_H
#define RF_BROKER_ROSTER_H

#define RF_ROSTER_PREFIX "worker/"

struct rf_core;
struct rf_seat;

// rf_roster_load: whoever is in the registry is awaited from now on.
void rf_roster_load(struct rf_core *core);

// rf_roster_enter: it has registered. rf_roster_leave: it has left, or is lost.
void rf_roster_enter(struct rf_core *core, struct rf_seat *seat);
void rf_roster_leave(struct rf_core *core, const struct rf_seat *seat);

// rf_roster_close: a timer of the core, at the end of the recovery: whoever has not come back was
// lost when we started.
void rf_roster_close(void *core);

#endif
