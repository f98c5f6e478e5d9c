#include "evidence.h"

#define GATEWAYS 64 // told apart in a window; any more count as others

void rf_evidence_clear(struct rf_evidence *evidence) {
    evidence->next = evidence->count = 0;
}

void rf_evidence_add(struct rf_evidence *evidence, const struct rf_word *word) {
    evidence->words[evidence->next] = *word;
    evidence->next = (evidence->next + 1) % RF_EVIDENCE_MAX;
    if (evidence->count < RF_EVIDENCE_MAX)
        evidence->count++;
}

// The word said `age` words ago; 0: the latest.
static const struct rf_word *ago(const struct rf_evidence *evidence, size_t age) {
    return &evidence->words[(evidence->next + RF_EVIDENCE_MAX - 1 - age) % RF_EVIDENCE_MAX];
}

void rf_evidence_forget(struct rf_evidence *evidence, uint64_t who) {
    for (size_t i = 0; i < evidence->count; i++) {
        struct rf_word *word = &evidence->words[i];
        if (word->who == who)
            word->result = word->failed = word->speed = word->slow = false;
    }
}

static bool older(const struct rf_word *word, struct rf_duration age, struct rf_instant now) {
    return rf_instant_since(now, word->at).ns > age.ns;
}

struct rf_testimony rf_evidence_of(const struct rf_evidence *evidence, uint64_t who) {
    struct rf_testimony said = {0};
    for (size_t age = 0; age < evidence->count; age++) {
        const struct rf_word *word = ago(evidence, age);
        if (!word->result && !word->failed && !word->slow)
            continue;
        bool bad = word->failed || word->slow;
        *(word->who == who ? &said.total : &said.others_total) += 1;
        *(word->who == who ? &said.failed : &said.others_failed) += bad;
    }
    return said;
}

// ---- on whose word ----

static uint64_t of_the_run(const struct rf_evidence *evidence,
                           const struct rf_breaker_policy *policy, struct rf_instant now) {
    uint64_t who = 0;
    for (size_t age = 0; age < evidence->count; age++) {
        const struct rf_word *word = ago(evidence, age);
        if (older(word, policy->failure_interval, now))
            break;
        if (!word->result)
            continue;
        if (!word->failed)
            break;
        if (who != 0 && word->who != who)
            return 0;
        who = word->who;
    }
    return who;
}

struct tally {
    uint64_t who;
    int64_t bad, total;
};

struct count {
    struct tally all, each[GATEWAYS];
    size_t gateways;
};

static void count_in(struct count *count, uint64_t who, bool bad) {
    size_t i = 0;
    count->all.total++;
    count->all.bad += bad;
    while (i < count->gateways && count->each[i].who != who)
        i++;
    if (i == GATEWAYS)
        return;
    if (i == count->gateways)
        count->each[count->gateways++] = (struct tally){.who = who};
    count->each[i].total++;
    count->each[i].bad += bad;
}

static void count_window(const struct rf_evidence *evidence, const struct rf_breaker_policy *policy,
                         bool speeds, struct rf_instant now, struct count *count) {
    for (size_t age = 0; age < evidence->count; age++) {
        const struct rf_word *word = ago(evidence, age);
        if (policy->window == RF_WINDOW_CALLS && count->all.total == policy->window_calls)
            break;
        if (policy->window == RF_WINDOW_TIME && older(word, policy->window_time, now))
            break;
        if (speeds ? word->speed : word->result)
            count_in(count, word->who, speeds ? word->slow : word->failed);
    }
}

static uint64_t of_the_window(const struct rf_evidence *evidence,
                              const struct rf_breaker_policy *policy, bool speeds,
                              struct rf_instant now) {
    struct count count = {0};
    const struct tally *most = &count.each[0];
    double rate = speeds ? policy->slow_rate : policy->failure_rate;
    count_window(evidence, policy, speeds, now, &count);
    for (size_t i = 1; i < count.gateways; i++)
        if (count.each[i].bad > most->bad)
            most = &count.each[i];
    int64_t others = count.all.total - most->total, bad = count.all.bad - most->bad;
    if (bad > 0 && (double)bad >= rate * (double)others)
        return 0;
    return most->who;
}

uint64_t rf_evidence_one_word(const struct rf_evidence *evidence,
                              const struct rf_breaker_policy *policy, enum rf_breaker_cause cause,
                              struct rf_instant now) {
    switch (cause) {
    case RF_BREAKER_CAUSE_FAILURES:
        return of_the_run(evidence, policy, now);
    case RF_BREAKER_CAUSE_FAILURE_RATE:
        return of_the_window(evidence, policy, false, now);
    case RF_BREAKER_CAUSE_SLOW_RATE:
        return of_the_window(evidence, policy, true, now);
    default:
        return 0;
    }
}

// ---- alone among others that are served ----

// When the first of the gateway's latest `threshold` results came, if all of them failed.
static bool failing_since(const struct rf_evidence *evidence, uint64_t who,
                          const struct rf_breaker_policy *policy, struct rf_instant now,
                          struct rf_instant *since) {
    int64_t failures = 0;
    for (size_t age = 0; age < evidence->count; age++) {
        const struct rf_word *word = ago(evidence, age);
        if (!word->result)
            continue;
        if (older(word, policy->failure_interval, now) || (word->failed && word->who != who))
            return false;
        if (word->who != who)
            continue;
        if (!word->failed)
            return false;
        *since = word->at;
        if (++failures == policy->failure_threshold)
            return true;
    }
    return false;
}

bool rf_evidence_alone(const struct rf_evidence *evidence, uint64_t who,
                       const struct rf_breaker_policy *policy, struct rf_instant now) {
    struct rf_instant since = {0};
    if (policy->failure_threshold == 0 || !failing_since(evidence, who, policy, now, &since))
        return false;
    for (size_t age = 0; age < evidence->count; age++) {
        const struct rf_word *word = ago(evidence, age);
        if (rf_instant_before(word->at, since))
            return false;
        if (word->result && word->who != who && !rf_instant_before(word->began, since))
            return true;
    }
    return false;
}
