// The contact that somebody asks for by a telephone number: what lines have of the number, and the
// ids under which the contact stands in lines that do not have it.
#ifndef RF_CLI_LOGS_CONTACT_H
#define RF_CLI_LOGS_CONTACT_H

#include <jansson.h>

#include <ringfence/error.h>

#include "contacts/phone.h"
#include "logs_files.h"
#include "logs_filter.h"

struct rf_config;

struct cli_logs_contact {
    struct rf_phone phone;
    char *redacted; // what redaction makes of it; NULL: it stays as it is
    char *ids[CLI_LOGS_IDS_MOST];
};

// cli_logs_contact_read: if filter->contact is a number, as people write it, the filter gets what
// is to be looked for; it borrows from `contact`. A contact's id may look like a number and is
// looked for as well.
RF_NODISCARD enum rf_err cli_logs_contact_read(struct cli_logs_contact *contact,
                                               const struct rf_config *config,
                                               struct cli_logs_filter *filter,
                                               struct rf_error *error);
void cli_logs_contact_fini(struct cli_logs_contact *contact);

// cli_logs_contact_learn: a line in which the number stands tells the contact's id. Beyond
// CLI_LOGS_IDS_MOST of them only lines with the number itself are found.
void cli_logs_contact_learn(struct cli_logs_contact *contact, struct cli_logs_filter *filter,
                            const json_t *line);

// cli_logs_contact_learn_all: from all lines of the files, which stay as they were.
RF_NODISCARD enum rf_err cli_logs_contact_learn_all(struct cli_logs_contact *contact,
                                                    struct cli_logs_filter *filter,
                                                    struct cli_logs_files *files,
                                                    struct rf_error *error);

#endif
