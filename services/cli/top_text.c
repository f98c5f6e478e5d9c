#include "top_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "events/field.h"
#include "force.h"
#include "member.h"
#include "progress.h"
#include "screen.h"

#define MIB (1024 * 1024)

void cli_top_event(struct cli_top *top, char *line) {
    top->newest = (top->newest + 1) % CLI_TOP_EVENTS;
    free(top->events[top->newest]);
    top->events[top->newest] = line;
}

static void head(struct rf_text *text, const char *title, size_t count) {
    rf_text_add(text, "%s" CLI_SCREEN_BOLD "%s (%zu)\n", text->size > 0 ? "\n" : "", title, count);
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

static void since(struct rf_text *text, int64_t at, struct rf_utc now) {
    char span[RF_TIME_TEXT_SIZE];
    if (at > 0)
        rf_text_add(text, "for %s", rf_span_text(rf_utc_since(now, (struct rf_utc){at}), span));
}

static void because(struct rf_text *text, const char *why) {
    if (why[0] == '\0')
        return;
    rf_text_add(text, ": ");
    rf_text_add_clean(text, why, 200);
}

static void breakers(json_t *list, struct rf_utc now, struct rf_text *text) {
    size_t i;
    json_t *one;
    head(text, "breakers", json_array_size(list));
    json_array_foreach(list, i, one) {
        const char *state = cli_member_text(one, "state");
        const json_t *figures = json_object_get(one, "figures");
        int64_t until = cli_member_number(one, "until");
        bool closed = strcmp(state, "closed") == 0;
        rf_text_add(text, "%s  ", color_of(state));
        column(text, cli_member_text(one, "service"), 16);
        column(text, state, 10);
        since(text, cli_member_number(one, "since"), now);
        if (cli_force_is(one)) {
            rf_text_add(text, ", ");
            cli_force_text(one, text);
        } else if (!closed && until > now.ns) {
            // Seconds, up: 0 s is what is over.
            rf_text_add(text, ", test request in %" PRId64 " s",
                        (until - now.ns + RF_NS_PER_S - 1) / RF_NS_PER_S);
        }
        if (closed && cli_member_number(figures, "total") > 0)
            rf_text_add(text, ", %" PRId64 " of %" PRId64 " failed",
                        cli_member_number(figures, "failed"), cli_member_number(figures, "total"));
        if (!closed)
            because(text, cli_member_text(one, "last_error"));
        rf_text_add(text, "\n");
    }
}

static void providers(const json_t *all, struct rf_utc now, struct rf_text *text) {
    json_t *list = json_object_get(all, "provider"), *one;
    const char *name;
    head(text, "providers", json_object_size(list));
    json_object_foreach(list, name, one) {
        const json_t *mark = json_object_get(json_object_get(all, "mark"), name);
        const json_t *latency = json_object_get(one, "latency");
        const char *status = mark != NULL ? "unusable" : cli_member_text(one, "status");
        rf_text_add(text, "%s  ", color_of(status));
        column(text, name, 16);
        column(text, status, 10);
        since(text, cli_member_number(mark != NULL ? mark : one, "since"), now);
        if (json_is_object(latency))
            rf_text_add(text, ", calls take %.2f s (p99 %.2f s)",
                        (double)cli_member_number(latency, "p50_ns") / 1e9,
                        (double)cli_member_number(latency, "p99_ns") / 1e9);
        because(text, cli_member_text(mark != NULL ? mark : one, mark != NULL ? "message" : "why"));
        rf_text_add(text, "\n");
    }
}

static void campaigns(json_t *list, size_t columns, struct rf_text *text) {
    size_t i;
    json_t *one;
    if (list == NULL) {
        rf_text_add(text, "\n" CLI_SCREEN_BOLD "campaigns: the orchestrator does not answer\n");
        return;
    }
    head(text, "campaigns", json_array_size(list));
    json_array_foreach(list, i, one) {
        struct cli_progress progress;
        cli_progress_read(one, &progress);
        rf_text_add(text, "%s  ", color_of(progress.state));
        column(text, cli_member_text(one, "name"), 20);
        column(text, progress.state, 9);
        cli_progress_bar(&progress, columns > 72 ? columns - 32 : 40, text);
        rf_text_add(text, "\n");
    }
}

static void processes(json_t *list, struct rf_utc now, struct rf_text *text) {
    const char *instance, *name;
    json_t *one, *length;
    head(text, "processes", json_object_size(list));
    json_object_foreach(list, instance, one) {
        const char *state = cli_member_text(one, "state");
        int64_t resident = cli_member_number(one, "rss_bytes");
        rf_text_add(text, "%s  ", color_of(state));
        column(text, cli_member_text(one, "service"), 16);
        column(text, state, 10);
        rf_text_add(text, "pid %-8" PRId64, cli_member_number(one, "pid"));
        if (resident > 0)
            rf_text_add(text, "%5" PRId64 " MiB  ", resident / MIB);
        rf_text_add(text, "lag %4" PRId64 " ms  ", cli_member_number(one, "lag_ns") / RF_NS_PER_MS);
        since(text, cli_member_number(one, "started"), now);
        json_object_foreach(json_object_get(one, "queues"), name, length) {
            if (json_integer_value(length) <= 0)
                continue;
            rf_text_add(text, ", ");
            rf_text_add_clean(text, name, 24);
            rf_text_add(text, " %" PRId64, (int64_t)json_integer_value(length));
        }
        rf_text_add(text, "\n");
    }
}

static void incidents(json_t *list, struct rf_utc now, struct rf_text *text) {
    size_t i;
    json_t *one;
    if (list == NULL) {
        rf_text_add(text, "\n" CLI_SCREEN_BOLD "open alerts: the alerter does not answer\n");
        return;
    }
    head(text, "open alerts", json_array_size(list));
    json_array_foreach(list, i, one) {
        rf_text_add(text, "%s  ", color_of(cli_member_text(one, "severity")));
        column(text, cli_member_text(one, "severity"), 9);
        since(text, cli_member_number(one, "opened"), now);
        bool held = json_is_object(json_object_get(one, "inhibited_by"));
        rf_text_add(text, "%s: ",
                    cli_member_number(one, "acked") > 0 ? ", acknowledged"
                    : held                              ? ", held back"
                                                        : "");
        rf_text_add_clean(text, cli_member_text(one, "title"), 200);
        rf_text_add(text, "\n");
    }
}

static void events(const struct cli_top *top, struct rf_text *text) {
    rf_text_add(text, "\n" CLI_SCREEN_BOLD "events, the newest first\n");
    for (size_t i = 0; i < CLI_TOP_EVENTS; i++) {
        const char *line = top->events[(top->newest + CLI_TOP_EVENTS - i) % CLI_TOP_EVENTS];
        if (line == NULL)
            break;
        rf_text_add(text, "  ");
        rf_text_add_clean(text, line, 1000);
        rf_text_add(text, "\n");
    }
}

void cli_top_body(const struct cli_top *top, struct rf_utc now, size_t columns,
                  struct rf_text *text) {
    breakers(json_object_get(json_object_get(top->all, "broker"), "breakers"), now, text);
    providers(top->all, now, text);
    campaigns(top->campaigns, columns, text);
    processes(json_object_get(top->all, "process"), now, text);
    incidents(top->incidents, now, text);
    events(top, text);
}

void cli_top_help(struct rf_text *text) {
    rf_text_add(text, "q        end\n"
                      "p        the picture stands still, or goes on\n"
                      "j, down  a line further; k, up: a line back\n"
                      "space    a page further; b: a page back; g: to the top\n"
                      "?        this help, or back\n");
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
