#include "status.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {[HEALTH_UNKNOWN] = "unknown",
                                    [HEALTH_UP] = "up",
                                    [HEALTH_DEGRADED] = "degraded",
                                    [HEALTH_DOWN] = "down"};

const char *health_status_name(enum health_status status) {
    return (unsigned)status <= HEALTH_DOWN ? names[status] : "unknown";
}

bool health_status_parse(const char *name, enum health_status *status) {
    for (int i = HEALTH_UNKNOWN; name != NULL && i <= HEALTH_DOWN; i++)
        if (strcmp(name, names[i]) == 0) {
            *status = (enum health_status)i;
            return true;
        }
    return false;
}

static bool has_text(const struct health_answer *answer, const char *text) {
    return text == NULL || (answer->body != NULL &&
                            memmem(answer->body, answer->body_size, text, strlen(text)) != NULL);
}

static enum health_status judge_good(const struct health_answer *answer,
                                     const struct health_conditions *conditions, char *why) {
    if (!has_text(answer, conditions->expect)) {
        snprintf(why, HEALTH_WHY_SIZE, "HTTP %ld without the text of probe_expect", answer->status);
        return HEALTH_DOWN;
    }
    if (conditions->slow_after.ns > 0 && answer->took.ns > conditions->slow_after.ns) {
        snprintf(why, HEALTH_WHY_SIZE, "HTTP %ld after %.1f s (slow beyond %.3g s)", answer->status,
                 rf_duration_s(answer->took), rf_duration_s(conditions->slow_after));
        return HEALTH_DEGRADED;
    }
    snprintf(why, HEALTH_WHY_SIZE, "HTTP %ld", answer->status);
    return HEALTH_UP;
}

struct health_verdict health_judge(const struct health_answer *answer,
                                   const struct health_conditions *conditions) {
    long status = answer->status;
    struct health_verdict verdict = {
        .status = HEALTH_DOWN,
        .ours = status == 401 || status == 403 || (status == 0 && answer->our_fault),
    };
    if (status == 0)
        snprintf(verdict.why, sizeof verdict.why, "%s",
                 answer->failure_text[0] != '\0' ? answer->failure_text : "no answer");
    else if (status == 401 || status == 403)
        snprintf(verdict.why, sizeof verdict.why, "it refuses our key (HTTP %ld)", status);
    else if (status >= 200 && status <= 299)
        verdict.status = judge_good(answer, conditions, verdict.why);
    else if (status != 429)
        snprintf(verdict.why, sizeof verdict.why, "HTTP %ld", status);
    else {
        verdict.status = HEALTH_UP;
        snprintf(verdict.why, sizeof verdict.why, "it works, and limits our rate (HTTP 429)");
    }
    return verdict;
}

void health_restore(struct health_probes *probes, enum health_status status, struct rf_utc since,
                    const char *why) {
    if (status == HEALTH_UNKNOWN)
        return;
    *probes = (struct health_probes){.status = status, .since = since};
    snprintf(probes->why, sizeof probes->why, "%s", why);
}

static void settle(struct health_probes *probes, enum health_status status, const char *why,
                   struct rf_utc since) {
    probes->status = status;
    probes->since = since;
    probes->streak = 0;
    memmove(probes->why, why, sizeof probes->why);
}

// What nothing is known of is not said to be bad before that is sure.
static bool is_worse(const struct health_probes *probes, enum health_status status) {
    return status > (probes->status == HEALTH_UNKNOWN ? HEALTH_UP : probes->status);
}

// A row of answers on the other side of the status is another row.
static void count(struct health_probes *probes, enum health_status status, struct rf_utc now) {
    bool worse = is_worse(probes, status);
    if (probes->streak == 0 || is_worse(probes, probes->streak_status) != worse) {
        probes->streak = 0;
        probes->streak_since = now;
        probes->streak_status = status;
    }
    if (worse ? status < probes->streak_status : status > probes->streak_status)
        probes->streak_status = status;
    probes->streak++;
}

bool health_record(struct health_probes *probes, const struct health_verdict *verdict, int64_t rise,
                   int64_t fall, struct rf_utc now, enum health_status *from) {
    *from = probes->status;
    if (verdict->ours) {
        memcpy(probes->why, verdict->why, sizeof probes->why);
        return false;
    }
    if (probes->status == HEALTH_UNKNOWN && verdict->status == HEALTH_UP) {
        settle(probes, HEALTH_UP, verdict->why, now);
        return true;
    }
    if (verdict->status == probes->status) {
        probes->streak = 0;
        memcpy(probes->why, verdict->why, sizeof probes->why);
        return false;
    }
    count(probes, verdict->status, now);
    memcpy(probes->streak_why, verdict->why, sizeof probes->streak_why);
    if (probes->streak < (is_worse(probes, verdict->status) ? fall : rise))
        return false;
    settle(probes, probes->streak_status, verdict->why, probes->streak_since);
    return true;
}

bool health_settle(struct health_probes *probes, int64_t fall) {
    if (probes->streak < fall || !is_worse(probes, probes->streak_status))
        return false;
    settle(probes, probes->streak_status, probes->streak_why, probes->streak_since);
    return true;
}

void health_forget(struct health_probes *probes) {
    probes->streak = 0;
}
