// One event as one line, for people or for programs.
#ifndef RF_CLI_EVENT_LINE_H
#define RF_CLI_EVENT_LINE_H

#include <stdbool.h>

#include <ringfence/messages.h>

#include "events/text.h"

#define CLI_PLAIN "\033[0m"

// cli_severity_color: what sets the colour of a severity, until CLI_PLAIN.
const char *cli_severity_color(const char *severity);

// cli_event_text: time, severity, topic and what happened, without a line end. With `color` the
// severity has its colour, and what is the same in all lines stands back. Nothing of the event can
// say anything else to a terminal.
void cli_event_text(const struct rf_event *event, bool color, struct rf_text *line);

// cli_event_line: either of them as one text that the caller frees; NULL if out of memory.
char *cli_event_line(const struct rf_event *event, bool json, bool color);

#endif
