// Endings: by the name of what ends, or by a field that it has in common with the beginning; also
// before the beginning itself was heard of.
#include <stdlib.h>
#include <string.h>

#include "engine_parts.h"
#include "events/condition.h"
#include "events/field.h"

void rf_engine_end_incident(struct rf_engine *engine, struct rf_incident *incident,
                            const struct rf_event *event, struct rf_utc at, struct rf_utc now) {
    if (!incident->live || incident->phase == RF_PHASE_RESOLVED || incident->closed)
        return;
    if (incident->phase == RF_PHASE_PENDING) {
        rf_engine_forget(engine, incident);
        return;
    }
    at = at.ns < incident->opened.ns ? incident->opened : at;
    if (event != NULL) {
        incident->n = event->n;
        rf_engine_keep(engine, &incident->event, event);
    }
    rf_engine_changed(engine, incident, at);
    incident->touched = now;
    incident->dirty = true;
    if (incident->flapping) {
        incident->closed = true;
        return;
    }
    incident->phase = RF_PHASE_RESOLVED;
    incident->resolved = at;
    rf_engine_released(engine, incident, now);
}

static const char *value_of(const struct rf_event *event, const char *field,
                            char scratch[RF_VALUE_SIZE]) {
    const char *value = rf_event_value(event, field, strlen(field), scratch);
    return value == NULL ? "" : value;
}

static bool began_with(const struct rf_incident *incident, const char *field, const char *value) {
    json_t *root;
    char scratch[RF_VALUE_SIZE];
    struct rf_event first = rf_event_kept(incident->first_event, &root);
    bool same = strcmp(value_of(&first, field, scratch), value) == 0;
    json_decref(root);
    return same;
}

static void forget_end(struct rf_engine *engine, size_t place) {
    free(engine->ends[place].rule);
    free(engine->ends[place].value);
    engine->end_count--;
    memmove(&engine->ends[place], &engine->ends[place + 1],
            (engine->end_count - place) * sizeof engine->ends[0]);
    engine->ends[engine->end_count] = (struct rf_engine_end){0};
    engine->ends_changed = true;
}

static void remember_end(struct rf_engine *engine, const char *rule, const char *value,
                         struct rf_utc at) {
    if (engine->end_count == RF_ENDS_MOST)
        forget_end(engine, 0);
    struct rf_engine_end *end = &engine->ends[engine->end_count++];
    rf_engine_text(engine, &end->rule, rule);
    rf_engine_text(engine, &end->value, value);
    end->at = at;
    engine->ends_changed = true;
}

// An ending that is told by a field it has in common with the beginning: of the oldest one.
static void end_by_field(struct rf_engine *engine, const struct rf_config_alert_rule *rule,
                         const struct rf_event *event, struct rf_utc at, struct rf_utc now) {
    char scratch[RF_VALUE_SIZE];
    const char *value = value_of(event, rule->resolve_by, scratch);
    for (struct rf_incident *incident = engine->first; incident != NULL;
         incident = incident->next) {
        if (!incident->live || incident->phase == RF_PHASE_RESOLVED || incident->closed ||
            strcmp(incident->rule, rule->name) != 0 ||
            !began_with(incident, rule->resolve_by, value))
            continue;
        rf_engine_end_incident(engine, incident, event, at, now);
        rf_engine_consider(engine, incident, now, &(struct rf_utc){0});
        return;
    }
    remember_end(engine, rule->name, value, at);
}

// A process may be replaced before it is missed: `last_change` is when it was heard of last.
void rf_engine_end_at_once(struct rf_engine *engine, struct rf_incident *incident,
                           const struct rf_config_alert_rule *rule, const struct rf_event *event,
                           struct rf_utc now) {
    char scratch[RF_VALUE_SIZE];
    int64_t since = event->ts;
    if (rule->resolve_by == NULL)
        return;
    rf_field_number(event, "last_change", &since);
    const char *value = value_of(event, rule->resolve_by, scratch);
    for (size_t i = 0; i < engine->end_count; i++) {
        const struct rf_engine_end *end = &engine->ends[i];
        if (end->at.ns < since || strcmp(end->rule, rule->name) != 0 ||
            strcmp(end->value, value) != 0)
            continue;
        struct rf_utc at = end->at;
        forget_end(engine, i);
        rf_engine_end_incident(engine, incident, NULL, at, now);
        return;
    }
}

void rf_engine_end_by(struct rf_engine *engine, const struct rf_event *event, struct rf_utc at,
                      struct rf_utc now) {
    const struct rf_config_alert_rule *rule;
    for (size_t i = 0; (rule = rf_rule_at(engine->setup.config, i)) != NULL; i++) {
        if (!rf_rule_ends(rule, event))
            continue;
        if (rule->resolve_by != NULL) {
            end_by_field(engine, rule, event, at, now);
            continue;
        }
        struct rf_text name = {0};
        rf_rule_fingerprint(rule, event, &name);
        struct rf_incident *incident = name.data == NULL ? NULL : rf_engine_find(engine, name.data);
        if (incident != NULL && incident->phase != RF_PHASE_RESOLVED) {
            rf_engine_end_incident(engine, incident, event, at, now);
            rf_engine_consider(engine, incident, now, &(struct rf_utc){0});
            rf_own_side_look(engine, incident, event, now);
        }
        rf_text_fini(&name);
    }
}
