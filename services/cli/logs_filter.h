// Which lines of app_logs.json a person wants to see, and how they look to people. Pure.
#ifndef RF_CLI_LOGS_FILTER_H
#define RF_CLI_LOGS_FILTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "events/text.h"

#define CLI_LOGS_IDS_MOST 16

// All zero lets every line through. Texts are borrowed.
struct cli_logs_filter {
    const char *contact;  // its id
    const char *number;   // the contact's number as lines may have it; NULL: `contact` is none
    const char *redacted; // and what redaction makes of it
    const char *ids[CLI_LOGS_IDS_MOST]; // of the contacts who have it, as far as they are known
    const char *service, *campaign, *type, *grep;
    int severity;                                        // as rf_severity_parse tells it
    char since[RF_RFC3339_SIZE], until[RF_RFC3339_SIZE]; // "": no bound
};

enum cli_logs_verdict {
    CLI_LOGS_OTHER,
    CLI_LOGS_MATCH,
    CLI_LOGS_BAD, // no line of a log
};

// cli_logs_judge: of one line, without its newline. A line that matches is given parsed, if
// `parsed` is not NULL; the caller releases it. Lines that cannot match are found out without
// parsing them, and so are not told to be bad.
enum cli_logs_verdict cli_logs_judge(const struct cli_logs_filter *filter, const char *line,
                                     size_t size, json_t **parsed);

// cli_logs_before: whether the line tells, without being parsed, that it is older than `time`.
bool cli_logs_before(const char *line, size_t size, const char *time);

// cli_logs_text: time, severity, type and what happened, without a line end. With `color` the
// severity has its colour, and what is the same in all lines stands back. Nothing of the line can
// say anything else to a terminal.
void cli_logs_text(const json_t *line, bool color, struct rf_text *out);

#endif
