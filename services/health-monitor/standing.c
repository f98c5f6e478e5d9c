#include "standing.h"

#include <stdio.h>
#include <string.h>

void health_standing_restore(struct health_standing *standing, enum health_status status,
                             struct rf_utc since, const char *why) {
    *standing = (struct health_standing){
        .status = status, .told = status, .since = since, .cause = "probes"};
    snprintf(standing->why, sizeof standing->why, "%s", why);
}

struct opinion {
    enum health_status status;
    const char *cause;
    char why[2 * HEALTH_WHY_SIZE + 64];
};

static struct opinion opinion_of(const struct health_probes *probes,
                                 const struct health_passive *passive) {
    enum health_status shown = probes->status, heard = passive->status;
    struct opinion opinion = {.status = shown > heard ? shown : heard, .cause = "probes"};
    if (shown == HEALTH_DOWN && heard == HEALTH_UP) {
        opinion.status = HEALTH_DEGRADED;
        snprintf(opinion.why, sizeof opinion.why, "calls succeed, but its probes fail: %s",
                 probes->why);
    } else if (heard <= HEALTH_UP || shown > heard) {
        snprintf(opinion.why, sizeof opinion.why, "%s",
                 shown == HEALTH_UNKNOWN && heard == HEALTH_UP ? passive->why : probes->why);
        opinion.cause = shown == HEALTH_UNKNOWN && heard == HEALTH_UP ? "calls" : "probes";
    } else if (shown == heard) {
        snprintf(opinion.why, sizeof opinion.why, "%s; %s", probes->why, passive->why);
        opinion.cause = "both";
    } else {
        snprintf(opinion.why, sizeof opinion.why, "%s%s%s", passive->why,
                 shown == HEALTH_UP ? ", though it answers probes: " : "",
                 shown == HEALTH_UP ? probes->why : "");
        opinion.cause = "calls";
    }
    return opinion;
}

static bool take(struct health_standing *standing, const struct opinion *opinion,
                 struct rf_utc since, struct rf_utc now) {
    standing->cause = opinion->cause;
    snprintf(standing->why, sizeof standing->why, "%.*s", (int)sizeof standing->why - 1,
             opinion->why);
    if (opinion->status == standing->status)
        return false;
    standing->status = opinion->status;
    standing->since = since;
    // What our own side hid and shows again has not changed.
    if (opinion->status != HEALTH_UNKNOWN && opinion->status != standing->told) {
        standing->changes[standing->change_count++ % HEALTH_CHANGES] = now;
        standing->told = opinion->status;
    }
    return true;
}

bool health_standing_look(struct health_standing *standing, const struct health_probes *probes,
                          const struct health_passive *passive, struct rf_utc now,
                          enum health_status *from) {
    struct opinion opinion = opinion_of(probes, passive);
    *from = standing->told;
    if (opinion.status == HEALTH_UNKNOWN)
        opinion.status = standing->status;
    // Its probes know when it began, if it is they that changed: with the first that speaks for it.
    bool by_probes = opinion.status == probes->status && probes->since.ns > standing->since.ns;
    return take(standing, &opinion, by_probes ? probes->since : now, now);
}

bool health_standing_cover(struct health_standing *standing, const char *what,
                           const struct health_passive *passive, struct rf_utc now,
                           enum health_status *from) {
    struct opinion opinion = {.status = HEALTH_UNKNOWN, .cause = "own_side"};
    *from = standing->told;
    if (passive->status == HEALTH_UP) {
        opinion.status = HEALTH_UP;
        opinion.cause = "calls";
        snprintf(opinion.why, sizeof opinion.why, "%s, though we reach no provider from here",
                 passive->why);
    } else {
        snprintf(opinion.why, sizeof opinion.why,
                 strcmp(what, "dns") == 0 ? "our own side: no provider's name is found"
                                          : "our own side: no provider answers");
    }
    return take(standing, &opinion, now, now);
}

static int64_t changes_since(const struct health_standing *standing, struct rf_utc since) {
    int64_t count = 0;
    size_t known =
        standing->change_count < HEALTH_CHANGES ? standing->change_count : HEALTH_CHANGES;
    for (size_t i = 0; i < known; i++)
        count += standing->changes[i].ns > since.ns ? 1 : 0;
    return count;
}

bool health_standing_flaps(struct health_standing *standing, const struct health_flap_rules *rules,
                           struct rf_utc now) {
    bool before = standing->flapping;
    int64_t half = rules->within.ns / (before ? 2 : 1);
    int64_t least = before ? 1 : rules->changes;
    standing->flapping = changes_since(standing, rf_utc_add(now, rf_ns(-half))) >= least;
    return standing->flapping != before;
}
