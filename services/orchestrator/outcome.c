#include "outcome.h"
#include "reason.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum rf_unreached rf_outcome_unreached(const char *status, const char *answered_by) {
    enum rf_unreached how = RF_UNREACHED_NONE;
    // Twilio's AnsweredBy: human, unknown, fax, machine_start, machine_end_beep and so on.
    bool machine =
        answered_by && (strncmp(answered_by, "machine", 7) == 0 || strcmp(answered_by, "fax") == 0);
    if (strcmp(status, "completed") == 0)
        how = machine ? RF_UNREACHED_VOICEMAIL : RF_UNREACHED_NONE;
    else
        (void)rf_unreached_parse(status, &how);
    return how;
}

int64_t rf_outcome_calls(const int64_t unreached[RF_UNREACHED_COUNT]) {
    int64_t calls = 0;
    for (int i = 0; i < RF_UNREACHED_COUNT; i++)
        calls += unreached[i];
    return calls;
}

bool rf_outcome_wait(const struct rf_config_recall *recall, int64_t number,
                     struct rf_duration *wait) {
    const struct rf_duration *waits = recall->waits.items;
    if (recall->waits.count > 0) {
        if (number > (int64_t)recall->waits.count)
            return false;
        *wait = waits[number - 1];
        return true;
    }
    if (number > recall->retries)
        return false;
    double ns = (double)recall->delay.ns, most = (double)recall->max_delay.ns;
    for (int64_t i = 1; i < number && ns < most; i++)
        ns *= recall->backoff_factor;
    *wait = ns < most ? rf_ns((int64_t)ns) : recall->max_delay;
    return true;
}

struct rf_calling rf_outcome_calling(const struct rf_config_campaign *campaign,
                                     enum rf_unreached last_unreached, const struct rf_zone *zone,
                                     const struct rf_holidays *holidays) {
    struct rf_calling calling = {
        .zone = zone, .windows = rf_config_hours(&campaign->windows), .holidays = holidays};
    calling.narrower = rf_config_hours(&campaign->recall[last_unreached].windows);
    return calling;
}

// "2026-11-30 09:00": by the clock on the wall there.
static void local_text(const struct rf_zone *zone, struct rf_utc at, char *out, size_t size) {
    int64_t second = at.ns / RF_NS_PER_S;
    time_t local = second + rf_zone_span(zone, second, second + 1).offset_s;
    struct tm date;
    if (strftime(out, size, "%Y-%m-%d %H:%M", gmtime_r(&local, &date)) == 0)
        out[0] = '\0';
}

static void set_aside(struct rf_plan *plan, enum rf_reason reason, const char *message) {
    plan->to = RF_CONTACT_SET_ASIDE;
    plan->class = RF_CLASS_LOCAL;
    rf_plan_copy(plan->reason, sizeof plan->reason, rf_reason_name(reason));
    rf_plan_copy(plan->message, sizeof plan->message, message);
}

static bool always_open(const struct rf_calling *calling) {
    return calling->windows.count == 0 && calling->narrower.count == 0 && !calling->holidays;
}

// Whether a window is open at `due`, until plan->due; if not, the contact is put off to the next.
static bool into_window(const struct rf_calling *calling, const char *zone_name, struct rf_utc due,
                        struct rf_plan *plan) {
    if (!calling->zone && !always_open(calling)) {
        char message[sizeof plan->message];
        (void)snprintf(message, sizeof message,
                       "nobody knows what time it is there: the system has no time zone %s",
                       zone_name);
        set_aside(plan, RF_REASON_TIME_ZONE_UNKNOWN, message);
        return false;
    }
    struct rf_calling_answer answer = rf_calling_at(calling, due);
    plan->due = answer.until;
    if (answer.why == RF_CALLING_OPEN)
        return true;
    if (answer.until.ns == RF_CALLING_NEVER.ns) {
        set_aside(plan, RF_REASON_NO_WINDOW,
                  "no calling window opens within a year: see campaign.windows and "
                  "campaign.holidays");
        return false;
    }
    char until[32];
    local_text(calling->zone, answer.until, until, sizeof until);
    plan->to = RF_CONTACT_WAIT_WINDOW;
    rf_plan_copy(plan->reason, sizeof plan->reason, rf_calling_why_name(answer.why));
    char message[sizeof plan->message + RF_HOLIDAYS_NAME_MAX];
    (void)snprintf(message, sizeof message, "%s%s%s; its window opens at %s %s",
                   answer.why == RF_CALLING_HOLIDAY   ? "holiday"
                   : answer.why == RF_CALLING_WEEKDAY ? "nobody is called on this weekday"
                                                      : "outside calling hours",
                   answer.holiday && answer.holiday[0] ? ": " : "",
                   answer.holiday ? answer.holiday : "", until, zone_name);
    rf_plan_copy(plan->message, sizeof plan->message, message);
    return false;
}

// What stands in messages: the contact's zone.
static const char *zone_name(const struct rf_contact *contact,
                             const struct rf_config_campaign *campaign) {
    const char *name = contact->time_zone ? contact->time_zone : campaign->time_zone;
    return name ? name : "UTC";
}

// Counts the call that ended, which nothing follows yet.
static void count(enum rf_unreached how, struct rf_plan *plan) {
    plan->unreached[how]++;
    plan->last_unreached = how;
    rf_plan_copy(plan->status, sizeof plan->status, rf_unreached_name(how));
    plan->to = RF_CONTACT_DONE;
    plan->dial = RF_DIAL_ENDED;
    plan->judged = true;
}

void rf_outcome_ended(const struct rf_contact *contact, enum rf_unreached how,
                      const struct rf_config_campaign *campaign, const struct rf_zone *zone,
                      const struct rf_holidays *holidays, struct rf_utc now, struct rf_plan *plan) {
    struct rf_duration wait;
    count(how, plan);
    int64_t calls = rf_outcome_calls(plan->unreached);
    if (calls >= campaign->max_calls ||
        !rf_outcome_wait(&campaign->recall[how], plan->unreached[how], &wait))
        return;
    plan->to = RF_CONTACT_WAIT_RETRY;
    plan->step = RF_STEP_DIAL;
    plan->class = RF_CLASS_OK;
    rf_plan_copy(plan->reason, sizeof plan->reason, rf_unreached_name(how));
    (void)snprintf(plan->message, sizeof plan->message, "call %lld of at most %lld ended: %s",
                   (long long)calls, (long long)campaign->max_calls, rf_unreached_name(how));
    const struct rf_calling calling = rf_outcome_calling(campaign, how, zone, holidays);
    struct rf_utc due = rf_utc_add(now, wait);
    if ((!zone && !always_open(&calling)) ||
        into_window(&calling, zone_name(contact, campaign), due, plan))
        plan->due = due;
}

void rf_outcome_unjudged(enum rf_unreached how, const char *problem, const struct rf_rules *rules,
                         struct rf_utc now, struct rf_plan *plan) {
    count(how, plan);
    plan->to = RF_CONTACT_WAIT_RETRY;
    plan->step = RF_STEP_DIAL;
    plan->class = RF_CLASS_LOCAL;
    plan->due = rf_utc_add(now, rules->defer_delay);
    rf_plan_copy(plan->reason, sizeof plan->reason, rf_reason_name(RF_REASON_SETTINGS));
    rf_plan_copy(plan->message, sizeof plan->message, problem);
}

bool rf_outcome_needs_zone(const struct rf_contact *contact,
                           const struct rf_config_campaign *campaign,
                           const struct rf_holidays *holidays) {
    const struct rf_calling calling =
        rf_outcome_calling(campaign, contact->last_unreached, NULL, holidays);
    return !always_open(&calling);
}

// Whether no further call follows the last one: the cap or the plan may have become smaller while
// the contact waited, or were not known when its call ended.
static bool used_up(const struct rf_contact *contact, const struct rf_config_campaign *campaign) {
    enum rf_unreached how = contact->last_unreached;
    struct rf_duration wait;
    if (how == RF_UNREACHED_NONE || contact->unreached[how] == 0)
        return false;
    return rf_outcome_calls(contact->unreached) >= campaign->max_calls ||
           !rf_outcome_wait(&campaign->recall[how], contact->unreached[how], &wait);
}

bool rf_outcome_may_dial(const struct rf_contact *contact,
                         const struct rf_config_campaign *campaign, const struct rf_zone *zone,
                         const struct rf_holidays *holidays, struct rf_utc now,
                         struct rf_plan *plan) {
    const struct rf_calling calling =
        rf_outcome_calling(campaign, contact->last_unreached, zone, holidays);
    rf_plan_stay(contact, plan);
    if (used_up(contact, campaign)) {
        plan->to = RF_CONTACT_DONE;
        rf_plan_copy(plan->status, sizeof plan->status, rf_unreached_name(contact->last_unreached));
        return false;
    }
    return into_window(&calling, zone_name(contact, campaign), now, plan);
}
