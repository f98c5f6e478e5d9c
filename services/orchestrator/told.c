#include "told.h"

#include <string.h>

#include "follow.h"

static const char *text_of(const struct rf_event *event, const char *key) {
    const char *text = json_string_value(json_object_get(event->data, key));
    return text ? text : "";
}

enum rf_told_news rf_told_take(struct rf_told *told, const char *sid,
                               const struct rf_event *event) {
    const char *subject = event->subject ? event->subject : "";
    const char *known = sid[0] ? sid : told->sid;
    if (subject[0] == '\0' || strlen(subject) >= sizeof told->sid)
        return RF_TOLD_NOTHING;
    if (known[0] && strcmp(known, subject) != 0)
        return RF_TOLD_OTHER_CALL;
    enum rf_told_news news = RF_TOLD_NOTHING;
    if (told->sid[0] == '\0') {
        rf_plan_copy(told->sid, sizeof told->sid, subject);
        told->duration_s = -1;
        news = RF_TOLD_CALL;
    }
    if (told->answered_by[0] == '\0' && text_of(event, "answered_by")[0]) {
        rf_plan_copy(told->answered_by, sizeof told->answered_by, text_of(event, "answered_by"));
        news = RF_TOLD_CALL;
    }
    const char *status = text_of(event, "status");
    if (told->status[0] == '\0' && rf_follow_terminal(status)) {
        json_t *duration = json_object_get(event->data, "duration_s");
        rf_plan_copy(told->status, sizeof told->status, status);
        told->duration_s = json_is_integer(duration) ? json_integer_value(duration) : -1;
        news = RF_TOLD_END;
    }
    return news;
}

bool rf_told_ended(const struct rf_told *told, bool listens) {
    bool unheard = listens && told->answered_by[0] == '\0';
    return told->status[0] && !(unheard && strcmp(told->status, "completed") == 0);
}

json_t *rf_told_result(const struct rf_told *told) {
    json_t *result = json_pack("{s:s,s:s}", "sid", told->sid, "status", told->status);
    bool whole = result != NULL;
    if (whole && told->duration_s >= 0)
        whole = json_object_set_new(result, "duration_s", json_integer(told->duration_s)) == 0;
    if (whole && told->answered_by[0])
        whole = json_object_set_new(result, "answered_by", json_string(told->answered_by)) == 0;
    if (!whole) {
        json_decref(result);
        return NULL;
    }
    return result;
}
