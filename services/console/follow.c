#include "follow.h"

#include "base/log.h"

#define EVERY rf_seconds(1)

bool console_follow_due(struct rf_instant *next, struct rf_instant now) {
    if (rf_instant_before(now, *next))
        return false;
    *next = rf_instant_add(now, EVERY);
    return true;
}

bool console_follow(struct rf_secret *secret, const char *what, const char *whose) {
    struct rf_error error;
    bool changed = false;
    if (rf_secret_refresh(secret, &changed, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "%s of %s: %s", what, whose, error.message);
    return changed;
}
