// Bodies as JSON: bounded, as values are many times the text.
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "rules/rules.h"

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

static enum rf_value_fault read_mended(const char *body, size_t size, struct rf_value **value) {
    size_t mended_size;
    char *copy = mended(body, size, &mended_size);
    enum rf_value_fault fault = RF_VALUE_NOMEM;
    if (copy != NULL)
        fault = rf_value_read(copy, mended_size, RF_BODY_MAX_DEPTH, RF_BODY_MAX_VALUES, value);
    free(copy);
    return fault;
}

struct rf_value *rf_body_parse(const char *body, size_t size) {
    static const char mark[] = "\xef\xbb\xbf"; // a byte order mark: some proxies write one
    struct rf_value *value = NULL;
    if (size >= 3 && memcmp(body, mark, 3) == 0) {
        body += 3;
        size -= 3;
    }
    while (size > 0 && (*body == ' ' || *body == '\t' || *body == '\r' || *body == '\n')) {
        body++;
        size--;
    }
    // Audio and web pages are not even looked through.
    if (size == 0 || (*body != '{' && *body != '[') || size > RF_BODY_MAX_BYTES)
        return NULL;
    if (rf_value_read(body, size, RF_BODY_MAX_DEPTH, RF_BODY_MAX_VALUES, &value) ==
        RF_VALUE_NOT_UTF8)
        (void)read_mended(body, size, &value);
    return value;
}

static const struct rf_value *item_of(const struct rf_value *array, const char *digits,
                                      size_t length) {
    size_t index = 0;
    for (size_t i = 0; i < length; i++) {
        if (digits[i] < '0' || digits[i] > '9' || index > RF_BODY_MAX_VALUES)
            return NULL;
        index = 10 * index + (size_t)(digits[i] - '0');
    }
    const struct rf_value *item = length > 0 ? rf_value_first(array) : NULL;
    while (item != NULL && index-- > 0)
        item = rf_value_next(array, item);
    return item;
}

const struct rf_value *rf_body_field(const struct rf_value *body, const char *path, size_t length) {
    const struct rf_value *at = body;
    for (size_t i = 0; at != NULL && i <= length;) {
        const char *dot = memchr(path + i, '.', length - i);
        size_t size = dot != NULL ? (size_t)(dot - path) - i : length - i;
        at = rf_value_type(at) == RF_VALUE_ARRAY ? item_of(at, path + i, size)
                                                 : rf_value_getn(at, path + i, size);
        i += size + 1;
    }
    return at;
}
