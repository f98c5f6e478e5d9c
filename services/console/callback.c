// What the telephony provider tells of calls, onto the bus.
#include <stdlib.h>
#include <string.h>

#include <ringfence/bus.h>

#include "base/log.h"
#include "callback/callback.h"
#include "config/config.h"
#include "console.h"
#include "http/server.h"
#include "told.h"

#define REFUSALS_TOLD_EVERY rf_seconds(10)

// Whoever likes may ask at a public address: a line for each would fill the disk.
void console_tell_refused(struct console *console, const char *what) {
    struct rf_instant now = rf_loop_now(console->process->loop);
    console->refused.count++;
    if (rf_instant_before(now, console->refused.told))
        return;
    rf_log(RF_LOG_WARNING, "refused: %lu requests, the last one as %s", console->refused.count,
           what);
    console->refused.count = 0;
    console->refused.told = rf_instant_add(now, REFUSALS_TOLD_EVERY);
}

// Reads it by the tokens that we have, and if none fits, by what their files have now.
static enum console_trust read_told(struct console *console, const struct console_post *post,
                                    struct console_told *told) {
    struct console_tokens *tokens = &console->tokens;
    enum console_trust trust = console_told_read(post, tokens->items, tokens->count, told);
    if (trust == CONSOLE_FORGED &&
        console_tokens_refresh(tokens, rf_loop_now(console->process->loop)))
        trust = console_told_read(post, tokens->items, tokens->count, told);
    return trust;
}

// Kept until the broker has it; who is killed before loses it, and the call is asked about later.
static bool publish(const struct console *console, const struct console_told *told,
                    const char *attempt) {
    json_t *data = console_told_data(told, attempt);
    struct rf_event event = {
        .type = rf_event_type_name(RF_EVENT_CALL_TOLD), .subject = told->sid, .data = data};
    struct rf_error error = {.message = "out of memory"};
    bool taken = data != NULL && rf_bus_publish(console->process->bus, &event, &error) == RF_OK;
    if (!taken)
        rf_log(RF_LOG_WARNING, "what was told of call %s is lost: %s", told->sid, error.message);
    json_decref(data);
    return taken;
}

static unsigned take(struct console *console, const struct rf_http_exchange *exchange,
                     const char *attempt) {
    char *url = rf_callback_url(console->process->config->telephony.callback_url, attempt);
    if (url == NULL)
        return 503;
    size_t size;
    struct console_told told;
    struct console_post post = {
        .url = url,
        .type = rf_http_exchange_header(exchange, "Content-Type"),
        .signature = rf_http_exchange_header(exchange, RF_CALLBACK_HEADER),
        .body = rf_http_exchange_body(exchange, &size),
    };
    enum console_trust trust = read_told(console, &post, &told);
    free(url);
    if (trust == CONSOLE_FORGED) {
        console_tell_refused(console, "its signature is not by providers.twilio.key for "
                                      "telephony.callback_url");
        return 403;
    }
    if (trust == CONSOLE_UNUSABLE) {
        console_tell_refused(console, "it is signed, but tells of no call");
        return 400;
    }
    return publish(console, &told, attempt) ? 204 : 503;
}

bool console_callback(struct console *console, struct rf_http_exchange *exchange) {
    char attempt[RF_ULID_SIZE];
    if (console->process->config->telephony.callback_url == NULL ||
        strcmp(rf_http_exchange_method(exchange), "POST") != 0 ||
        !rf_callback_attempt(rf_http_exchange_path(exchange), attempt))
        return false;
    rf_http_exchange_reply(exchange, take(console, exchange, attempt), NULL, "", 0);
    return true;
}
