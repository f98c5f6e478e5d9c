#include "http/form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *rf_form_escape(const char *text) {
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

char *rf_form_encode(const struct rf_form_field *fields, size_t count) {
    char *text = NULL;
    size_t size = 0, written = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (fields[i].value == NULL)
            continue;
        char *value = rf_form_escape(fields[i].value);
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

// ---- reading ----

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int rf_form_octet(const char *text) {
    int high = text[0] == '%' ? hex_value(text[1]) : -1;
    int low = high >= 0 ? hex_value(text[2]) : -1;
    return low >= 0 ? high * 16 + low : -1;
}

size_t rf_form_unescape(char *text) {
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        int octet = rf_form_octet(in);
        if (octet > 0) {
            *out++ = (char)octet;
            in += 2;
        } else {
            *out++ = *in;
        }
    }
    *out = '\0';
    return (size_t)(out - text);
}

void rf_form_decode(char *text) {
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        int octet = rf_form_octet(in);
        if (octet >= 0) {
            *out++ = (char)octet;
            in += 2;
        } else {
            *out++ = (char)(in[0] == '+' ? ' ' : in[0]);
        }
    }
    *out = '\0';
}

enum rf_err rf_form_parse(struct rf_form *form, const char *body) {
    *form = (struct rf_form){.text = strdup(body)};
    if (form->text == NULL)
        return RF_ERR_NOMEM;
    char *rest = form->text;
    for (char *field; (field = strsep(&rest, "&")) != NULL;) {
        if (field[0] == '\0')
            continue;
        if (form->count == RF_FORM_FIELDS) {
            form->cut = true;
            break;
        }
        char *value = strchr(field, '=');
        if (value != NULL)
            *value++ = '\0';
        else
            value = field + strlen(field);
        rf_form_decode(field);
        rf_form_decode(value);
        form->fields[form->count++] = (struct rf_form_field){field, value};
    }
    return RF_OK;
}

void rf_form_fini(struct rf_form *form) {
    free(form->text);
    *form = (struct rf_form){0};
}

const char *rf_form_get(const struct rf_form *form, const char *name) {
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->fields[i].name, name) == 0)
            return form->fields[i].value;
    return NULL;
}
