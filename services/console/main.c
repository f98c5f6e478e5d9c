// The console: shows the set in a browser and to programs, takes orders of those who may give them,
// serves the audio to the telephony provider and takes what it tells of calls onto the bus.
//
//   core.c                   what is for everybody: media paths, health
//   media_file.c             reads the audio
//   callback.c               takes what the provider tells: told.c reads it, by tokens.c
//   api.c                    all else: route.c says what it is for, page.c has the page
//   access.c                 who may: session.c, ended.c, guesses.c, forwarded.c, visitors.c
//   follow.c                 reads the files of tokens again
//   feed.c                   what is heard from the bus: values.c, recent.c
//   streams.c                server-sent events: stream.c decides what a reader gets next
//   looks.c, history.c       the handlers of what is read, metrics.c for Prometheus
//   orders.c                 and of what people do
//   errand.c                 fetches one answer for them; gather.c, what many ask for at once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "console.h"
#include "core.h"
#include "errand.h"
#include "handlers.h"
#include "http/server.h"
#include "media_file.h"
#include "runtime/open_files.h"

#define BODY_MOST 16384 // a callback has some 1,000 bytes, an order some 100

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

// What the provider asks for, and whoever watches over the console: nobody has to show a token.
static bool is_for_all(const struct console *console, struct rf_http_exchange *exchange) {
    struct console_request request = {rf_http_exchange_method(exchange),
                                      rf_http_exchange_path(exchange)};
    struct console_view view = {
        .connected = rf_bus_connected(console->process->bus),
        .ready = console_feed_ready(&console->feed),
        .media_secret = console->process->config->telephony.media_secret.value,
        .now = rf_clock_utc(),
    };
    struct console_answer answer;
    if (!console_decide(&request, &view, &answer))
        return false;
    rf_http_exchange_header_add(exchange, "X-Content-Type-Options", "nosniff");
    rf_http_exchange_header_add(exchange, "Cache-Control", "no-store");
    if (answer.text != NULL)
        send_text(exchange, &answer);
    else
        send_file(console, exchange, &answer);
    return true;
}

static void on_gone(void *arg, struct rf_http_exchange *exchange) {
    console_errands_gone(arg, exchange);
}

static void on_news(void *arg) {
    struct console *console = arg;
    console_streams_news(&console->streams);
}

static void on_exchange(void *arg, struct rf_http_exchange *exchange) {
    struct console *console = arg;
    if (!console_callback(console, exchange) && !is_for_all(console, exchange))
        console_api(console, exchange);
}

// Without them whoever has logged out is in again by a cookie that was copied: no reason not to
// run.
static enum rf_err load_ended(struct console *console, struct rf_error *error) {
    struct rf_error why;
    if (asprintf(&console->ended_file, "%s/console.ended", console->process->config->state_dir) <
        0) {
        console->ended_file = NULL;
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    if (console_ended_load(&console->ended, console->ended_file, rf_clock_utc(), &why) != RF_OK)
        rf_log(RF_LOG_WARNING, "who has logged out is not known: %s", why.message);
    return RF_OK;
}

static enum rf_err start(struct rf_process *process, struct rf_error *error) {
    struct console *console = calloc(1, sizeof *console);
    if (console == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    process->state = console;
    rf_open_files_raise(); // one for each stream
    console->process = process;
    console->gather = (struct console_gather){
        .bus = process->bus, .loop = process->loop, .done = console_tell_gathered, .arg = console};
    console->feed.news = on_news;
    console->feed.arg = console;
    console_streams_init(&console->streams, process->loop, &console->feed);
    struct rf_http_server_options options = {
        .listen = process->config->console.listen,
        .cert_file = process->config->console.cert_file,
        .key_file = process->config->console.key_file,
        .max_body_bytes = BODY_MOST,
        .handler = on_exchange,
        .gone = on_gone,
        .arg = console,
    };
    enum rf_err result = console_tokens_take(&console->tokens, process->config, error);
    if (result == RF_OK)
        result = console_visitors_take(&console->visitors, process->config, error);
    if (result == RF_OK)
        result = load_ended(console, error);
    if (result == RF_OK)
        result = console_feed_start(&console->feed, process->bus, error);
    if (result == RF_OK)
        result = rf_http_server_new(process->loop, &options, &console->server, error);
    if (result != RF_OK)
        return result;
    // The port is in its name, as browsers give a host's cookies to all its ports.
    snprintf(console->cookie, sizeof console->cookie, "ringfence_%u",
             rf_http_server_port(console->server));
    rf_process_ready(process, "http port %u", rf_http_server_port(console->server));
    return RF_OK;
}

static enum rf_err reload(struct rf_process *process, const struct rf_config *fresh,
                          struct rf_error *error) {
    struct console *console = process->state;
    struct console_tokens tokens = {0};
    struct console_visitors visitors = {0};
    enum rf_err result = console_tokens_take(&tokens, fresh, error);
    if (result == RF_OK)
        result = console_visitors_take(&visitors, fresh, error);
    if (result != RF_OK) {
        console_tokens_fini(&tokens);
        return result;
    }
    console_tokens_fini(&console->tokens);
    console_visitors_fini(&console->visitors);
    console->tokens = tokens;
    console->visitors = visitors;
    console_streams_end(&console->streams); // who may still look comes back
    return RF_OK;
}

static void stop(struct rf_process *process) {
    struct console *console = process->state;
    if (console == NULL)
        return;
    console_errands_end(console);
    rf_http_server_destroy(&console->server);
    console_streams_fini(&console->streams);
    console_gather_fini(&console->gather);
    console_feed_stop(&console->feed);
    console_tokens_fini(&console->tokens);
    console_visitors_fini(&console->visitors);
    free(console->ended_file);
    free(console);
    process->state = NULL;
}

static const struct rf_service service = {
    .name = "console",
    .summary = "Shows the set in a browser; serves its figures and the audio of its calls.",
    .details =
        "/ is the page, /api/v1/... its interface (/openapi.yaml describes it), /metrics is for\n"
        "Prometheus: all by a token of console.tokens, or that of <state_dir>/console.token.\n"
        "/healthz and /readyz, signed /media/ paths and the provider's signed callbacks need none.",
    .uses_bus = true,
    .start = start,
    .reload = reload,
    .stop = stop,
};

int main(int argc, char **argv) {
    return rf_service_run(&service, argc, argv);
}
