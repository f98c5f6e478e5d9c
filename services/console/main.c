// The console: serves the audio to the telephony provider at signed addresses, and tells by
// /healthz whether this part of the set can work.
//
//   core.c        what is answered
//   media_file.c  reads the audio

#include <stdlib.h>
#include <string.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "core.h"
#include "http/server.h"
#include "media_file.h"
#include "runtime/loop.h"
#include "runtime/service.h"

#define BODY_MOST 4096 // nothing that is asked here has a body

struct console {
    struct rf_process *process;
    struct rf_http_server *server;
};

static void send_text(struct rf_http_exchange *exchange, const struct console_answer *answer) {
    rf_http_exchange_reply(exchange, answer->status, answer->content_type, answer->text,
                           strlen(answer->text));
}

static void send_file(const struct console *console, struct rf_http_exchange *exchange,
                      struct console_answer *answer) {
    char *data = NULL;
    size_t size = 0;
    struct rf_error error;
    enum rf_err result =
        media_file_read(console->process->config->media_dir, answer->file, &data, &size, &error);
    if (result == RF_OK) {
        rf_http_exchange_reply(exchange, answer->status, answer->content_type, data, size);
        free(data);
        return;
    }
    // The address was signed by us, so that the file is missing is worth a line.
    rf_log(RF_LOG_WARNING, "media: %s", error.message);
    console_not_found(answer);
    send_text(exchange, answer);
}

static void on_exchange(void *arg, struct rf_http_exchange *exchange) {
    const struct console *console = arg;
    struct console_request request = {rf_http_exchange_method(exchange),
                                      rf_http_exchange_path(exchange)};
    struct console_view view = {
        .connected = rf_bus_connected(console->process->bus),
        .media_secret = console->process->config->telephony.media_secret.value,
        .now = rf_clock_utc(),
    };
    struct console_answer answer;
    console_decide(&request, &view, &answer);
    rf_http_exchange_header_add(exchange, "X-Content-Type-Options", "nosniff");
    rf_http_exchange_header_add(exchange, "Cache-Control", "no-store");
    if (answer.text != NULL)
        send_text(exchange, &answer);
    else
        send_file(console, exchange, &answer);
}

static enum rf_err start(struct rf_process *process, struct rf_error *error) {
    struct console *console = calloc(1, sizeof *console);
    if (console == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    process->state = console;
    console->process = process;
    struct rf_http_server_options options = {
        .listen = process->config->console.listen,
        .max_body_bytes = BODY_MOST,
        .handler = on_exchange,
        .arg = console,
    };
    enum rf_err result = rf_http_server_new(process->loop, &options, &console->server, error);
    if (result != RF_OK)
        return result;
    rf_process_ready(process, "http port %u", rf_http_server_port(console->server));
    return RF_OK;
}

static void stop(struct rf_process *process) {
    struct console *console = process->state;
    if (console == NULL)
        return;
    rf_http_server_destroy(&console->server);
    free(console);
    process->state = NULL;
}

static const struct rf_service service = {
    .name = "console",
    .summary = "Serves the audio of calls at signed addresses, and /healthz.",
    .details =
        "GET /media/EXPIRY/HMAC/SHA256.FORMAT gives a file of media_dir to whoever has a signed\n"
        "address; GET /healthz is 200 while the broker answers, else 503. All else is 404.",
    .uses_bus = true,
    .start = start,
    .stop = stop,
};

int main(int argc, char **argv) {
    return rf_service_run(&service, argc, argv);
}
