// Which events a person wants to see: `tail` and `replay` filter what the topics let through.
#ifndef RF_CLI_EVENT_FILTER_H
#define RF_CLI_EVENT_FILTER_H

#include <stdbool.h>

#include <ringfence/error.h>
#include <ringfence/messages.h>
#include <ringfence/time.h>

#include "command.h"

// All zero lets everything through. Texts are borrowed.
struct cli_event_filter {
    const char *contact, *campaign, *service;
    int severity;               // the least that passes, as rf_severity_parse tells it
    struct rf_utc since, until; // of the event's own time; until 0: no end
};

// What the command line says of it.
#define CLI_FILTER_TAKES                                                                           \
    (CLI_TAKES(CONTACT) | CLI_TAKES(CAMPAIGN) | CLI_TAKES(SERVICE) | CLI_TAKES(SEVERITY))

// cli_event_filter_read: from the options of CLI_FILTER_TAKES, and --since and --until where they
// are given. RF_ERR_INVALID with what is wrong.
RF_NODISCARD enum rf_err cli_event_filter_read(const struct cli_options *options, struct rf_utc now,
                                               struct cli_event_filter *filter,
                                               struct rf_error *error);

// cli_event_filter_passes: an event of an unknown severity passes as if it were an error.
bool cli_event_filter_passes(const struct cli_event_filter *filter, const struct rf_event *event);

// cli_event_filter_narrow: whether it keeps back anything that the topics let through.
bool cli_event_filter_narrow(const struct cli_event_filter *filter);

#endif
