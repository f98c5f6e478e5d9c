// The picture of `ringfence top`: what is known of the set, as lines for a terminal. Pure.
#ifndef RF_CLI_TOP_TEXT_H
#define RF_CLI_TOP_TEXT_H

#include <jansson.h>
#include <stdbool.h>

#include <ringfence/time.h>

#include "events/text.h"
#include "top_rows.h"

#define CLI_TOP_EVENTS 100 // that are kept

// What is known. NULL: nothing was told yet. All is borrowed by cli_top_body.
struct cli_top {
    json_t *all;                  // as `ringfence status` has it: broker, process, provider, mark
    json_t *campaigns;            // array, as the orchestrator tells them
    json_t *incidents;            // array of those that are open, as the alerter tells them
    char *events[CLI_TOP_EVENTS]; // lines, the newest at `newest`; NULL: none
    size_t newest;
    struct cli_top_view view;
};

// cli_top_event: takes over the line of an event.
void cli_top_event(struct cli_top *top, char *line);

// cli_top_body: appends all sections, with marks of cli_screen_text for colours.
void cli_top_body(const struct cli_top *top, struct rf_utc now, size_t columns,
                  struct rf_text *text);

// cli_top_view_text: appends the order and the filter, if there are any, for a title; `typing`: the
// filter is being typed.
void cli_top_view_text(const struct cli_top_view *view, bool typing, struct rf_text *text);

// cli_top_help: what the keys do.
void cli_top_help(struct rf_text *text);

// cli_top_window: the line of `body` from which `rows` are shown when `wanted` of them are skipped:
// no further than to its end. Sets `at` to it and returns how many are skipped.
size_t cli_top_window(const char *body, size_t wanted, size_t rows, const char **at);

void cli_top_fini(struct cli_top *top);

#endif
