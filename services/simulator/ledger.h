// What the simulator received, for those who check a run afterwards (`GET /admin/ledger`). The
// dials and the sheet come from calls.h and grid.h, which hold them anyway.
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include <jansson.h>
#include <stdint.h>

#include <ringfence/time.h>

enum sim_ledger_list {
    SIM_LEDGER_SCRIPTS,
    SIM_LEDGER_SPEECHES,
    SIM_LEDGER_TELEGRAM,
    SIM_LEDGER_WEBHOOKS,
    SIM_LEDGER_REQUESTS,
    SIM_LEDGER_CALLBACKS,
    SIM_LEDGER_COUNT
};

// Entries a list; what comes later is only counted in "dropped".
#define SIM_LEDGER_MOST 100000

struct sim_ledger {
    json_t *lists[SIM_LEDGER_COUNT];
    uint64_t dropped;
};

// sim_ledger_add: appends `entry` (an object, taken over; NULL is counted as dropped) with its
// "at".
void sim_ledger_add(struct sim_ledger *ledger, enum sim_ledger_list list, struct rf_utc now,
                    json_t *entry);

// sim_ledger_json: {"scripts": [...], "speeches": ..., "telegram", "webhooks", "requests",
// "callbacks", "dropped": n}, a new reference whose lists are the ledger's own.
json_t *sim_ledger_json(const struct sim_ledger *ledger);

void sim_ledger_fini(struct sim_ledger *ledger);

// sim_at: a date as the ledger writes it, UTC seconds with fraction.
json_t *sim_at(struct rf_utc t);

#endif
