// ringfence call: one call of a service, made by a person, with how it went. The result goes to
// standard output, the story to standard error.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/id.h>

#include "audio_file.h"
#include "base/clock.h"
#include "base/log.h"
#include "call_reply.h"
#include "call_request.h"
#include "config/config.h"
#include "session.h"

struct calling {
    struct cli_call call;
    char id[RF_ULID_SIZE];
    struct rf_instant began;
    bool interrupted;
};

static void print(FILE *out, struct rf_text *text) {
    char *all = rf_text_take(text);
    (void)fputs(all != NULL ? all : "out of memory\n", out);
    free(all);
}

// ---- the answer ----

static void tell(struct cli_session *session, const struct rf_call_reply *reply) {
    struct calling *calling = session->arg;
    const struct cli_options *options = session->options;
    const char *out = options->own[CLI_OUT];
    struct rf_text text = {0};
    if (options->json) {
        cli_print_json(cli_call_json(reply));
    } else if (reply->ok) {
        cli_call_result(&calling->call, reply, &text);
        print(out != NULL && strcmp(out, "-") == 0 ? stderr : stdout, &text);
    } else {
        cli_call_failure(&calling->call, reply, rf_clock_utc(), &text);
        rf_log(RF_LOG_ERROR, "%s", text.data != NULL ? text.data : "out of memory");
        rf_text_fini(&text);
    }
    if (options->own[CLI_EXPLAIN] == NULL || options->json)
        return;
    (void)fflush(stdout);
    cli_call_story(reply, rf_instant_since(rf_loop_now(session->loop), calling->began), &text);
    print(stderr, &text);
}

static void on_reply(void *arg, const struct rf_call_reply *reply) {
    struct cli_session *session = arg;
    struct calling *calling = session->arg;
    const char *out = session->options->own[CLI_OUT];
    struct rf_error error;
    bool cancelled = reply->code != NULL && strcmp(reply->code, "cancelled") == 0;
    tell(session, reply);
    if (reply->ok && out != NULL &&
        cli_audio_copy(cli_session_config(session)->media_dir, reply->result, out, &error) != RF_OK)
        cli_session_fail(session, "%s", error.message);
    else if (calling->interrupted && cancelled)
        cli_session_end(session, CLI_INTERRUPTED);
    else
        cli_session_end(session, cli_call_exit(reply));
}

// ---- the call ----

static void begin(struct cli_session *session) {
    struct calling *calling = session->arg;
    struct cli_call *call = &calling->call;
    const char *out = session->options->own[CLI_OUT];
    struct rf_utc now = rf_clock_utc(), deadline = rf_utc_add(now, call->deadline);
    struct rf_error error;
    if (out != NULL &&
        cli_audio_check(cli_session_config(session)->media_dir, out, &error) != RF_OK) {
        cli_session_fail(session, "%s", error.message);
        return;
    }
    if (call->rings)
        cli_say("dialling %s: a telephone rings there", session->options->own[CLI_TO]);
    struct rf_call_request request = {
        .id = rf_ulid_new(now, calling->id),
        .service = call->service,
        .operation = call->operation,
        .deadline = deadline.ns,
        .send_before = call->rings ? deadline.ns : 0,
        .repeatable = call->repeatable,
        .params = call->params,
        .explain = session->options->own[CLI_EXPLAIN] != NULL,
    };
    calling->began = rf_loop_now(session->loop);
    rf_bus_call(session->bus, &request, on_reply, session);
}

// Who is tired of waiting still wants to know whether anything came of it.
static void interrupt(struct cli_session *session) {
    struct calling *calling = session->arg;
    if (calling->interrupted) {
        cli_session_end(session, CLI_INTERRUPTED);
        return;
    }
    calling->interrupted = true;
    cli_say("cancelling; Ctrl-C again does not wait for the answer");
    rf_bus_call_off(session->bus, calling->id);
}

int cli_call(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin, .interrupt = interrupt};
    struct calling calling = {0};
    struct rf_error error;
    int code = CLI_USAGE;
    if (cli_call_read(options, rf_clock_utc(), &calling.call, &error) == RF_OK)
        code = cli_session_run(options, &handlers, &calling);
    else
        rf_log(RF_LOG_ERROR, "%s", error.message);
    cli_call_fini(&calling.call);
    return code;
}
