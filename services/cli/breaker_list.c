// ringfence breaker list: every provider's circuit breaker, with its figures.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ejected.h"
#include "events/field.h"
#include "events/text.h"
#include "force.h"
#include "member.h"
#include "session.h"

// The share of a window, if something is in it.
static void print_rate(struct rf_text *line, const json_t *figures, const char *total,
                       const char *rate) {
    if (cli_member_number(figures, total) > 0)
        rf_text_add(line, " (%.1f %%)", 100.0 * json_number_value(json_object_get(figures, rate)));
}

// Of one that is not closed: since when, and when it is tried again, unless a person forces it.
static void print_times(struct rf_text *line, const json_t *breaker) {
    char at[RF_TIME_TEXT_SIZE];
    struct rf_utc since = {cli_member_number(breaker, "since")};
    struct rf_utc until = {cli_member_number(breaker, "until")};
    if (strcmp(cli_member_text(breaker, "decided"), "closed") == 0)
        return;
    if (since.ns > 0)
        rf_text_add(line, ", since %s", rf_time_text(since, at));
    if (until.ns > rf_clock_utc().ns && !cli_force_is(breaker))
        rf_text_add(line, ", test request at %s", rf_time_text(until, at));
}

static void print_breaker(const json_t *breaker) {
    struct rf_text line = {0};
    const json_t *figures = json_object_get(breaker, "figures");
    rf_text_add_clean(&line, cli_member_text(breaker, "service"), 64);
    rf_text_add(&line, ": ");
    rf_text_add_clean(&line, cli_member_text(breaker, "decided"), 16);
    rf_text_add(&line, " (");
    rf_text_add_clean(&line, cli_member_text(breaker, "mode"), 16);
    rf_text_add(&line, "), %" PRId64 " failures in a row, window %" PRId64 " failed of %" PRId64,
                cli_member_number(breaker, "failures"), cli_member_number(figures, "failed"),
                cli_member_number(figures, "total"));
    print_rate(&line, figures, "total", "failure_rate");
    rf_text_add(&line, ", %" PRId64 " slow of %" PRId64, cli_member_number(figures, "slow"),
                cli_member_number(figures, "timed"));
    print_rate(&line, figures, "timed", "slow_rate");
    rf_text_add(&line, ", opened %" PRId64 " times", cli_member_number(figures, "opened"));
    print_times(&line, breaker);
    rf_text_add(&line, cli_force_is(breaker) ? ", " : "");
    cli_force_text(breaker, &line);
    rf_text_add(&line, "\n");
    cli_ejected_text(breaker, rf_clock_utc(), &line);
    if (!line.failed)
        fputs(line.data, stdout);
    rf_text_fini(&line);
}

static void on_status(void *arg, json_t *status) {
    struct cli_session *session = arg;
    json_t *breakers = json_object_get(status, "breakers"), *breaker;
    size_t i;
    if (breakers == NULL) {
        cli_session_fail(session, "the broker gave no status within 5 s");
        return;
    }
    if (session->options->json)
        cli_print_json(json_incref(breakers));
    else
        json_array_foreach(breakers, i, breaker) print_breaker(breaker);
    cli_session_end(session, CLI_OK);
}

static void begin(struct cli_session *session) {
    rf_bus_status(session->bus, on_status, session);
}

int cli_breaker_list(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    return cli_session_run(options, &handlers, NULL);
}
