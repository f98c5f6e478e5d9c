// Bodies as JSON: bounded before they are parsed, as a parser's tree is many times the text.
#include <stdlib.h>
#include <string.h>

#include "events/utf8.h"
#include "rules/rules.h"

// Whether depth and count of values are within the bounds. Text in quotes is passed over; what is
// no JSON at all is left to the parser.
static bool is_bounded(const char *body, size_t size) {
    size_t depth = 0, values = 0;
    bool quoted = false;
    for (size_t i = 0; i < size; i++) {
        char c = body[i];
        if (quoted) {
            if (c == '\\')
                i++;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            values++;
            if (++depth > RF_BODY_MAX_DEPTH)
                return false;
        } else if (c == '}' || c == ']') {
            depth -= depth > 0 ? 1 : 0;
        } else if (c == ',') {
            values++;
        }
        if (values > RF_BODY_MAX_VALUES)
            return false;
    }
    return true;
}

// A copy in UTF-8: bytes that are not are taken for ISO 8859-1, of which each needs two. NULL if
// out of memory.
static char *mended(const char *body, size_t size, size_t *mended_size) {
    char *out = malloc(2 * size + 1);
    size_t used = 0;
    for (size_t i = 0, length; out != NULL && i < size; i += length) {
        uint32_t code;
        length = rf_utf8_decode(body + i, size - i, &code);
        if (length > 0) {
            memcpy(out + used, body + i, length);
            used += length;
        } else {
            used += rf_utf8_encode((unsigned char)body[i], out + used);
            length = 1;
        }
    }
    *mended_size = used;
    return out;
}

static json_t *parse_mended(const char *body, size_t size) {
    size_t mended_size;
    char *copy = mended(body, size, &mended_size);
    json_t *json = copy != NULL ? json_loadb(copy, mended_size, 0, NULL) : NULL;
    free(copy);
    return json;
}

json_t *rf_body_parse(const char *body, size_t size) {
    static const char mark[] = "\xef\xbb\xbf"; // a byte order mark: some proxies write one
    json_error_t error;
    if (size >= 3 && memcmp(body, mark, 3) == 0) {
        body += 3;
        size -= 3;
    }
    while (size > 0 && (*body == ' ' || *body == '\t' || *body == '\r' || *body == '\n')) {
        body++;
        size--;
    }
    // Audio and web pages are not even looked through.
    if (size == 0 || (*body != '{' && *body != '[') || size > RF_BODY_MAX_BYTES ||
        !is_bounded(body, size))
        return NULL;
    json_t *json = json_loadb(body, size, 0, &error);
    if (json == NULL && json_error_code(&error) == json_error_invalid_utf8)
        json = parse_mended(body, size);
    return json;
}

static const json_t *child(const json_t *parent, const char *name, size_t length) {
    if (json_is_array(parent)) {
        size_t index = 0;
        for (size_t i = 0; i < length; i++) {
            if (name[i] < '0' || name[i] > '9' || index > RF_BODY_MAX_VALUES)
                return NULL;
            index = 10 * index + (size_t)(name[i] - '0');
        }
        return length > 0 ? json_array_get(parent, index) : NULL;
    }
    return json_object_getn(parent, name, length);
}

const json_t *rf_body_field(const json_t *body, const char *path, size_t length) {
    const json_t *at = body;
    for (size_t i = 0; at != NULL && i <= length;) {
        const char *dot = memchr(path + i, '.', length - i);
        size_t size = dot != NULL ? (size_t)(dot - path) - i : length - i;
        at = child(at, path + i, size);
        i += size + 1;
    }
    return at;
}
