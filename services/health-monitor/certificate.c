#include "certificate.h"

#define LOOK_AGAIN rf_seconds(3600)

const char *health_certificate_status_name(enum health_certificate_status status) {
    static const char *const names[] = {[HEALTH_CERTIFICATE_UNKNOWN] = "unknown",
                                        [HEALTH_CERTIFICATE_VALID] = "valid",
                                        [HEALTH_CERTIFICATE_EXPIRING] = "expiring"};
    return (unsigned)status <= HEALTH_CERTIFICATE_EXPIRING ? names[status] : "unknown";
}

bool health_certificate_due(const struct health_certificate *certificate, struct rf_instant now) {
    return !rf_instant_before(now, certificate->look_at);
}

bool health_certificate_record(struct health_certificate *certificate, struct rf_utc until,
                               struct rf_duration least, struct rf_utc now_utc,
                               struct rf_instant now, enum health_certificate_status *from) {
    *from = certificate->status;
    if (until.ns == 0)
        return false;
    certificate->look_at = rf_instant_add(now, LOOK_AGAIN);
    certificate->status = rf_utc_since(until, now_utc).ns < least.ns ? HEALTH_CERTIFICATE_EXPIRING
                                                                     : HEALTH_CERTIFICATE_VALID;
    return certificate->status != *from;
}
