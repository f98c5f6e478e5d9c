#include "alerts.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "member.h"

// One that a person has ended goes away in a moment.
static bool add(struct cli_silences *silences, const struct rf_state_entry *entry) {
    if (json_object_get(entry->value, "ended_by") != NULL)
        return true;
    struct cli_silence *grown =
        realloc(silences->items, (silences->count + 1) * sizeof *silences->items);
    if (grown == NULL)
        return false;
    silences->items = grown;
    char *id = strdup(entry->key + strlen(CLI_SILENCES));
    if (id == NULL)
        return false;
    grown[silences->count++] = (struct cli_silence){
        .id = id, .version = entry->version, .value = json_incref(entry->value)};
    return true;
}

static void forget(struct cli_silences *silences) {
    for (size_t i = 0; i < silences->count; i++) {
        free(silences->items[i].id);
        json_decref(silences->items[i].value);
    }
    silences->count = 0;
}

static void look(struct cli_silences *silences) {
    if (!silences->begun || !silences->asked)
        return;
    silences->read = true;
    silences->done(silences->session);
}

static void on_entries(void *arg, bool snapshot, const struct rf_state_entry *entries,
                       size_t count) {
    struct cli_silences *silences = arg;
    if (silences->read)
        return; // what comes later is another's business
    if (snapshot)
        forget(silences);
    silences->begun = true;
    for (size_t i = 0; i < count; i++)
        if (entries[i].version != 0 && !add(silences, &entries[i])) {
            silences->read = true;
            cli_session_fail(silences->session, "out of memory");
            return;
        }
    look(silences);
}

// The broker answers in the order in which it was asked, and a snapshot goes out as one, in as many
// messages as it takes: behind this answer all of it is there.
static void on_marked(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct cli_silences *silences = arg;
    (void)entry;
    if (silences->read)
        return;
    silences->asked = true;
    if (code == NULL || strcmp(code, "not_found") == 0) {
        look(silences);
        return;
    }
    silences->read = true;
    cli_session_fail(silences->session, "the silences could not be read: %s", code);
}

void cli_silences_read(struct cli_session *session, struct cli_silences *silences,
                       void (*done)(struct cli_session *session)) {
    struct rf_error error;
    silences->session = session;
    silences->done = done;
    if (rf_bus_watch(session->bus, CLI_SILENCES, on_entries, silences, &error) != RF_OK)
        cli_session_fail(session, "%s", error.message);
    else
        rf_bus_state_get(session->bus, CLI_SILENCES, on_marked, silences);
}

void cli_silences_fini(struct cli_silences *silences) {
    forget(silences);
    free(silences->items);
    *silences = (struct cli_silences){0};
}

static bool fits(const json_t *match, const json_t *incident) {
    const char *key;
    json_t *pattern;
    json_object_foreach((json_t *)(uintptr_t)match, key, pattern) {
        const char *text = json_string_value(pattern);
        if (text == NULL || fnmatch(text, cli_member_text(incident, key), 0) != 0)
            return false;
    }
    return json_object_size(match) > 0;
}

struct rf_utc cli_silences_until(const struct cli_silences *silences, const json_t *incident,
                                 struct rf_utc now) {
    struct rf_utc until = {0};
    for (size_t i = 0; i < silences->count; i++) {
        const json_t *value = silences->items[i].value;
        int64_t end = cli_member_number(value, "until");
        if (cli_member_number(value, "from") <= now.ns && end > now.ns && end > until.ns &&
            fits(json_object_get(value, "match"), incident))
            until.ns = end;
    }
    return until;
}

void cli_alert_ask(struct cli_ask *ask, struct cli_session *session, const char *operation,
                   json_t *params, void (*told)(struct cli_session *session, json_t *result)) {
    session->service = "alerter";
    cli_ask(ask, session, operation, params, told);
}
