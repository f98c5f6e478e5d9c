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

// The fields as they stand in the file: what is sent has the number in another form.
static json_t *written_json(const struct rf_contact *contact) {
    json_t *written = json_array();
    for (size_t i = 0; i < contact->written_count; i++)
        if (json_array_append_new(written, json_string(contact->written[i])) != 0) {
            json_decref(written);
            return NULL;
        }
    return written;
}

static enum rf_err refuse(struct cli_list *list, struct cli_run *run, struct rf_error *error) {
    struct rf_contacts_refusal refusal = rf_contacts_refused(list->contacts);
    cli_run_refuse(run, error->message);
    return cli_list_refuse(list, refusal.line, refusal.reason, refusal.written,
                           refusal.written_count, error);
}

void cli_page_read(struct cli_list *list, struct cli_run *run) {
    json_t *page = json_array();
    json_decref(list->written);
    list->written = json_array();
    enum rf_err err = RF_OK;
    struct rf_error error = {0};
    size_t bytes = 0;
    while (json_array_size(page) < CLI_RUN_PAGE && bytes < PAGE_BYTES) {
        struct rf_contact contact;
        err = rf_contacts_next(list->contacts, &contact, &error);
        if (err == RF_ERR_INVALID && (err = refuse(list, run, &error)) == RF_OK)
            continue;
        if (err != RF_OK)
            break;
        if (json_array_append_new(page, contact_json(&contact, &bytes)) != 0 ||
            json_array_append_new(list->written, written_json(&contact)) != 0) {
            err = rf_error_set(&error, RF_ERR_NOMEM, "out of memory");
            break;
        }
    }
    if (err == RF_ERR_NOT_FOUND)
        cli_list_read(list);
    if (err == RF_OK || err == RF_ERR_NOT_FOUND) {
        cli_run_page(run, page, err == RF_ERR_NOT_FOUND);
    } else {
        json_decref(page);
        cli_run_fail(run, error.message);
    }
}

// Adds the contact of the page that the orchestrator refused, with its fields as they stand in the
// file.
static enum rf_err add_refused(struct cli_list *list, const json_t *page, const json_t *refused,
                               struct rf_error *error) {
    const char *fields[RF_CSV_MAX_FIELDS];
    size_t i, count = 0;
    json_t *contact, *field;
    json_int_t line = json_integer_value(json_object_get(refused, "line"));
    const char *reason = json_string_value(json_object_get(refused, "reason"));
    json_array_foreach(page, i, contact) {
        if (json_integer_value(json_object_get(contact, "line")) == line)
            break;
    }
    const json_t *written = json_array_get(list->written, i);
    json_array_foreach(written, i, field) {
        if (count < RF_CSV_MAX_FIELDS)
            fields[count++] = json_string_value(field);
    }
    return cli_list_refuse(list, (size_t)line, reason != NULL ? reason : "refused", fields, count,
                           error);
}

void cli_page_refused(struct cli_list *list, struct cli_run *run, const json_t *result) {
    size_t i;
    json_t *refused;
    struct rf_error error = {0};
    enum rf_err err = RF_OK;
    json_array_foreach(json_object_get(result, "refused"), i, refused) {
        if (err == RF_OK)
            err = add_refused(list, run->page, refused, &error);
    }
    if (err != RF_OK)
        cli_run_fail(run, error.message);
}
