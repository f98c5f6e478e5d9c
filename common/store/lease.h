// Leases of those who share a database: until when one holds, when it is to be renewed, and who may
// say of another that its lease has ended. Pure.
#ifndef RF_STORE_LEASE_H
#define RF_STORE_LEASE_H

#include <stdbool.h>

#include <ringfence/time.h>

// rf_lease_end: until when a lease of `term` holds that was asked for at `asked`, by the clock of
// who asked: the database began to count later than that.
struct rf_instant rf_lease_end(struct rf_instant asked, struct rf_duration term);

// rf_lease_renew_at: when a lease that was last asked for at `asked` is to be renewed: after a
// third of it, so that two renewals may fail.
struct rf_instant rf_lease_renew_at(struct rf_instant asked, struct rf_duration term);

// rf_lease_may_judge: whether who has had its connection since `connected` may say of others that
// their leases have ended: after a whole term. When the database itself was away, nobody could
// renew, and all leases have ended when it is back.
bool rf_lease_may_judge(struct rf_instant connected, struct rf_instant now,
                        struct rf_duration term);

// rf_lease_bound: the shorter of `margin` and what is left of a lease that ends at `end`
// (INT64_MAX: never), for work that must have begun while the lease holds. 0 if less than a quarter
// of the term is left: better to wait for the renewal.
struct rf_duration rf_lease_bound(struct rf_instant end, struct rf_instant now,
                                  struct rf_duration term, struct rf_duration margin);

#endif
