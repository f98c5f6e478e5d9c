#include "contacts/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *value_of(const json_t *fields, const char *key, size_t length) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)fields, name, value) {
        if (strlen(name) == length && strncmp(name, key, length) == 0)
            return json_string_value(value);
    }
    return NULL;
}

char *rf_template_fill(const char *template, const json_t *fields, char *missing, size_t size) {
    char *text = NULL;
    size_t text_size = 0;
    FILE *out = open_memstream(&text, &text_size);
    if (out == NULL)
        return NULL;
    if (size > 0)
        missing[0] = '\0';
    while (*template != '\0') {
        const char *end = *template == '{' ? strchr(template, '}') : NULL;
        size_t length = end != NULL ? (size_t)(end - template - 1) : 0;
        const char *value = end != NULL ? value_of(fields, template + 1, length) : NULL;
        if (value != NULL) {
            (void)fputs(value, out);
            template = end + 1;
            continue;
        }
        if (end != NULL && size > 0 && missing[0] == '\0')
            snprintf(missing, size, "%.*s", (int)length, template + 1);
        (void)fputc(*template ++, out);
    }
    int failed = ferror(out);
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
