// ringfence breaker list: every provider's circuit breaker, with its figures.
#include <inttypes.h>
#include <stdio.h>

#include "events/field.h"
#include "events/text.h"
#include "member.h"
#include "session.h"

static void print_force(const json_t *breaker, struct rf_text *line) {
    char until[RF_TIME_TEXT_SIZE];
    if (json_object_get(breaker, "force_who") == NULL ||
        cli_member_text(breaker, "force_who")[0] == '\0')
        return;
    rf_text_add(line, ", a person's word (");
    rf_text_add_clean(line, cli_member_text(breaker, "force"), 16);
    rf_text_add(line, ") by ");
    rf_text_add_clean(line, cli_member_text(breaker, "force_who"), 64);
    if (cli_member_number(breaker, "force_until") > 0)
        rf_text_add(
            line, " until %s",
            rf_time_text((struct rf_utc){cli_member_number(breaker, "force_until")}, until));
    rf_text_add(line, ": ");
    rf_text_add_clean(line, cli_member_text(breaker, "force_why"), 256);
}

static void print_breaker(const json_t *breaker) {
    struct rf_text line = {0};
    const json_t *figures = json_object_get(breaker, "figures");
    rf_text_add_clean(&line, cli_member_text(breaker, "service"), 64);
    rf_text_add(&line, ": ");
    rf_text_add_clean(&line, cli_member_text(breaker, "decided"), 16);
    rf_text_add(&line, " (");
    rf_text_add_clean(&line, cli_member_text(breaker, "mode"), 16);
    rf_text_add(&line,
                "), %" PRId64 " failures in a row, window %" PRId64 " failed of %" PRId64
                ", %" PRId64 " slow of %" PRId64 ", ",
                cli_member_number(breaker, "failures"), cli_member_number(figures, "failed"),
                cli_member_number(figures, "total"), cli_member_number(figures, "slow"),
                cli_member_number(figures, "timed"));
    rf_text_add(&line, "opened %" PRId64 " times", cli_member_number(figures, "opened"));
    print_force(breaker, &line);
    if (!line.failed)
        puts(line.data);
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
