#include "status.h"

#include <stdio.h>
#include <string.h>

const char *health_status_name(enum health_status status) {
    static const char *const names[] = {
        [HEALTH_UNKNOWN] = "unknown", [HEALTH_UP] = "up", [HEALTH_DOWN] = "down"};
    return (unsigned)status <= HEALTH_DOWN ? names[status] : "unknown";
}

struct health_verdict health_judge(long status, bool our_fault, const char *failure_text) {
    struct health_verdict verdict = {
        .up = (status >= 200 && status <= 299) || status == 429,
        .ours = status == 401 || status == 403 || (status == 0 && our_fault),
    };
    if (status == 0)
        snprintf(verdict.why, sizeof verdict.why, "%s",
                 failure_text[0] != '\0' ? failure_text : "no answer");
    else if (status == 401 || status == 403)
        snprintf(verdict.why, sizeof verdict.why, "it refuses our key (HTTP %ld)", status);
    else if (status == 429)
        snprintf(verdict.why, sizeof verdict.why, "it works, and limits our rate (HTTP 429)");
    else
        snprintf(verdict.why, sizeof verdict.why, "HTTP %ld", status);
    return verdict;
}

bool health_restore(struct health_provider *provider, const char *status, struct rf_utc since,
                    const char *why) {
    bool up = strcmp(status, "up") == 0;
    if (!up && strcmp(status, "down") != 0)
        return false;
    *provider = (struct health_provider){.status = up ? HEALTH_UP : HEALTH_DOWN, .since = since};
    snprintf(provider->why, sizeof provider->why, "%s", why);
    return true;
}

static void settle(struct health_provider *provider, const struct health_verdict *verdict,
                   struct rf_utc since) {
    provider->status = verdict->up ? HEALTH_UP : HEALTH_DOWN;
    provider->since = since;
    provider->streak = 0;
    memcpy(provider->why, verdict->why, sizeof provider->why);
}

bool health_record(struct health_provider *provider, const struct health_verdict *verdict,
                   int64_t rise, int64_t fall, struct rf_utc now, enum health_status *from) {
    *from = provider->status;
    if (verdict->ours) {
        memcpy(provider->why, verdict->why, sizeof provider->why);
        return false;
    }
    if (provider->status == HEALTH_UNKNOWN && verdict->up) {
        settle(provider, verdict, now);
        return true;
    }
    if (provider->status != HEALTH_UNKNOWN && verdict->up == (provider->status == HEALTH_UP)) {
        provider->streak = 0;
        memcpy(provider->why, verdict->why, sizeof provider->why);
        return false;
    }
    if (provider->streak == 0)
        provider->streak_since = now;
    provider->streak++;
    if (provider->streak < (verdict->up ? rise : fall))
        return false;
    settle(provider, verdict, provider->streak_since);
    return true;
}
