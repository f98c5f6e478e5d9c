// ringfence breaker force-open, force-closed, disable, reset: a person decides about a provider's
// circuit breaker.
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "options.h"
#include "person.h"
#include "session.h"

struct deciding {
    const char *action;
    struct rf_duration length; // 0: until reset
    struct rf_breaker_control control;
};

static void tell(const struct cli_session *session) {
    const struct deciding *deciding = session->arg;
    const struct rf_breaker_control *control = &deciding->control;
    const char *length = session->options->own[CLI_FOR];
    if (!session->options->json) {
        printf("%s: %s%s%s\n", control->service,
               session->options->command->words + strlen("breaker "), length != NULL ? " for " : "",
               length != NULL ? length : "");
        return;
    }
    json_t *told = json_pack("{s:s, s:s, s:s, s:s}", "service", control->service, "action",
                             control->action, "who", control->who, "why", control->why);
    if (control->until != 0)
        (void)json_object_set_new(told, "until", json_integer(control->until));
    cli_print_json(told);
}

static void on_answer(void *arg, const char *code, const char *message) {
    struct cli_session *session = arg;
    const struct cli_options *options = session->options;
    if (code != NULL) {
        cli_session_fail(session, "%s: %s%s%s", options->arguments[0], code,
                         message != NULL ? ": " : "", message != NULL ? message : "");
        return;
    }
    tell(session);
    cli_session_end(session, CLI_OK);
}

static void begin(struct cli_session *session) {
    struct deciding *deciding = session->arg;
    deciding->control = (struct rf_breaker_control){
        .service = session->options->arguments[0],
        .action = deciding->action,
        .who = cli_person(),
        .why = session->options->own[CLI_WHY],
    };
    if (deciding->length.ns > 0)
        deciding->control.until = rf_utc_add(rf_clock_utc(), deciding->length).ns;
    rf_bus_breaker_control(session->bus, &deciding->control, on_answer, session);
}

static int decide(const struct cli_options *options, const char *action) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    struct deciding deciding = {.action = action};
    struct rf_error error;
    if (options->own[CLI_WHY] == NULL || options->own[CLI_WHY][0] == '\0') {
        rf_log(RF_LOG_ERROR, "--why TEXT is needed, for those who find it later");
        return CLI_USAGE;
    }
    if (options->own[CLI_FOR] != NULL &&
        cli_duration_read("--for", options->own[CLI_FOR], &deciding.length, &error) != RF_OK)
        return cli_usage(&error);
    return cli_session_run(options, &handlers, &deciding);
}

int cli_breaker_force_open(const struct cli_options *options) {
    return decide(options, "force_open");
}

int cli_breaker_force_closed(const struct cli_options *options) {
    return decide(options, "force_closed");
}

int cli_breaker_disable(const struct cli_options *options) {
    return decide(options, "disable");
}

int cli_breaker_reset(const struct cli_options *options) {
    return decide(options, "reset");
}
