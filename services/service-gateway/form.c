#include "form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *form_escape(const char *text) {
    static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-._~";
    static const char hex[] = "0123456789ABCDEF";
    if (text == NULL)
        return NULL;
    size_t size;
    if (__builtin_mul_overflow(strlen(text), 3, &size))
        return NULL;
    char *out = malloc(size + 1), *end = out;
    if (out == NULL)
        return NULL;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (strchr(unreserved, c) != NULL) {
            *end++ = (char)c;
        } else {
            *end++ = '%';
            *end++ = hex[c >> 4];
            *end++ = hex[c & 15];
        }
    }
    *end = '\0';
    return out;
}

char *form_encode(const struct form_field *fields, size_t count) {
    char *text = NULL;
    size_t size = 0, written = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (fields[i].value == NULL)
            continue;
        char *value = form_escape(fields[i].value);
        if (value == NULL) {
            fclose(out);
            free(text);
            return NULL;
        }
        fprintf(out, "%s%s=%s", written++ > 0 ? "&" : "", fields[i].name, value);
        free(value);
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
