// Events: which incident they begin, add to or end, and whose cost they are.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_parts.h"
#include "events/condition.h"
#include "events/field.h"
#include "events/sentence.h"

#define TITLE_BYTES 200
#define NAME_BYTES  96
#define ID_MOST     48 // of an event that gives its id, so that there is room for a suffix

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
    rf_text_add_clean(&clean, name, NAME_BYTES);
    char *text = rf_text_take(&clean);
    if (text == NULL)
        engine->failed = true;
    else
        incident->names[incident->name_count++] = text;
}

// ---- beginning ----

static void clean(struct rf_engine *engine, char **text, const char *outside, size_t limit) {
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

static void keep_event(struct rf_engine *engine, char **text, const struct rf_event *event) {
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
    clean(engine, &incident->title, title.data, TITLE_BYTES);
    rf_text_fini(&title);
}

// A text of the rule, filled in; "" if the rule has none.
static void fill(struct rf_engine *engine, char **text, const char *pattern,
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
    incident->reminded_at = former->reminded_at;
    incident->acked = former->acked;
    rf_engine_text(engine, &incident->acked_by, former->acked_by);
    rf_engine_text(engine, &incident->acked_why, former->acked_why);
}

static void note_change(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc at) {
    const struct rf_config_alerter *config = engine->setup.config;
    incident->changes++;
    incident->changed_at = at;
    if (incident->flapping || config->flap_window.ns == 0 ||
        incident->changes < config->flap_changes)
        return;
    incident->flapping = true;
    incident->news = incident->news_now = true;
}

static bool is_soon(const struct rf_engine *engine, const struct rf_incident *incident,
                    struct rf_utc at) {
    struct rf_duration window = engine->setup.config->flap_window;
    return window.ns > 0 && incident->changed_at.ns > 0 &&
           rf_utc_since(at, incident->changed_at).ns <= window.ns;
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
    clean(engine, &incident->subject, event->subject, NAME_BYTES);
    clean(engine, &incident->service, event->service, NAME_BYTES);
    clean(engine, &incident->campaign, event->campaign, NAME_BYTES);
    keep_event(engine, &incident->first_event, event);
    fill(engine, &incident->costs, rule->costs, event);
    fill(engine, &incident->inhibited_by, rule->inhibited_by, event);
    if (former != NULL && rule->resolve != NULL && is_soon(engine, former, at))
        carry_on(engine, incident, former);
    if (rule->resolve != NULL)
        note_change(engine, incident, at);
    if (!engine->failed)
        rf_engine_add(engine, incident);
    return incident;
}

// ---- adding ----

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

static void reopen(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc at) {
    incident->phase = RF_PHASE_OPEN;
    incident->resolved = (struct rf_utc){0};
    incident->closed = incident->by_quiet = false;
    note_change(engine, incident, at);
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
    keep_event(engine, &incident->event, event);
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
        reopen(engine, incident, at);
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
    fill(engine, &patterns, rule->inhibited_by, event);
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

// ---- ending ----

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
        keep_event(engine, &incident->event, event);
    }
    note_change(engine, incident, at);
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
static void end_at_once(struct rf_engine *engine, struct rf_incident *incident,
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

static void end_incidents(struct rf_engine *engine, const struct rf_event *event, struct rf_utc at,
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

// ---- costs ----

static void count_costs(struct rf_engine *engine, const struct rf_event *event) {
    bool deferred = strcmp(event->type, "contact.deferred") == 0;
    if ((!deferred && strcmp(event->type, "contact.set_aside") != 0) ||
        strcmp(event->severity, "info") == 0) // it waits for its hours, or was called
        return;
    char scratch[RF_VALUE_SIZE];
    const char *provider = value_of(event, "provider", scratch);
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
        end_at_once(engine, incident, rule, event, now);
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
    end_incidents(engine, event, at, now);
    if (rule != NULL && !rule->drop) {
        engine->event_id_free = true;
        begin_or_add(engine, rule, event, at, now);
    }
    engine->event = NULL;
}
