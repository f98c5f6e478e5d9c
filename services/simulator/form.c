#include "form.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

void sim_form_decode(char *text) {
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        int high = in[0] == '%' ? hex_value(in[1]) : -1;
        int low = high >= 0 ? hex_value(in[2]) : -1;
        if (low >= 0) {
            *out++ = (char)(high * 16 + low);
            in += 2;
        } else {
            *out++ = (char)(in[0] == '+' ? ' ' : in[0]);
        }
    }
    *out = '\0';
}

enum rf_err sim_form_init(struct sim_form *form, const struct sim_request *request) {
    static const char type[] = "application/x-www-form-urlencoded";
    *form = (struct sim_form){0};
    const char *content_type = sim_request_header(request, "content-type");
    if (content_type == NULL || strncasecmp(content_type, type, sizeof type - 1) != 0)
        return RF_OK;
    form->text = strdup(request->body);
    if (form->text == NULL)
        return RF_ERR_NOMEM;
    char *rest = form->text;
    for (char *field; (field = strsep(&rest, "&")) != NULL && form->count < SIM_FORM_FIELDS;) {
        if (field[0] == '\0')
            continue;
        char *value = strchr(field, '=');
        if (value != NULL)
            *value++ = '\0';
        else
            value = field + strlen(field);
        sim_form_decode(field);
        sim_form_decode(value);
        form->fields[form->count++] = (struct sim_pair){field, value};
    }
    return RF_OK;
}

void sim_form_fini(struct sim_form *form) {
    free(form->text);
    *form = (struct sim_form){0};
}

const char *sim_form_get(const struct sim_form *form, const char *name) {
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->fields[i].name, name) == 0)
            return form->fields[i].value;
    return NULL;
}
