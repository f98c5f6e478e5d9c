// When a provider's certificate ends, and whether that is near. Pure.
#ifndef HEALTH_CERTIFICATE_H
#define HEALTH_CERTIFICATE_H

#include <stdbool.h>

#include <ringfence/time.h>

enum health_certificate_status {
    HEALTH_CERTIFICATE_UNKNOWN,
    HEALTH_CERTIFICATE_VALID,
    HEALTH_CERTIFICATE_EXPIRING,
};

struct health_certificate {
    enum health_certificate_status status;
    struct rf_instant look_at; // the next look; zeroed: now
};

// health_certificate_status_name: "unknown", "valid" or "expiring". Never NULL.
const char *health_certificate_status_name(enum health_certificate_status status);

// health_certificate_due: whether the next probe is to look at the certificate, which takes a
// connection of its own: the first one, and then one an hour.
bool health_certificate_due(const struct health_certificate *certificate, struct rf_instant now);

// health_certificate_record: a probe that looked saw that it ends at `until` (0: it saw none; then
// nothing changes, and the next probe looks again). True if the status is another than `from` (was
// before); it is expiring when less than `least` is left.
bool health_certificate_record(struct health_certificate *certificate, struct rf_utc until,
                               struct rf_duration least, struct rf_utc now_utc,
                               struct rf_instant now, enum health_certificate_status *from);

#endif
