#include "reach.h"

#include <string.h>

void health_reach_seen(struct health_reach *reach, enum health_sign sign, struct rf_instant now) {
    if (sign == HEALTH_SIGN_ANSWER) {
        reach->mute = reach->names = 0;
        reach->answered = now;
        return;
    }
    if (reach->mute++ == 0)
        reach->mute_since = now;
    reach->names += sign == HEALTH_SIGN_NAME ? 1 : 0;
}

static bool is_of(const struct health_reach *reach, const char *vendor) {
    return strcmp(reach->vendor, vendor) == 0;
}

static bool answered_since(const struct health_reach *reach, struct rf_instant since) {
    return reach->answered.ns != 0 && !rf_instant_before(reach->answered, since);
}

// What is known of another vendor by all of its providers.
static enum health_blame blame_by(const struct health_reach *reaches, size_t count,
                                  const char *vendor, struct rf_instant since) {
    enum health_blame blame = HEALTH_BLAME_OWN_SIDE;
    for (size_t i = 0; i < count; i++) {
        if (!is_of(&reaches[i], vendor))
            continue;
        if (answered_since(&reaches[i], since))
            return HEALTH_BLAME_PROVIDER;
        if (reaches[i].mute == 0)
            blame = HEALTH_BLAME_UNDECIDED;
    }
    return blame;
}

enum health_blame health_reach_blame(const struct health_reach *reaches, size_t count, size_t at) {
    const struct health_reach *reach = &reaches[at];
    enum health_blame blame = HEALTH_BLAME_OWN_SIDE;
    bool alone = true;
    for (size_t i = 0; i < count; i++) {
        if (is_of(&reaches[i], reach->vendor)) {
            // Another address of the same vendor.
            if (answered_since(&reaches[i], reach->mute_since))
                return HEALTH_BLAME_PROVIDER;
            continue;
        }
        alone = false;
        enum health_blame by = blame_by(reaches, count, reaches[i].vendor, reach->mute_since);
        if (by == HEALTH_BLAME_PROVIDER)
            return by;
        if (by == HEALTH_BLAME_UNDECIDED)
            blame = by;
    }
    return alone ? HEALTH_BLAME_PROVIDER : blame;
}

bool health_reach_alone(const struct health_reach *reaches, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (!is_of(&reaches[i], reaches[0].vendor))
            return false;
    return true;
}

void health_reach_forget(struct health_reach *reaches, size_t count) {
    for (size_t i = 0; i < count; i++)
        reaches[i].mute = reaches[i].names = 0;
}

static bool fails(const struct health_reach *reaches, size_t count, int64_t fall) {
    for (size_t i = 0; i < count; i++)
        if (reaches[i].mute >= fall &&
            health_reach_blame(reaches, count, i) == HEALTH_BLAME_OWN_SIDE)
            return true;
    return false;
}

static bool anybody_answers(const struct health_reach *reaches, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (reaches[i].answered.ns != 0 && reaches[i].mute == 0)
            return true;
    return false;
}

static const char *what_fails(const struct health_reach *reaches, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (reaches[i].mute != reaches[i].names)
            return "network";
    return "dns";
}

bool health_own_side_look(struct health_own_side *own, const struct health_reach *reaches,
                          size_t count, int64_t fall, struct rf_instant now, struct rf_utc utc) {
    bool failed = own->failed ? !anybody_answers(reaches, count) : fails(reaches, count, fall);
    if (failed == own->failed)
        return false;
    own->failed = failed;
    own->since = now;
    own->since_utc = utc;
    if (failed)
        own->what = what_fails(reaches, count);
    return true;
}
