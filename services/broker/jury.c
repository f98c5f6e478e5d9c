#include "jury.h"

#include <stddef.h>

static enum rf_verdict end_suspicion(struct rf_jury *jury, enum rf_verdict verdict) {
    jury->culprit = jury->suspect;
    jury->suspect = 0;
    return verdict;
}

static enum rf_verdict eject(struct rf_jury *jury, uint64_t who) {
    jury->suspect = who;
    jury->said = rf_evidence_of(&jury->evidence, who);
    rf_evidence_forget(&jury->evidence, who);
    if (jury->accuser == who)
        jury->accuser = 0;
    return end_suspicion(jury, RF_VERDICT_EJECT);
}

// What a word means for what somebody is suspected of.
static bool is_bad(const struct rf_jury *jury, const struct rf_word *word) {
    return word->failed || (word->slow && jury->cause == RF_BREAKER_CAUSE_SLOW_RATE);
}

static bool is_good(const struct rf_jury *jury, const struct rf_word *word) {
    return !is_bad(jury, word) &&
           (jury->cause == RF_BREAKER_CAUSE_SLOW_RATE ? word->speed : word->result);
}

// What began before the suspicion does not tell how the provider is now. Where the suspect may not
// be ejected any more, its word does not count all the same.
static enum rf_verdict served_elsewhere(struct rf_jury *jury, const struct rf_word *word,
                                        struct rf_fleet fleet) {
    if (rf_instant_before(word->began, jury->since))
        return RF_VERDICT_IGNORE;
    enum rf_verdict verdict = eject(jury, jury->suspect);
    return rf_ejection_room(fleet.alive, fleet.ejected) ? verdict : RF_VERDICT_CLEAR;
}

// Somebody is suspected whose word would open the breaker.
static enum rf_verdict confirm(struct rf_jury *jury, const struct rf_word *word,
                               struct rf_fleet fleet) {
    bool own = word->who == jury->suspect;
    if (is_bad(jury, word))
        return own ? RF_VERDICT_IGNORE : end_suspicion(jury, RF_VERDICT_OPEN);
    if (!is_good(jury, word))
        return RF_VERDICT_IGNORE;
    if (own) // it is served as well: not so many in a row, not so large a share
        return end_suspicion(jury, RF_VERDICT_CLEAR);
    return served_elsewhere(jury, word, fleet);
}

// Somebody is suspected who wants a mark. What reached the provider was no trouble on the way.
static enum rf_verdict confirm_mark(struct rf_jury *jury, const struct rf_word *word,
                                    struct rf_fleet fleet) {
    if (!word->result)
        return RF_VERDICT_COUNT;
    if (word->who == jury->suspect)
        return end_suspicion(jury, RF_VERDICT_CLEAR);
    enum rf_verdict verdict = word->failed ? RF_VERDICT_COUNT : served_elsewhere(jury, word, fleet);
    return verdict == RF_VERDICT_IGNORE ? RF_VERDICT_COUNT : verdict;
}

static bool matters(const struct rf_breaker *breaker, const struct rf_report *report) {
    return breaker->state == RF_BREAKER_CLOSED && breaker->force == RF_BREAKER_UNFORCED &&
           breaker->policy.mode == RF_BREAKER_ENFORCE && report->ticket.epoch == breaker->epoch &&
           (report->slow || report->class == RF_CLASS_OK ||
            (breaker->counting >> report->class & 1) != 0);
}

static struct rf_word word_of(const struct rf_breaker *breaker, const struct rf_report *report,
                              struct rf_instant now) {
    struct rf_duration took = rf_instant_since(now, report->ticket.began);
    bool timed = breaker->slow_ppm > 0 && !report->ticket.slow_told;
    return (struct rf_word){
        .who = report->who,
        .began = report->ticket.began,
        .at = now,
        .result = !report->slow,
        .failed = !report->slow && report->class != RF_CLASS_OK,
        .speed = timed,
        .slow = timed && (report->slow || took.ns >= breaker->policy.slow_after.ns),
    };
}

static bool count(struct rf_breaker *breaker, const struct rf_report *report, struct rf_instant now,
                  struct rf_breaker_transition *transition) {
    struct rf_breaker_ticket ticket = report->ticket;
    return report->slow ? rf_breaker_slow(breaker, &ticket, now, transition)
                        : rf_breaker_record(breaker, ticket, report->class, now, transition);
}

// For which cause the breaker would open if it counted the report: tried on a copy.
static enum rf_breaker_cause opens(const struct rf_breaker *breaker, const struct rf_report *report,
                                   struct rf_instant now) {
    // Most reports cannot open it, and need no trial.
    if (breaker->failure_ppm == 0 && breaker->slow_ppm == 0 &&
        (report->class == RF_CLASS_OK || breaker->failures + 1 < breaker->policy.failure_threshold))
        return RF_BREAKER_CAUSE_NONE;
    struct rf_breaker trial = *breaker;
    struct rf_breaker_transition transition;
    rf_breaker_listen(&trial, NULL, NULL);
    bool changed = count(&trial, report, now, &transition);
    return changed && transition.to == RF_BREAKER_OPEN ? transition.cause : RF_BREAKER_CAUSE_NONE;
}

static enum rf_verdict suspect(struct rf_jury *jury, const struct rf_breaker_policy *policy,
                               const struct rf_report *report, enum rf_breaker_cause cause,
                               struct rf_instant now) {
    jury->suspect = rf_evidence_one_word(&jury->evidence, policy, cause, now);
    if (jury->suspect == 0)
        return RF_VERDICT_COUNT;
    jury->cause = cause;
    jury->since = now;
    jury->until = rf_instant_add(now, jury->ejections.policy.confirm_within);
    jury->held = *report;
    return RF_VERDICT_SUSPECT;
}

// Another gateway was served after it: what the accuser met was on its own way, and is no one's
// confirmation.
static void refute(struct rf_jury *jury, const struct rf_word *word) {
    if (word->result && !word->failed && word->who != jury->accuser &&
        !rf_instant_before(word->began, jury->accused))
        jury->accuser = 0;
}

static enum rf_verdict judge(struct rf_jury *jury, const struct rf_breaker *breaker,
                             const struct rf_report *report, struct rf_fleet fleet,
                             struct rf_instant now) {
    const struct rf_breaker_policy *policy = &breaker->policy;
    if (!matters(breaker, report))
        return RF_VERDICT_COUNT;
    if (rf_ejections_exclude(&jury->ejections, report->who, report->ticket.began))
        return RF_VERDICT_IGNORE;
    struct rf_word word = word_of(breaker, report, now);
    // Also what decides a suspicion, or its good end would be unknown to the next one.
    rf_evidence_add(&jury->evidence, &word);
    refute(jury, &word);
    if (jury->suspect != 0)
        return jury->cause != RF_BREAKER_CAUSE_NONE ? confirm(jury, &word, fleet)
                                                    : confirm_mark(jury, &word, fleet);
    if (jury->ejections.policy.time.ns == 0 || !rf_ejection_room(fleet.alive, fleet.ejected))
        return RF_VERDICT_COUNT;
    if (word.failed && rf_evidence_alone(&jury->evidence, word.who, policy, now))
        return eject(jury, word.who);
    enum rf_breaker_cause cause = opens(breaker, report, now);
    return cause == RF_BREAKER_CAUSE_NONE ? RF_VERDICT_COUNT
                                          : suspect(jury, policy, report, cause, now);
}

struct rf_hearing rf_jury_hear(struct rf_jury *jury, struct rf_breaker *breaker,
                               const struct rf_report *report, struct rf_fleet fleet,
                               struct rf_instant now) {
    struct rf_hearing hearing = {.verdict = judge(jury, breaker, report, fleet, now)};
    struct rf_breaker_transition *transition = &hearing.transition;
    switch (hearing.verdict) {
    case RF_VERDICT_IGNORE:
    case RF_VERDICT_SUSPECT:
        break;
    case RF_VERDICT_OPEN:
        hearing.changed = count(breaker, &jury->held, now, transition);
        break;
    case RF_VERDICT_EJECT:
        rf_breaker_forget(breaker, now);
        if (report->who != jury->culprit)
            hearing.changed = count(breaker, report, now, transition);
        break;
    case RF_VERDICT_COUNT:
    case RF_VERDICT_CLEAR:
        hearing.changed = count(breaker, report, now, transition);
        break;
    }
    return hearing;
}

struct rf_hearing rf_jury_wait(struct rf_jury *jury, struct rf_breaker *breaker,
                               struct rf_fleet fleet, struct rf_instant now) {
    struct rf_hearing hearing = {.verdict = RF_VERDICT_IGNORE};
    bool others = fleet.alive - fleet.ejected > 1;
    if (jury->suspect == 0 || (others && rf_instant_before(now, jury->until)))
        return hearing;
    if (jury->cause != RF_BREAKER_CAUSE_NONE)
        hearing.changed = count(breaker, &jury->held, now, &hearing.transition);
    hearing.verdict = end_suspicion(jury, hearing.changed ? RF_VERDICT_OPEN : RF_VERDICT_CLEAR);
    return hearing;
}

// The error is the provider's, or the configuration's: whoever was held back for it is free.
static enum rf_verdict believe(struct rf_jury *jury) {
    jury->accuser = 0;
    return jury->suspect != 0 && jury->cause == RF_BREAKER_CAUSE_NONE
               ? end_suspicion(jury, RF_VERDICT_CLEAR)
               : RF_VERDICT_COUNT;
}

enum rf_verdict rf_jury_accuse(struct rf_jury *jury, uint64_t who, struct rf_fleet fleet,
                               struct rf_instant now) {
    struct rf_duration within = jury->ejections.policy.confirm_within;
    struct rf_duration age = rf_instant_since(now, jury->accused);
    if (rf_ejections_exclude(&jury->ejections, who, now))
        return RF_VERDICT_IGNORE;
    if (jury->ejections.policy.time.ns == 0 || !rf_ejection_room(fleet.alive, fleet.ejected))
        return believe(jury);
    if (jury->accuser != 0 && jury->accuser != who && age.ns <= within.ns)
        return believe(jury);
    if (jury->accuser == who && age.ns < within.ns)
        return RF_VERDICT_IGNORE;
    if (jury->accuser == who && age.ns <= 3 * within.ns) // nobody else was asked in its time
        return believe(jury);
    jury->accuser = who;
    jury->accused = now;
    rf_evidence_add(&jury->evidence,
                    &(struct rf_word){.who = who, .began = now, .at = now, .failed = true});
    if (jury->suspect != 0)
        return RF_VERDICT_IGNORE;
    jury->suspect = who;
    jury->cause = RF_BREAKER_CAUSE_NONE;
    jury->since = now;
    jury->until = rf_instant_add(now, within);
    return RF_VERDICT_SUSPECT;
}

bool rf_jury_forget(struct rf_jury *jury, struct rf_breaker *breaker, uint64_t who,
                    struct rf_instant now) {
    rf_evidence_forget(&jury->evidence, who);
    if (jury->accuser == who)
        jury->accuser = 0;
    if (jury->suspect != who)
        return false;
    (void)end_suspicion(jury, RF_VERDICT_CLEAR);
    rf_breaker_forget(breaker, now);
    return true;
}

void rf_jury_dismiss(struct rf_jury *jury) {
    jury->suspect = 0;
    rf_evidence_clear(&jury->evidence);
}
