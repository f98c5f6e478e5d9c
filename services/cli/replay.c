// ringfence replay: events of the past again, in order, as lines for people or for programs; with
// --speed at the pace at which they happened. It only reads: nothing that is replayed gets into the
// bus again, where it would set off alerts and more.
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "event_filter.h"
#include "event_line.h"
#include "moment.h"
#include "pace.h"
#include "reader.h"
#include "terminal.h"

struct replay {
    struct cli_session *session;
    struct cli_event_filter filter;
    struct cli_range range;
    struct cli_reader reader;
    struct cli_pace pace;
    struct rf_timer timer; // the next line is due
    bool color, past_read;
};

static void stop(struct replay *replay) {
    cli_reader_end(&replay->reader);
    rf_timer_stop(&replay->timer);
}

// Prints what is due. The next page is read when this one is out.
static void print_due(void *arg) {
    struct replay *replay = arg;
    struct rf_instant due;
    char *line;
    while ((line = cli_pace_next(&replay->pace, rf_clock_now(), &due)) != NULL) {
        puts(line);
        free(line);
    }
    if (!cli_flush(replay->session)) {
        stop(replay);
    } else if (due.ns != 0) {
        rf_timer_at(&replay->timer, due);
    } else if (replay->past_read) {
        stop(replay);
        cli_session_end(replay->session, CLI_OK);
    } else {
        cli_reader_next(&replay->reader);
    }
}

static void on_event(void *arg, const struct rf_event *event) {
    struct replay *replay = arg;
    if (!cli_event_filter_passes(&replay->filter, event))
        return;
    char *line = cli_event_line(event, replay->session->options->json, replay->color);
    if (line == NULL || !cli_pace_add(&replay->pace, (struct rf_utc){event->ts}, line)) {
        stop(replay);
        cli_session_fail(replay->session, "out of memory");
    }
}

static void on_page(void *arg, bool past_read) {
    struct replay *replay = arg;
    replay->past_read = past_read;
    print_due(replay);
}

static void begin(struct cli_session *session) {
    struct replay *replay = session->arg;
    replay->session = replay->reader.session = session;
    rf_timer_init(&replay->timer, session->loop, print_due, replay);
    cli_reader_begin(&replay->reader);
}

static void interrupt(struct cli_session *session) {
    stop(session->arg);
    cli_session_end(session, CLI_INTERRUPTED);
}

static enum rf_err read_number(const struct cli_options *options, enum cli_own option,
                               const char *name, int64_t most, uint64_t *number,
                               struct rf_error *error) {
    int64_t value = 0;
    enum rf_err err = RF_OK;
    if (options->own[option] != NULL)
        err = cli_number_read(name, options->own[option], 1, most, &value, error);
    *number = (uint64_t)value;
    return err;
}

static enum rf_err read_options(const struct cli_options *options, struct replay *replay,
                                struct rf_error *error) {
    struct cli_range *range = &replay->range;
    range->prefixes = options->arguments;
    range->prefix_count = options->count;
    enum rf_err err = cli_event_filter_read(options, rf_clock_utc(), &replay->filter, error);
    range->since = replay->filter.since;
    if (err == RF_OK)
        err = cli_color_read(options->own[CLI_COLOR], &replay->color, error);
    if (err == RF_OK)
        err = cli_pace_read(options->own[CLI_SPEED], &replay->pace, error);
    if (err == RF_OK)
        err = read_number(options, CLI_FROM, "--from", INT64_MAX, &range->from, error);
    if (err == RF_OK)
        err = read_number(options, CLI_TO, "--to", INT64_MAX, &range->to, error);
    if (err == RF_OK && range->to != 0 && range->to < range->from)
        err = rf_error_set(error, RF_ERR_INVALID, "--to is before --from");
    return err;
}

int cli_replay(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin, .interrupt = interrupt};
    struct replay replay = {.reader = {.event = on_event, .page = on_page}};
    struct rf_error error;
    replay.reader.arg = &replay;
    replay.reader.range = &replay.range;
    if (read_options(options, &replay, &error) != RF_OK)
        return cli_usage(&error);
    int code = cli_session_run(options, &handlers, &replay);
    cli_pace_fini(&replay.pace);
    return code;
}
