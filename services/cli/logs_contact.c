#include "logs_contact.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/config.h"
#include "logs_lines.h"
#include "redact/redact.h"
#include "redact/redactor.h"

enum rf_err cli_logs_contact_read(struct cli_logs_contact *contact, const struct rf_config *config,
                                  struct cli_logs_filter *filter, struct rf_error *error) {
    struct rf_redactor *redactor = NULL;
    struct rf_instant now = rf_clock_now();
    struct rf_text text = {0};
    const char *home = config->contacts.default_country;
    if (filter->contact == NULL ||
        !rf_phone_read(filter->contact, home == NULL ? NULL : rf_country_find(home),
                       &contact->phone))
        return RF_OK;
    filter->number = contact->phone.e164;
    enum rf_err result = rf_redactor_new(config, RF_REDACTOR_ALL, now, &redactor, error);
    if (result == RF_OK && rf_redact(rf_redactor_now(redactor, now), contact->phone.e164,
                                     strlen(contact->phone.e164), &text)) {
        contact->redacted = rf_text_take(&text);
        filter->redacted = contact->redacted;
        if (contact->redacted == NULL)
            result = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    rf_redactor_destroy(&redactor);
    return result;
}

void cli_logs_contact_fini(struct cli_logs_contact *contact) {
    for (size_t i = 0; i < CLI_LOGS_IDS_MOST; i++)
        free(contact->ids[i]);
    free(contact->redacted);
    *contact = (struct cli_logs_contact){0};
}

void cli_logs_contact_learn(struct cli_logs_contact *contact, struct cli_logs_filter *filter,
                            const json_t *line) {
    const char *id = json_string_value(json_object_get(line, "contact"));
    size_t i = 0;
    if (filter->number == NULL || id == NULL)
        return;
    while (i < CLI_LOGS_IDS_MOST && contact->ids[i] != NULL) {
        if (strcmp(contact->ids[i], id) == 0)
            return;
        i++;
    }
    if (i == CLI_LOGS_IDS_MOST)
        return;
    contact->ids[i] = strdup(id);
    if (contact->ids[i] != NULL)
        filter->ids[i] = contact->ids[i];
}

static enum rf_err learn_from(struct cli_logs_contact *contact, struct cli_logs_filter *filter,
                              const struct cli_logs_file *file, struct rf_error *error) {
    struct cli_logs_lines lines;
    const struct cli_logs_filter number = {
        .contact = filter->contact, .number = filter->number, .redacted = filter->redacted};
    const char *line;
    size_t size;
    enum rf_err result = cli_logs_lines_open(&lines, dup(file->fd), file->pack, error);
    while (result == RF_OK &&
           (result = cli_logs_lines_next(&lines, &line, &size, error)) == RF_OK && line != NULL) {
        json_t *parsed = NULL;
        if (cli_logs_judge(&number, line, size, &parsed) == CLI_LOGS_MATCH)
            cli_logs_contact_learn(contact, filter, parsed);
        json_decref(parsed);
    }
    cli_logs_lines_close(&lines);
    return result;
}

enum rf_err cli_logs_contact_learn_all(struct cli_logs_contact *contact,
                                       struct cli_logs_filter *filter, struct cli_logs_files *files,
                                       struct rf_error *error) {
    for (size_t i = 0; filter->number != NULL && i < files->count; i++) {
        struct cli_logs_file *file = &files->items[i];
        enum rf_err result = cli_logs_file_open(file, error);
        if (result == RF_OK) {
            result = learn_from(contact, filter, file, error);
            lseek(file->fd, 0, SEEK_SET);
        }
        // What is gone, or damaged, is told by who prints it.
        if (result == RF_ERR_NOMEM)
            return result;
    }
    return RF_OK;
}
