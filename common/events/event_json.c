#include "events/event_json.h"

#include "base/clock.h"

json_t *rf_event_json(const struct rf_event *event) {
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
