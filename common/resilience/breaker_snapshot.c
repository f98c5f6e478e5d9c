#include "resilience/breaker_parts.h"

struct rf_breaker_figures rf_breaker_figures_of(struct rf_breaker *breaker) {
    rf_breaker_expire_failures(breaker);
    rf_window_expire(&breaker->results, breaker->now);
    rf_window_expire(&breaker->speeds, breaker->now);
    return (struct rf_breaker_figures){
        .failures = breaker->failures,
        .total = breaker->results.total,
        .failed = breaker->results.bad,
        .timed = breaker->speeds.total,
        .slow = breaker->speeds.bad,
    };
}

void rf_breaker_snapshot(struct rf_breaker *breaker, struct rf_instant now,
                         struct rf_breaker_snapshot *snapshot) {
    rf_breaker_advance(breaker, now);
    bool ends = breaker->state == RF_BREAKER_OPEN || breaker->permit != 0;
    *snapshot = (struct rf_breaker_snapshot){
        .state = breaker->state,
        .gate = rf_breaker_gate(breaker),
        .mode = breaker->policy.mode,
        .force = breaker->force,
        .epoch = breaker->epoch,
        .since = breaker->since,
        .until = ends ? breaker->until : RF_BREAKER_NO_END,
        .force_until = breaker->force_until,
        .figures = rf_breaker_figures_of(breaker),
        .successes = breaker->successes,
        .permit = breaker->permit,
        .reopened = breaker->reopened,
        .recovery = breaker->recovery,
        .admitted = breaker->admitted,
        .refused = breaker->refused,
        .spared = breaker->spared,
        .permits = breaker->permits,
        .recorded = breaker->recorded,
        .late = breaker->late,
        .transitions = breaker->transitions,
        .opened = breaker->opened,
    };
    snapshot->failure_rate = rf_window_rate(&breaker->results);
    snapshot->slow_rate = rf_window_rate(&breaker->speeds);
}
