// Evidence: who said what about a provider of late. A log of the results that its circuit breaker
// counts, each with the gateway that it came from, so that one bad gateway can be told from a bad
// provider (incident 6). Pure: words and time in, answers out.
#ifndef RF_BROKER_EVIDENCE_H
#define RF_BROKER_EVIDENCE_H

#include <stddef.h>

#include <ringfence/breaker.h>

#define RF_EVIDENCE_MAX 1024 // words kept; of a longer window the latest stand for the rest

// What one attempt, or one that still runs after slow_after, says.
struct rf_word {
    uint64_t who; // gateway; never 0
    struct rf_instant began, at;
    bool result; // it has ended, and the breaker counts it
    bool failed; // so it did; without `result`: on the way, which the breaker does not count
    bool speed;  // its speed is known,
    bool slow;   // and it is slow
};

struct rf_evidence {
    struct rf_word words[RF_EVIDENCE_MAX]; // a ring
    size_t next, count;
};

// rf_evidence_clear: nothing was said.
void rf_evidence_clear(struct rf_evidence *evidence);

// rf_evidence_add: the latest word; the oldest gives way.
void rf_evidence_add(struct rf_evidence *evidence, const struct rf_word *word);

// rf_evidence_forget: what this gateway said does not count.
void rf_evidence_forget(struct rf_evidence *evidence, uint64_t who);

// What a gateway and the others say together.
struct rf_testimony {
    int64_t failed, total; // results of the gateway, slow ones counted as failed
    int64_t others_failed, others_total;
};

// rf_evidence_of: what is kept of what was said.
struct rf_testimony rf_evidence_of(const struct rf_evidence *evidence, uint64_t who);

// rf_evidence_one_word: the breaker is about to open for `cause`: on which gateway's word alone; 0:
// several say so. In a row of failures one of another gateway is enough to make it several; for a
// rate the results of the others, taken alone, have to reach it.
uint64_t rf_evidence_one_word(const struct rf_evidence *evidence,
                              const struct rf_breaker_policy *policy, enum rf_breaker_cause cause,
                              struct rf_instant now);

// rf_evidence_alone: the gateway's latest failure_threshold results have all failed, and since the
// first of them the others were served: one call of theirs at least that began later, and none
// failed.
bool rf_evidence_alone(const struct rf_evidence *evidence, uint64_t who,
                       const struct rf_breaker_policy *policy, struct rf_instant now);

#endif
