// What probes of the health monitor say about a breaker that is OPEN: a provider that they find
// well again may be tested before the time (breaker.early_half_open).
#include "authority_parts.h"

#include <string.h>

void rf_authority_try_early(struct rf_guard *guard) {
    struct rf_breaker_transition transition;
    struct rf_instant now = guard->authority->ground->now.instant, when;
    if (!guard->recovered || !rf_breaker_early(&guard->breaker, &when) ||
        rf_instant_before(now, when))
        return;
    guard->forced_before = guard->breaker.force;
    if (rf_breaker_probe_recovered(&guard->breaker, now, &transition))
        rf_authority_announce(guard, &transition);
}

void rf_authority_probed(struct rf_authority *authority, const char *provider,
                         enum rf_probed probed) {
    struct rf_guard *guard = rf_authority_find(authority, provider);
    if (guard == NULL)
        return;
    // Probes that were well all along say nothing about what opened it.
    guard->recovered =
        probed == RF_PROBED_WELL && (guard->recovered || guard->probed == RF_PROBED_ILL);
    guard->probed = probed;
    rf_authority_try_early(guard);
    rf_authority_set_timer(guard);
}
