#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "events/text.h"
#include "given.h"

#define TEXT_MOST 400

void console_reply_json(struct rf_http_exchange *exchange, unsigned status, json_t *json) {
    static const char failed[] = "{\"error\":\"out of memory\",\"code\":\"unavailable\"}\n";
    char *text =
        json == NULL
            ? NULL
            : json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15));
    json_decref(json);
    if (text == NULL)
        rf_http_exchange_reply(exchange, 503, "application/json", failed, sizeof failed - 1);
    else
        rf_http_exchange_reply(exchange, status, "application/json", text, strlen(text));
    free(text);
}

void console_reply_error(struct rf_http_exchange *exchange, unsigned status, const char *code,
                         const char *text) {
    struct rf_text clean = {0};
    rf_text_add_clean(&clean, text, TEXT_MOST); // it may hold what the request had
    console_reply_json(
        exchange, status,
        json_pack("{s:s, s:s}", "error", clean.data != NULL ? clean.data : "", "code", code));
    rf_text_fini(&clean);
}

void console_reply_refusal(struct rf_http_exchange *exchange,
                           const struct console_refusal *refusal) {
    char seconds[32];
    if (refusal->status == 401)
        rf_http_exchange_header_add(exchange, "WWW-Authenticate", "Bearer");
    if (refusal->wait.ns > 0) {
        snprintf(seconds, sizeof seconds, "%lld",
                 (long long)((refusal->wait.ns + RF_NS_PER_S - 1) / RF_NS_PER_S));
        rf_http_exchange_header_add(exchange, "Retry-After", seconds);
    }
    console_reply_error(exchange, refusal->status, refusal->code, refusal->text);
}

json_t *console_read_body(struct rf_http_exchange *exchange, const char *members) {
    size_t size;
    struct rf_error error;
    const char *text = rf_http_exchange_body(exchange, &size);
    json_t *body = console_given_body(text, size, members, &error);
    if (body == NULL)
        console_reply_error(exchange, 400, "bad_request", error.message);
    return body;
}

bool console_read_number(const struct console_visit *visit, const char *name, int64_t least,
                         int64_t most, int64_t *number) {
    struct rf_error error;
    const char *text = rf_http_exchange_query(visit->exchange, name);
    if (text == NULL || console_given_number(name, text, least, most, number, &error) == RF_OK)
        return true;
    console_reply_error(visit->exchange, 400, "bad_request", error.message);
    return false;
}
