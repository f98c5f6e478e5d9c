#include "redact/packed.h"

#include <stdlib.h>
#include <string.h>

#include "events/json_line.h"
#include "redact/span.h"
#include "wire/cursor.h"
#include "wire/glance.h"

// What reading goes on with.
struct walk {
    const struct rf_redaction *redaction;
    struct rf_seen_texts *seen;
    struct rf_cursor cursor;
    struct rf_text *json;     // NULL: not wanted
    struct rf_text *redacted; // of the value at hand
};

struct key {
    const char *bytes;
    size_t size;
    const struct rf_seen_key *seen; // or NULL
};

static void add(struct walk *walk, const char *bytes, size_t size) {
    if (walk->json != NULL)
        rf_text_add_bytes(walk->json, bytes, size);
}

// jansson's form: the shortest of 17 digits that it has.
static void add_real(struct walk *walk, double real) {
    json_t *value = walk->json == NULL ? NULL : json_real(real);
    char *text = value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY);
    if (text != NULL)
        add(walk, text, strlen(text));
    free(text);
    json_decref(value);
}

static void add_plain(struct walk *walk, const struct rf_packed *value) {
    switch (value->kind) {
    case RF_PACKED_BOOL:
        if (value->truth)
            add(walk, "true", 4);
        else
            add(walk, "false", 5);
        break;
    case RF_PACKED_INT:
        if (walk->json != NULL)
            rf_text_add_number(walk->json, value->n);
        break;
    case RF_PACKED_REAL:
        add_real(walk, value->real);
        break;
    default:
        add(walk, "null", 4);
    }
}

// What is left of the value at hand.
static struct rf_str left_of(const struct walk *walk) {
    const char *bytes = walk->redacted->data;
    return (struct rf_str){bytes == NULL ? "" : bytes, walk->redacted->size};
}

// A text, or a number that becomes one. `*text`: what is left of it.
static enum rf_redact_verdict redact_scalar(struct walk *walk, enum rf_redact_kind kind,
                                            const struct rf_packed *value, struct rf_str *text) {
    enum rf_redact_verdict verdict = RF_REDACT_CLEAN;
    walk->redacted->size = 0;
    *text = (struct rf_str){value->bytes, value->size};
    if (value->kind == RF_PACKED_STR && kind == RF_REDACT_PHONE)
        verdict = rf_redact_phone_again(walk->redaction, walk->seen, value->bytes, value->size,
                                        walk->redacted);
    else if (value->kind == RF_PACKED_STR)
        verdict = rf_redact_value(walk->redaction, kind, value->bytes, value->size, walk->redacted);
    else if (value->kind == RF_PACKED_INT)
        verdict = rf_redact_number(walk->redaction, kind, value->n, walk->redacted);
    if (verdict == RF_REDACT_CHANGED)
        *text = left_of(walk);
    return verdict;
}

static bool is_container(const struct rf_packed *value) {
    return value->kind == RF_PACKED_ARRAY || value->kind == RF_PACKED_MAP;
}

static void add_other_key(struct walk *walk, const struct key *key) {
    struct rf_text left = {0};
    if (rf_redact(walk->redaction, key->bytes, key->size, &left))
        rf_json_line_add(walk->json, left.data == NULL ? "" : left.data, left.size);
    else
        rf_json_line_add(walk->json, key->bytes, key->size);
    rf_text_add_bytes(walk->json, ":", 1);
    walk->json->failed |= left.failed;
    rf_text_fini(&left);
}

// The key of a member, NULL for an item of an array.
static void begin_item(struct walk *walk, const struct key *key, bool *first) {
    size_t comma = *first ? 0 : 1;
    *first = false;
    if (key == NULL || key->seen == NULL || !key->seen->plain) {
        add(walk, ",", comma);
        if (key != NULL)
            add_other_key(walk, key);
        return;
    }
    char *room = rf_text_room(walk->json, RF_SEEN_KEY_BYTES + 4);
    if (room == NULL)
        return;
    room[0] = ',';
    room[comma] = '"';
    memcpy(room + comma + 1, key->seen->text, RF_SEEN_KEY_BYTES); // always as many: no loop
    room[comma + 1 + key->size] = '"';
    room[comma + 2 + key->size] = ':';
    rf_text_take_room(walk->json, comma + key->size + 3);
}

static void walk_inside(struct walk *walk, enum rf_redact_kind kind, const struct rf_packed *value,
                        struct rf_fields *fields);

static void list_member(struct rf_fields *fields, const struct key *key, enum rf_member_kind kind,
                        int64_t number) {
    fields->items[fields->count].key = key->bytes;
    fields->items[fields->count].key_size = key->size;
    fields->items[fields->count].kind = kind;
    fields->items[fields->count].number = number;
    fields->count++;
}

static void list_text(struct rf_fields *fields, const struct key *key, const struct rf_str *text) {
    char *room = rf_text_room(&fields->texts, text->size + 1);
    list_member(fields, key, RF_MEMBER_TEXT, (int64_t)fields->texts.size);
    if (room == NULL)
        return;
    memcpy(room, text->bytes, text->size);
    room[text->size] = '\0';
    rf_text_take_room(&fields->texts, text->size + 1);
}

static void walk_container(struct walk *walk, enum rf_redact_kind kind, const struct key *key,
                           const struct rf_packed *value, bool *first,
                           struct rf_fields *fields) // NOLINT(misc-no-recursion)
{
    if (fields != NULL)
        list_member(fields, key, value->kind == RF_PACKED_ARRAY ? RF_MEMBER_ARRAY : RF_MEMBER_OTHER,
                    (int64_t)value->count);
    if (walk->json == NULL) { // only the members themselves are wanted
        rf_cursor_skip(&walk->cursor, value);
        return;
    }
    begin_item(walk, key, first);
    walk_inside(walk, kind, value, NULL);
}

// Of which its content alone decides: names are shown where no tree is made (rf_redact_packed).
static bool is_plain_text(enum rf_redact_kind kind, const struct rf_packed *value) {
    return value->kind == RF_PACKED_STR && (kind == RF_REDACT_PLAIN || kind == RF_REDACT_NAME);
}

static void walk_text(struct walk *walk, const struct key *key, const struct rf_packed *value,
                      bool *first, struct rf_fields *fields) {
    struct rf_str text = {value->bytes, value->size};
    if (walk->json != NULL)
        begin_item(walk, key, first);
    walk->redacted->size = 0;
    if (rf_redact_again(walk->redaction, walk->seen, text.bytes, text.size, walk->redacted,
                        walk->json)) {
        text = left_of(walk);
        if (walk->json != NULL)
            rf_json_line_add(walk->json, text.bytes, text.size);
    }
    if (fields != NULL)
        list_text(fields, key, &text);
}

static void walk_scalar(struct walk *walk, enum rf_redact_kind kind, const struct key *key,
                        const struct rf_packed *value, bool *first, struct rf_fields *fields) {
    struct rf_str text;
    enum rf_redact_verdict verdict = redact_scalar(walk, kind, value, &text);
    if (verdict == RF_REDACT_DROPPED)
        return;
    bool is_text = value->kind == RF_PACKED_STR || verdict == RF_REDACT_CHANGED;
    if (fields != NULL && is_text)
        list_text(fields, key, &text);
    else if (fields != NULL)
        list_member(fields, key, value->kind == RF_PACKED_INT ? RF_MEMBER_NUMBER : RF_MEMBER_OTHER,
                    value->n);
    if (walk->json == NULL)
        return;
    begin_item(walk, key, first);
    if (is_text)
        rf_json_line_add(walk->json, text.bytes, text.size);
    else
        add_plain(walk, value);
}

// The member with this key, NULL for an item of an array; `fields`: where it is listed, or NULL.
static void walk_value(struct walk *walk, enum rf_redact_kind kind, const struct key *key,
                       const struct rf_packed *value, bool *first,
                       struct rf_fields *fields) // NOLINT(misc-no-recursion)
{
    if (is_container(value))
        walk_container(walk, kind, key, value, first, fields);
    else if (is_plain_text(kind, value))
        walk_text(walk, key, value, first, fields);
    else
        walk_scalar(walk, kind, key, value, first, fields);
}

static enum rf_redact_kind read_key(struct walk *walk, enum rf_redact_kind outer, struct key *key) {
    struct rf_packed text = rf_cursor_next(&walk->cursor);
    size_t there = (size_t)((const char *)walk->cursor.end - text.bytes);
    *key = (struct key){.bytes = text.bytes, .size = text.size};
    key->seen = rf_seen_keys_find(&walk->seen->keys, walk->redaction, key->bytes, key->size, there);
    return key->seen == NULL ? rf_redact_kind(key->bytes, key->size, outer)
                             : rf_redact_kind_inside((enum rf_redact_kind)key->seen->kind, outer);
}

// Recursive, as deep as the wire lets it be.
static void walk_inside(struct walk *walk, enum rf_redact_kind kind, const struct rf_packed *value,
                        struct rf_fields *fields) // NOLINT(misc-no-recursion)
{
    bool is_map = value->kind == RF_PACKED_MAP, first = true;
    add(walk, is_map ? "{" : "[", 1);
    for (size_t i = 0; i < value->count; i++) {
        struct key key;
        enum rf_redact_kind own = is_map ? read_key(walk, kind, &key) : kind;
        struct rf_packed item = rf_cursor_next(&walk->cursor);
        walk_value(walk, own, is_map ? &key : NULL, &item, &first, fields);
    }
    add(walk, is_map ? "}" : "]", 1);
}

bool rf_redact_packed(const struct rf_redaction *redaction, struct rf_seen_texts *seen,
                      const struct rf_bytes *data, struct rf_text *json, struct rf_fields *fields) {
    struct walk walk = {.redaction = redaction,
                        .seen = seen,
                        .cursor = {data->data, (const unsigned char *)data->data + data->size},
                        .json = json,
                        .redacted = &fields->redacted};
    size_t before = json == NULL ? 0 : json->size;
    struct rf_packed whole = rf_cursor_next(&walk.cursor);
    fields->count = fields->texts.size = 0;
    rf_seen_texts_begin(seen, redaction);
    bool fits = !rf_redacts_names(redaction) && is_container(&whole) &&
                (whole.kind == RF_PACKED_ARRAY || whole.count <= RF_FIELDS_MOST);
    if (fits)
        walk_inside(&walk, RF_REDACT_PLAIN, &whole, whole.kind == RF_PACKED_MAP ? fields : NULL);
    bool failed = fields->redacted.failed || fields->texts.failed;
    if (failed && json != NULL)
        json->size = before;
    return fits && !failed;
}
