#include "top_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "events/field.h"
#include "force.h"
#include "member.h"
#include "phrase.h"
#include "progress.h"
#include "screen.h"

#define MIB (INT64_C(1024) * 1024)

void cli_top_event(struct cli_top *top, char *line) {
    top->newest = (top->newest + 1) % CLI_TOP_EVENTS;
    free(top->events[top->newest]);
    top->events[top->newest] = line;
}

// The colour of a line by a state's word.
static const char *color_of(const char *state) {
    static const struct {
        const char *state, *color;
    } colors[] = {
        {"open", CLI_SCREEN_RED},       {"half_open", CLI_SCREEN_YELLOW},
        {"down", CLI_SCREEN_RED},       {"degraded", CLI_SCREEN_YELLOW},
        {"critical", CLI_SCREEN_RED},   {"error", CLI_SCREEN_RED},
        {"warning", CLI_SCREEN_YELLOW}, {"paused", CLI_SCREEN_YELLOW},
        {"unusable", CLI_SCREEN_RED},   {"lost", CLI_SCREEN_RED},
    };
    for (size_t i = 0; i < sizeof colors / sizeof colors[0]; i++)
        if (strcmp(colors[i].state, state) == 0)
            return colors[i].color;
    return "";
}

// Text from outside in a column.
static void column(struct rf_text *text, const char *outside, size_t width) {
    struct rf_text clean = {0};
    rf_text_add_clean(&clean, outside, 3 * width);
    const char *word = clean.data != NULL ? clean.data : "";
    size_t used = 0;
    size_t size = cli_screen_cut(word, strlen(word), width, &used);
    rf_text_add_bytes(text, word, size);
    rf_text_add(text, "%*s", (int)(width - used + 1), "");
    rf_text_fini(&clean);
}

// How bad a state is: 0 is one that nobody looks for.
static double badness(const char *state) {
    static const char *const worse[] = {"info",     "warning",  "unknown", "half_open", "starting",
                                        "draining", "degraded", "error",   "critical",  "open",
                                        "down",     "unusable", "lost"};
    size_t count = sizeof worse / sizeof worse[0];
    for (size_t i = 0; i < count; i++)
        if (strcmp(worse[i], state) == 0)
            return (double)(i + 1);
    return 0;
}

// A row that begins with a name and a state, in its colour.
static struct rf_text *begin_row(struct cli_top_rows *rows, const char *name, const char *state,
                                 int64_t since_ns) {
    struct cli_top_row *row = cli_top_rows_add(rows, name);
    if (row == NULL)
        return NULL;
    row->figure[CLI_TOP_BY_STATE] = badness(state);
    row->figure[CLI_TOP_BY_TIME] = (double)since_ns;
    rf_text_add(&row->text, "%s  ", color_of(state));
    return &row->text;
}

static void set_figure(struct cli_top_rows *rows, enum cli_top_order order, double figure) {
    rows->items[rows->count - 1].figure[order] = figure;
}

static void add_breaker(struct cli_top_rows *rows, const json_t *one, struct rf_utc now) {
    const char *state = cli_member_text(one, "state"), *name = cli_member_text(one, "service");
    const json_t *figures = json_object_get(one, "figures");
    int64_t until = cli_member_number(one, "until"), total = cli_member_number(figures, "total");
    bool closed = strcmp(state, "closed") == 0;
    struct rf_text *text = begin_row(rows, name, state, cli_member_number(one, "since"));
    if (text == NULL)
        return;
    set_figure(rows, CLI_TOP_BY_LOAD, (double)total);
    column(text, name, 16);
    column(text, state, 10);
    cli_phrase_since(text, cli_member_number(one, "since"), now);
    if (cli_force_is(one)) {
        rf_text_add(text, ", ");
        cli_force_text(one, text);
    } else if (!closed && until > now.ns) {
        // Seconds, up: 0 s is what is over.
        rf_text_add(text, ", test request in %" PRId64 " s",
                    (until - now.ns + RF_NS_PER_S - 1) / RF_NS_PER_S);
    }
    if (closed && total > 0)
        rf_text_add(text, ", %" PRId64 " of %" PRId64 " failed",
                    cli_member_number(figures, "failed"), total);
    if (!closed)
        cli_phrase_because(text, cli_member_text(one, "last_error"));
}

static void breakers(const struct cli_top *top, struct rf_utc now, struct rf_text *text) {
    struct cli_top_rows rows = {.view = &top->view};
    json_t *list = json_object_get(json_object_get(top->all, "broker"), "breakers"), *one;
    size_t i;
    json_array_foreach(list, i, one) add_breaker(&rows, one, now);
    cli_top_rows_tell(&rows, "breakers", text);
}

static void add_provider(struct cli_top_rows *rows, const char *name, const json_t *one,
                         const json_t *mark, struct rf_utc now) {
    const json_t *latency = json_object_get(one, "latency");
    const char *status = mark != NULL ? "unusable" : cli_member_text(one, "status");
    int64_t at = cli_member_number(mark != NULL ? mark : one, "since");
    struct rf_text *text = begin_row(rows, name, status, at);
    if (text == NULL)
        return;
    set_figure(rows, CLI_TOP_BY_LOAD, (double)cli_member_number(latency, "attempts"));
    column(text, name, 16);
    column(text, status, 10);
    cli_phrase_since(text, at, now);
    if (json_is_object(latency))
        rf_text_add(text, ", calls take %.2f s (p99 %.2f s)",
                    (double)cli_member_number(latency, "p50_ns") / 1e9,
                    (double)cli_member_number(latency, "p99_ns") / 1e9);
    cli_phrase_because(
        text, cli_member_text(mark != NULL ? mark : one, mark != NULL ? "message" : "why"));
}

static void providers(const struct cli_top *top, struct rf_utc now, struct rf_text *text) {
    struct cli_top_rows rows = {.view = &top->view};
    json_t *list = json_object_get(top->all, "provider"), *one;
    const char *name;
    json_object_foreach(list, name, one) add_provider(
        &rows, name, one, json_object_get(json_object_get(top->all, "mark"), name), now);
    cli_top_rows_tell(&rows, "providers", text);
}

static void add_campaign(struct cli_top_rows *rows, json_t *one, size_t columns) {
    struct cli_progress progress;
    const char *name = cli_member_text(one, "name");
    cli_progress_read(one, &progress);
    struct rf_text *text = begin_row(rows, name, progress.state, cli_member_number(one, "created"));
    if (text == NULL)
        return;
    set_figure(rows, CLI_TOP_BY_LOAD, progress.per_minute);
    // A pause is somebody's will; contacts that are set aside are what to look at.
    set_figure(rows, CLI_TOP_BY_STATE, (double)progress.set_aside);
    column(text, name, 20);
    column(text, progress.state, 9);
    cli_progress_bar(&progress, columns > 72 ? columns - 32 : 40, text);
}

static void campaigns(const struct cli_top *top, size_t columns, struct rf_text *text) {
    struct cli_top_rows rows = {.view = &top->view};
    size_t i;
    json_t *one;
    if (top->campaigns == NULL) {
        rf_text_add(text, "\n" CLI_SCREEN_BOLD "campaigns: the orchestrator does not answer\n");
        return;
    }
    json_array_foreach(top->campaigns, i, one) add_campaign(&rows, one, columns);
    cli_top_rows_tell(&rows, "campaigns", text);
}

static void add_process(struct cli_top_rows *rows, const json_t *one, struct rf_utc now) {
    const char *state = cli_member_text(one, "state"), *service = cli_member_text(one, "service");
    int64_t resident = cli_member_number(one, "rss_bytes"), lag = cli_member_number(one, "lag_ns");
    const char *name;
    json_t *length;
    struct rf_text *text = begin_row(rows, service, state, cli_member_number(one, "started"));
    if (text == NULL)
        return;
    set_figure(rows, CLI_TOP_BY_LOAD, (double)lag);
    set_figure(rows, CLI_TOP_BY_MEMORY, (double)resident);
    column(text, service, 16);
    column(text, state, 10);
    rf_text_add(text, "pid %-8" PRId64, cli_member_number(one, "pid"));
    if (resident > 0)
        rf_text_add(text, "%5" PRId64 " MiB  ", resident / MIB);
    rf_text_add(text, "lag %4" PRId64 " ms  ", lag / RF_NS_PER_MS);
    cli_phrase_since(text, cli_member_number(one, "started"), now);
    json_object_foreach(json_object_get(one, "queues"), name, length) {
        if (json_integer_value(length) <= 0)
            continue;
        rf_text_add(text, ", ");
        rf_text_add_clean(text, name, 24);
        rf_text_add(text, " %" PRId64, (int64_t)json_integer_value(length));
    }
}

static void processes(const struct cli_top *top, struct rf_utc now, struct rf_text *text) {
    struct cli_top_rows rows = {.view = &top->view};
    const char *instance;
    json_t *one;
    json_object_foreach(json_object_get(top->all, "process"), instance, one)
        add_process(&rows, one, now);
    cli_top_rows_tell(&rows, "processes", text);
}

static void add_incident(struct cli_top_rows *rows, const json_t *one, struct rf_utc now) {
    const char *severity = cli_member_text(one, "severity");
    bool held = json_is_object(json_object_get(one, "inhibited_by"));
    struct rf_text *text =
        begin_row(rows, cli_member_text(one, "title"), severity, cli_member_number(one, "opened"));
    if (text == NULL)
        return;
    set_figure(rows, CLI_TOP_BY_LOAD, (double)cli_member_number(one, "events"));
    column(text, severity, 9);
    cli_phrase_since(text, cli_member_number(one, "opened"), now);
    rf_text_add(text, "%s: ",
                cli_member_number(one, "acked") > 0 ? ", acknowledged"
                : held                              ? ", held back"
                                                    : "");
    rf_text_add_clean(text, cli_member_text(one, "title"), 200);
}

static void incidents(const struct cli_top *top, struct rf_utc now, struct rf_text *text) {
    struct cli_top_rows rows = {.view = &top->view};
    size_t i;
    json_t *one;
    if (top->incidents == NULL) {
        rf_text_add(text, "\n" CLI_SCREEN_BOLD "open alerts: the alerter does not answer\n");
        return;
    }
    json_array_foreach(top->incidents, i, one) add_incident(&rows, one, now);
    cli_top_rows_tell(&rows, "open alerts", text);
}

// They stay in the order in which they happened.
static void events(const struct cli_top *top, struct rf_text *text) {
    rf_text_add(text, "\n" CLI_SCREEN_BOLD "events, the newest first\n");
    for (size_t i = 0; i < CLI_TOP_EVENTS; i++) {
        const char *line = top->events[(top->newest + CLI_TOP_EVENTS - i) % CLI_TOP_EVENTS];
        if (line == NULL)
            break;
        if (!cli_top_fits(&top->view, line))
            continue;
        rf_text_add(text, "  ");
        rf_text_add_clean(text, line, 1000);
        rf_text_add(text, "\n");
    }
}

void cli_top_body(const struct cli_top *top, struct rf_utc now, size_t columns,
                  struct rf_text *text) {
    breakers(top, now, text);
    providers(top, now, text);
    campaigns(top, columns, text);
    processes(top, now, text);
    incidents(top, now, text);
    events(top, text);
}

void cli_top_view_text(const struct cli_top_view *view, bool typing, struct rf_text *text) {
    if (view->order != CLI_TOP_AS_TOLD || view->inverted)
        rf_text_add(text, "  [%s%s]", cli_top_order_name(view->order),
                    view->inverted ? ", inverted" : "");
    if (view->filter[0] == '\0' && !typing)
        return;
    rf_text_add(text, "  filter: ");
    rf_text_add_clean(text, view->filter, CLI_TOP_FILTER_SIZE);
    rf_text_add(text, typing ? "_" : "");
}

void cli_top_help(struct rf_text *text) {
    rf_text_add(text, "q, F10     end\n"
                      "p          the picture stands still, or goes on\n"
                      "\n"
                      "j, down    a line further; k, up: a line back\n"
                      "space      a page further; b: a page back; g: to the top\n"
                      "\n"
                      "\\, /, F4   filter: rows and events with what is typed, until Enter; ESC: "
                      "all again\n"
                      "N          order by name\n"
                      "S          by state, the worst first; campaigns by contacts set aside\n"
                      "P          by load: calls, contacts a minute, a loop's lag, events\n"
                      "M          by memory, of processes\n"
                      "T          by time: what changed last first\n"
                      ">, F6      the next of these orders, after the last as told; <: the one "
                      "before\n"
                      "I          the last first, or again the first\n"
                      "\n"
                      "?, h, F1   this help, or back\n");
}

size_t cli_top_window(const char *body, size_t wanted, size_t rows, const char **at) {
    size_t lines = 0, skipped = 0;
    for (const char *end = body; *end != '\0'; end++)
        lines += *end == '\n';
    size_t most = lines > rows ? lines - rows : 0;
    for (; skipped < wanted && skipped < most; skipped++)
        body = strchr(body, '\n') + 1;
    *at = body;
    return skipped;
}

void cli_top_fini(struct cli_top *top) {
    json_decref(top->all);
    json_decref(top->campaigns);
    json_decref(top->incidents);
    for (size_t i = 0; i < CLI_TOP_EVENTS; i++)
        free(top->events[i]);
    *top = (struct cli_top){0};
}
