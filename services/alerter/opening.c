// Openings: what an incident is when it begins, and again when it opens once more.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_parts.h"

#define ID_MOST 48 // of an event that gives its id, so that there is room for a suffix

void rf_engine_clean(struct rf_engine *engine, char **text, const char *outside, size_t limit) {
    struct rf_text made = {0};
    rf_text_add_clean(&made, outside, limit);
    char *value = rf_text_take(&made);
    if (value == NULL) {
        engine->failed = true;
        return;
    }
    free(*text);
    *text = value;
}

void rf_engine_keep(struct rf_engine *engine, char **text, const struct rf_event *event) {
    char *kept = rf_event_keep(event);
    if (kept == NULL) {
        engine->failed = true;
        return;
    }
    free(*text);
    *text = kept;
}

// The id stands in headers and in webhook-id (where a '.' is not allowed), so an event id that is
// not of our own kind is replaced by the journal number, which is as unique.
static void set_id(struct rf_incident *incident, const struct rf_event *event) {
    const char *id = event->id == NULL ? "" : event->id;
    size_t length = strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-");
    if (length > 0 && id[length] == '\0' && length <= ID_MOST)
        memcpy(incident->id, id, length + 1);
    else
        snprintf(incident->id, sizeof incident->id, "event-%" PRId64, event->n);
}

// A text of the rule, filled in; "" if the rule has none.
void rf_engine_fill(struct rf_engine *engine, char **text, const char *pattern,
                    const struct rf_event *event) {
    struct rf_text filled = {0};
    if (pattern != NULL)
        rf_rule_fill(pattern, event, NULL, &filled);
    char *value = rf_text_take(&filled);
    if (value == NULL) {
        engine->failed = true;
        return;
    }
    free(*text);
    *text = value;
}

// What opens again soon after its end goes on with its thread; whoever has it in hand still has.
static void carry_on(struct rf_engine *engine, struct rf_incident *incident,
                     const struct rf_incident *former) {
    memcpy(incident->thread, former->thread, sizeof incident->thread);
    incident->changes = former->changes;
    incident->changed_at = former->changed_at;
    incident->reminded_at = former->reminded_at;
    incident->acked = former->acked;
    rf_engine_text(engine, &incident->acked_by, former->acked_by);
    rf_engine_text(engine, &incident->acked_why, former->acked_why);
}

static bool is_soon(const struct rf_engine *engine, const struct rf_incident *incident,
                    struct rf_utc at) {
    struct rf_duration window = engine->setup.config->flap_window;
    return window.ns > 0 && incident->changed_at.ns > 0 &&
           rf_utc_since(at, incident->changed_at).ns <= window.ns;
}

void rf_engine_changed(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc at) {
    const struct rf_config_alerter *config = engine->setup.config;
    // What stood open, or was quiet, for longer begins to count anew.
    if (!is_soon(engine, incident, at))
        incident->changes = 0;
    incident->changes++;
    incident->changed_at = at;
    if (incident->flapping || config->flap_window.ns == 0 ||
        incident->changes < config->flap_changes)
        return;
    incident->flapping = true;
    incident->news = incident->news_now = true;
}

struct rf_incident *rf_engine_begin(struct rf_engine *engine,
                                    const struct rf_config_alert_rule *rule,
                                    const struct rf_event *event, const char *fingerprint,
                                    struct rf_utc at, struct rf_utc now) {
    struct rf_incident *incident = rf_incident_new();
    const struct rf_incident *former = rf_engine_find(engine, fingerprint);
    if (incident == NULL) {
        engine->failed = true;
        return NULL;
    }
    set_id(incident, event);
    incident->seq = engine->last == NULL ? 1 : engine->last->seq + 1;
    incident->phase = rule->count > 1 ? RF_PHASE_PENDING : RF_PHASE_OPEN;
    incident->opened = at;
    incident->heard = incident->touched = now;
    incident->dirty = true;
    rf_engine_text(engine, &incident->fingerprint, fingerprint);
    rf_engine_text(engine, &incident->rule, rule->name);
    rf_engine_text(engine, &incident->severity, rule->severity ? rule->severity : event->severity);
    rf_engine_clean(engine, &incident->subject, event->subject, RF_ENGINE_NAME_BYTES);
    rf_engine_clean(engine, &incident->service, event->service, RF_ENGINE_NAME_BYTES);
    rf_engine_clean(engine, &incident->campaign, event->campaign, RF_ENGINE_NAME_BYTES);
    rf_engine_keep(engine, &incident->first_event, event);
    rf_engine_fill(engine, &incident->costs, rule->costs, event);
    rf_engine_fill(engine, &incident->inhibited_by, rule->inhibited_by, event);
    if (former != NULL && rule->resolve != NULL && is_soon(engine, former, at))
        carry_on(engine, incident, former);
    if (rule->resolve != NULL)
        rf_engine_changed(engine, incident, at);
    if (!engine->failed)
        rf_engine_add(engine, incident);
    return incident;
}

void rf_engine_reopen(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc at) {
    incident->phase = RF_PHASE_OPEN;
    incident->resolved = (struct rf_utc){0};
    incident->closed = incident->by_quiet = incident->unsaid = false;
    rf_engine_changed(engine, incident, at);
}
