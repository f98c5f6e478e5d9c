// Events: which incident they begin, add to or end, and whose cost they are.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_parts.h"
#include "events/condition.h"
#include "events/sentence.h"

#define TITLE_BYTES 200

// ---- whom it met ----

bool rf_engine_meet(struct rf_engine *engine, struct rf_incident *incident, char role,
                    const char *name) {
    uint64_t hash = rf_seen_hash(role, name == NULL ? "" : name);
    enum rf_seen_result result = rf_seen_add(&incident->seen, hash);
    if (result == RF_SEEN_KNOWN)
        return false;
    incident->dirty = true;
    if (result == RF_SEEN_FULL) {
        incident->seen_full = true;
        return false;
    }
    if (engine->seen_count == engine->seen_capacity) {
        size_t capacity = engine->seen_capacity == 0 ? 64 : 2 * engine->seen_capacity;
        struct rf_seen_row *larger = realloc(engine->seen, capacity * sizeof *larger);
        if (larger == NULL) {
            engine->failed = true;
            return false;
        }
        engine->seen = larger;
        engine->seen_capacity = capacity;
    }
    engine->seen[engine->seen_count++] = (struct rf_seen_row){incident, hash};
    return true;
}

static void add_name(struct rf_engine *engine, struct rf_incident *incident, const char *name) {
    struct rf_text clean = {0};
    if (incident->name_count >= RF_INCIDENT_NAMES)
        return;
    rf_text_add_clean(&clean, name, RF_ENGINE_NAME_BYTES);
    char *text = rf_text_take(&clean);
    if (text == NULL)
        engine->failed = true;
    else
        incident->names[incident->name_count++] = text;
}

// ---- adding ----

static void set_title(struct rf_engine *engine, struct rf_incident *incident,
                      const struct rf_config_alert_rule *rule, const struct rf_event *event) {
    struct rf_text title = {0};
    char count[24];
    bool many = incident->subjects > 1 && rule->title_many != NULL;
    const char *pattern = many ? rule->title_many : rule->title;
    snprintf(count, sizeof count, "%" PRId64, incident->subjects);
    if (pattern != NULL)
        rf_rule_fill(pattern, event, count, &title);
    else
        rf_event_sentence(event, &title);
    rf_engine_clean(engine, &incident->title, title.data, TITLE_BYTES);
    rf_text_fini(&title);
}

// Of a rule that wants several events in some time: whether they are enough now.
static bool is_enough(struct rf_engine *engine, struct rf_incident *incident,
                      const struct rf_config_alert_rule *rule, struct rf_utc at) {
    size_t kept = 0;
    for (size_t i = 0; i < incident->recent_count; i++)
        if (rf_ns_sub(at.ns, incident->recent[i]) <= rule->within.ns)
            incident->recent[kept++] = incident->recent[i];
    incident->recent_count = kept;
    if (incident->recent_count == incident->recent_capacity) {
        size_t capacity = incident->recent_capacity + 16;
        int64_t *larger = realloc(incident->recent, capacity * sizeof *larger);
        if (larger == NULL) {
            engine->failed = true;
            return false;
        }
        incident->recent = larger;
        incident->recent_capacity = capacity;
    }
    incident->recent[incident->recent_count++] = at.ns;
    if ((int64_t)incident->recent_count < rule->count)
        return false;
    incident->opened.ns = incident->recent[0];
    incident->recent_count = 0;
    return true;
}

static void add_event(struct rf_engine *engine, struct rf_incident *incident,
                      const struct rf_config_alert_rule *rule, const struct rf_event *event,
                      struct rf_utc at, struct rf_utc now) {
    incident->events++;
    incident->n = event->n;
    incident->last = at.ns > incident->last.ns ? at : incident->last;
    incident->touched = now;
    incident->news = true;
    incident->dirty = true;
    if (rf_severity_rank(event->severity) > rf_severity_rank(incident->severity) &&
        rule->severity == NULL)
        rf_engine_text(engine, &incident->severity, event->severity);
    if (rf_engine_meet(engine, incident, 's', event->subject)) {
        incident->subjects++;
        add_name(engine, incident, event->subject);
    }
    rf_engine_keep(engine, &incident->event, event);
    set_title(engine, incident, rule, event);
    if (incident->phase == RF_PHASE_PENDING && is_enough(engine, incident, rule, at)) {
        incident->phase = RF_PHASE_OPEN;
        incident->heard = now;
    }
}

// The incident that the event belongs to, begun if there is none.
static struct rf_incident *incident_for(struct rf_engine *engine,
                                        const struct rf_config_alert_rule *rule,
                                        const struct rf_event *event, const char *fingerprint,
                                        struct rf_utc at, struct rf_utc now) {
    struct rf_incident *incident = rf_engine_find(engine, fingerprint);
    bool over = incident != NULL && incident->phase == RF_PHASE_RESOLVED;
    if (incident == NULL || (over && incident->told == RF_TOLD_RESOLVED))
        return rf_engine_begin(engine, rule, event, fingerprint, at, now);
    if (over || incident->closed)
        rf_engine_reopen(engine, incident, at);
    return incident;
}

// Beyond the bound a group has one incident for all that is not known yet.
static char *name_of(const struct rf_engine *engine, const struct rf_config_alert_rule *rule,
                     const struct rf_event *event) {
    struct rf_text name = {0};
    rf_rule_fingerprint(rule, event, &name);
    if (engine->count >= RF_INCIDENTS_MOST && name.data != NULL &&
        rf_engine_find(engine, name.data) == NULL) {
        rf_text_fini(&name);
        rf_text_add(&name, "%s/(more)", rule->group != NULL ? rule->group : rule->name);
    }
    return rf_text_take(&name);
}

static bool swallow(struct rf_engine *engine, const struct rf_config_alert_rule *rule,
                    const struct rf_event *event, const char *fingerprint) {
    const struct rf_incident *known = rf_engine_find(engine, fingerprint);
    char *patterns = NULL;
    rf_engine_fill(engine, &patterns, rule->inhibited_by, event);
    struct rf_incident *inhibitor =
        patterns == NULL ? NULL : rf_engine_inhibitor(engine, patterns, known);
    free(patterns);
    if (inhibitor == NULL)
        return false;
    if (rule->resolve == NULL || known == NULL || known->phase == RF_PHASE_RESOLVED) {
        inhibitor->swallowed++;
    }
    inhibitor->inhibits = inhibitor->dirty = true;
    return rule->resolve == NULL;
}

// ---- costs ----

static void count_costs(struct rf_engine *engine, const struct rf_event *event) {
    bool deferred = strcmp(event->type, "contact.deferred") == 0;
    if ((!deferred && strcmp(event->type, "contact.set_aside") != 0) ||
        strcmp(event->severity, "info") == 0) // it waits for its hours, or was called
        return;
    char scratch[RF_VALUE_SIZE];
    const char *provider = rf_event_value(event, "provider", strlen("provider"), scratch);
    if (provider == NULL)
        return;
    const char *contact = event->contact != NULL ? event->contact : event->subject;
    for (struct rf_incident *incident = engine->costing; incident != NULL;
         incident = incident->next_costing) {
        if (incident->phase != RF_PHASE_OPEN || strcmp(incident->costs, provider) != 0 ||
            !rf_engine_meet(engine, incident, deferred ? 'd' : 'a', contact))
            continue;
        if (deferred)
            incident->deferred++;
        else
            incident->set_aside++;
    }
}

// ---- an event ----

static void begin_or_add(struct rf_engine *engine, const struct rf_config_alert_rule *rule,
                         const struct rf_event *event, struct rf_utc at, struct rf_utc now) {
    char *name = name_of(engine, rule, event);
    if (name == NULL)
        engine->failed = true;
    if (name == NULL || swallow(engine, rule, event, name)) {
        free(name);
        return;
    }
    const struct rf_incident *known = rf_engine_find(engine, name);
    struct rf_incident *incident = incident_for(engine, rule, event, name, at, now);
    free(name);
    if (engine->failed)
        return;
    if (incident != known)
        engine->event_id_free = false;
    add_event(engine, incident, rule, event, at, now);
    rf_own_side_look(engine, incident, event, now);
    rf_engine_consider(engine, incident, now, &(struct rf_utc){0});
    if (incident != known)
        rf_engine_end_at_once(engine, incident, rule, event, now);
    rf_engine_consider(engine, incident, now, &(struct rf_utc){0});
}

void rf_engine_event(struct rf_engine *engine, const struct rf_event *event, struct rf_utc now) {
    const struct rf_config_alert_rule *rule = rf_rule_for(engine->setup.config, event);
    struct rf_utc at = {event->ts <= 0 || event->ts > now.ns ? now.ns : event->ts};
    if (engine->failed)
        return;
    engine->event = event;
    // An event that begins an incident gives that one its id.
    engine->event_id_free = rule == NULL || rule->drop;
    count_costs(engine, event);
    rf_engine_end_by(engine, event, at, now);
    if (rule != NULL && !rule->drop) {
        engine->event_id_free = true;
        begin_or_add(engine, rule, event, at, now);
    }
    engine->event = NULL;
}
