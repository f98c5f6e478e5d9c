#include "store/lease.h"

#include <stdint.h>

struct rf_instant rf_lease_end(struct rf_instant asked, struct rf_duration term) {
    return rf_instant_add(asked, term);
}

struct rf_instant rf_lease_renew_at(struct rf_instant asked, struct rf_duration term) {
    return rf_instant_add(asked, rf_ns(term.ns / 3));
}

bool rf_lease_may_judge(struct rf_instant connected, struct rf_instant now,
                        struct rf_duration term) {
    return rf_instant_since(now, connected).ns >= term.ns;
}

struct rf_duration rf_lease_bound(struct rf_instant end, struct rf_instant now,
                                  struct rf_duration term, struct rf_duration margin) {
    if (end.ns == INT64_MAX)
        return margin;
    struct rf_duration left = rf_instant_since(end, now);
    if (left.ns < term.ns / 4)
        return rf_ns(0);
    return left.ns < margin.ns ? left : margin;
}
