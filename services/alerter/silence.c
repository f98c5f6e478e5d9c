#include "silence.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static void remove_at(struct rf_silences *silences, size_t place) {
    struct rf_silence *gone = &silences->items[place];
    free(gone->id);
    json_decref(gone->match);
    *gone = silences->items[--silences->count];
}

void rf_silences_fini(struct rf_silences *silences) {
    while (silences->count > 0)
        remove_at(silences, silences->count - 1);
    free(silences->items);
    *silences = (struct rf_silences){0};
}

static bool is_match(const json_t *match) {
    const char *key;
    json_t *value;
    if (json_object_size(match) == 0)
        return false;
    json_object_foreach((json_t *)(uintptr_t)match, key, value) {
        bool known = strcmp(key, "incident") == 0 || strcmp(key, "rule") == 0 ||
                     strcmp(key, "severity") == 0 || strcmp(key, "subject") == 0 ||
                     strcmp(key, "campaign") == 0;
        if (!known || json_string_length(value) == 0)
            return false;
    }
    return true;
}

bool rf_silences_put(struct rf_silences *silences, const char *id, const json_t *value) {
    for (size_t i = silences->count; i-- > 0;)
        if (strcmp(silences->items[i].id, id) == 0)
            remove_at(silences, i);
    if (value == NULL)
        return true;
    const json_t *match = json_object_get(value, "match");
    int64_t until = (int64_t)json_integer_value(json_object_get(value, "until"));
    if (!is_match(match) || until <= 0 || silences->count >= RF_SILENCES_MOST)
        return false;
    struct rf_silence *items =
        realloc(silences->items, (silences->count + 1) * sizeof *silences->items);
    if (items == NULL)
        return false;
    silences->items = items;
    struct rf_silence *added = &items[silences->count];
    *added = (struct rf_silence){
        .id = strdup(id),
        .match = json_deep_copy(match),
        .from = {(int64_t)json_integer_value(json_object_get(value, "from"))},
        .until = {until},
    };
    if (added->id == NULL || added->match == NULL) {
        free(added->id);
        json_decref(added->match);
        return false;
    }
    silences->count++;
    return true;
}

static bool fits(const json_t *match, const char *key, const char *text) {
    const char *pattern = json_string_value(json_object_get(match, key));
    return pattern == NULL || fnmatch(pattern, text, 0) == 0;
}

bool rf_silences_hold(const struct rf_silences *silences, const struct rf_incident *incident,
                      struct rf_utc now, struct rf_utc *wake) {
    bool held = false;
    for (size_t i = 0; i < silences->count; i++) {
        const struct rf_silence *silence = &silences->items[i];
        if (silence->until.ns <= now.ns ||
            !fits(silence->match, "incident", incident->fingerprint) ||
            !fits(silence->match, "rule", incident->rule) ||
            !fits(silence->match, "severity", incident->severity) ||
            !fits(silence->match, "subject", incident->subject) ||
            !fits(silence->match, "campaign", incident->campaign))
            continue;
        bool begun = silence->from.ns <= now.ns;
        struct rf_utc change = begun ? silence->until : silence->from;
        held = held || begun;
        if (change.ns < wake->ns)
            *wake = change;
    }
    return held;
}
