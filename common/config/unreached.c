// How calls end that do not reach their person.
#include "config/config.h"

#include <string.h>

static const char *const names[RF_UNREACHED_COUNT] = {
    [RF_UNREACHED_NONE] = "none",           [RF_UNREACHED_BUSY] = "busy",
    [RF_UNREACHED_NO_ANSWER] = "no-answer", [RF_UNREACHED_FAILED] = "failed",
    [RF_UNREACHED_CANCELED] = "canceled",   [RF_UNREACHED_VOICEMAIL] = "voicemail",
};

const char *rf_unreached_name(enum rf_unreached unreached) {
    return (unsigned)unreached < RF_UNREACHED_COUNT ? names[unreached] : "unknown";
}

bool rf_unreached_parse(const char *name, enum rf_unreached *unreached) {
    for (int i = 0; name != NULL && i < RF_UNREACHED_COUNT; i++)
        if (strcmp(name, names[i]) == 0) {
            *unreached = (enum rf_unreached)i;
            return true;
        }
    return false;
}

struct rf_hours_list rf_config_hours(const struct rf_config_list *list) {
    return (struct rf_hours_list){list->items, list->count};
}
