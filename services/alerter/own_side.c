// Several providers that have nothing in common but us, and fail together: that is one incident of
// our own side, and no reason to tell of each of them (incident 25).
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine_parts.h"

#define NAME  "own-side"
#define GROUP "provider/"

static bool is_provider(const struct rf_incident *incident) {
    return strncmp(incident->fingerprint, GROUP, strlen(GROUP)) == 0;
}

// openai and openai-tts are one vendor.
static size_t vendor_length(const struct rf_incident *incident) {
    return strcspn(incident->subject, "-");
}

static bool is_same_vendor(const struct rf_incident *a, const struct rf_incident *b) {
    return vendor_length(a) == vendor_length(b) &&
           strncmp(a->subject, b->subject, vendor_length(a)) == 0;
}

// When an outage began.
struct span {
    struct rf_utc since, until;
};

static const struct span ever = {{INT64_MIN}, {INT64_MAX}};

static bool is_down(const struct rf_incident *incident, struct span span) {
    return incident->live && incident->phase == RF_PHASE_OPEN && !incident->closed &&
           is_provider(incident) && incident->opened.ns >= span.since.ns &&
           incident->opened.ns <= span.until.ns;
}

static bool is_first_of_vendor(const struct rf_engine *engine, const struct rf_incident *incident,
                               struct span span) {
    for (const struct rf_incident *other = engine->first; other != incident; other = other->next)
        if (is_down(other, span) && is_same_vendor(other, incident))
            return false;
    return true;
}

// How many vendors went down then, and are.
static int64_t count_down(const struct rf_engine *engine, struct span span) {
    int64_t count = 0;
    for (const struct rf_incident *incident = engine->first; incident != NULL;
         incident = incident->next)
        if (is_down(incident, span) && is_first_of_vendor(engine, incident, span))
            count++;
    return count;
}

// Whether enough went down within own_side.within, the incident among them, in whatever order their
// events came; *since: from when on. News of an old outage bring nothing together that came later.
static bool are_together(const struct rf_engine *engine, const struct rf_incident *incident,
                         struct rf_utc *since) {
    const struct rf_config_own_side *config = &engine->setup.config->own_side;
    struct span near = {incident->opened, rf_utc_add(incident->opened, config->within)};
    for (const struct rf_incident *last = engine->first; last != NULL; last = last->next) {
        if (!is_down(last, near))
            continue;
        *since = (struct rf_utc){rf_ns_sub(last->opened.ns, config->within.ns)};
        if (count_down(engine, (struct span){*since, last->opened}) >= config->providers)
            return true;
    }
    return false;
}

static void add_members(struct rf_engine *engine, struct rf_incident *own, struct rf_utc since) {
    struct rf_text title = {0};
    char count[24];
    for (struct rf_incident *incident = engine->first; incident != NULL;
         incident = incident->next) {
        if (!is_down(incident, (struct span){since, ever.until}) ||
            !rf_engine_meet(engine, own, 's', incident->subject))
            continue;
        own->subjects++;
        own->swallowed += incident->told == RF_TOLD_NOTHING;
        own->news = own->dirty = true;
        if (own->name_count < RF_INCIDENT_NAMES) {
            rf_engine_text(engine, &own->names[own->name_count], incident->subject);
            own->name_count++;
        }
    }
    snprintf(count, sizeof count, "%" PRId64, own->subjects);
    rf_rule_fill(rf_engine_rule(engine, own)->title, &(struct rf_event){0}, count, &title);
    rf_engine_text(engine, &own->title, title.data);
    rf_text_fini(&title);
}

static struct rf_incident *begin(struct rf_engine *engine, const struct rf_event *event,
                                 struct rf_utc at, struct rf_utc now) {
    const struct rf_config_alert_rule *rule = rf_rule_named(engine->setup.config, NAME);
    struct rf_incident *own = rf_engine_begin(engine, rule, event, NAME, at, now);
    if (engine->failed)
        return NULL;
    size_t length = strlen(own->id); // the event's own id is the provider's incident's
    snprintf(own->id + length, sizeof own->id - length, "-own");
    rf_engine_text(engine, &own->severity, rule->severity);
    rf_engine_text(engine, &own->subject, NAME);
    rf_engine_text(engine, &own->event, own->first_event);
    own->events = 1;
    own->n = event->n;
    own->inhibits = true;
    own->last = at;
    return own;
}

void rf_own_side_look(struct rf_engine *engine, const struct rf_incident *incident,
                      const struct rf_event *event, struct rf_utc now) {
    const struct rf_config_own_side *config = &engine->setup.config->own_side;
    struct rf_incident *own = rf_engine_find(engine, NAME);
    bool open = own != NULL && own->live && own->phase == RF_PHASE_OPEN;
    if (config->providers == 0 || !is_provider(incident) || engine->failed)
        return;
    if (open && count_down(engine, ever) <= 1) {
        rf_engine_end_incident(engine, own, event, incident->changed_at, now);
        rf_engine_consider(engine, own, now, &(struct rf_utc){0});
        return;
    }
    struct rf_utc since = {rf_ns_sub(incident->opened.ns, config->within.ns)};
    if (incident->phase != RF_PHASE_OPEN || incident->closed ||
        (!open && !are_together(engine, incident, &since)))
        return;
    if (!open)
        own = begin(engine, event, incident->opened, now);
    if (own == NULL)
        return;
    add_members(engine, own, since);
    own->touched = now;
    rf_engine_consider(engine, own, now, &(struct rf_utc){0});
}
