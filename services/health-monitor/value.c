// What is told of a provider: its retained value, and figures for who asks.
#include <jansson.h>

#include "monitor.h"

#define SHARE_STEPS 1e6

// Cut, not rounded: 100 % is what never failed.
static double cut(double share) {
    return (double)(int64_t)(share * SHARE_STEPS) / SHARE_STEPS;
}

json_t *health_availability_json(const struct health_availability *availability,
                                 struct rf_utc now) {
    json_t *all = json_object();
    for (size_t i = 0; all != NULL && i < HEALTH_WINDOWS; i++) {
        const struct health_window *window = &health_windows[i];
        struct health_spent spent = health_availability_between(
            availability, rf_utc_add(now, rf_ns(-window->length.ns)), now, now);
        double share = health_spent_share(&spent);
        json_t *one = json_pack("{s:I, s:o*}", "known_ns", (json_int_t)health_spent_known(&spent),
                                "share", share < 0 ? NULL : json_real(cut(share)));
        json_object_set_new(all, window->name, one);
    }
    return all;
}

static json_t *latency_json(const struct health_latency *latency) {
    return json_pack("{s:I, s:I, s:I, s:I}", "attempts", (json_int_t)latency->attempts, "p50_ns",
                     (json_int_t)latency->p50.ns, "p90_ns", (json_int_t)latency->p90.ns, "p99_ns",
                     (json_int_t)latency->p99.ns);
}

json_t *health_target_json(const struct health_target *target, struct rf_instant now,
                           struct rf_utc utc) {
    const struct health_standing *standing = &target->standing;
    struct health_latency latency = health_recent_latency(&target->recent, now);
    bool hidden = standing->status == HEALTH_UNKNOWN; // a restart has to know what was told
    return json_pack("{s:s, s:s*, s:I, s:s, s:s, s:s, s:s, s:b, s:o, s:o*, s:o*}", "status",
                     health_status_name(standing->status), "told",
                     hidden ? health_status_name(standing->told) : NULL, "since",
                     (json_int_t)standing->since.ns, "why", standing->why, "cause", standing->cause,
                     "probes", health_status_name(target->probes.status), "calls",
                     health_status_name(target->passive.status), "flapping",
                     (int)standing->flapping, "availability",
                     health_availability_json(&target->account.availability, utc), "latency",
                     latency.attempts == 0 ? NULL : latency_json(&latency), "forecast",
                     forecast_watch_json(target));
}
