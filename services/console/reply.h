// Answers of the console in its own words: JSON, and refusals.
#ifndef CONSOLE_REPLY_H
#define CONSOLE_REPLY_H

#include <jansson.h>

#include "access.h"
#include "http/server.h"

// console_reply_json: replies with `json`, which is taken over; NULL (out of memory): 503.
void console_reply_json(struct rf_http_exchange *exchange, unsigned status, json_t *json);

// console_reply_refusal: {"error", "code"}.
void console_reply_refusal(struct rf_http_exchange *exchange,
                           const struct console_refusal *refusal);

// console_reply_error: the same in other words.
void console_reply_error(struct rf_http_exchange *exchange, unsigned status, const char *code,
                         const char *text);

// console_read_body: the request's body, a JSON object with no other members than `members`
// (separated by blanks), in a new reference; an empty body is an empty object. NULL: it was
// answered with 400.
json_t *console_read_body(struct rf_http_exchange *exchange, const char *members);

#endif
