// A timeline for programs.
#include "base/clock.h"
#include "events/event_json.h"
#include "events/field.h"
#include "timeline/timeline.h"

static json_t *entry_json(const struct rf_timeline_entry *entry, struct rf_utc began) {
    char when[RF_RFC3339_SIZE];
    json_t *json = json_pack("{s:s, s:I}", "ts", rf_utc_format(entry->at, when), "at_ns",
                             (json_int_t)rf_utc_since(entry->at, began).ns);
    if (json == NULL)
        return NULL;
    if (entry->attempt == NULL) {
        json_object_set_new(json, "event", rf_event_json(entry->event));
        return json;
    }
    const char *step = rf_field_text(entry->event, "step");
    json_object_set_new(json, "number", json_integer((json_int_t)entry->number));
    if (step != NULL)
        json_object_set_new(json, "step", json_string(step));
    json_object_set_new(json, "attempt", json_copy((json_t *)(uintptr_t)entry->attempt));
    return json;
}

json_t *rf_timeline_json(const char *contact, const struct rf_timeline_entry *entries, size_t count,
                         const struct rf_timeline_sum *sum) {
    char began[RF_RFC3339_SIZE], ended[RF_RFC3339_SIZE];
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, entry_json(&entries[i], sum->began));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:o}",
                     "contact", contact, "campaign", sum->campaign, "phone", sum->phone, "name",
                     sum->name, "state", sum->state, "outcome", sum->outcome, "began",
                     rf_utc_format(sum->began, began), "ended", rf_utc_format(sum->ended, ended),
                     "whole", sum->whole, "attempts", (json_int_t)sum->attempts, "failed",
                     (json_int_t)sum->failed, "waited_ns", (json_int_t)sum->waited.ns, "deferrals",
                     (json_int_t)sum->deferrals, "timeline", list);
}
