#include "reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "events/text.h"

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

static bool is_one_of(const char *members, const char *name) {
    size_t length = strlen(name);
    for (const char *at = members; *at != '\0';) {
        size_t word = strcspn(at, " ");
        if (word == length && strncmp(at, name, length) == 0)
            return true;
        at += word + (at[word] == ' ');
    }
    return false;
}

static json_t *refuse(struct rf_http_exchange *exchange, json_t *body, const char *text) {
    json_decref(body);
    console_reply_error(exchange, 400, "bad_request", text);
    return NULL;
}

json_t *console_read_body(struct rf_http_exchange *exchange, const char *members) {
    size_t size;
    const char *text = rf_http_exchange_body(exchange, &size), *name;
    json_t *value,
        *body = size == 0 ? json_object() : json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    char what[256];
    if (!json_is_object(body))
        return refuse(exchange, body, "the body is no JSON object");
    json_object_foreach(body, name, value) {
        if (is_one_of(members, name))
            continue;
        snprintf(what, sizeof what, "the body has an unknown member %.64s; expected %s", name,
                 members[0] != '\0' ? members : "none");
        return refuse(exchange, body, what);
    }
    return body;
}

bool console_read_number(const struct console_visit *visit, const char *name, int64_t least,
                         int64_t most, int64_t *number) {
    char what[128];
    const char *text = rf_http_exchange_query(visit->exchange, name);
    if (text == NULL)
        return true;
    size_t digits = strspn(text, "0123456789");
    int64_t value = digits > 0 && digits <= 18 ? strtoll(text, NULL, 10) : -1;
    if (text[digits] == '\0' && value >= least && value <= most) {
        *number = value;
        return true;
    }
    snprintf(what, sizeof what, "%s: expected a whole number from %" PRId64 " to %" PRId64, name,
             least, most);
    console_reply_error(visit->exchange, 400, "bad_request", what);
    return false;
}
