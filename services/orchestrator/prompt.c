#include "prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The contact's value for the placeholder of `length` bytes at `key`; NULL: nobody knows it.
static const char *value_of(const char *key, size_t length, const char *name, const char *phone,
                            const json_t *fields) {
    if (length == 4 && strncmp(key, "name", length) == 0)
        return name ? name : "";
    if (length == 5 && strncmp(key, "phone", length) == 0)
        return phone;
    const char *column;
    json_t *value;
    json_object_foreach((json_t *)fields, column, value) {
        if (strlen(column) == length && strncmp(column, key, length) == 0)
            return json_string_value(value);
    }
    return NULL;
}

char *rf_prompt_fill(const char *template, const char *name, const char *phone,
                     const json_t *fields) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    while (*template) {
        const char *end = *template == '{' ? strchr(template, '}') : NULL;
        const char *value = NULL;
        if (end)
            value = value_of(template + 1, (size_t)(end - template - 1), name, phone, fields);
        if (value) {
            (void)fputs(value, out);
            template = end + 1;
        } else {
            (void)fputc(*template ++, out);
        }
    }
    int failed = ferror(out);
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
