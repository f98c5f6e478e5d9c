#include "incident.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *const phases[] = {"pending", "open", "resolved"};
static const char *const told_names[] = {"nothing", "opened", "resolved"};

const char *rf_phase_name(enum rf_phase phase) {
    return phases[phase];
}

const char *rf_told_name(enum rf_told told) {
    return told_names[told];
}

static int place_of(const char *const names[3], const char *name) {
    int i = 0;
    while (i < 2 && strcmp(names[i], name) != 0)
        i++;
    return i;
}

enum rf_phase rf_phase_parse(const char *name) {
    return (enum rf_phase)place_of(phases, name);
}

enum rf_told rf_told_parse(const char *name) {
    return (enum rf_told)place_of(told_names, name);
}

// ---- life ----

bool rf_incident_set(char **text, const char *value) {
    char *copy = strdup(value == NULL ? "" : value);
    if (copy == NULL)
        return false;
    free(*text);
    *text = copy;
    return true;
}

struct rf_incident *rf_incident_new(void) {
    struct rf_incident *incident = calloc(1, sizeof *incident);
    if (incident == NULL)
        return NULL;
    incident->live = true;
    char **texts[] = {&incident->fingerprint,  &incident->rule,     &incident->severity,
                      &incident->subject,      &incident->service,  &incident->campaign,
                      &incident->title,        &incident->costs,    &incident->first_event,
                      &incident->event,        &incident->acked_by, &incident->acked_why,
                      &incident->inhibited_by, &incident->told_to};
    bool done = true;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        done = rf_incident_set(texts[i], "") && done;
    if (!done)
        rf_incident_destroy(&incident);
    return incident;
}

void rf_incident_destroy(struct rf_incident **incident) {
    struct rf_incident *gone = *incident;
    if (gone == NULL)
        return;
    free(gone->fingerprint);
    free(gone->rule);
    free(gone->severity);
    free(gone->subject);
    free(gone->service);
    free(gone->campaign);
    free(gone->title);
    free(gone->costs);
    free(gone->first_event);
    free(gone->event);
    free(gone->inhibited_by);
    free(gone->told_to);
    free(gone->acked_by);
    free(gone->acked_why);
    free(gone->recent);
    for (size_t i = 0; i < gone->name_count; i++)
        free(gone->names[i]);
    rf_seen_fini(&gone->seen);
    free(gone);
    *incident = NULL;
}

// ---- what the columns do not have ----

// The members of the state that are numbers, once for both ways.
#define NUMBERS(X)                                                                                 \
    X(seq)                                                                                         \
    X(n)                                                                                           \
    X(notices)                                                                                     \
    X(updates)                                                                                     \
    X(changes)                                                                                     \
    X(heard.ns)                                                                                    \
    X(touched.ns)                                                                                  \
    X(told_at.ns) X(spoke_at.ns) X(reminded_at.ns) X(changed_at.ns) X(hold_until.ns)
#define FLAGS(X)                                                                                   \
    X(seen_full)                                                                                   \
    X(news)                                                                                        \
    X(news_now)                                                                                    \
    X(escalated) X(flapping) X(closed) X(quieted) X(inhibits) X(by_quiet) X(unsaid) X(ack_owed)

static json_t *names_of(const struct rf_incident *incident) {
    json_t *names = json_array();
    for (size_t i = 0; i < incident->name_count; i++)
        json_array_append_new(names, json_string(incident->names[i]));
    return names;
}

static json_t *recent_of(const struct rf_incident *incident) {
    json_t *recent = json_array();
    for (size_t i = 0; i < incident->recent_count; i++)
        json_array_append_new(recent, json_integer((json_int_t)incident->recent[i]));
    return recent;
}

// By the channels' names: a restart may give them other slots.
static json_t *waits_of(const struct rf_incident *incident, const struct rf_channel_names *names) {
    json_t *waits = json_object();
    for (size_t c = 0; c < RF_CHANNELS_MOST; c++)
        if (names->names[c][0] != '\0' && (incident->held[c].ns > 0 || incident->owed[c] != 0))
            json_object_set_new(
                waits, names->names[c],
                json_pack("[I, i]", (json_int_t)incident->held[c].ns, (int)incident->owed[c]));
    return waits;
}

char *rf_incident_state(const struct rf_incident *incident, const struct rf_channel_names *names) {
    json_t *state = json_object();
    int failed = state == NULL;
#define NUMBER(member)                                                                             \
    failed |= json_object_set_new(state, #member, json_integer((json_int_t)incident->member));
#define FLAG(member) failed |= json_object_set_new(state, #member, json_boolean(incident->member));
    NUMBERS(NUMBER)
    FLAGS(FLAG)
#undef NUMBER
#undef FLAG
    failed |= json_object_set_new(state, "costs", json_string(incident->costs));
    failed |= json_object_set_new(state, "inhibited_by", json_string(incident->inhibited_by));
    failed |= json_object_set_new(state, "told_to", json_string(incident->told_to));
    failed |= json_object_set_new(state, "first_event", json_string(incident->first_event));
    failed |= json_object_set_new(state, "event", json_string(incident->event));
    failed |= json_object_set_new(state, "names", names_of(incident));
    failed |= json_object_set_new(state, "recent", recent_of(incident));
    failed |= json_object_set_new(state, "waits", waits_of(incident, names));
    char *text = failed ? NULL : json_dumps(state, JSON_COMPACT);
    json_decref(state);
    return text;
}

bool rf_incident_owes(const struct rf_incident *incident) {
    for (size_t c = 0; c < RF_CHANNELS_MOST; c++)
        if (incident->owed[c] != 0)
            return true;
    return false;
}

static bool restore_recent(struct rf_incident *incident, const json_t *recent) {
    size_t count = json_array_size(recent);
    incident->recent = calloc(count + 1, sizeof *incident->recent);
    if (incident->recent == NULL)
        return false;
    incident->recent_capacity = count + 1;
    incident->recent_count = count;
    for (size_t i = 0; i < count; i++)
        incident->recent[i] = (int64_t)json_integer_value(json_array_get(recent, i));
    return true;
}

static void restore_waits(struct rf_incident *incident, const json_t *waits,
                          const struct rf_channel_names *names) {
    for (size_t c = 0; c < RF_CHANNELS_MOST; c++) {
        const json_t *wait = json_object_get(waits, names->names[c]);
        json_int_t owed = json_integer_value(json_array_get(wait, 1));
        incident->held[c].ns = (int64_t)json_integer_value(json_array_get(wait, 0));
        incident->owed[c] = (unsigned char)(owed > 0 && owed < RF_DUE_OVER ? owed : 0);
    }
}

bool rf_incident_restore(struct rf_incident *incident, const char *text,
                         const struct rf_channel_names *names) {
    json_t *state = json_loads(text, 0, NULL);
    if (!json_is_object(state)) {
        json_decref(state);
        return false;
    }
#define NUMBER(member)                                                                             \
    incident->member = (int64_t)json_integer_value(json_object_get(state, #member));
#define FLAG(member) incident->member = json_is_true(json_object_get(state, #member));
    NUMBERS(NUMBER)
    FLAGS(FLAG)
#undef NUMBER
#undef FLAG
    const char *first = json_string_value(json_object_get(state, "first_event"));
    const char *event = json_string_value(json_object_get(state, "event"));
    const char *costs = json_string_value(json_object_get(state, "costs"));
    const char *by = json_string_value(json_object_get(state, "inhibited_by"));
    const char *told_to = json_string_value(json_object_get(state, "told_to"));
    bool done = rf_incident_set(&incident->costs, costs) &&
                // Before this was kept, all heard of it.
                rf_incident_set(&incident->told_to, told_to == NULL ? "all" : told_to) &&
                rf_incident_set(&incident->inhibited_by, by) &&
                rf_incident_set(&incident->first_event, first) &&
                rf_incident_set(&incident->event, event) &&
                restore_recent(incident, json_object_get(state, "recent"));
    restore_waits(incident, json_object_get(state, "waits"), names);
    const json_t *subjects = json_object_get(state, "names");
    for (size_t i = 0; done && i < json_array_size(subjects) && i < RF_INCIDENT_NAMES; i++) {
        const char *name = json_string_value(json_array_get(subjects, i));
        done = rf_incident_set(&incident->names[i], name);
        incident->name_count += done ? 1 : 0;
    }
    json_decref(state);
    return done;
}
