#include "wire/question.h"

#include <string.h>

#include "wire/cursor.h"
#include "wire/text.h"
#include "wire/wire.h"

#define CALL "call.request"

static bool is_text(const struct rf_packed *value, const char *text) {
    size_t size = strlen(text);
    return value->kind == RF_PACKED_STR && value->size == size &&
           memcmp(value->bytes, text, size) == 0;
}

// A value, and all that is inside it.
static bool read_whole(struct rf_cursor *cursor, struct rf_packed *value) {
    return rf_cursor_read(cursor, value) == RF_READ_OK && rf_cursor_skip(cursor, value);
}

static void keep_first(struct rf_packed *kept, const struct rf_packed *value) {
    if (kept->kind == RF_PACKED_NIL)
        *kept = *value;
}

// What is known of the frame so far; nil: not yet.
struct seen {
    struct rf_packed type, version, rid, id;
};

static const struct rf_packed *asked(const struct seen *seen) {
    return is_text(&seen->type, CALL) ? &seen->id : &seen->rid;
}

static void see(struct seen *seen, const struct rf_packed *key, const struct rf_packed *value) {
    if (is_text(key, "t"))
        keep_first(&seen->type, value);
    else if (is_text(key, "v"))
        keep_first(&seen->version, value);
    else if (is_text(key, "rid"))
        keep_first(&seen->rid, value);
    else if (is_text(key, "id"))
        keep_first(&seen->id, value);
}

static bool is_enough(const struct seen *seen) {
    return seen->type.kind != RF_PACKED_NIL && seen->version.kind != RF_PACKED_NIL &&
           asked(seen)->kind != RF_PACKED_NIL;
}

bool rf_wire_speaker(const void *data, size_t size, char name[RF_SPEAKER_SIZE]) {
    struct rf_cursor cursor = {data, (const unsigned char *)data + size};
    struct rf_packed whole, key, value;
    if (size == 0 || rf_cursor_read(&cursor, &whole) != RF_READ_OK || whole.kind != RF_PACKED_MAP)
        return false;
    for (size_t i = 0; i < whole.count; i++) {
        if (!read_whole(&cursor, &key) || !read_whole(&cursor, &value))
            return false;
        if (!is_text(&key, "instance") || value.kind != RF_PACKED_STR || value.size == 0 ||
            value.size >= RF_SPEAKER_SIZE || !rf_text_valid(value.bytes, value.size))
            continue;
        memcpy(name, value.bytes, value.size);
        name[value.size] = '\0';
        return true;
    }
    return false;
}

bool rf_wire_question(const void *data, size_t size, char rid[RF_QUESTION_BYTES + 1]) {
    const struct rf_packed none = {.kind = RF_PACKED_NIL};
    struct seen seen = {none, none, none, none};
    struct rf_cursor cursor = {data, (const unsigned char *)data + size};
    struct rf_packed whole, key, value;
    if (size == 0 || rf_cursor_read(&cursor, &whole) != RF_READ_OK || whole.kind != RF_PACKED_MAP)
        return false;
    for (size_t i = 0; i < whole.count && !is_enough(&seen); i++) {
        if (!read_whole(&cursor, &key) || !read_whole(&cursor, &value))
            break;
        see(&seen, &key, &value);
    }
    const struct rf_packed *question = asked(&seen);
    if (seen.type.kind != RF_PACKED_STR || seen.version.kind != RF_PACKED_INT ||
        seen.version.n < RF_WIRE_OLDEST || seen.version.n > RF_WIRE_VERSION ||
        question->kind != RF_PACKED_STR || question->size == 0 ||
        question->size > RF_QUESTION_BYTES || !rf_text_valid(question->bytes, question->size))
        return false;
    memcpy(rid, question->bytes, question->size);
    rid[question->size] = '\0';
    return true;
}
