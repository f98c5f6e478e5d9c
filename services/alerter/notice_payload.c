// The webhook's body.
#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "events/field.h"
#include "notice_parts.h"

#define WORDS_BYTES 1000

static bool set_text(json_t *object, const char *key, const char *outside) {
    struct rf_text text = {0};
    if (outside == NULL || outside[0] == '\0')
        return true;
    rf_text_add_clean(&text, outside, WORDS_BYTES);
    bool done = !text.failed && json_object_set_new(object, key, json_string(text.data)) == 0;
    rf_text_fini(&text);
    return done;
}

// The event's own data go along, cut as they were kept; how long they were is said.
static bool set_details(json_t *object, const json_t *data) {
    if (data == NULL)
        return true;
    json_t *details = json_deep_copy(data);
    const json_t *whole = json_object_get(data, "whole_bytes");
    if (whole != NULL) {
        json_object_set(object, "details_whole_bytes", (json_t *)(uintptr_t)whole);
        json_object_del(details, "whole_bytes");
    }
    return json_object_set_new(object, "details", details) == 0;
}

static bool set_time(json_t *object, const char *key, struct rf_utc at) {
    char when[RF_RFC3339_SIZE];
    return at.ns == 0 ||
           json_object_set_new(object, key, json_string(rf_utc_format(at, when))) == 0;
}

static json_t *course_of(const struct rf_incident *incident) {
    json_t *course = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:b}", "id", incident->id, "name",
        incident->fingerprint, "rule", incident->rule, "state", rf_phase_name(incident->phase),
        "title", incident->title, "events", (json_int_t)incident->events, "subjects",
        (json_int_t)incident->subjects, "contacts_deferred", (json_int_t)incident->deferred,
        "contacts_set_aside", (json_int_t)incident->set_aside, "alerts_swallowed",
        (json_int_t)incident->swallowed, "flapping", incident->flapping);
    bool done = course != NULL && set_time(course, "opened", incident->opened) &&
                set_time(course, "resolved", incident->resolved) &&
                set_text(course, "acknowledged_by", incident->acked_by);
    if (!done) {
        json_decref(course);
        return NULL;
    }
    return course;
}

static json_t *data_of(const struct rf_alert *alert) {
    return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "id", alert->id, "n",
                     (json_int_t)alert->n, "kind", rf_notice_name(alert->kind), "thread",
                     alert->thread, "severity", alert->severity, "subject", alert->subject, "title",
                     alert->title, "text", alert->text);
}

static char *body_of(const struct rf_alert *alert, json_t *data) {
    char when[RF_RFC3339_SIZE];
    json_t *body = json_pack("{s:s, s:s, s:O}", "type", alert->type, "timestamp",
                             rf_utc_format(alert->at, when), "data", data);
    char *payload = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return payload;
}

char *rf_notice_payload(const struct rf_incident *incident, const struct rf_event *event,
                        const struct rf_alert *alert) {
    char *payload = NULL;
    json_t *data = data_of(alert), *course = course_of(incident);
    if (data != NULL && course != NULL && json_object_set(data, "course", course) == 0 &&
        set_text(data, "service", event->service) && set_text(data, "campaign", event->campaign) &&
        set_text(data, "contact", event->contact) && set_details(data, event->data))
        payload = body_of(alert, data);
    json_decref(course);
    json_decref(data);
    return payload;
}

#define INCIDENTS_LISTED 100

char *rf_notice_digest_payload(const struct rf_digest_line *lines, size_t count,
                               const struct rf_alert *alert) {
    char *payload = NULL;
    json_t *data = data_of(alert), *list = json_array();
    bool done = data != NULL && list != NULL;
    for (size_t i = 0; done && i < count && i < INCIDENTS_LISTED; i++) {
        json_t *course = course_of(lines[i].incident);
        done = course != NULL &&
               json_object_set_new(course, "kind", json_string(rf_notice_name(lines[i].kind))) == 0;
        json_array_append_new(list, course);
    }
    if (done && json_object_set(data, "incidents", list) == 0 &&
        json_object_set_new(data, "incident_count", json_integer((json_int_t)count)) == 0)
        payload = body_of(alert, data);
    json_decref(list);
    json_decref(data);
    return payload;
}
