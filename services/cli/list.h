// The list of contacts that a command line names: how it is written, and where its refused lines
// go.
#ifndef RF_CLI_LIST_H
#define RF_CLI_LIST_H

#include <jansson.h>

#include "command.h"
#include "config/config.h"
#include "contacts/contacts.h"
#include "contacts/rejects.h"

struct cli_list {
    struct rf_config *config;
    struct rf_contacts *contacts;
    struct rf_rejects *rejects;
    char *rejects_path;
    json_t *written; // the fields of the page's contacts, as they stand in the file
};

// cli_list_format: how numbers and lists are written, as cli_list_open has it, without a file. It
// holds as long as the list, which the caller ends by cli_list_close also after a failure. Prints
// what is wrong. Returns the exit code.
int cli_list_format(const struct cli_options *options, struct cli_list *list,
                    struct rf_contacts_format *format);

// cli_list_open: opens `file` as the options --map, --country, --separator and --rejects say, and
// the configuration where they do not. Prints what is wrong. Returns the exit code; CLI_OK, and the
// caller ends it by cli_list_close.
int cli_list_open(const struct cli_options *options, const char *file, struct cli_list *list);

// cli_list_read: all of it was read; warns if the file may be cut off.
void cli_list_read(const struct cli_list *list);

// cli_list_refuse: a refused line goes into the file of refused lines, as rf_rejects_add has it.
// RF_ERR_IO names the file and the option that names another.
RF_NODISCARD enum rf_err cli_list_refuse(struct cli_list *list, size_t line, const char *reason,
                                         const char *const *fields, size_t count,
                                         struct rf_error *error);

// cli_list_finish: the list is read: gives the file of refused lines its name. Warns of one of an
// earlier time that cannot be taken away though no line was refused. RF_ERR_IO as above. Once.
RF_NODISCARD enum rf_err cli_list_finish(struct cli_list *list, struct rf_error *error);

// cli_list_close: frees all. If the list was not read to its end, the file of refused lines of an
// earlier time stays as it was.
void cli_list_close(struct cli_list *list);

#endif
