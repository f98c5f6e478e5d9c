// ringfence tail: events as they happen, from the plain SUB side: nothing is promised, as XPUB
// drops for a reader that is too slow. What must not be missed is in app_logs.json.
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "events/sentence.h"
#include "session.h"

static void print_text(const char *topic, const struct rf_event *event) {
    char when[RF_RFC3339_SIZE];
    struct rf_text line = {0};
    rf_utc_format((struct rf_utc){event->ts}, when);
    rf_text_add(&line, "%s %-8s ", when, event->severity);
    rf_text_add_clean(&line, topic, 120);
    rf_text_add(&line, "  ");
    rf_event_sentence(event, &line);
    if (!line.failed && line.data != NULL)
        puts(line.data);
    rf_text_fini(&line);
}

static json_t *text_or_null(const char *text) {
    return text != NULL ? json_string(text) : json_null();
}

static void print_json(const char *topic, const struct rf_event *event) {
    char when[RF_RFC3339_SIZE];
    json_t *line = json_pack("{s:s, s:s, s:s*, s:I, s:s*, s:I, s:s*, s:s, s:s, s:s}", "ts",
                             rf_utc_format((struct rf_utc){event->ts}, when), "topic", topic, "id",
                             event->id, "n", (json_int_t)event->n, "stream", event->stream, "seq",
                             (json_int_t)event->seq, "origin", event->origin, "severity",
                             event->severity, "type", event->type, "subject", event->subject);
    if (line == NULL)
        return;
    const struct {
        const char *name, *value;
    } optional[] = {{"service", event->service},
                    {"campaign", event->campaign},
                    {"contact", event->contact},
                    {"trace", event->trace}};
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++)
        if (optional[i].value != NULL)
            json_object_set_new(line, optional[i].name, text_or_null(optional[i].value));
    if (event->data != NULL)
        json_object_set(line, "data", event->data);
    cli_print_json(line);
}

static void on_event(void *arg, const char *topic, const struct rf_event *event) {
    struct cli_session *session = arg;
    if (session->options->json)
        print_json(topic, event);
    else
        print_text(topic, event);
    if (fflush(stdout) != 0) // the reader has gone
        cli_session_end(session, CLI_OK);
}

static void begin(struct cli_session *session) {
    struct rf_error error;
    const char *prefix = session->options->count > 0 ? session->options->arguments[0] : "";
    if (rf_bus_listen(session->bus, prefix, on_event, session, &error) != RF_OK)
        cli_session_fail(session, "%s", error.message);
}

static void interrupt(struct cli_session *session) {
    cli_session_end(session, CLI_OK); // that is how one ends it
}

int cli_tail(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin, .interrupt = interrupt};
    return cli_session_run(options, &handlers, NULL);
}
