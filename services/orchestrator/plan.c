#include "plan.h"

#include <stdio.h>
#include <string.h>

#include "follow.h"
#include "reason.h"

void rf_plan_copy(char *out, size_t size, const char *text) {
    size_t length = text ? strnlen(text, size) : 0;
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
            length--;
    }
    if (length > 0)
        memcpy(out, text, length);
    out[length] = '\0';
}

void rf_plan_stay(const struct rf_contact *contact, struct rf_plan *plan) {
    *plan = (struct rf_plan){
        .to = contact->state,
        .step = contact->step,
        .deferrals = contact->deferrals,
        .spent = contact->spent,
        .redials = contact->redials,
        .interruptions = contact->interruptions,
        .last_unreached = contact->last_unreached,
        .duration_s = -1,
    };
    memcpy(plan->unreached, contact->unreached, sizeof plan->unreached);
}

// 1 s, 2 s, 4 s and so on up to the deferral's limit: a contact whose worker was lost goes on soon,
// one that meets the same refusal again and again does not flood the log.
static struct rf_duration backoff(int64_t deferrals, struct rf_duration limit) {
    int64_t shift = deferrals < 0 ? 0 : deferrals < 20 ? deferrals : 20;
    struct rf_duration wait = rf_seconds(INT64_C(1) << shift);
    return wait.ns < limit.ns ? wait : limit;
}

static bool is(const char *text, const char *wanted) {
    return text && strcmp(text, wanted) == 0;
}

static void tell(struct rf_plan *plan, const struct rf_call_reply *reply, const char *reason) {
    if (!rf_class_parse(reply->class ? reply->class : "", &plan->class))
        plan->class = RF_CLASS_TRANSIENT;
    rf_plan_copy(plan->reason, sizeof plan->reason, reason);
    rf_plan_copy(plan->provider, sizeof plan->provider, reply->provider);
    rf_plan_copy(plan->message, sizeof plan->message, reply->message);
}

static void set_aside(struct rf_plan *plan, const struct rf_call_reply *reply, const char *reason) {
    tell(plan, reply, reason);
    plan->to = RF_CONTACT_SET_ASIDE;
}

// Back in the queue. Attempts are not counted: waiting for a provider is nobody's failure.
static void defer(const struct rf_contact *contact, const struct rf_call_reply *reply,
                  enum rf_contact_state to, const char *reason, const struct rf_rules *rules,
                  struct rf_utc now, struct rf_plan *plan) {
    tell(plan, reply, reason);
    plan->to = to;
    plan->deferrals = contact->deferrals + 1;
    struct rf_duration wait = to == RF_CONTACT_WAIT_BREAKER
                                  ? rules->defer_delay
                                  : backoff(contact->deferrals, rules->defer_delay);
    if (reply->retry_at > now.ns && rf_ns_sub(reply->retry_at, now.ns) < rules->defer_delay.ns)
        wait = rf_ns(rf_ns_sub(reply->retry_at, now.ns));
    plan->due = rf_utc_add(now, wait);
}

void rf_plan_defer(const struct rf_contact *contact, const char *reason, const char *message,
                   const struct rf_rules *rules, struct rf_utc now, struct rf_plan *plan) {
    const struct rf_call_reply reply = {.class = "local", .message = message};
    rf_plan_stay(contact, plan);
    defer(contact, &reply, RF_CONTACT_WAIT_RETRY, reason, rules, now, plan);
}

bool rf_plan_speak_again(const struct rf_contact *contact, const struct rf_rules *rules,
                         struct rf_utc now, struct rf_plan *plan) {
    rf_plan_stay(contact, plan);
    if (!rules->play || !contact->audio[0] ||
        (rf_utc_since(now, contact->spoken).ns < rules->media_ttl.ns &&
         contact->spoken.ns <= rf_utc_add(now, rules->clock_skew).ns)) // else it was set back
        return false;
    plan->to = RF_CONTACT_SPEECH;
    plan->step = RF_STEP_SPEECH;
    return true;
}

bool rf_plan_ahead(const struct rf_contact *contact, const struct rf_rules *rules,
                   struct rf_utc now, struct rf_utc opens, bool room) {
    bool spoken = contact->step == RF_STEP_SPEECH && rules->play;
    return room && !(spoken && rf_utc_since(opens, now).ns > rules->media_ttl.ns);
}

void rf_plan_rest(struct rf_plan *plan, const char *provider, const char *reason,
                  const struct rf_rules *rules, struct rf_utc now) {
    plan->to = RF_CONTACT_WAIT_BREAKER;
    plan->due = rf_utc_add(now, rules->defer_delay);
    plan->class = RF_CLASS_LOCAL;
    rf_plan_copy(plan->reason, sizeof plan->reason, reason);
    rf_plan_copy(plan->provider, sizeof plan->provider, provider);
    (void)snprintf(plan->message, sizeof plan->message,
                   "made ready up to the step %s, for which %s cannot be used now",
                   rf_step_name(plan->step), provider);
}

void rf_plan_put_back(const struct rf_contact *contact, const char *reason, const char *message,
                      struct rf_utc now, struct rf_plan *plan) {
    rf_plan_stay(contact, plan);
    plan->to = RF_CONTACT_WAIT_RETRY;
    plan->due = now;
    plan->class = RF_CLASS_LOCAL;
    rf_plan_copy(plan->reason, sizeof plan->reason, reason);
    rf_plan_copy(plan->message, sizeof plan->message, message);
}

// Our own refusal. Those that concern the service as a whole hold up the next claims too.
static void plan_local(const struct rf_contact *contact, const struct rf_call_reply *reply,
                       const struct rf_rules *rules, struct rf_utc now, struct rf_plan *plan) {
    const char *code = reply->code ? reply->code : "local";
    bool unusable = is(code, "breaker_open") || is(code, "marked");
    plan->service_refused =
        unusable || is(code, "no_worker") || is(code, "overloaded") || is(code, "draining");
    defer(contact, reply, unusable ? RF_CONTACT_WAIT_BREAKER : RF_CONTACT_WAIT_RETRY, code, rules,
          now, plan);
}

// Transient, rate limited, or ambiguous where repeating does no harm.
static void plan_failed(const struct rf_contact *contact, const struct rf_call_reply *reply,
                        const struct rf_rules *rules, struct rf_utc now, struct rf_plan *plan) {
    // Replies that end early, as no retry fitted into the deadline, add up to the same limit.
    int64_t spent = contact->spent + (int64_t)reply->attempts.count;
    if (reply->exhausted || spent >= rules->max_attempts) {
        set_aside(plan, reply, rf_reason_name(RF_REASON_RETRIES_EXHAUSTED));
        return;
    }
    defer(contact, reply, RF_CONTACT_WAIT_RETRY, reply->class, rules, now, plan);
    plan->spent = spent;
}

static void plan_failure(const struct rf_contact *contact, const struct rf_call_reply *reply,
                         const struct rf_rules *rules, struct rf_utc now, struct rf_plan *plan) {
    enum rf_class class = RF_CLASS_TRANSIENT;
    (void)rf_class_parse(reply->class ? reply->class : "", &class);
    switch (class) {
    case RF_CLASS_LOCAL:
        plan_local(contact, reply, rules, now, plan);
        break;
    case RF_CLASS_PERMANENT_AUTH:
    case RF_CLASS_PERMANENT_QUOTA:
    case RF_CLASS_PERMANENT_CONFIG:
        // Only the contact that made the mark is burnt by it, or that has such a number.
        if (reply->mark_made || reply->destination) {
            set_aside(plan, reply, rf_class_name(class));
        } else {
            defer(contact, reply, RF_CONTACT_WAIT_BREAKER, rf_reason_name(RF_REASON_MARKED), rules,
                  now, plan);
            plan->service_refused = true;
        }
        break;
    case RF_CLASS_PERMANENT_INVALID:
        set_aside(plan, reply, rf_class_name(class));
        break;
    case RF_CLASS_OK:
    case RF_CLASS_TRANSIENT:
    case RF_CLASS_RATE_LIMITED:
    case RF_CLASS_AMBIGUOUS:
        plan_failed(contact, reply, rules, now, plan);
        break;
    }
}

// A reply that says ok without its result is a fault of a worker, not of the contact's data, but to
// repeat it would pay again for the same.
static void plan_empty(const struct rf_call_reply *reply, struct rf_plan *plan) {
    struct rf_call_reply fault = *reply;
    fault.class = rf_class_name(RF_CLASS_PERMANENT_INVALID);
    fault.message = "the reply says ok and lacks its result";
    set_aside(plan, &fault, fault.class);
}

static void step_finished(struct rf_plan *plan, enum rf_step next) {
    plan->to = rf_contact_begins(next);
    plan->step = next;
    plan->deferrals = 0;
    plan->spent = 0;
}

static void plan_script(const struct rf_call_reply *reply, const struct rf_rules *rules,
                        struct rf_plan *plan) {
    plan->text = json_string_value(json_object_get(reply->result, "text"));
    if (!plan->text || plan->text[0] == '\0') {
        plan_empty(reply, plan);
        return;
    }
    step_finished(plan, rules->play ? RF_STEP_SPEECH : RF_STEP_DIAL);
}

static bool is_sha256(const char *text) {
    return text && strspn(text, "0123456789abcdef") == 64 && text[64] == '\0';
}

static bool is_format(const char *text) {
    size_t length = text ? strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789") : 0;
    return length >= 1 && length <= 8 && text[length] == '\0';
}

static void plan_speech(const struct rf_call_reply *reply, struct rf_plan *plan) {
    plan->audio = json_string_value(json_object_get(reply->result, "audio"));
    plan->audio_format = json_string_value(json_object_get(reply->result, "format"));
    plan->audio_size = json_integer_value(json_object_get(reply->result, "size"));
    if (!is_sha256(plan->audio) || !is_format(plan->audio_format)) {
        plan_empty(reply, plan);
        return;
    }
    step_finished(plan, RF_STEP_DIAL);
}

// Whether the provider itself said that it did not carry the dial out.
static bool refused(const struct rf_call_reply *reply) {
    enum rf_class class = RF_CLASS_TRANSIENT;
    if (reply->ok || !rf_class_parse(reply->class ? reply->class : "", &class))
        return false;
    return rf_class_permanent(class) || class == RF_CLASS_RATE_LIMITED;
}

static void plan_dial(const struct rf_contact *contact, const struct rf_call_reply *reply,
                      const struct rf_rules *rules, struct rf_utc now, struct rf_plan *plan) {
    const char *sid = json_string_value(json_object_get(reply->result, "sid"));
    if (sid && sid[0] && strlen(sid) < sizeof plan->sid) {
        rf_plan_copy(plan->sid, sizeof plan->sid, sid);
        rf_plan_copy(plan->status, sizeof plan->status,
                     json_string_value(json_object_get(reply->result, "status")));
        plan->to = RF_CONTACT_FOLLOW;
        plan->dial = RF_DIAL_PLACED;
        plan->due = rf_utc_add(now, rf_follow_interval(rf_ns(0), rules));
        plan->deferrals = 0;
        plan->spent = 0;
    } else if (!reply->ok && (is(reply->sent, "no") || refused(reply))) {
        plan_failure(contact, reply, rules, now, plan);
        plan->dial = RF_DIAL_ABSENT;
        plan->unsent = is(reply->sent, "no");
    } else {
        // Sent, or nobody knows: it is never taken for not sent (incidents 16, 44).
        tell(plan, reply, reply->code ? reply->code : rf_reason_name(RF_REASON_ASK_AMBIGUOUS));
        plan->to = RF_CONTACT_ASK;
        plan->dial = RF_DIAL_UNKNOWN;
    }
}

void rf_plan_reply(const struct rf_contact *contact, const struct rf_call_reply *reply,
                   const struct rf_rules *rules, struct rf_utc now, struct rf_plan *plan) {
    rf_plan_stay(contact, plan);
    rf_plan_copy(plan->provider, sizeof plan->provider, reply->provider);
    if (contact->state == RF_CONTACT_DIAL)
        plan_dial(contact, reply, rules, now, plan);
    else if (!reply->ok)
        plan_failure(contact, reply, rules, now, plan);
    else if (contact->state == RF_CONTACT_SCRIPT)
        plan_script(reply, rules, plan);
    else
        plan_speech(reply, plan);
}
