#include "dial.h"

#include <stdio.h>
#include <string.h>

#include "follow.h"
#include "reason.h"

// A call that is older than its attempt by so much can still be its own: a clock was off by hours,
// as one that was set to another zone's time is, or has been set since.
#define DAY rf_seconds(86400)

static struct rf_utc later(struct rf_utc a, struct rf_utc b) {
    return a.ns > b.ns ? a : b;
}

static struct rf_duration longer(struct rf_duration a, struct rf_duration b) {
    return a.ns > b.ns ? a : b;
}

// How long after its last moment to be sent a dial is proven absent: as it was configured when it
// was begun, or is now. Moments move when the clock is set (rf_dial_clock_set), this does not.
static struct rf_duration after_sending(const struct rf_dial *dial, const struct rf_rules *rules) {
    struct rf_duration now = rf_ns(
        rf_ns_add(rf_ns_add(rules->http_timeout.ns, rules->list_lag.ns), rules->clock_skew.ns));
    return longer(rf_utc_since(dial->proven_after, dial->send_before), now);
}

void rf_dial_begin(struct rf_dial *dial, const char *id, const struct rf_rules *rules,
                   struct rf_utc now) {
    *dial = (struct rf_dial){.state = RF_DIAL_INTENT,
                             .created = now,
                             .send_before = rf_utc_add(now, rules->send_margin),
                             .within = rules->http_timeout};
    dial->proven_after = rf_dial_ask_at(dial, rules);
    rf_plan_copy(dial->id, sizeof dial->id, id);
}

void rf_dial_question(struct rf_dial *dial, const char *id, const struct rf_contact *contact,
                      const struct rf_rules *rules, struct rf_utc restored) {
    rf_dial_begin(dial, id, rules, restored);
    dial->created = contact->ask_since;
    dial->question = true;
}

struct rf_utc rf_dial_ask_at(const struct rf_dial *dial, const struct rf_rules *rules) {
    return rf_utc_add(dial->send_before, after_sending(dial, rules));
}

// The same from the intent on.
static struct rf_duration proof_takes(const struct rf_dial *dial, const struct rf_rules *rules) {
    return rf_ns(rf_ns_add(rules->send_margin.ns, after_sending(dial, rules).ns));
}

struct rf_utc rf_dial_first_asked(const struct rf_dial *dial, const struct rf_rules *rules,
                                  struct rf_duration known, struct rf_utc now) {
    struct rf_utc at = rf_dial_ask_at(dial, rules);
    struct rf_utc by_own_clock =
        rf_utc_add(now, rf_ns(rf_ns_sub(proof_takes(dial, rules).ns, known.ns)));
    return at.ns < by_own_clock.ns ? at : by_own_clock;
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
    move(&dial->proven_after, step);
    move(&dial->denied, step);
    move(&dial->unsure, step);
}

void rf_dial_distrust(struct rf_dial *dial, const struct rf_rules *rules, struct rf_utc now) {
    if (dial->created.ns <= rf_utc_add(now, rules->clock_skew).ns)
        return;
    struct rf_duration proof = rf_utc_since(dial->proven_after, dial->send_before);
    dial->created = rf_utc_add(now, rf_ns(-DAY.ns));
    dial->send_before = rf_utc_add(now, rules->send_margin);
    dial->proven_after = rf_utc_add(dial->send_before, proof);
}

struct rf_utc rf_dial_unsure_after(const struct rf_dial *dial, struct rf_utc now) {
    struct rf_utc earlier = dial->created.ns < now.ns ? dial->created : now;
    return rf_utc_add(earlier, rf_ns(-DAY.ns));
}

static const char *sid_of(const json_t *call) {
    const char *sid = json_string_value(json_object_get(call, "sid"));
    return sid && sid[0] && strlen(sid) < RF_SID_SIZE ? sid : NULL;
}

// The first call of the answer with a usable sid that is, or is not, older than the attempt by the
// clocks: whatever is listed is not one of those that we know, and goes to the number that only
// this attempt may dial.
static json_t *find(const struct rf_call_reply *reply, bool older) {
    size_t i;
    json_t *call;
    json_array_foreach(json_object_get(reply->result, "calls"), i, call) {
        if (sid_of(call) && json_is_true(json_object_get(call, "older")) == older)
            return call;
    }
    return NULL;
}

static void adopt(const char *sid, const char *status, const struct rf_rules *rules,
                  struct rf_utc now, struct rf_plan *plan) {
    rf_plan_copy(plan->sid, sizeof plan->sid, sid);
    rf_plan_copy(plan->status, sizeof plan->status, status);
    plan->to = RF_CONTACT_FOLLOW;
    plan->dial = RF_DIAL_PLACED;
    plan->due = rf_utc_add(now, rf_follow_interval(rf_ns(0), rules));
    plan->deferrals = 0;
    plan->spent = 0;
}

void rf_dial_told(const struct rf_contact *contact, const char *sid, const struct rf_rules *rules,
                  struct rf_utc now, struct rf_plan *plan) {
    rf_plan_stay(contact, plan);
    rf_plan_copy(plan->provider, sizeof plan->provider, rf_provider_name(RF_PROVIDER_TWILIO));
    adopt(sid, "", rules, now, plan);
}

bool rf_dial_interrupted(const char *reason) {
    return reason && (strcmp(reason, rf_reason_name(RF_REASON_RESTARTED)) == 0 ||
                      strcmp(reason, rf_reason_name(RF_REASON_ASK_WORKER_LOST)) == 0);
}

static void interrupted(const struct rf_contact *contact, struct rf_plan *plan) {
    plan->interruptions = contact->interruptions + 1;
    if (plan->interruptions < RF_DIAL_INTERRUPTIONS) {
        plan->to = RF_CONTACT_DIAL;
        return;
    }
    plan->to = RF_CONTACT_SET_ASIDE;
    plan->class = RF_CLASS_LOCAL;
    rf_plan_copy(plan->reason, sizeof plan->reason, rf_reason_name(RF_REASON_INTERRUPTED));
    (void)snprintf(
        plan->message, sizeof plan->message,
        "%lld times an orchestrator or a gateway was lost with its dial in hand, and the "
        "provider has no call of them",
        (long long)plan->interruptions);
}

static void absent(const struct rf_contact *contact, const struct rf_rules *rules,
                   struct rf_plan *plan) {
    plan->dial = RF_DIAL_ABSENT;
    if (contact->dial.question) {
        plan->to = RF_CONTACT_DIAL;
        return;
    }
    if (contact->dial.interrupted) {
        interrupted(contact, plan);
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

// It will not be known: to ask on would be for ever, and without a word.
static void unknown(const char *message, struct rf_plan *plan) {
    plan->to = RF_CONTACT_SET_ASIDE;
    plan->dial = RF_DIAL_ENDED;
    plan->class = RF_CLASS_AMBIGUOUS;
    rf_plan_copy(plan->reason, sizeof plan->reason, rf_reason_name(RF_REASON_CALL_UNKNOWN));
    rf_plan_copy(plan->message, sizeof plan->message, message);
}

// A call is listed that nobody here knows of, older than the attempt. It may be another program's,
// and the clocks may be wrong: it proves nothing, neither way. `over`: nothing can come any more.
static void unsure(const json_t *call, struct rf_dial *dial, const struct rf_rules *rules,
                   bool over, struct rf_utc now, struct rf_plan *plan) {
    char message[256];
    if (dial->unsure.ns == 0)
        dial->unsure = now;
    if (!over || rf_utc_since(now, dial->unsure).ns < rules->lost_after.ns)
        return;
    (void)snprintf(message, sizeof message,
                   "the provider lists call %s, made up to a day before the dial by the clocks here"
                   " and there, and nobody here knows of it: it may be this one",
                   sid_of(call));
    unknown(message, plan);
}

void rf_dial_asked(const struct rf_contact *contact, struct rf_dial *dial,
                   const struct rf_call_reply *reply, const struct rf_rules *rules,
                   struct rf_utc asked, struct rf_duration known, struct rf_utc now,
                   struct rf_plan *plan) {
    struct rf_utc ask_at = rf_dial_ask_at(dial, rules);
    struct rf_duration known_now = rf_ns(rf_ns_add(known.ns, rf_utc_since(now, asked).ns));
    struct rf_duration needed = proof_takes(dial, rules);
    rf_plan_stay(contact, plan);
    rf_plan_copy(plan->provider, sizeof plan->provider, reply->provider);
    plan->due = rf_utc_add(now, rules->poll_max);
    bool over = now.ns >= ask_at.ns && known_now.ns >= needed.ns;
    if (rf_follow_denied(reply, rules, &dial->denied, now) && over) {
        unknown(reply->message, plan);
        return;
    }
    if (!reply->ok || !json_is_array(json_object_get(reply->result, "calls")))
        return;
    json_t *call = find(reply, false);
    if (call) {
        adopt(json_string_value(json_object_get(call, "sid")),
              json_string_value(json_object_get(call, "status")), rules, now, plan);
        plan->created.ns = json_integer_value(json_object_get(call, "created"));
        return;
    }
    call = find(reply, true);
    if (call) {
        unsure(call, dial, rules, over, now, plan);
        return;
    }
    // Something is listed, but nothing that we can name: that proves no absence.
    if (json_array_size(json_object_get(reply->result, "calls")) > 0)
        return;
    dial->unsure = (struct rf_utc){0};
    if (asked.ns < ask_at.ns || known.ns < needed.ns) {
        plan->due = later(later(ask_at, now), rf_utc_add(now, rf_ns(needed.ns - known_now.ns)));
        return;
    }
    struct rf_duration lag = rules->list_lag;
    struct rf_duration again = rf_ns(rf_ns_add(dial->last_absence.ns, lag.ns));
    if (dial->absences == 0 || known.ns >= again.ns) {
        dial->absences++;
        dial->last_absence = known_now;
        again = rf_ns(rf_ns_add(known_now.ns, lag.ns));
    }
    if (dial->absences >= RF_DIAL_PROOFS)
        absent(contact, rules, plan);
    else
        plan->due = rf_utc_add(now, rf_ns(again.ns - known_now.ns));
}
