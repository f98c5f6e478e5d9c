// ringfence trace CONTACT: what happened to one contact, out of the journal.
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "event_filter.h"
#include "reader.h"
#include "terminal.h"
#include "timeline_text.h"

struct trace {
    struct cli_session *session;
    struct cli_range range;
    struct cli_reader reader;
    struct rf_timeline timeline;
    bool color;
};

static void on_event(void *arg, const struct rf_event *event) {
    struct trace *trace = arg;
    if (rf_timeline_take(&trace->timeline, event))
        return;
    cli_reader_end(&trace->reader);
    cli_session_fail(trace->session, "out of memory");
}

static bool print(const struct trace *trace, const char *contact) {
    size_t count;
    struct rf_timeline_sum sum;
    struct rf_text text = {0};
    struct rf_timeline_entry *entries = rf_timeline_of(&trace->timeline, contact, &count, &sum);
    if (entries == NULL)
        return false;
    if (trace->session->options->json)
        cli_print_json(rf_timeline_json(contact, entries, count, &sum));
    else
        cli_timeline_text(contact, entries, count, &sum, trace->color, &text);
    free(entries);
    bool whole = !text.failed;
    if (text.data != NULL)
        fputs(text.data, stdout);
    rf_text_fini(&text);
    return whole;
}

static void print_all(struct trace *trace) {
    const struct rf_timeline *timeline = &trace->timeline;
    struct cli_session *session = trace->session;
    if (timeline->contact_count == 0) {
        cli_session_fail(session, "the journal has no event of contact %s", timeline->wanted);
        return;
    }
    for (size_t i = 0; i < timeline->contact_count; i++) {
        if (i > 0 && !session->options->json)
            putchar('\n');
        if (!print(trace, timeline->contacts[i])) {
            cli_session_fail(session, "out of memory");
            return;
        }
    }
    cli_session_end(session, CLI_OK);
}

static void on_page(void *arg, bool past_read) {
    struct trace *trace = arg;
    if (!past_read) {
        cli_reader_next(&trace->reader);
        return;
    }
    cli_reader_end(&trace->reader);
    print_all(trace);
}

static void begin(struct cli_session *session) {
    struct trace *trace = session->arg;
    trace->session = trace->reader.session = session;
    cli_reader_begin(&trace->reader);
}

int cli_trace(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    static const char *const prefixes[] = RF_TIMELINE_PREFIXES;
    struct trace trace = {.reader = {.event = on_event, .page = on_page}};
    struct cli_event_filter filter;
    struct rf_error error;
    if (cli_event_filter_read(options, rf_clock_utc(), &filter, &error) != RF_OK ||
        cli_color_read(options->own[CLI_COLOR], &trace.color, &error) != RF_OK)
        return cli_usage(&error);
    trace.range = (struct cli_range){.prefixes = prefixes,
                                     .prefix_count = sizeof prefixes / sizeof prefixes[0],
                                     .since = filter.since};
    trace.reader.arg = &trace;
    trace.reader.range = &trace.range;
    rf_timeline_init(&trace.timeline, options->arguments[0]);
    int code = cli_session_run(options, &handlers, &trace);
    rf_timeline_fini(&trace.timeline);
    return code;
}
