// A contact's name in an event's other texts, such as the message of a provider: data have it under
// a name of its own, and whatever equals it elsewhere goes too. Not in what decides what an event
// is (its type, a class, a provider), as somebody may be called like that: there it is one word,
// and all of the text.
#include <string.h>

#include "redact/span.h"

#define NAMES_MOST 8
#define NAME_LEAST 2 // bytes

struct names {
    struct {
        const char *text;
        size_t size;
    } items[NAMES_MOST];
    size_t count;
};

// ---- which names there are ----

// Recursive, as deep as the tree: what comes over the bus is bounded there.
static void gather(json_t *json, enum rf_redact_kind kind,
                   struct names *names) // NOLINT(misc-no-recursion)
{
    const char *key;
    json_t *item;
    size_t i, size;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        json_object_foreach(json, key, item)
            gather(item, rf_redact_kind(key, strlen(key), kind), names);
        break;
    case JSON_ARRAY:
        json_array_foreach(json, i, item) gather(item, kind, names);
        break;
    case JSON_STRING:
        size = json_string_length(json);
        if (kind == RF_REDACT_NAME && size >= NAME_LEAST && names->count < NAMES_MOST) {
            names->items[names->count].text = json_string_value(json);
            names->items[names->count++].size = size;
        }
        break;
    default:
        break;
    }
}

// ---- taking them out ----

static bool is_part(char c) {
    return rf_redact_is_word(c) || (unsigned char)c >= 0x80;
}

static bool same(const char *a, const char *b, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (rf_redact_small(a[i]) != rf_redact_small(b[i]))
            return false;
    return true;
}

// The length of the name that stands at `at` as a word of its own; 0: none.
static size_t name_at(const struct names *names, const char *text, size_t size, size_t at) {
    size_t longest = 0;
    if (at > 0 && is_part(text[at - 1]))
        return 0;
    for (size_t i = 0; i < names->count; i++) {
        size_t length = names->items[i].size;
        const char *name = names->items[i].text;
        bool word = memchr(name, ' ', length) == NULL;
        if (length > size - at || length <= longest || (word && length == size) ||
            !same(text + at, name, length) || (at + length < size && is_part(text[at + length])))
            continue;
        longest = length;
    }
    return longest;
}

static bool unname(const struct rf_redaction *redaction, const struct names *names,
                   const char *text, size_t size, struct rf_text *out) {
    size_t done = 0, at = 0;
    while (at < size) {
        size_t length = name_at(names, text, size, at);
        if (length == 0) {
            at++;
            continue;
        }
        rf_text_add_bytes(out, text + done, at - done);
        if (!rf_redact_person(rf_redact_rules(redaction), text + at, length, out))
            rf_text_add_bytes(out, text + at, length);
        at = done = at + length;
    }
    if (done > 0)
        rf_text_add_bytes(out, text + done, size - done);
    return done > 0;
}

// A new reference; NULL: out of memory.
static json_t *unname_tree(const struct rf_redaction *redaction, const struct names *names,
                           enum rf_redact_kind kind, json_t *json) // NOLINT(misc-no-recursion)
{
    json_t *left = json_is_object(json) ? json_object() : json_is_array(json) ? json_array() : NULL;
    const char *key;
    json_t *item;
    size_t i;
    bool failed = false;
    if (json_is_object(json)) {
        json_object_foreach(json, key, item) failed =
            json_object_set_new(
                left, key,
                unname_tree(redaction, names, rf_redact_kind(key, strlen(key), kind), item)) != 0 ||
            failed;
    } else if (json_is_array(json)) {
        json_array_foreach(json, i, item) failed =
            json_array_append_new(left, unname_tree(redaction, names, kind, item)) != 0 || failed;
    } else if (json_is_string(json) && kind != RF_REDACT_NAME) {
        struct rf_text out = {0};
        bool any =
            unname(redaction, names, json_string_value(json), json_string_length(json), &out);
        left = !any ? json_incref(json) : out.failed ? NULL : json_stringn(out.data, out.size);
        rf_text_fini(&out);
    } else {
        left = json_incref(json);
    }
    if (!failed)
        return left;
    json_decref(left);
    return NULL;
}

#define TEXTS 4

static void texts_of(struct rf_event *event, const char **texts[TEXTS]) {
    const char **all[TEXTS] = {&event->subject, &event->service, &event->campaign, &event->contact};
    memcpy(texts, all, sizeof all);
}

static bool unname_texts(const struct rf_redaction *redaction, const struct names *names,
                         struct rf_redacted_event *redacted) {
    const char **texts[TEXTS];
    size_t begins[TEXTS];
    bool any[TEXTS] = {false};
    texts_of(&redacted->event, texts);
    for (size_t i = 0; i < TEXTS; i++) {
        begins[i] = redacted->unnamed.size;
        if (*texts[i] == NULL)
            continue;
        any[i] = unname(redaction, names, *texts[i], strlen(*texts[i]), &redacted->unnamed);
        if (any[i])
            rf_text_add_bytes(&redacted->unnamed, "", 1);
    }
    if (redacted->unnamed.failed)
        return false;
    // The text may have moved while it grew.
    for (size_t i = 0; i < TEXTS; i++)
        if (any[i])
            *texts[i] = redacted->unnamed.data + begins[i];
    return true;
}

bool rf_redact_unname(const struct rf_redaction *redaction, struct rf_redacted_event *redacted) {
    struct names names = {0};
    if (redacted->event.data == NULL)
        return true;
    gather(redacted->event.data, RF_REDACT_PLAIN, &names);
    if (names.count == 0)
        return true;
    if (!unname_texts(redaction, &names, redacted))
        return false;
    redacted->unnamed_data = unname_tree(redaction, &names, RF_REDACT_PLAIN, redacted->event.data);
    redacted->event.data = redacted->unnamed_data;
    return redacted->unnamed_data != NULL;
}
