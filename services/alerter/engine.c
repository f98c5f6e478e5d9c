#include "engine.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/severity.h"
#include "engine_parts.h"

int rf_severity_rank(const char *severity) {
    int rank = rf_severity_parse(severity);
    return rank >= 0 ? rank : 2;
}

// ---- life ----

void rf_engine_init(struct rf_engine *engine, const struct rf_engine_setup *setup) {
    *engine = (struct rf_engine){0};
    rf_engine_set(engine, setup);
}

static void forget_channel(struct rf_engine *engine, size_t c) {
    memset(engine->singles[c], 0, sizeof engine->singles[c]);
    engine->storming &= ~(1U << c);
    for (struct rf_incident *incident = engine->first; incident != NULL;
         incident = incident->next) {
        if (incident->held[c].ns == 0 && incident->owed[c] == 0)
            continue;
        incident->held[c] = (struct rf_utc){0};
        incident->owed[c] = 0;
        incident->dirty = true;
    }
}

void rf_engine_set(struct rf_engine *engine, const struct rf_engine_setup *setup) {
    for (size_t c = 0; c < RF_CHANNELS_MOST; c++) {
        char *known = engine->names.names[c];
        const char *name = setup->names[c] == NULL ? "" : setup->names[c];
        if (strcmp(known, name) == 0)
            continue;
        forget_channel(engine, c);
        snprintf(known, RF_CHANNEL_NAME_SIZE, "%s", name);
    }
    engine->setup = *setup;
}

static void free_notices(struct rf_engine *engine) {
    for (size_t i = 0; i < engine->notice_count; i++)
        rf_alert_fini(&engine->notices[i]);
    free(engine->notices);
    engine->notices = NULL;
    engine->notice_count = engine->notice_capacity = 0;
}

void rf_engine_fini(struct rf_engine *engine) {
    for (struct rf_incident *incident = engine->first, *next; incident != NULL; incident = next) {
        next = incident->next;
        rf_incident_destroy(&incident);
    }
    for (size_t i = 0; i < engine->end_count; i++) {
        free(engine->ends[i].rule);
        free(engine->ends[i].value);
    }
    free_notices(engine);
    free(engine->seen);
    rf_silences_fini(&engine->silences);
    rf_map_fini(&engine->by_fingerprint);
    memset(engine, 0, sizeof *engine);
}

// ---- incidents ----

struct rf_incident *rf_engine_find(const struct rf_engine *engine, const char *fingerprint) {
    struct rf_map_node *node = rf_map_find_text(&engine->by_fingerprint, fingerprint);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_incident, node);
}

// A rule that is gone from the configuration leaves its incidents to be ended by hand, by quiet.
const struct rf_config_alert_rule *rf_engine_rule(const struct rf_engine *engine,
                                                  const struct rf_incident *incident) {
    static const struct rf_config_alert_rule gone = {
        .name = "gone", .on = "", .resolve_after = {3600 * RF_NS_PER_S}, .tell_resolved = true};
    const struct rf_config_alert_rule *rule = rf_rule_named(engine->setup.config, incident->rule);
    return rule != NULL ? rule : &gone;
}

void rf_engine_text(struct rf_engine *engine, char **text, const char *value) {
    if (!rf_incident_set(text, value))
        engine->failed = true;
}

static void give_name(struct rf_engine *engine, struct rf_incident *incident) {
    if (!rf_map_add_text(&engine->by_fingerprint, &incident->node, incident->fingerprint))
        engine->failed = true;
}

// Its name is a newer one's from now on; it stays until all have heard its end.
static void shadow(struct rf_engine *engine, struct rf_incident *incident) {
    rf_map_remove(&engine->by_fingerprint, &incident->node);
    incident->shadowed = true;
    engine->shadowed++;
}

// The name of what was forgotten is the one's again that had it before, as after a restart.
static void uncover(struct rf_engine *engine, const struct rf_incident *forgotten) {
    if (engine->shadowed == 0)
        return;
    for (struct rf_incident *former = forgotten->before; former != NULL; former = former->before) {
        if (!former->shadowed || strcmp(former->fingerprint, forgotten->fingerprint) != 0)
            continue;
        former->shadowed = false;
        engine->shadowed--;
        give_name(engine, former);
        return;
    }
}

static void lose_name(struct rf_engine *engine, struct rf_incident *incident) {
    if (incident->shadowed) {
        incident->shadowed = false;
        engine->shadowed--;
    } else if (rf_engine_find(engine, incident->fingerprint) == incident) {
        rf_map_remove(&engine->by_fingerprint, &incident->node);
        uncover(engine, incident);
    }
}

void rf_engine_add(struct rf_engine *engine, struct rf_incident *incident) {
    struct rf_incident *former = rf_engine_find(engine, incident->fingerprint);
    if (former != NULL)
        shadow(engine, former);
    if (former != NULL && !rf_incident_owes(former))
        rf_engine_forget(engine, former);
    give_name(engine, incident);
    incident->before = engine->last;
    if (engine->last != NULL)
        engine->last->next = incident;
    else
        engine->first = incident;
    engine->last = incident;
    engine->count++;
    if (incident->costs[0] != '\0') {
        incident->next_costing = engine->costing;
        engine->costing = incident;
    }
}

void rf_engine_forget(struct rf_engine *engine, struct rf_incident *incident) {
    if (!incident->live)
        return;
    lose_name(engine, incident);
    incident->live = false;
    incident->dirty = true;
    engine->count--;
    for (struct rf_incident **at = &engine->costing; *at != NULL; at = &(*at)->next_costing) {
        if (*at == incident) {
            *at = incident->next_costing;
            break;
        }
    }
}

static void remove_incident(struct rf_engine *engine, struct rf_incident *incident) {
    if (incident->before != NULL)
        incident->before->next = incident->next;
    else
        engine->first = incident->next;
    if (incident->next != NULL)
        incident->next->before = incident->before;
    else
        engine->last = incident->before;
    rf_incident_destroy(&incident);
}

void rf_engine_load(struct rf_engine *engine, struct rf_incident *incident) {
    rf_engine_add(engine, incident);
    for (unsigned c = 0; c < RF_CHANNELS_MOST; c++)
        engine->storming |= incident->held[c].ns > 0 ? 1U << c : 0U;
    incident->dirty = false;
}

void rf_engine_ack(struct rf_engine *engine, const char *id, const char *by, const char *why,
                   struct rf_utc at) {
    for (struct rf_incident *incident = engine->first; incident != NULL;
         incident = incident->next) {
        if (strcmp(incident->id, id) != 0 || !incident->live || incident->acked.ns == at.ns)
            continue;
        incident->acked = at;
        incident->ack_owed = at.ns > 0;
        rf_engine_text(engine, &incident->acked_by, by);
        rf_engine_text(engine, &incident->acked_why, why);
        incident->dirty = true;
    }
}

// ---- what is stored beside the incidents ----

static json_t *singles_of(const struct rf_engine *engine) {
    json_t *channels = json_object();
    for (int c = 0; c < RF_CHANNELS_MOST; c++) {
        if (engine->names.names[c][0] == '\0' || engine->singles[c][0].ns == 0)
            continue;
        json_t *times = json_array();
        for (int i = 0; i < RF_SINGLES_MOST && engine->singles[c][i].ns > 0; i++)
            json_array_append_new(times, json_integer((json_int_t)engine->singles[c][i].ns));
        json_object_set_new(channels, engine->names.names[c], times);
    }
    return channels;
}

static char *state_of(const struct rf_engine *engine) {
    json_t *ends = json_array();
    for (size_t i = 0; i < engine->end_count; i++)
        json_array_append_new(ends, json_pack("{s:s, s:s, s:I}", "rule", engine->ends[i].rule,
                                              "value", engine->ends[i].value, "at",
                                              (json_int_t)engine->ends[i].at.ns));
    json_t *state = json_pack("{s:I, s:o, s:o}", "order", (json_int_t)engine->order, "singles",
                              singles_of(engine), "ends", ends);
    char *text = state == NULL ? NULL : json_dumps(state, JSON_COMPACT);
    json_decref(state);
    return text;
}

static void load_singles(struct rf_engine *engine, const json_t *channels) {
    for (size_t c = 0; c < RF_CHANNELS_MOST; c++) {
        const json_t *times = json_object_get(channels, engine->names.names[c]);
        for (size_t i = 0; i < RF_SINGLES_MOST && i < json_array_size(times); i++)
            engine->singles[c][i].ns = (int64_t)json_integer_value(json_array_get(times, i));
    }
}

void rf_engine_load_state(struct rf_engine *engine, const char *text, int64_t order) {
    json_t *state = text == NULL ? NULL : json_loads(text, 0, NULL);
    int64_t kept = (int64_t)json_integer_value(json_object_get(state, "order"));
    engine->order = kept > order ? kept : order;
    load_singles(engine, json_object_get(state, "singles"));
    const json_t *ends = json_object_get(state, "ends");
    for (size_t i = 0; i < json_array_size(ends) && i < RF_ENDS_MOST; i++) {
        const json_t *end = json_array_get(ends, i);
        struct rf_engine_end *loaded = &engine->ends[engine->end_count];
        rf_engine_text(engine, &loaded->rule, json_string_value(json_object_get(end, "rule")));
        rf_engine_text(engine, &loaded->value, json_string_value(json_object_get(end, "value")));
        loaded->at.ns = (int64_t)json_integer_value(json_object_get(end, "at"));
        engine->end_count++;
    }
    json_decref(state);
}

// ---- changes ----

static bool list_changed(struct rf_engine *engine, struct rf_engine_changes *changes) {
    size_t count = 0;
    for (const struct rf_incident *incident = engine->first; incident != NULL;
         incident = incident->next)
        count += incident->dirty;
    changes->incidents = calloc(count + 1, sizeof *changes->incidents);
    changes->states = calloc(count + 1, sizeof *changes->states);
    if (changes->incidents == NULL || changes->states == NULL)
        return false;
    for (const struct rf_incident *incident = engine->first; incident != NULL;
         incident = incident->next) {
        if (!incident->dirty)
            continue;
        changes->incidents[changes->incident_count] = incident;
        changes->states[changes->incident_count] = rf_incident_state(incident, &engine->names);
        if (changes->states[changes->incident_count++] == NULL)
            return false;
    }
    return true;
}

enum rf_err rf_engine_changes(struct rf_engine *engine, struct rf_engine_changes *changes,
                              struct rf_error *error) {
    *changes = (struct rf_engine_changes){.alerts = engine->notices,
                                          .alert_count = engine->notice_count,
                                          .seen = engine->seen,
                                          .seen_count = engine->seen_count};
    engine->notices = NULL;
    engine->notice_count = engine->notice_capacity = 0;
    bool done = !engine->failed && list_changed(engine, changes);
    if (done && (changes->incident_count > 0 || changes->alert_count > 0 || engine->ends_changed)) {
        changes->state = state_of(engine);
        done = changes->state != NULL;
    }
    if (done)
        return RF_OK;
    rf_engine_changes_free(changes);
    return rf_error_set(error, RF_ERR_NOMEM, "no memory for incidents");
}

void rf_engine_changes_free(struct rf_engine_changes *changes) {
    for (size_t i = 0; i < changes->alert_count; i++)
        rf_alert_fini(&changes->alerts[i]);
    free(changes->alerts);
    for (size_t i = 0; changes->states != NULL && i < changes->incident_count; i++)
        free(changes->states[i]);
    free(changes->states);
    free(changes->incidents);
    free(changes->state);
    *changes = (struct rf_engine_changes){0};
}

void rf_engine_stored(struct rf_engine *engine) {
    engine->seen_count = 0;
    engine->ends_changed = false;
    for (struct rf_incident *incident = engine->first, *next; incident != NULL; incident = next) {
        next = incident->next;
        incident->dirty = false;
        if (!incident->live)
            remove_incident(engine, incident);
    }
}
