#include "sheet_reply.h"

#include <stdio.h>
#include <string.h>

#include "events/text.h"

#define WORDS_BYTES 160

static void set_message(struct rf_sheet_verdict *verdict, const struct rf_http_reply *reply,
                        const char *what, const char *words) {
    struct rf_text text = {0};
    if (reply->status > 0)
        rf_text_add(&text, "%s answered %ld", what, reply->status);
    else
        rf_text_add(&text, "%s did not answer", what);
    if (words == NULL || words[0] == '\0')
        words = reply->error_text;
    if (words != NULL && words[0] != '\0') {
        rf_text_add(&text, ": ");
        rf_text_add_clean(&text, words, WORDS_BYTES);
    }
    snprintf(verdict->message, sizeof verdict->message, "%s", text.failed ? what : text.data);
    rf_text_fini(&text);
}

// A rate limit in the clothes of a 403 (old form of the error: errors[].reason).
static bool is_rate_limit(const json_t *error) {
    const json_t *errors = json_object_get(error, "errors");
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const char *reason =
            json_string_value(json_object_get(json_array_get(errors, i), "reason"));
        if (reason != NULL && (strcmp(reason, "rateLimitExceeded") == 0 ||
                               strcmp(reason, "userRateLimitExceeded") == 0))
            return true;
    }
    return false;
}

static enum rf_sheet_outcome outcome_of(const struct rf_http_reply *reply, const json_t *body) {
    long status = reply->status;
    if (status == 401)
        return RF_SHEET_NO_ACCESS;
    if (status == 429 || (status == 403 && is_rate_limit(json_object_get(body, "error"))))
        return RF_SHEET_LATER;
    if (status >= 300 && status <= 499 && status != 408)
        return RF_SHEET_REFUSED;
    if (status == 0 && !reply->sent)
        return RF_SHEET_LATER;
    return RF_SHEET_AMBIGUOUS;
}

struct rf_sheet_verdict rf_sheet_reply(const struct rf_http_reply *reply) {
    struct rf_sheet_verdict verdict = {0};
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    if (reply->failure == RF_HTTP_NONE && reply->status >= 200 && reply->status <= 299 &&
        json_is_object(body)) {
        verdict.body = body;
        return verdict;
    }
    verdict.outcome = outcome_of(reply, body);
    set_message(&verdict, reply, "Sheets",
                json_string_value(json_object_get(json_object_get(body, "error"), "message")));
    json_decref(body);
    return verdict;
}

static bool is_googles_fault(const char *text) {
    return text != NULL &&
           (strcmp(text, "internal_failure") == 0 || strcmp(text, "server_error") == 0 ||
            strcmp(text, "temporarily_unavailable") == 0);
}

struct rf_sheet_verdict rf_sheet_token_reply(const struct rf_http_reply *reply) {
    struct rf_sheet_verdict verdict = {0};
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    const char *error = json_string_value(json_object_get(body, "error"));
    const char *words = json_string_value(json_object_get(body, "error_description"));
    if (reply->failure == RF_HTTP_NONE && reply->status == 200 &&
        json_is_string(json_object_get(body, "access_token")) &&
        json_integer_value(json_object_get(body, "expires_in")) > 0) {
        verdict.body = body;
        return verdict;
    }
    bool refused = reply->status >= 300 && reply->status <= 499 && reply->status != 408 &&
                   reply->status != 429 && !is_googles_fault(error) && !is_googles_fault(words);
    verdict.outcome = refused ? RF_SHEET_REFUSED : RF_SHEET_LATER;
    set_message(&verdict, reply, "the token endpoint", words == NULL ? error : words);
    json_decref(body);
    return verdict;
}
