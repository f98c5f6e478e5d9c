#include "skew.h"

#include <stdlib.h>
#include <string.h>

#define CLEARANCE 0.9

const char *health_skew_status_name(enum health_skew_status status) {
    static const char *const names[] = {[HEALTH_SKEW_UNKNOWN] = "unknown",
                                        [HEALTH_SKEW_RIGHT] = "right",
                                        [HEALTH_SKEW_OFF] = "off"};
    return (unsigned)status <= HEALTH_SKEW_OFF ? names[status] : "unknown";
}

void health_skew_heard(struct health_skew *skew, const char *vendor, struct rf_duration ahead,
                       struct rf_instant now) {
    size_t i = 0;
    while (i < HEALTH_SKEW_VENDORS && skew->words[i].vendor != NULL &&
           strcmp(skew->words[i].vendor, vendor) != 0)
        i++;
    if (i == HEALTH_SKEW_VENDORS)
        return;
    skew->words[i].vendor = vendor;
    skew->words[i].ahead = ahead;
    skew->words[i].at = now;
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t nearer(int64_t a, int64_t b) {
    if ((a < 0) != (b < 0))
        return 0;
    return llabs(a) < llabs(b) ? a : b;
}

static bool median(const struct health_skew *skew, struct rf_instant now, int64_t *ahead_ns) {
    int64_t said[HEALTH_SKEW_VENDORS];
    size_t count = 0;
    for (size_t i = 0; i < HEALTH_SKEW_VENDORS; i++)
        if (skew->words[i].vendor != NULL &&
            rf_instant_since(now, skew->words[i].at).ns <= HEALTH_SKEW_FRESH.ns)
            said[count++] = skew->words[i].ahead.ns;
    if (count < 2)
        return false;
    qsort(said, count, sizeof said[0], by_size);
    *ahead_ns = count % 2 == 1 ? said[count / 2] : nearer(said[count / 2 - 1], said[count / 2]);
    return true;
}

bool health_skew_decide(struct health_skew *skew, struct rf_duration most, struct rf_instant now,
                        struct rf_utc utc, enum health_skew_status *from) {
    *from = skew->status;
    if (!median(skew, now, &skew->ahead.ns))
        return false;
    double bound = (double)most.ns * (skew->status == HEALTH_SKEW_OFF ? CLEARANCE : 1);
    enum health_skew_status status =
        (double)llabs(skew->ahead.ns) > bound ? HEALTH_SKEW_OFF : HEALTH_SKEW_RIGHT;
    if (status == skew->status)
        return false;
    skew->status = status;
    skew->since = utc;
    return true;
}
