#include "ledger.h"

#include <string.h>

static const char *const names[] = {
    [SIM_LEDGER_SCRIPTS] = "scripts",   [SIM_LEDGER_SPEECHES] = "speeches",
    [SIM_LEDGER_TELEGRAM] = "telegram", [SIM_LEDGER_WEBHOOKS] = "webhooks",
    [SIM_LEDGER_REQUESTS] = "requests", [SIM_LEDGER_CALLBACKS] = "callbacks",
};

json_t *sim_at(struct rf_utc t) {
    return json_real((double)t.ns / (double)RF_NS_PER_S);
}

void sim_ledger_add(struct sim_ledger *ledger, enum sim_ledger_list list, struct rf_utc now,
                    json_t *entry) {
    if (ledger->lists[list] == NULL)
        ledger->lists[list] = json_array();
    if (json_array_size(ledger->lists[list]) >= SIM_LEDGER_MOST) {
        json_decref(entry);
        ledger->dropped++;
        return;
    }
    json_object_set_new(entry, "at", sim_at(now));
    if (json_array_append_new(ledger->lists[list], entry) != 0)
        ledger->dropped++;
}

json_t *sim_ledger_json(const struct sim_ledger *ledger) {
    json_t *value = json_object();
    for (size_t i = 0; i < SIM_LEDGER_COUNT; i++) {
        json_t *list = ledger->lists[i];
        json_object_set_new(value, names[i], list == NULL ? json_array() : json_incref(list));
    }
    json_object_set_new(value, "dropped", json_integer((json_int_t)ledger->dropped));
    return value;
}

void sim_ledger_fini(struct sim_ledger *ledger) {
    for (size_t i = 0; i < SIM_LEDGER_COUNT; i++)
        json_decref(ledger->lists[i]);
    *ledger = (struct sim_ledger){0};
}
