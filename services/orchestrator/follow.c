#include "follow.h"
#include "reason.h"

#include <string.h>

bool rf_follow_terminal(const char *status) {
    static const char *const terminal[] = {"completed", "busy", "failed", "no-answer", "canceled"};
    for (size_t i = 0; status && i < sizeof terminal / sizeof *terminal; i++)
        if (strcmp(status, terminal[i]) == 0)
            return true;
    return false;
}

struct rf_duration rf_follow_interval(struct rf_duration previous, const struct rf_rules *rules) {
    if (rules->told_poll.ns > 0)
        return rules->told_poll;
    struct rf_duration next =
        previous.ns <= 0 ? rules->poll_initial : rf_ns(rf_ns_add(previous.ns, previous.ns / 2));
    return next.ns < rules->poll_max.ns ? next : rules->poll_max;
}

bool rf_follow_denied(const struct rf_call_reply *reply, const struct rf_rules *rules,
                      struct rf_utc *since, struct rf_utc now) {
    enum rf_class class;
    bool denied = !reply->ok && reply->class && rf_class_parse(reply->class, &class) &&
                  class == RF_CLASS_PERMANENT_INVALID;
    if (reply->ok)
        *since = (struct rf_utc){0};
    else if (denied && since->ns == 0)
        *since = now;
    return denied && rf_utc_since(now, *since).ns >= rules->lost_after.ns;
}

static void set_aside(const struct rf_call_reply *reply, struct rf_plan *plan) {
    plan->to = RF_CONTACT_SET_ASIDE;
    plan->dial = RF_DIAL_ENDED;
    plan->class = RF_CLASS_PERMANENT_INVALID;
    rf_plan_copy(plan->reason, sizeof plan->reason, rf_reason_name(RF_REASON_CALL_LOST));
    rf_plan_copy(plan->message, sizeof plan->message, reply->message);
}

void rf_follow_answer(const struct rf_contact *contact, const struct rf_call_reply *reply,
                      const struct rf_rules *rules, struct rf_follow *follow, struct rf_utc now,
                      struct rf_plan *plan) {
    rf_plan_stay(contact, plan);
    rf_plan_copy(plan->provider, sizeof plan->provider, reply->provider);
    rf_plan_copy(plan->sid, sizeof plan->sid, contact->dial.sid);
    const char *status =
        reply->ok ? json_string_value(json_object_get(reply->result, "status")) : NULL;
    if (rf_follow_terminal(status)) {
        rf_plan_copy(plan->status, sizeof plan->status, status);
        json_t *duration = json_object_get(reply->result, "duration_s");
        if (json_is_number(duration))
            plan->duration_s = (int64_t)json_number_value(duration);
        plan->to = RF_CONTACT_DONE;
        plan->dial = RF_DIAL_ENDED;
        return;
    }
    if (rf_follow_denied(reply, rules, &follow->missing, now)) {
        set_aside(reply, plan);
        return;
    }
    follow->interval = rf_follow_interval(follow->interval, rules);
    plan->due = rf_utc_add(now, follow->interval);
}
