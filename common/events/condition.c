#include "events/condition.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(const char *name, size_t length, const char *expected) {
    return strlen(expected) == length && memcmp(name, expected, length) == 0;
}

static const char *present(const char *text) {
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static const char *data_value(const struct rf_event *event, const char *name, size_t length,
                              char scratch[RF_VALUE_SIZE]) {
    char key[64];
    if (length >= sizeof key || event->data == NULL)
        return NULL;
    memcpy(key, name, length);
    key[length] = '\0';
    const json_t *value = json_object_get(event->data, key);
    if (json_is_integer(value))
        snprintf(scratch, RF_VALUE_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        snprintf(scratch, RF_VALUE_SIZE, "%.9g", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(scratch, RF_VALUE_SIZE, "%s", json_is_true(value) ? "true" : "false");
    else
        return present(json_string_value(value));
    return scratch;
}

const char *rf_event_value(const struct rf_event *event, const char *name, size_t length,
                           char scratch[RF_VALUE_SIZE]) {
    const struct {
        const char *name, *value;
    } own[] = {{"id", event->id},           {"type", event->type},
               {"subject", event->subject}, {"severity", event->severity},
               {"service", event->service}, {"campaign", event->campaign},
               {"contact", event->contact}};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (is_name(name, length, own[i].name) && present(own[i].value) != NULL)
            return own[i].value;
    const char *value = data_value(event, name, length, scratch);
    if (value == NULL && is_name(name, length, "provider"))
        value = present(event->service);
    return value;
}

// ---- words of a text ----

// The next word of `text` from *at on; false at its end.
static bool next_word(const char **at, const char **word, size_t *length) {
    *word = *at + strspn(*at, " \t");
    *length = strcspn(*word, " \t");
    *at = *word + *length;
    return *length > 0;
}

// ---- types ----

static const char *const types[RF_EVENT_COUNT] = {
#define EVENT(name, type, severity, meaning) [RF_EVENT_##name] = (type),
#include <ringfence/messages.def>
};

static bool type_is(const char *pattern, size_t length, const char *type) {
    if (length > 0 && pattern[length - 1] == '*')
        return strncmp(pattern, type, length - 1) == 0;
    return is_name(pattern, length, type);
}

bool rf_type_matches(const char *patterns, const char *type) {
    const char *word;
    size_t length;
    while (patterns != NULL && next_word(&patterns, &word, &length))
        if (type_is(word, length, type))
            return true;
    return false;
}

// Measurements are published without the journal.
static bool is_kept(const char *type) {
    return strncmp(type, "metric.", strlen("metric.")) != 0;
}

static enum rf_err check_type(const char *word, size_t length, struct rf_error *error) {
    bool known = false;
    int shown = (int)(length < 64 ? length : 64);
    for (int i = 0; i < RF_EVENT_COUNT; i++) {
        bool fits = type_is(word, length, types[i]);
        if (fits && is_kept(types[i]))
            return RF_OK;
        known = known || fits;
    }
    if (known)
        return rf_error_set(error, RF_ERR_INVALID,
                            "%.*s means measurements, which no journal keeps, so that no rule "
                            "ever meets one; expected what is told of them, such as "
                            "provider.degraded, provider.down or breaker.opened",
                            shown, word);
    return rf_error_set(error, RF_ERR_INVALID,
                        "no event has the type %.*s; expected types such as breaker.opened, or "
                        "with a star at the end, breaker.*",
                        shown, word);
}

enum rf_err rf_type_check(const char *patterns, struct rf_error *error) {
    const char *word, *at = patterns;
    size_t length, count = 0;
    for (; next_word(&at, &word, &length); count++)
        if (check_type(word, length, error) != RF_OK)
            return RF_ERR_INVALID;
    return count > 0 ? RF_OK
                     : rf_error_set(error, RF_ERR_INVALID,
                                    "names no type of events; expected some, such as "
                                    "breaker.opened");
}

// ---- fields ----

// What is told of the data of each type, behind "data: "; or "data as opened", as of another type
// of the same area.
static const char *const meanings[RF_EVENT_COUNT] = {
#define EVENT(name, type, severity, meaning) [RF_EVENT_##name] = (meaning),
#include <ringfence/messages.def>
};

#define FIELD_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define SAME        "data as "
#define OPEN_END    "and what the step gave" // any field that there is

static bool has_word(const char *text, const char *word, size_t length) {
    for (size_t size; *(text += strcspn(text, FIELD_BYTES)) != '\0'; text += size) {
        size = strspn(text, FIELD_BYTES);
        if (size == length && memcmp(text, word, length) == 0)
            return true;
    }
    return false;
}

// The type whose data is told for type `i`.
static int told_at(int i) {
    const char *same = strstr(meanings[i], SAME);
    size_t area = strcspn(types[i], ".") + 1;
    for (int other = 0; same != NULL && other < RF_EVENT_COUNT; other++)
        if (strncmp(types[other], types[i], area) == 0 &&
            strcmp(types[other] + area, same + strlen(SAME)) == 0)
            return other;
    return i;
}

// "": it has no data.
static const char *data_of(int i) {
    const char *data = strstr(meanings[told_at(i)], "data: ");
    return data == NULL ? "" : data + strlen("data: ");
}

static bool has_field(int i, const char *name, size_t length) {
    bool open = strstr(data_of(i), OPEN_END) != NULL, has = has_word(data_of(i), name, length);
    for (int other = 0; open && !has && other < RF_EVENT_COUNT; other++)
        has = has_word(data_of(other), name, length);
    return has;
}

bool rf_field_known(const char *name, size_t length, const char *patterns) {
    static const char *const own[] = {"id",      "type",     "subject", "severity",
                                      "service", "campaign", "contact", "provider"};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (is_name(name, length, own[i]))
            return true;
    for (int i = 0; i < RF_EVENT_COUNT; i++)
        if (rf_type_matches(patterns, types[i]) && has_field(i, name, length))
            return true;
    return false;
}

// With the data of the first type that is meant and has some.
static enum rf_err unknown_field(const char *name, size_t length, const char *patterns,
                                 struct rf_error *error) {
    const char *data = "";
    for (int i = 0; i < RF_EVENT_COUNT && data[0] == '\0'; i++)
        if (rf_type_matches(patterns, types[i]))
            data = data_of(i);
    return rf_error_set(error, RF_ERR_INVALID,
                        "no event of %.64s has a field %.*s; expected subject, severity, service, "
                        "campaign, contact, provider%s%.160s",
                        patterns, (int)(length < 64 ? length : 64), name,
                        data[0] == '\0' ? "" : ", or of its data: ", data);
}

enum rf_err rf_fields_check(const char *fields, const char *patterns, struct rf_error *error) {
    const char *word;
    size_t length;
    while (next_word(&fields, &word, &length))
        if (!rf_field_known(word, length, patterns))
            return unknown_field(word, length, patterns, error);
    return RF_OK;
}

// ---- conditions ----

enum relation { IS_THERE, EQUALS, DIFFERS, BEGINS, ABOVE, BELOW };

struct condition {
    const char *field, *value;
    size_t field_length, value_length;
    enum relation relation;
};

static bool is_field(const char *name, size_t length) {
    return length > 0 && length < 64 && strspn(name, FIELD_BYTES) >= length;
}

static bool read_condition(const char *word, size_t length, struct condition *condition) {
    static const struct {
        const char *sign;
        enum relation relation;
    } signs[] = {{"!=", DIFFERS}, {"^=", BEGINS}, {"=", EQUALS}, {">", ABOVE}, {"<", BELOW}};
    size_t field = strcspn(word, "!^=>< \t");
    field = field < length ? field : length;
    *condition =
        (struct condition){.field = word, .field_length = field, .relation = IS_THERE, .value = ""};
    if (!is_field(word, field))
        return false;
    if (field == length)
        return true;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        size_t size = strlen(signs[i].sign);
        if (strncmp(word + field, signs[i].sign, size) != 0)
            continue;
        condition->relation = signs[i].relation;
        condition->value = word + field + size;
        condition->value_length = length - field - size;
        return condition->value_length > 0;
    }
    return false;
}

// Whether `text` is, or begins with, one of "a|b|c".
static bool is_one_of(const struct condition *condition, const char *text, bool begins) {
    const char *at = condition->value, *end = at + condition->value_length;
    while (at <= end) {
        const char *bar = memchr(at, '|', (size_t)(end - at));
        size_t length = (size_t)((bar != NULL ? bar : end) - at);
        if (strncmp(text, at, length) == 0 && (begins || text[length] == '\0'))
            return true;
        at += length + 1;
    }
    return false;
}

static bool number_of(const char *text, size_t length, double *number) {
    char copy[64], *end;
    if (length == 0 || length >= sizeof copy)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *number = strtod(copy, &end);
    return *end == '\0';
}

static bool compares(const struct condition *condition, const char *text) {
    double left, right;
    if (!number_of(text, strlen(text), &left) ||
        !number_of(condition->value, condition->value_length, &right))
        return false;
    return condition->relation == ABOVE ? left > right : left < right;
}

static bool holds(const struct condition *condition, const struct rf_event *event) {
    char scratch[RF_VALUE_SIZE];
    const char *text = rf_event_value(event, condition->field, condition->field_length, scratch);
    switch (condition->relation) {
    case IS_THERE:
        return text != NULL && strcmp(text, "false") != 0;
    case EQUALS:
    case BEGINS:
        return text != NULL && is_one_of(condition, text, condition->relation == BEGINS);
    case DIFFERS:
        return text == NULL || !is_one_of(condition, text, false);
    case ABOVE:
    case BELOW:
        return text != NULL && compares(condition, text);
    }
    return false;
}

bool rf_condition_holds(const char *conditions, const struct rf_event *event) {
    struct condition condition;
    const char *word;
    size_t length;
    while (conditions != NULL && next_word(&conditions, &word, &length))
        if (!read_condition(word, length, &condition) || !holds(&condition, event))
            return false;
    return true;
}

enum rf_err rf_condition_check(const char *conditions, const char *patterns,
                               struct rf_error *error) {
    struct condition condition;
    const char *word;
    size_t length;
    double number;
    while (next_word(&conditions, &word, &length)) {
        bool good = read_condition(word, length, &condition);
        if (good && (condition.relation == ABOVE || condition.relation == BELOW))
            good = number_of(condition.value, condition.value_length, &number);
        if (!good)
            return rf_error_set(error, RF_ERR_INVALID,
                                "%.*s is no condition; expected " RF_CONDITION_EXPECTED,
                                (int)(length < 64 ? length : 64), word);
        if (!rf_field_known(condition.field, condition.field_length, patterns))
            return unknown_field(condition.field, condition.field_length, patterns, error);
    }
    return RF_OK;
}
