// What an incident wants to be told: what is, compared with what people know, and all that keeps
// it back but a storm.
#include <string.h>

#include "calendar/calling.h"
#include "engine_parts.h"

#define USUAL_INTERVAL rf_seconds(300)
#define DOUBLINGS_MOST 6 // of a rule's interval

static void wake_at(struct rf_utc *wake, struct rf_utc when) {
    if (when.ns < wake->ns)
        *wake = when;
}

// Whether `since` is `wait` ago; else it is asked again then.
static bool is_past(struct rf_utc since, struct rf_duration wait, struct rf_utc now,
                    struct rf_utc *wake) {
    struct rf_utc when = rf_utc_add(since, wait);
    if (when.ns <= now.ns)
        return true;
    wake_at(wake, when);
    return false;
}

// ---- what keeps it back ----

// The end of the quiet hours if they are now; 0 if not.
static struct rf_utc quiet_until(struct rf_engine *engine, struct rf_utc now) {
    const struct rf_config_quiet *quiet = &engine->setup.config->quiet;
    if (engine->setup.zone == NULL || quiet->hours.count == 0)
        return (struct rf_utc){0};
    if (engine->quiet_asked.ns == now.ns)
        return engine->quiet_until;
    struct rf_calling hours = {.zone = engine->setup.zone,
                               .windows = rf_config_hours(&quiet->hours)};
    struct rf_calling_answer answer = rf_calling_at(&hours, now);
    engine->quiet_asked = now;
    engine->quiet_until = answer.why == RF_CALLING_OPEN ? answer.until : (struct rf_utc){0};
    return engine->quiet_until;
}

static bool is_quiet(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now,
                     struct rf_utc *wake) {
    const char *below = engine->setup.config->quiet.below;
    if (below != NULL && rf_severity_rank(incident->severity) >= rf_severity_rank(below))
        return false;
    struct rf_utc until = quiet_until(engine, now);
    if (until.ns == 0)
        return false;
    wake_at(wake, until);
    incident->dirty = incident->dirty || !incident->quieted;
    incident->quieted = true;
    return true;
}

static bool is_swallowed(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now,
                         struct rf_utc *wake) {
    struct rf_incident *inhibitor = rf_engine_inhibitor(engine, incident->inhibited_by, incident);
    if (inhibitor != NULL) {
        inhibitor->dirty = inhibitor->dirty || !inhibitor->inhibits;
        inhibitor->inhibits = true;
        return true;
    }
    return !is_past(incident->hold_until, rf_ns(0), now, wake);
}

static bool is_kept(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now,
                    struct rf_utc *wake) {
    return rf_silences_hold(&engine->silences, incident, now, wake) ||
           is_swallowed(engine, incident, now, wake);
}

// A provider's outage waits for the others that may come with it.
static struct rf_duration wait_of(const struct rf_engine *engine,
                                  const struct rf_config_alert_rule *rule) {
    const struct rf_config_own_side *own = &engine->setup.config->own_side;
    bool together = own->providers > 0 && rule->wait.ns == 0 && strcmp(rule->name, "provider") == 0;
    return together ? own->within : rule->wait;
}

// ---- what ends by itself ----

static void end_quietly(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc at,
                        struct rf_utc now) {
    incident->phase = RF_PHASE_RESOLVED;
    incident->resolved = at.ns < incident->opened.ns ? incident->opened : at;
    incident->flapping = incident->closed = false;
    incident->dirty = true;
    rf_engine_released(engine, incident, now);
}

static void look_steady(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now,
                        struct rf_utc *wake) {
    if (!incident->flapping ||
        !is_past(incident->touched, engine->setup.config->flap_window, now, wake))
        return;
    incident->changes = 0;
    if (incident->closed) {
        end_quietly(engine, incident, incident->changed_at, now);
        return;
    }
    incident->flapping = false;
    incident->dirty = true;
}

// What nothing but quiet ends stays until it was told to all, unless it is silenced.
static void look_quiet(struct rf_engine *engine, struct rf_incident *incident,
                       const struct rf_config_alert_rule *rule, struct rf_utc now,
                       struct rf_utc *wake) {
    if (incident->phase != RF_PHASE_OPEN || rule->resolve_after.ns == 0 ||
        !is_past(incident->touched, rule->resolve_after, now, wake))
        return;
    if ((incident->told == RF_TOLD_NOTHING || rf_incident_owes(incident)) &&
        !rf_silences_hold(&engine->silences, incident, now, wake))
        return;
    incident->by_quiet = true;
    incident->unsaid = !rule->tell_resolved;
    end_quietly(engine, incident, incident->last, now);
}

// ---- what is due ----

static enum rf_due due_untold(struct rf_engine *engine, struct rf_incident *incident,
                              const struct rf_config_alert_rule *rule, struct rf_utc now,
                              struct rf_utc *wake) {
    bool over = incident->phase == RF_PHASE_RESOLVED;
    bool short_lived =
        over && rf_utc_since(incident->resolved, incident->opened).ns < rule->lasting.ns;
    if (over && (short_lived || incident->by_quiet || is_kept(engine, incident, now, wake))) {
        rf_engine_forget(engine, incident);
        return RF_DUE_NOTHING;
    }
    if (is_kept(engine, incident, now, wake) ||
        !is_past(incident->heard, wait_of(engine, rule), now, wake) ||
        (!over && !is_past(incident->opened, rule->lasting, now, wake)) ||
        is_quiet(engine, incident, now, wake))
        return RF_DUE_NOTHING;
    return over ? RF_DUE_OVER : RF_DUE_OPENED;
}

static enum rf_due due_ended(struct rf_engine *engine, struct rf_incident *incident,
                             struct rf_utc now, struct rf_utc *wake) {
    if (incident->unsaid) {
        incident->told = RF_TOLD_RESOLVED;
        incident->dirty = true;
        return RF_DUE_NOTHING;
    }
    return is_quiet(engine, incident, now, wake) ? RF_DUE_NOTHING : RF_DUE_RESOLVED;
}

static struct rf_duration interval_of(const struct rf_config_alert_rule *rule, int64_t updates) {
    struct rf_duration interval = rule->interval.ns > 0 ? rule->interval : USUAL_INTERVAL;
    for (int64_t i = 0; i < updates && i < DOUBLINGS_MOST; i++)
        interval.ns = rf_ns_add(interval.ns, interval.ns);
    return interval;
}

static enum rf_due due_open(struct rf_engine *engine, struct rf_incident *incident,
                            const struct rf_config_alert_rule *rule, struct rf_utc now,
                            struct rf_utc *wake) {
    struct rf_duration remind = rule->remind.ns > 0 ? rule->remind : engine->setup.config->remind;
    enum rf_due due = RF_DUE_NOTHING;
    bool acked = incident->acked.ns > 0;
    if (is_kept(engine, incident, now, wake))
        return RF_DUE_NOTHING;
    if (!acked && rule->escalate_after.ns > 0 && !incident->escalated &&
        is_past(incident->told_at, rule->escalate_after, now, wake))
        due = RF_DUE_ESCALATED;
    else if (incident->news_now ||
             (incident->news &&
              is_past(incident->spoke_at, interval_of(rule, incident->updates), now, wake)))
        due = RF_DUE_UPDATED;
    else if (!acked && remind.ns > 0 && is_past(incident->reminded_at, remind, now, wake))
        due = RF_DUE_REMINDER;
    return due != RF_DUE_NOTHING && is_quiet(engine, incident, now, wake) ? RF_DUE_NOTHING : due;
}

// Kept for as long as it may open again, which what has been followed by another one does not.
static void look_forgotten(struct rf_engine *engine, struct rf_incident *incident,
                           const struct rf_config_alert_rule *rule, struct rf_utc now,
                           struct rf_utc *wake) {
    struct rf_duration keep = rule->resolve == NULL ? rf_ns(0) : engine->setup.config->flap_window;
    if (!rf_incident_owes(incident) &&
        (incident->shadowed || is_past(incident->touched, keep, now, wake)))
        rf_engine_forget(engine, incident);
}

enum rf_due rf_engine_due(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now,
                          struct rf_utc *wake) {
    const struct rf_config_alert_rule *rule = rf_engine_rule(engine, incident);
    if (!incident->live)
        return RF_DUE_NOTHING;
    if (incident->phase == RF_PHASE_PENDING) {
        if (is_past(incident->touched, rule->within, now, wake))
            rf_engine_forget(engine, incident);
        return RF_DUE_NOTHING;
    }
    look_steady(engine, incident, now, wake);
    look_quiet(engine, incident, rule, now, wake);
    if (incident->told == RF_TOLD_NOTHING)
        return due_untold(engine, incident, rule, now, wake);
    enum rf_due due = RF_DUE_NOTHING;
    if (incident->told == RF_TOLD_OPENED)
        due = incident->phase == RF_PHASE_RESOLVED ? due_ended(engine, incident, now, wake)
                                                   : due_open(engine, incident, rule, now, wake);
    if (incident->told == RF_TOLD_RESOLVED)
        look_forgotten(engine, incident, rule, now, wake);
    return due;
}

// ---- to whom ----

unsigned rf_engine_channels(const struct rf_engine *engine, const struct rf_incident *incident,
                            enum rf_due due) {
    const struct rf_engine_setup *setup = &engine->setup;
    if (due == RF_DUE_RESOLVED)
        return setup->named(setup->arg, incident->told_to) & setup->channels;
    const struct rf_config_alert_rule *rule = rf_engine_rule(engine, incident);
    unsigned channels = setup->named(setup->arg, rule->channels);
    if (incident->escalated || due == RF_DUE_ESCALATED)
        channels |= setup->named(setup->arg, rule->escalate_channels);
    unsigned severity = 1U << rf_severity_rank(incident->severity);
    for (unsigned c = 0; c < RF_CHANNELS_MOST; c++)
        if (!(setup->takes[c] & severity))
            channels &= ~(1U << c);
    // What tells of a dead channel, or of what was not given to it, is not given to it.
    if (strncmp(rule->on, "alert.", 6) == 0 || strncmp(rule->on, "channel.", 8) == 0)
        channels &= ~setup->named(setup->arg, incident->subject);
    return channels & setup->channels;
}

// ---- what others heard already ----

static enum rf_due forget_owed(struct rf_incident *incident, unsigned c) {
    incident->owed[c] = RF_DUE_NOTHING;
    incident->dirty = true;
    return RF_DUE_NOTHING;
}

enum rf_due rf_engine_owed(struct rf_engine *engine, struct rf_incident *incident, unsigned c,
                           struct rf_utc now, struct rf_utc *wake) {
    enum rf_due owed = incident->owed[c];
    const struct rf_engine_setup *setup = &engine->setup;
    bool over = incident->phase == RF_PHASE_RESOLVED;
    if (owed == RF_DUE_NOTHING || !incident->live)
        return RF_DUE_NOTHING;
    if (!(rf_engine_channels(engine, incident, owed) & 1U << c))
        return forget_owed(incident, c);
    if (owed != RF_DUE_RESOLVED) {
        bool heard = setup->named(setup->arg, incident->told_to) & 1U << c;
        bool kept = is_kept(engine, incident, now, wake);
        // News of what is over are none; who heard that it was open hears of its end by that.
        if (over && (heard || kept || incident->by_quiet))
            return forget_owed(incident, c);
        if (incident->acked.ns > 0 && (owed == RF_DUE_REMINDER || owed == RF_DUE_ESCALATED))
            return forget_owed(incident, c);
        if (kept)
            return RF_DUE_NOTHING;
        owed = over ? RF_DUE_OVER : owed;
    }
    return is_quiet(engine, incident, now, wake) ? RF_DUE_NOTHING : owed;
}
