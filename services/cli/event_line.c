#include "event_line.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/severity.h"
#include "event_filter.h"
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

json_t *cli_event_json(const struct rf_event *event) {
    char when[RF_RFC3339_SIZE];
    json_t *line = json_pack("{s:s, s:o, s:s*, s:I, s:s*, s:I, s:s*, s:s, s:s, s:s}", "ts",
                             rf_utc_format((struct rf_utc){event->ts}, when), "topic",
                             json_sprintf("%s/%s", event->type, event->subject), "id", event->id,
                             "n", (json_int_t)event->n, "stream", event->stream, "seq",
                             (json_int_t)event->seq, "origin", event->origin, "severity",
                             event->severity, "type", event->type, "subject", event->subject);
    if (line == NULL)
        return NULL;
    const struct {
        const char *name, *value;
    } optional[] = {{"service", event->service},
                    {"campaign", event->campaign},
                    {"contact", event->contact},
                    {"trace", event->trace}};
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++)
        if (optional[i].value != NULL)
            json_object_set_new(line, optional[i].name, json_string(optional[i].value));
    if (event->data != NULL)
        json_object_set(line, "data", event->data);
    return line;
}

char *cli_event_line(const struct rf_event *event, bool json, bool color) {
    struct rf_text text = {0};
    if (!json) {
        cli_event_text(event, color, &text);
        return rf_text_take(&text);
    }
    json_t *value = cli_event_json(event);
    char *line = value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(value);
    return line;
}
