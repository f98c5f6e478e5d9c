#include "events/field.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"

static const json_t *member(const struct rf_event *event, const char *key) {
    return event->data == NULL ? NULL : json_object_get(event->data, key);
}

void rf_fields_fini(struct rf_fields *fields) {
    rf_text_fini(&fields->texts);
    rf_text_fini(&fields->redacted);
    fields->count = 0;
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
    memcpy(out, full, 10);
    out[10] = ' ';
    memcpy(out + 11, full + 11, 8);
    memcpy(out + 19, " UTC", 5);
    return out;
}

// "%lld %s" without the C library's formats: lines of a log have it by the thousand.
static char *put(char *out, int64_t number, const char *unit) {
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    memcpy(out, digits + at, sizeof digits - at);
    memcpy(out + sizeof digits - at, unit, strlen(unit) + 1);
    return out;
}

char *rf_span_text(struct rf_duration d, char out[RF_TIME_TEXT_SIZE]) {
    int64_t seconds = d.ns < 0 ? 0 : d.ns / RF_NS_PER_S;
    if (d.ns > 0 && d.ns < RF_NS_PER_S / 10) {
        put(out, rf_duration_ms(d), " ms");
    } else if (seconds < 10) { // to the nearest tenth
        int64_t tenths = d.ns < 0 ? 0 : (d.ns + RF_NS_PER_S / 20) / (RF_NS_PER_S / 10);
        put(out, tenths / 10, ".x s");
        *strchr(out, 'x') = (char)('0' + tenths % 10);
    } else if (seconds < 120)
        put(out, seconds, " s");
    else if (seconds < INT64_C(2) * 3600)
        put(out, seconds / 60, " min");
    else if (seconds < INT64_C(48) * 3600)
        put(out, seconds / 3600, " h");
    else
        put(out, seconds / (INT64_C(24) * 3600), " d");
    return out;
}
