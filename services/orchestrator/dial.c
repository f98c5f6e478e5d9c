#include "dial.h"

#include <stdio.h>
#include <string.h>

#include "follow.h"
#include "reason.h"

void rf_dial_begin(struct rf_dial *dial, const char *id, const struct rf_rules *rules,
                   struct rf_utc now) {
    *dial = (struct rf_dial){.state = RF_DIAL_INTENT,
                             .created = now,
                             .send_before = rf_utc_add(now, rules->send_margin)};
    rf_plan_copy(dial->id, sizeof dial->id, id);
}

void rf_dial_question(struct rf_dial *dial, const char *id, const struct rf_contact *contact,
                      const struct rf_rules *rules, struct rf_utc restored) {
    rf_dial_begin(dial, id, rules, restored);
    dial->created = contact->ask_since;
}

struct rf_utc rf_dial_ask_at(const struct rf_dial *dial, const struct rf_rules *rules) {
    struct rf_utc at = rf_utc_add(dial->send_before, rules->http_timeout);
    return rf_utc_add(rf_utc_add(at, rules->list_lag), rules->clock_skew);
}

struct rf_utc rf_dial_created_after(const struct rf_dial *dial, const struct rf_rules *rules) {
    struct rf_duration slack = rf_ns(rf_ns_add(rules->clock_skew.ns, RF_NS_PER_S));
    return rf_utc_add(dial->created, rf_ns(-slack.ns));
}

static void move(struct rf_utc *noted, struct rf_duration step) {
    if (noted->ns != 0)
        *noted = rf_utc_add(*noted, step);
}

void rf_dial_clock_set(struct rf_dial *dial, struct rf_duration step) {
    if (step.ns < 0)
        move(&dial->created, step);
    move(&dial->send_before, step);
    move(&dial->last_absence, step);
    move(&dial->denied, step);
}

#define DAY rf_seconds(86400)

void rf_dial_distrust(struct rf_dial *dial, const struct rf_rules *rules, struct rf_utc now) {
    if (dial->created.ns <= rf_utc_add(now, rules->clock_skew).ns)
        return;
    dial->created = rf_utc_add(now, rf_ns(-DAY.ns));
    dial->send_before = rf_utc_add(now, rules->send_margin);
}

// The first call of the answer that has a usable sid: whatever is listed is not one of those that
// we know, was created since the intent, and goes to the number that only this attempt may dial.
static json_t *find(const struct rf_call_reply *reply) {
    size_t i;
    json_t *call;
    json_array_foreach(json_object_get(reply->result, "calls"), i, call) {
        const char *sid = json_string_value(json_object_get(call, "sid"));
        if (sid && sid[0] && strlen(sid) < RF_SID_SIZE)
            return call;
    }
    return NULL;
}

static void adopt(json_t *call, const struct rf_rules *rules, struct rf_utc now,
                  struct rf_plan *plan) {
    rf_plan_copy(plan->sid, sizeof plan->sid, json_string_value(json_object_get(call, "sid")));
    rf_plan_copy(plan->status, sizeof plan->status,
                 json_string_value(json_object_get(call, "status")));
    plan->to = RF_CONTACT_FOLLOW;
    plan->dial = RF_DIAL_PLACED;
    plan->due = rf_utc_add(now, rules->poll_initial);
    plan->deferrals = 0;
    plan->spent = 0;
}

static void absent(const struct rf_contact *contact, const struct rf_rules *rules,
                   struct rf_plan *plan) {
    plan->dial = RF_DIAL_ABSENT;
    if (contact->ask_since.ns != 0) {
        plan->to = RF_CONTACT_DIAL;
        return;
    }
    plan->redials = contact->redials + 1;
    if (plan->redials < rules->max_attempts) {
        plan->to = RF_CONTACT_DIAL;
        return;
    }
    plan->to = RF_CONTACT_SET_ASIDE;
    plan->class = RF_CLASS_AMBIGUOUS;
    rf_plan_copy(plan->reason, sizeof plan->reason, rf_reason_name(RF_REASON_RETRIES_EXHAUSTED));
    (void)snprintf(plan->message, sizeof plan->message,
                   "%lld dials were sent without an answer, and the provider has no call of them",
                   (long long)plan->redials);
}

// The question itself is refused, and for long: to ask on would be for ever, and without a word.
static void unknown(const struct rf_call_reply *reply, struct rf_plan *plan) {
    plan->to = RF_CONTACT_SET_ASIDE;
    plan->dial = RF_DIAL_ENDED;
    plan->class = RF_CLASS_AMBIGUOUS;
    rf_plan_copy(plan->reason, sizeof plan->reason, rf_reason_name(RF_REASON_CALL_UNKNOWN));
    rf_plan_copy(plan->message, sizeof plan->message, reply->message);
}

void rf_dial_asked(const struct rf_contact *contact, struct rf_dial *dial,
                   const struct rf_call_reply *reply, const struct rf_rules *rules,
                   struct rf_utc asked, struct rf_utc now, struct rf_plan *plan) {
    rf_plan_stay(contact, plan);
    rf_plan_copy(plan->provider, sizeof plan->provider, reply->provider);
    plan->due = rf_utc_add(now, rules->poll_max);
    if (rf_follow_denied(reply, rules, &dial->denied, now) &&
        now.ns >= rf_dial_ask_at(dial, rules).ns) {
        unknown(reply, plan);
        return;
    }
    if (!reply->ok || !json_is_array(json_object_get(reply->result, "calls")))
        return;
    json_t *call = find(reply);
    if (call) {
        adopt(call, rules, now, plan);
        return;
    }
    // Something is listed, but nothing that we can name: that proves no absence.
    if (json_array_size(json_object_get(reply->result, "calls")) > 0)
        return;
    struct rf_utc ask_at = rf_dial_ask_at(dial, rules);
    if (asked.ns < ask_at.ns) {
        plan->due = ask_at.ns > now.ns ? ask_at : now;
        return;
    }
    struct rf_utc again = rf_utc_add(dial->last_absence, rules->list_lag);
    if (dial->absences == 0 || asked.ns >= again.ns) {
        dial->absences++;
        dial->last_absence = now;
        again = rf_utc_add(now, rules->list_lag);
    }
    if (dial->absences >= RF_DIAL_PROOFS)
        absent(contact, rules, plan);
    else
        plan->due = again;
}
