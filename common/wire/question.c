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

// Reads a value and goes behind all of it, however deep it is nested, as nothing has looked at its
// form. Each value takes a byte at least, so that it ends.
static bool read_whole(struct rf_cursor *cursor, struct rf_packed *value) {
    if (rf_cursor_read(cursor, value) != RF_READ_OK)
        return false;
    struct rf_packed inner = *value;
    for (size_t left = 1;;) {
        left--;
        if (inner.kind == RF_PACKED_ARRAY)
            left += inner.count;
        else if (inner.kind == RF_PACKED_MAP)
            left += 2 * inner.count;
        if (left == 0)
            return true;
        if (rf_cursor_read(cursor, &inner) != RF_READ_OK)
            return false;
    }
}

static void keep_first(struct rf_packed *kept, const struct rf_packed *value) {
    if (kept->kind == RF_PACKED_NIL)
        *kept = *value;
}

bool rf_wire_question(const void *data, size_t size, char rid[RF_QUESTION_BYTES + 1]) {
    const struct rf_packed none = {.kind = RF_PACKED_NIL};
    struct rf_cursor cursor = {data, (const unsigned char *)data + size};
    struct rf_packed type = none, version = none, question = none, call = none, whole, key, value;
    if (size == 0 || rf_cursor_read(&cursor, &whole) != RF_READ_OK || whole.kind != RF_PACKED_MAP)
        return false;
    for (size_t i = 0; i < whole.count; i++) {
        if (!read_whole(&cursor, &key) || !read_whole(&cursor, &value))
            break;
        if (is_text(&key, "t"))
            keep_first(&type, &value);
        else if (is_text(&key, "v"))
            keep_first(&version, &value);
        else if (is_text(&key, "rid"))
            keep_first(&question, &value);
        else if (is_text(&key, "id"))
            keep_first(&call, &value);
        const struct rf_packed *asked = is_text(&type, CALL) ? &call : &question;
        if (type.kind != RF_PACKED_NIL && version.kind != RF_PACKED_NIL &&
            asked->kind != RF_PACKED_NIL)
            break;
    }
    const struct rf_packed *asked = is_text(&type, CALL) ? &call : &question;
    if (type.kind != RF_PACKED_STR || version.kind != RF_PACKED_INT ||
        version.n != RF_WIRE_VERSION || asked->kind != RF_PACKED_STR || asked->size == 0 ||
        asked->size > RF_QUESTION_BYTES || !rf_text_valid(asked->bytes, asked->size))
        return false;
    memcpy(rid, asked->bytes, asked->size);
    rid[asked->size] = '\0';
    return true;
}
