// Which events somebody wants to see. Pure.
#ifndef CONSOLE_FILTER_H
#define CONSOLE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/messages.h>

#define CONSOLE_FILTER_TYPES 16
#define CONSOLE_FILTER_SIZE  256

// All zero lets everything through.
struct console_filter {
    char types[CONSOLE_FILTER_SIZE];            // beginnings of topics, each with its NUL
    const char *prefixes[CONSOLE_FILTER_TYPES]; // into `types`
    size_t prefix_count;
    int severity; // the least that passes
    char campaign[CONSOLE_FILTER_SIZE], contact[CONSOLE_FILTER_SIZE], service[CONSOLE_FILTER_SIZE];
};

// As the request has it; NULL: not given.
struct console_filter_words {
    const char *type, *severity, *campaign, *contact, *service;
};

// What of an event a filter looks at. Borrowed; NULL: it has none.
struct console_facts {
    const char *topic;
    int severity;
    const char *campaign, *contact, *service;
};

// console_filter_read: RF_ERR_INVALID with what was expected. The filter must stay where it is.
RF_NODISCARD enum rf_err console_filter_read(const struct console_filter_words *words,
                                             struct console_filter *filter, struct rf_error *error);

// console_filter_passes: whether it lets an event of these facts through.
bool console_filter_passes(const struct console_filter *filter, const struct console_facts *facts);

// console_filter_narrow: whether it keeps back anything that its topics let through.
bool console_filter_narrow(const struct console_filter *filter);

// console_severity: the rank of an event's severity; an unknown one counts as an error.
int console_severity(const char *name);

#endif
