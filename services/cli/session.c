#include "session.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <ringfence/id.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "config/config.h"
#include "config/permitted.h"
#include "output.h"

// Without a word of the broker for so long a line says what is waited for.
#define FIRST_WORD rf_seconds(1)

struct cli_session_rim {
    const struct cli_session_handlers *handlers;
    struct rf_config *config;
    char instance[64];
    int signal_fd;
    struct rf_timer notice; // says what is waited for
    struct rf_timer limit;  // ends the wait
    bool begun;
    bool barred;
    int code;
};

const struct rf_config *cli_session_config(const struct cli_session *session) {
    return session->rim->config;
}

void cli_session_end(struct cli_session *session, int code) {
    session->rim->code = code;
    rf_loop_stop(session->loop);
}

void cli_session_fail(struct cli_session *session, const char *format, ...) {
    char text[RF_ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    rf_log(RF_LOG_ERROR, "%s", text);
    cli_session_end(session, CLI_FAILED);
}

int cli_usage(const struct rf_error *error) {
    rf_log(RF_LOG_ERROR, "%s", error->message);
    return CLI_USAGE;
}

// ---- the broker is there, or not ----

// Whoever is not let in need not wait.
static bool is_kept_out(struct cli_session *session) {
    const char *trouble = rf_bus_trouble(session->bus);
    if (trouble != NULL)
        cli_session_fail(session, "the broker at %s %s", session->rim->config->bus.ingest, trouble);
    return trouble != NULL;
}

// Several questions may be under way: the first that is refused says it for all.
static void on_barred(void *arg, const char *why) {
    struct cli_session *session = arg;
    if (!session->rim->barred)
        cli_session_fail(session,
                         "%s; give that key the role on the broker's host (ringfence keys allow, "
                         "with --replace) and reload the broker",
                         why);
    session->rim->barred = true;
}

static void on_notice(void *arg) {
    struct cli_session *session = arg;
    if (is_kept_out(session))
        return;
    cli_say("waiting up to %.3g s for the broker at %s", rf_duration_s(session->options->timeout),
            session->rim->config->bus.ingest);
}

static void on_limit(void *arg) {
    struct cli_session *session = arg;
    if (is_kept_out(session))
        return;
    cli_session_fail(session,
                     "no broker answers at %s (waited %.3g s); is ringfence-broker running, with "
                     "the same --config?",
                     session->rim->config->bus.ingest, rf_duration_s(session->options->timeout));
}

static void on_change(void *arg, bool connected) {
    struct cli_session *session = arg;
    struct cli_session_rim *rim = session->rim;
    if (!connected || rim->begun)
        return;
    rim->begun = true;
    rf_timer_stop(&rim->notice);
    rf_timer_stop(&rim->limit);
    rim->handlers->begin(session);
}

// ---- signals ----

static void on_signal(void *arg, int fd, unsigned events) {
    struct cli_session *session = arg;
    struct signalfd_siginfo info;
    (void)events;
    if (read(fd, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (session->rim->begun && session->rim->handlers->interrupt != NULL)
        session->rim->handlers->interrupt(session);
    else
        cli_session_end(session, CLI_INTERRUPTED);
}

// Blocked before the first thread of ZeroMQ begins, so that the signals come to the loop alone.
static enum rf_err open_signals(struct cli_session *session, struct rf_error *error) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    session->rim->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (session->rim->signal_fd < 0)
        return rf_error_set(error, RF_ERR_IO, "signalfd: %s", strerror(errno));
    return RF_OK;
}

// ---- the whole ----

// ZeroMQ would try for ever, without a word, at a socket that this user may not use.
static enum rf_err check_socket(const char *endpoint, struct rf_error *error) {
    static const char ipc[] = "ipc://";
    if (strncmp(endpoint, ipc, strlen(ipc)) != 0)
        return RF_OK;
    return rf_config_permitted(endpoint + strlen(ipc), W_OK, error);
}

static enum rf_err open_session(struct cli_session *session, struct rf_error *error) {
    struct cli_session_rim *rim = session->rim;
    char id[RF_ULID_SIZE];
    enum rf_err err = rf_config_load(session->options->config, &rim->config, error);
    if (err == RF_OK)
        err = check_socket(rim->config->bus.ingest, error);
    if (err == RF_OK)
        err = open_signals(session, error);
    if (err != RF_OK)
        return err;
    snprintf(rim->instance, sizeof rim->instance, "cli-%s", rf_ulid_new(rf_clock_utc(), id));
    session->loop = rf_loop_new();
    if (session->loop == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    rf_timer_init(&rim->notice, session->loop, on_notice, session);
    rf_timer_init(&rim->limit, session->loop, on_limit, session);
    err = rf_loop_fd_set(session->loop, rim->signal_fd, RF_LOOP_READ, on_signal, session);
    if (err != RF_OK)
        return rf_error_set(error, err, "cannot watch for signals");
    err = rf_bus_new(session->loop, &rim->config->bus, "cli", rim->instance, &session->bus, error);
    if (err != RF_OK)
        return err;
    rf_bus_on_change(session->bus, on_change, session);
    rf_bus_on_barred(session->bus, on_barred, session);
    rf_timer_after(&rim->notice, FIRST_WORD);
    rf_timer_after(&rim->limit, session->options->timeout);
    if (rf_bus_connected(session->bus))
        on_change(session, true);
    return RF_OK;
}

static void close_session(struct cli_session *session) {
    struct cli_session_rim *rim = session->rim;
    if (session->loop != NULL) {
        rf_timer_stop(&rim->notice);
        rf_timer_stop(&rim->limit);
    }
    rf_bus_destroy(&session->bus);
    if (rim->signal_fd >= 0) {
        if (session->loop != NULL)
            (void)!rf_loop_fd_set(session->loop, rim->signal_fd, 0, NULL, NULL);
        close(rim->signal_fd);
    }
    rf_loop_destroy(&session->loop);
    rf_config_destroy(&rim->config);
}

int cli_session_run(const struct cli_options *options, const struct cli_session_handlers *handlers,
                    void *arg) {
    struct cli_session_rim rim = {.handlers = handlers, .signal_fd = -1, .code = CLI_FAILED};
    struct cli_session session = {
        .options = options, .service = "campaign", .arg = arg, .rim = &rim};
    struct rf_error error = {0};
    enum rf_err err = open_session(&session, &error);
    if (err == RF_OK)
        err = rf_loop_run(session.loop, &error);
    if (err != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s", error.message);
        rim.code = err == RF_ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
    }
    close_session(&session);
    return rim.code;
}

void cli_session_call(struct cli_session *session, const char *operation, json_t *params,
                      struct rf_duration timeout, rf_reply_fn *fn) {
    struct rf_utc now = rf_clock_utc();
    char id[RF_ULID_SIZE];
    struct rf_call_request request = {
        .id = rf_ulid_new(now, id),
        .service = session->service,
        .operation = operation,
        .deadline = rf_utc_add(now, timeout).ns,
        .repeatable = true,
        .params = params,
    };
    rf_bus_call(session->bus, &request, fn, session);
    json_decref(params);
}

bool cli_flush(struct cli_session *session) {
    if (cli_output_flush())
        return true;
    if (cli_output_gone())
        cli_session_end(session, CLI_OK);
    else
        cli_session_fail(session, "standard output cannot be written: %s", cli_output_why());
    // Told, once: main finds nothing more to write, nor an error.
    __fpurge(stdout);
    clearerr(stdout);
    return false;
}

void cli_print_json(json_t *value) {
    if (value == NULL) {
        rf_log(RF_LOG_ERROR, "the answer cannot be told: no memory, or a text not in UTF-8");
        exit(CLI_FAILED);
    }
    json_dumpf(value, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    putchar('\n');
    json_decref(value);
}

json_t *cli_json_text(const char *text) {
    char mended[2 * PATH_MAX];
    json_t *json = json_string(text);
    if (json != NULL)
        return json;
    rf_utf8_mend(text, strlen(text), mended, sizeof mended);
    return json_string(mended);
}

void cli_print_text(struct rf_text *text) {
    if (!text->failed && text->data != NULL)
        fputs(text->data, stdout);
    rf_text_fini(text);
}

void cli_session_tell(struct cli_session *session, json_t *result, struct rf_text *text) {
    if (session->options->json)
        cli_print_json(json_incref(result));
    else
        cli_print_text(text);
    rf_text_fini(text);
    cli_session_end(session, CLI_OK);
}
