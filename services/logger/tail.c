#include "tail.h"

#include <string.h>

bool rf_tail_read(const char *data, size_t size, bool whole, rf_tail_number_fn *number,
                  struct rf_tail *tail) {
    const char *end = size == 0 ? NULL : memrchr(data, '\n', size);
    *tail = (struct rf_tail){0};
    if (end == NULL) {
        tail->torn = size;
        return whole;
    }
    tail->torn = size - (size_t)(end - data) - 1;
    // Backwards over whole lines, until one has a number.
    while (end != NULL) {
        const char *before = end == data ? NULL : memrchr(data, '\n', (size_t)(end - data));
        if (before == NULL && !whole)
            return false;
        const char *line = before == NULL ? data : before + 1;
        if (number(line, (size_t)(end - line), &tail->n))
            return true;
        end = before;
    }
    return true;
}

bool rf_head_read(const char *data, size_t size, bool whole, rf_tail_number_fn *number,
                  int64_t *n) {
    const char *end;
    *n = 0;
    for (; size > 0 && (end = memchr(data, '\n', size)) != NULL; data = end + 1) {
        size_t length = (size_t)(end - data);
        if (number(data, length, n))
            return true;
        size -= length + 1;
    }
    return whole;
}
