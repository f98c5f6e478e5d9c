#include "page.h"

#include <string.h>

// A page's texts: far below what a message may hold, however long the fields are.
#define PAGE_BYTES ((size_t)1024 * 1024)

static json_t *contact_json(const struct rf_contact *contact, size_t *bytes) {
    json_t *fields = json_object();
    for (size_t i = 0; i < contact->count; i++) {
        const struct rf_contact_field *field = &contact->fields[i];
        *bytes += strlen(field->column) + strlen(field->value);
        if (json_object_set_new(fields, field->column, json_string(field->value)) != 0) {
            json_decref(fields);
            return NULL;
        }
    }
    *bytes += strlen(contact->phone) + strlen(contact->name);
    return json_pack("{s:I, s:s, s:s, s:o}", "line", (json_int_t)contact->line, "phone",
                     contact->phone, "name", contact->name, "fields", fields);
}

void cli_page_read(struct rf_contacts *contacts, struct cli_run *run) {
    json_t *page = json_array();
    enum rf_err err = RF_OK;
    struct rf_error error = {0};
    size_t bytes = 0;
    while (json_array_size(page) < CLI_RUN_PAGE && bytes < PAGE_BYTES) {
        struct rf_contact contact;
        err = rf_contacts_next(contacts, &contact, &error);
        if (err == RF_ERR_INVALID) {
            cli_run_refuse(run, error.message);
            continue;
        }
        if (err != RF_OK)
            break;
        if (json_array_append_new(page, contact_json(&contact, &bytes)) != 0) {
            err = rf_error_set(&error, RF_ERR_NOMEM, "out of memory");
            break;
        }
    }
    if (err == RF_OK || err == RF_ERR_INVALID || err == RF_ERR_NOT_FOUND) {
        cli_run_page(run, page, err == RF_ERR_NOT_FOUND);
    } else {
        json_decref(page);
        cli_run_fail(run, error.message);
    }
}
