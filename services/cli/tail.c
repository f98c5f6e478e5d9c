// ringfence tail: events of the past, if they are asked for, and then those that come. All of them
// come by pages of the journal, so that none is missed or doubled in between, and a reader that is
// slow gets them later. Only what is in no journal (metric.*) comes by the plain SUB side, where it
// may be dropped, and only if a topic names it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "event_filter.h"
#include "event_line.h"
#include "moment.h"
#include "output.h"
#include "reader.h"
#include "terminal.h"

#define LAST_MOST     100000
#define UNKEPT_PREFIX "metric."
#define LOOK_EVERY    rf_ms(500)

struct tail {
    struct cli_session *session;
    struct cli_event_filter filter;
    struct cli_range range;
    struct cli_reader reader;
    struct rf_timer look; // whether anybody still reads, also while nothing happens
    bool json, color;
    // With --last: the lines of the past, of which only the last are printed, as a ring. A filter
    // of ours is one that the broker does not know, so it cannot count for us.
    char **ring;
    size_t room, next, count;
};

static void keep(struct tail *tail, char *line) {
    free(tail->ring[tail->next]);
    tail->ring[tail->next] = line;
    tail->next = (tail->next + 1) % tail->room;
    tail->count += tail->count < tail->room ? 1 : 0;
}

static void print_kept(struct tail *tail) {
    for (size_t i = 0; i < tail->count; i++) {
        size_t at = (tail->next + tail->room - tail->count + i) % tail->room;
        puts(tail->ring[at]);
        free(tail->ring[at]);
        tail->ring[at] = NULL;
    }
    tail->count = tail->room = 0;
}

static void on_event(void *arg, const struct rf_event *event) {
    struct tail *tail = arg;
    if (!cli_event_filter_passes(&tail->filter, event))
        return;
    char *line = cli_event_line(event, tail->json, tail->color);
    if (line == NULL) {
        cli_session_fail(tail->session, "out of memory");
        return;
    }
    if (tail->room > 0) {
        keep(tail, line);
        return;
    }
    puts(line);
    free(line);
}

static void settle(struct tail *tail) {
    if (!cli_flush(tail->session))
        cli_reader_end(&tail->reader);
}

static void on_page(void *arg, bool past_read) {
    struct tail *tail = arg;
    if (past_read && tail->room > 0)
        print_kept(tail);
    settle(tail);
    cli_reader_next(&tail->reader);
}

static void on_unkept(void *arg, const char *topic, const struct rf_event *event) {
    struct tail *tail = arg;
    (void)topic;
    if (event->n != 0)
        return; // it has its place in a page
    on_event(tail, event);
    settle(tail);
}

static void look(void *arg) {
    struct tail *tail = arg;
    rf_timer_after(&tail->look, LOOK_EVERY);
    if (!cli_output_gone())
        return;
    cli_reader_end(&tail->reader);
    cli_session_end(tail->session, CLI_OK);
}

static void begin(struct cli_session *session) {
    struct tail *tail = session->arg;
    struct rf_error error;
    tail->session = tail->reader.session = session;
    rf_timer_init(&tail->look, session->loop, look, tail);
    look(tail);
    cli_reader_begin(&tail->reader);
    for (size_t i = 0; i < tail->range.prefix_count; i++)
        if (strncmp(tail->range.prefixes[i], UNKEPT_PREFIX, strlen(UNKEPT_PREFIX)) == 0 &&
            rf_bus_listen(session->bus, tail->range.prefixes[i], on_unkept, tail, &error) != RF_OK)
            cli_session_fail(session, "%s", error.message);
}

static void interrupt(struct cli_session *session) {
    cli_session_end(session, CLI_OK); // that is how one ends it
}

static enum rf_err read_options(const struct cli_options *options, struct tail *tail,
                                struct rf_error *error) {
    const char *last = options->own[CLI_LAST];
    int64_t count = 0;
    enum rf_err err = cli_event_filter_read(options, rf_clock_utc(), &tail->filter, error);
    if (err == RF_OK)
        err = cli_color_read(options->own[CLI_COLOR], &tail->color, error);
    if (err == RF_OK && last != NULL)
        err = cli_number_read("--last", last, 0, LAST_MOST, &count, error);
    if (err != RF_OK)
        return err;
    tail->json = options->json;
    tail->room = (size_t)count;
    tail->ring = calloc(tail->room + 1, sizeof *tail->ring);
    tail->range = (struct cli_range){
        .prefixes = options->arguments,
        .prefix_count = options->count,
        .since = tail->filter.since,
        .newest = cli_event_filter_narrow(&tail->filter) ? 0 : (uint64_t)count,
        .future = count == 0 && options->own[CLI_SINCE] == NULL,
    };
    return tail->ring != NULL ? RF_OK : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
}

int cli_tail(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin, .interrupt = interrupt};
    struct tail tail = {.reader = {.event = on_event, .page = on_page}};
    struct rf_error error;
    tail.reader.arg = &tail;
    tail.reader.range = &tail.range;
    if (read_options(options, &tail, &error) != RF_OK)
        return cli_usage(&error);
    int code = cli_session_run(options, &handlers, &tail);
    for (size_t i = 0; i < tail.room; i++)
        free(tail.ring[i]);
    free(tail.ring);
    return code;
}
