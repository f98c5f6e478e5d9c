#include "passive.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEPT_WINDOWS 10
#define STAYS        0.75 // of the share that made it so

static int64_t number_at(const struct health_passive *passive, struct rf_instant now) {
    return now.ns / passive->slot.ns;
}

void health_passive_restore(struct health_passive *passive, enum health_status status,
                            struct rf_instant now) {
    passive->status = status == HEALTH_UP ? HEALTH_UNKNOWN : status;
    passive->heard = now;
    snprintf(passive->why, sizeof passive->why, "calls failed before the monitor's restart");
}

void health_passive_heard(struct health_passive *passive, const struct rf_measure *measure,
                          const struct health_passive_rules *rules, struct rf_instant now) {
    struct rf_duration slot = rf_ns(rules->window.ns / HEALTH_SLOTS);
    if (slot.ns != passive->slot.ns) { // another window: what was heard cannot be split anew
        memset(passive->slots, 0, sizeof passive->slots);
        passive->slot = slot;
    }
    int64_t number = number_at(passive, now);
    size_t at = (size_t)(number % HEALTH_SLOTS);
    if (passive->slots[at].number != number)
        memset(&passive->slots[at], 0, sizeof passive->slots[at]);
    passive->slots[at].number = number;
    rf_measure_merge(&passive->slots[at].measure, measure);
    passive->heard = now;
}

void health_passive_latest(const struct health_passive *passive, int64_t least,
                           struct rf_instant now, struct rf_measure *sum) {
    memset(sum, 0, sizeof *sum);
    if (passive->slot.ns == 0)
        return;
    int64_t number = number_at(passive, now);
    for (int64_t back = 0; back < HEALTH_SLOTS && back <= number && rf_measure_total(sum) < least;
         back++) {
        size_t at = (size_t)((number - back) % HEALTH_SLOTS);
        if (passive->slots[at].number == number - back)
            rf_measure_merge(sum, &passive->slots[at].measure);
    }
}

static enum health_status by_share(enum health_status status, double share,
                                   const struct health_passive_rules *rules) {
    double down = rules->down * (status == HEALTH_DOWN ? STAYS : 1.0);
    double degraded = rules->degraded * (status >= HEALTH_DEGRADED ? STAYS : 1.0);
    if (share >= down)
        return HEALTH_DOWN;
    return share >= degraded ? HEALTH_DEGRADED : HEALTH_UP;
}

// Too few attempts for a share.
static enum health_status by_few(const struct health_passive *passive, int64_t total,
                                 int64_t failed, const struct health_passive_rules *rules,
                                 struct rf_instant now) {
    struct rf_duration silent = rf_instant_since(now, passive->heard);
    bool fine = total > 0 && failed == 0;
    if (passive->status <= HEALTH_UP || fine || silent.ns / KEPT_WINDOWS >= rules->window.ns)
        return HEALTH_UNKNOWN;
    return passive->status;
}

void health_passive_forget(struct health_passive *passive) {
    memset(passive, 0, sizeof *passive);
}

bool health_passive_look(struct health_passive *passive, const struct health_passive_rules *rules,
                         struct rf_instant now) {
    struct rf_measure sum;
    health_passive_latest(passive, rules->minimum, now, &sum);
    int64_t total = rf_measure_total(&sum), failed = rf_measure_failed(&sum);
    enum health_status before = passive->status;
    if (total < rules->minimum) {
        passive->status = by_few(passive, total, failed, rules, now);
        return passive->status != before;
    }
    passive->status = by_share(before, (double)failed / (double)total, rules);
    snprintf(passive->why, sizeof passive->why,
             "%" PRId64 " of the latest %" PRId64 " attempts failed", failed, total);
    return passive->status != before;
}
