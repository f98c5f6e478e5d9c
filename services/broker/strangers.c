#include "strangers.h"

#include <stdio.h>
#include <string.h>

#define KEPT rf_seconds(3600)

bool rf_strangers_new(struct rf_strangers *strangers, const char *name, struct rf_instant now) {
    for (size_t i = 0; i < strangers->count; i++)
        if (strcmp(strangers->known[i].name, name) == 0)
            return false;
    struct rf_stranger *place = &strangers->known[strangers->next];
    if (strangers->count == RF_STRANGERS && rf_instant_since(now, place->told).ns < KEPT.ns)
        return false;
    snprintf(place->name, sizeof place->name, "%s", name);
    place->told = now;
    strangers->next = (strangers->next + 1) % RF_STRANGERS;
    strangers->count += strangers->count < RF_STRANGERS;
    return true;
}
