// The status of one provider, from its probes. Pure.
#ifndef HEALTH_STATUS_H
#define HEALTH_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/time.h>

enum health_status { HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DOWN };

#define HEALTH_WHY_SIZE 256

// One answer to a probe, judged.
struct health_verdict {
    bool up;
    bool ours; // a fault of our own side: it says nothing about the provider
    char why[HEALTH_WHY_SIZE];
};

struct health_provider {
    enum health_status status;
    struct rf_utc since;        // when this status began
    int64_t streak;             // answers in a row that speak against the status
    struct rf_utc streak_since; // when the first of them came
    char why[HEALTH_WHY_SIZE];  // the last answer that agreed with the status, or a fault of ours
};

// health_status_name: "unknown", "up", "down".
const char *health_status_name(enum health_status status);

// health_restore: takes over what an earlier life of the monitor had found out, so that a restart
// tells no change that is none. False if `status` is not "up" or "down".
bool health_restore(struct health_provider *provider, const char *status, struct rf_utc since,
                    const char *why);

// health_judge: what an answer says. `status` is the HTTP status (0: none came, and `failure_text`
// says why; `our_fault` if it is a certificate or a host name that does not fit the configuration).
// 2xx is up; 429 is up too, as a provider that limits us works. A refused key (401, 403) and our
// faults say nothing about the provider: the gateway marks and alerts them, once, when a call meets
// them. Everything else is down.
struct health_verdict health_judge(long status, bool our_fault, const char *failure_text);

// health_record: takes one verdict in. A first good one is up at once; else the status
// changes after `rise` good or `fall` bad ones in a row (each 1 or more), since the first of those:
// a provider that starts beside us is not down. A fault of ours leaves all but `why` as it is. True
// when the status changed; *from is what it was.
bool health_record(struct health_provider *provider, const struct health_verdict *verdict,
                   int64_t rise, int64_t fall, struct rf_utc now, enum health_status *from);

#endif
