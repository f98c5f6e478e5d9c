#include "event_line.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/severity.h"
#include "event_filter.h"
#include "events/event_json.h"
#include "events/sentence.h"

#define DIM "\033[2m"

const char *cli_severity_color(const char *severity) {
    static const char *const colors[] = {
        "\033[32m",   // info
        "\033[33m",   // warning
        "\033[31m",   // error
        "\033[1;31m", // critical
    };
    int rank = rf_severity_parse(severity);
    return rank < 0 ? CLI_PLAIN : colors[rank];
}

void cli_event_text(const struct rf_event *event, bool color, struct rf_text *line) {
    char when[RF_RFC3339_SIZE], severity[16];
    rf_utc_format((struct rf_utc){event->ts}, when);
    // Eight columns, of which what comes from outside fills no more.
    snprintf(severity, sizeof severity, "%-8.8s", event->severity);
    rf_text_add(line, color ? DIM "%s" CLI_PLAIN " " : "%s ", when);
    rf_text_add(line, "%s", color ? cli_severity_color(event->severity) : "");
    rf_text_add_clean(line, severity, sizeof severity);
    rf_text_add(line, "%s ", color ? CLI_PLAIN : "");
    rf_text_add_clean(line, event->type, 120);
    rf_text_add(line, "/");
    rf_text_add_clean(line, event->subject, 120);
    rf_text_add(line, "  %s", color ? DIM : "");
    rf_event_sentence(event, line);
    rf_text_add(line, "%s", color ? CLI_PLAIN : "");
}

char *cli_event_line(const struct rf_event *event, bool json, bool color) {
    struct rf_text text = {0};
    if (!json) {
        cli_event_text(event, color, &text);
        return rf_text_take(&text);
    }
    json_t *value = rf_event_json(event);
    char *line = value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(value);
    return line;
}
