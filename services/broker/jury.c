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

// ---- what the breaker makes of it ----

// Somebody whose word alone would open the breaker may be suspected, if another one is there to
// confirm it: neither ejected nor held back, for want of a mark, already.
static bool may_be_suspected(const struct rf_jury *jury, uint64_t who, struct rf_fleet fleet) {
    bool held_back =
        jury->suspect != 0 && jury->suspect != who && jury->cause == RF_BREAKER_CAUSE_NONE;
    return who != 0 && jury->ejections.policy.time.ns > 0 &&
           (who == jury->suspect || rf_ejection_room(fleet.alive, fleet.ejected)) &&
           fleet.alive - fleet.ejected - held_back > 1;
}

static enum rf_verdict suspect(struct rf_jury *jury, uint64_t who, enum rf_breaker_cause cause,
                               struct rf_instant now) {
    bool goes_on = jury->suspect == who && jury->cause != RF_BREAKER_CAUSE_NONE;
    jury->cause = cause;
    if (goes_on)
        return RF_VERDICT_COUNT;
    jury->suspect = who;
    jury->since = now;
    jury->until = rf_instant_add(now, jury->ejections.policy.confirm_within);
    return RF_VERDICT_SUSPECT;
}

// The report counts. Where the breaker would open by it, it has to be asked on whose word.
static struct rf_hearing weigh(struct rf_jury *jury, struct rf_breaker *breaker,
                               const struct rf_report *report, struct rf_fleet fleet,
                               struct rf_instant now) {
    struct rf_hearing hearing = {.verdict = RF_VERDICT_COUNT};
    bool by_word = jury->suspect != 0 && jury->cause != RF_BREAKER_CAUSE_NONE;
    rf_breaker_withhold(breaker);
    (void)count(breaker, report, now, &hearing.transition);
    enum rf_breaker_cause cause = rf_breaker_reached(breaker, now);
    uint64_t who = cause == RF_BREAKER_CAUSE_NONE
                       ? 0
                       : rf_evidence_one_word(&jury->evidence, &breaker->policy, cause, now);
    if (may_be_suspected(jury, who, fleet)) {
        hearing.verdict = suspect(jury, who, cause, now);
        return hearing;
    }
    hearing.changed = rf_breaker_release(breaker, now, &hearing.transition);
    if (by_word)
        hearing.verdict = end_suspicion(jury, hearing.changed ? RF_VERDICT_OPEN : RF_VERDICT_CLEAR);
    return hearing;
}

// The culprit's word does not count, be it ejected or not; the report is of another gateway. One
// success opens nothing, even where a single call that is slow would.
static struct rf_hearing acquit(struct rf_breaker *breaker, const struct rf_report *report,
                                enum rf_verdict verdict, struct rf_instant now) {
    struct rf_hearing hearing = {.verdict = verdict};
    rf_breaker_forget(breaker, now);
    rf_breaker_withhold(breaker);
    (void)count(breaker, report, now, &hearing.transition);
    if (rf_breaker_reached(breaker, now) != RF_BREAKER_CAUSE_NONE)
        rf_breaker_forget(breaker, now);
    (void)rf_breaker_release(breaker, now, &hearing.transition);
    return hearing;
}

// Another gateway was served after it: what the accuser met was on its own way, and is no one's
// confirmation.
static void refute(struct rf_jury *jury, const struct rf_word *word) {
    if (word->result && !word->failed && word->who != jury->accuser &&
        !rf_instant_before(word->began, jury->accused))
        jury->accuser = 0;
}

// What another gateway than the suspect says of what it is suspected of: IGNORE: nothing.
static enum rf_verdict confirm(struct rf_jury *jury, const struct rf_word *word,
                               struct rf_fleet fleet) {
    bool mark = jury->cause == RF_BREAKER_CAUSE_NONE;
    // What reached the provider was no trouble on the way.
    if (is_bad(jury, word))
        return mark ? RF_VERDICT_COUNT : RF_VERDICT_OPEN;
    enum rf_verdict verdict =
        is_good(jury, word) ? served_elsewhere(jury, word, fleet) : RF_VERDICT_IGNORE;
    return mark && verdict == RF_VERDICT_IGNORE ? RF_VERDICT_COUNT : verdict;
}

static struct rf_hearing hear_other(struct rf_jury *jury, struct rf_breaker *breaker,
                                    const struct rf_report *report, const struct rf_word *word,
                                    struct rf_fleet fleet, struct rf_instant now) {
    struct rf_hearing hearing = {.verdict = confirm(jury, word, fleet)};
    switch (hearing.verdict) {
    case RF_VERDICT_COUNT:
        return weigh(jury, breaker, report, fleet, now);
    case RF_VERDICT_OPEN:
        (void)count(breaker, report, now, &hearing.transition);
        hearing.changed = rf_breaker_release(breaker, now, &hearing.transition);
        (void)end_suspicion(jury, RF_VERDICT_OPEN);
        return hearing;
    case RF_VERDICT_EJECT:
    case RF_VERDICT_CLEAR:
        return acquit(breaker, report, hearing.verdict, now);
    default:
        return hearing;
    }
}

// Whoever wants a mark and now has a result has reached the provider.
static struct rf_hearing hear_suspect(struct rf_jury *jury, struct rf_breaker *breaker,
                                      const struct rf_report *report, const struct rf_word *word,
                                      struct rf_fleet fleet, struct rf_instant now) {
    bool reached = jury->cause == RF_BREAKER_CAUSE_NONE && word->result;
    if (reached)
        (void)end_suspicion(jury, RF_VERDICT_CLEAR);
    struct rf_hearing hearing = weigh(jury, breaker, report, fleet, now);
    if (reached && hearing.verdict == RF_VERDICT_COUNT)
        hearing.verdict = RF_VERDICT_CLEAR;
    return hearing;
}

struct rf_hearing rf_jury_hear(struct rf_jury *jury, struct rf_breaker *breaker,
                               const struct rf_report *report, struct rf_fleet fleet,
                               struct rf_instant now) {
    struct rf_hearing hearing = {.verdict = RF_VERDICT_COUNT};
    if (!matters(breaker, report)) {
        hearing.changed = count(breaker, report, now, &hearing.transition);
        return hearing;
    }
    if (rf_ejections_exclude(&jury->ejections, report->who, report->ticket.began)) {
        hearing.verdict = RF_VERDICT_IGNORE;
        return hearing;
    }
    struct rf_word word = word_of(breaker, report, now);
    // Also what decides a suspicion, or its good end would be unknown to the next one.
    rf_evidence_add(&jury->evidence, &word);
    refute(jury, &word);
    if (jury->suspect != 0)
        return jury->suspect == word.who ? hear_suspect(jury, breaker, report, &word, fleet, now)
                                         : hear_other(jury, breaker, report, &word, fleet, now);
    if (word.failed && jury->ejections.policy.time.ns > 0 &&
        rf_ejection_room(fleet.alive, fleet.ejected) &&
        rf_evidence_alone(&jury->evidence, word.who, &breaker->policy, now)) {
        hearing.verdict = eject(jury, word.who);
        rf_breaker_forget(breaker, now);
        return hearing;
    }
    return weigh(jury, breaker, report, fleet, now);
}

struct rf_hearing rf_jury_wait(struct rf_jury *jury, struct rf_breaker *breaker,
                               struct rf_fleet fleet, struct rf_instant now) {
    struct rf_hearing hearing = {.verdict = RF_VERDICT_IGNORE};
    bool others = fleet.alive - fleet.ejected > 1;
    if (jury->suspect == 0 || (others && rf_instant_before(now, jury->until)))
        return hearing;
    if (jury->cause != RF_BREAKER_CAUSE_NONE)
        hearing.changed = rf_breaker_release(breaker, now, &hearing.transition);
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
