// The status of one provider as its probes show it. Pure.
#ifndef HEALTH_STATUS_H
#define HEALTH_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/time.h>

// Ascending from well to bad.
enum health_status { HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DEGRADED, HEALTH_DOWN };

#define HEALTH_WHY_SIZE 256

// An answer to a probe. Borrowed.
struct health_answer {
    long status;              // HTTP; 0: none came, and
    const char *failure_text; // says why
    bool our_fault;           // a certificate or a host name that does not fit the configuration
    bool no_name;             // its name was not found
    struct rf_duration took;
    const char *body;
    size_t body_size;
};

// What a good answer is.
struct health_conditions {
    struct rf_duration slow_after; // an answer that took longer is slow; 0: none is
    const char *expect;            // a text that its body has; NULL: any body is good
};

// One answer to a probe, judged.
struct health_verdict {
    enum health_status status; // up, degraded or down
    bool ours;                 // a fault of our own side: it says nothing about the provider
    char why[HEALTH_WHY_SIZE];
};

struct health_probes {
    enum health_status status;
    struct rf_utc since;              // when this status began
    int64_t streak;                   // answers in a row that speak for another one
    enum health_status streak_status; // the one nearest to `status` among them
    struct rf_utc streak_since;       // when the first of them came
    char streak_why[HEALTH_WHY_SIZE]; // the latest of them
    char why[HEALTH_WHY_SIZE]; // the last answer that agreed with the status, or a fault of ours
};

// health_status_name: "unknown", "up", "degraded", "down". health_status_parse: the reverse.
const char *health_status_name(enum health_status status);
bool health_status_parse(const char *name, enum health_status *status);

// health_restore: takes over what an earlier life of the monitor had found out, so that a restart
// tells no change that is none. HEALTH_UNKNOWN leaves all as it is.
void health_restore(struct health_probes *probes, enum health_status status, struct rf_utc since,
                    const char *why);

// health_judge: what an answer says. 2xx with the expected text is up, or degraded if it was slow;
// 429 is up too, as a provider that limits us works. A refused key (401, 403) and our faults say
// nothing about the provider: the gateway marks and alerts them, once, when a call meets them.
// Everything else is down.
struct health_verdict health_judge(const struct health_answer *answer,
                                   const struct health_conditions *conditions);

// health_record: takes one verdict in. A first good one is up at once; else the status changes
// after `rise` answers in a row that are better than it, or `fall` that are worse (each 1 or more),
// to the one of theirs that is nearest, since the first of them: a provider that starts beside us
// is not down. A fault of ours leaves all but `why` as it is. True when the status changed; *from
// is what it was. HEALTH_HELD as `fall`: bad ones are counted, and decide nothing.
#define HEALTH_HELD INT64_MAX
bool health_record(struct health_probes *probes, const struct health_verdict *verdict, int64_t rise,
                   int64_t fall, struct rf_utc now, enum health_status *from);

// health_settle: what was held decides, if there were `fall` of them. True when the status changed.
// health_forget: answers that speak for another status are forgotten.
bool health_settle(struct health_probes *probes, int64_t fall);
void health_forget(struct health_probes *probes);

#endif
