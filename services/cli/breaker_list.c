// ringfence breaker list: every provider's circuit breaker, with its figures.
#include <stdio.h>

#include "events/field.h"
#include "events/text.h"
#include "session.h"

static const char *member(const json_t *value, const char *name) {
    const char *text = json_string_value(json_object_get(value, name));
    return text != NULL ? text : "";
}

static long long figure(const json_t *value, const char *name) {
    return json_integer_value(json_object_get(value, name));
}

static void print_force(const json_t *breaker, struct rf_text *line) {
    char until[RF_TIME_TEXT_SIZE];
    if (json_object_get(breaker, "force_who") == NULL || member(breaker, "force_who")[0] == '\0')
        return;
    rf_text_add(line, ", a person's word (");
    rf_text_add_clean(line, member(breaker, "force"), 16);
    rf_text_add(line, ") by ");
    rf_text_add_clean(line, member(breaker, "force_who"), 64);
    if (figure(breaker, "force_until") > 0)
        rf_text_add(line, " until %s",
                    rf_time_text((struct rf_utc){figure(breaker, "force_until")}, until));
    rf_text_add(line, ": ");
    rf_text_add_clean(line, member(breaker, "force_why"), 256);
}

static void print_breaker(const json_t *breaker) {
    struct rf_text line = {0};
    const json_t *figures = json_object_get(breaker, "figures");
    rf_text_add_clean(&line, member(breaker, "service"), 64);
    rf_text_add(&line, ": ");
    rf_text_add_clean(&line, member(breaker, "decided"), 16);
    rf_text_add(&line, " (");
    rf_text_add_clean(&line, member(breaker, "mode"), 16);
    rf_text_add(&line, "), %lld failures in a row, window %lld failed of %lld, %lld slow of %lld, ",
                figure(breaker, "failures"), figure(figures, "failed"), figure(figures, "total"),
                figure(figures, "slow"), figure(figures, "timed"));
    rf_text_add(&line, "opened %lld times", figure(figures, "opened"));
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
