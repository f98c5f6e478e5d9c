#include "events/field.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static const json_t *member(const struct rf_event *event, const char *key) {
    return event->data == NULL ? NULL : json_object_get(event->data, key);
}

// The place of the member in the list; its length if there is none. A few short names: comparing
// them one by one is quicker than a table.
static size_t place(const struct rf_fields *fields, const char *key) {
    size_t size = strlen(key), i = 0;
    while (i < fields->count &&
           (fields->items[i].key_size != size || memcmp(fields->items[i].key, key, size) != 0))
        i++;
    return i;
}

static bool listed(const struct rf_fields *fields, const char *key, enum rf_member_kind kind,
                   int64_t *number) {
    size_t i = place(fields, key);
    if (i == fields->count || fields->items[i].kind != kind)
        return false;
    *number = fields->items[i].number;
    return true;
}

const char *rf_field_text(const struct rf_event *event, const char *key) {
    int64_t at;
    if (event->data_fields != NULL)
        return listed(event->data_fields, key, RF_MEMBER_TEXT, &at) &&
                       event->data_fields->texts.data[at] != '\0'
                   ? event->data_fields->texts.data + at
                   : NULL;
    const char *text = json_string_value(member(event, key));
    return text == NULL || text[0] == '\0' ? NULL : text;
}

bool rf_field_number(const struct rf_event *event, const char *key, int64_t *number) {
    if (event->data_fields != NULL)
        return listed(event->data_fields, key, RF_MEMBER_NUMBER, number);
    const json_t *value = member(event, key);
    if (!json_is_integer(value))
        return false;
    *number = json_integer_value(value);
    return true;
}

bool rf_field_count(const struct rf_event *event, const char *key, int64_t *count) {
    if (event->data_fields != NULL)
        return listed(event->data_fields, key, RF_MEMBER_ARRAY, count) ||
               listed(event->data_fields, key, RF_MEMBER_NUMBER, count);
    const json_t *array = rf_field_array(event, key);
    if (array == NULL)
        return rf_field_number(event, key, count);
    *count = (int64_t)json_array_size(array);
    return true;
}

const json_t *rf_field_array(const struct rf_event *event, const char *key) {
    const json_t *value = member(event, key);
    return json_is_array(value) ? value : NULL;
}

char *rf_time_text(struct rf_utc t, char out[RF_TIME_TEXT_SIZE]) {
    char full[RF_RFC3339_SIZE];
    rf_utc_format(t, full);
    snprintf(out, RF_TIME_TEXT_SIZE, "%.10s %.8s UTC", full, full + 11);
    return out;
}

char *rf_span_text(struct rf_duration d, char out[RF_TIME_TEXT_SIZE]) {
    int64_t seconds = d.ns < 0 ? 0 : d.ns / RF_NS_PER_S;
    if (d.ns > 0 && d.ns < RF_NS_PER_S / 10)
        snprintf(out, RF_TIME_TEXT_SIZE, "%" PRId64 " ms", rf_duration_ms(d));
    else if (seconds < 10)
        snprintf(out, RF_TIME_TEXT_SIZE, "%.1f s", d.ns < 0 ? 0.0 : rf_duration_s(d));
    else if (seconds < 120)
        snprintf(out, RF_TIME_TEXT_SIZE, "%" PRId64 " s", seconds);
    else if (seconds < INT64_C(2) * 3600)
        snprintf(out, RF_TIME_TEXT_SIZE, "%" PRId64 " min", seconds / 60);
    else if (seconds < INT64_C(48) * 3600)
        snprintf(out, RF_TIME_TEXT_SIZE, "%" PRId64 " h", seconds / 3600);
    else
        snprintf(out, RF_TIME_TEXT_SIZE, "%" PRId64 " d", seconds / (INT64_C(24) * 3600));
    return out;
}
