#include "verdict.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "events/text.h"
#include "mend.h"

#define WORDS_BYTES    200
#define CHAT_BYTES     90    // of words that a mend stands behind
#define LONGEST_WAIT_S 86400 // the outbox bounds it further

static const char *failure_text(enum rf_http_failure failure) {
    switch (failure) {
    case RF_HTTP_RESOLVE:
        return "the host name is unknown";
    case RF_HTTP_RESOLVER:
        return "the host name could not be looked up";
    case RF_HTTP_CONNECT:
        return "no connection";
    case RF_HTTP_TLS:
        return "the TLS handshake failed";
    case RF_HTTP_CERTIFICATE:
        return "the certificate does not verify";
    case RF_HTTP_PROXY:
        return "the proxy refuses";
    case RF_HTTP_FIRST_BYTE:
    case RF_HTTP_STALLED:
    case RF_HTTP_TIMEOUT:
        return "no answer in time";
    case RF_HTTP_BROKEN:
        return "the connection broke";
    case RF_HTTP_TRUNCATED:
        return "the answer was cut off";
    case RF_HTTP_ENCODING:
        return "the answer cannot be decoded";
    case RF_HTTP_TOO_LARGE:
        return "the answer is too large";
    case RF_HTTP_TOO_LATE:
    case RF_HTTP_HELD_BACK:
    case RF_HTTP_LOGIN:
    case RF_HTTP_NONE:
    case RF_HTTP_OTHER:
        break;
    }
    return "the transfer failed";
}

// The message: ours, then the other side's words, cleaned and cut.
static void set_message(struct rf_verdict *verdict, long status, const char *what,
                        const char *words) {
    struct rf_text text = {0};
    if (status > 0)
        rf_text_add(&text, "%s %ld", what, status);
    else
        rf_text_add(&text, "%s", what);
    if (words != NULL && words[0] != '\0') {
        rf_text_add(&text, ": ");
        rf_text_add_clean(&text, words, WORDS_BYTES);
    }
    snprintf(verdict->message, sizeof verdict->message, "%s", text.failed ? what : text.data);
    rf_text_fini(&text);
}

// What failed below the protocol. libcurl's own words are not used: they can hold the address, and
// with it Telegram's token. A name that cannot be resolved is most likely our own network, in whose
// outage no alert must be lost (incident 25).
static void judge_failure(struct rf_verdict *verdict, enum rf_http_failure failure) {
    verdict->outcome = failure == RF_HTTP_CERTIFICATE ? RF_OUTCOME_BARRED : RF_OUTCOME_TRANSIENT;
    set_message(verdict, 0, failure_text(failure), NULL);
}

// libcurl gives the last reply code of the dialogue: 250 after a mail that was taken, else that of
// the command that was refused. 530, 534, 535 and 538 are about authentication (RFC 4954), so they
// meet every mail.
static void judge_email(struct rf_verdict *verdict, const struct rf_http_reply *reply) {
    long code = reply->status;
    if (reply->failure == RF_HTTP_NONE && code >= 200 && code <= 299) {
        verdict->outcome = RF_OUTCOME_OK;
        return;
    }
    // With a handshake that failed the last reply is the 220 to STARTTLS, or there was none.
    if (reply->failure == RF_HTTP_TLS && code == 250) {
        verdict->outcome = RF_OUTCOME_BARRED;
        set_message(verdict, 0, "the mail server offers no TLS, which require_tls asks for", NULL);
        return;
    }
    if (reply->failure == RF_HTTP_LOGIN) {
        verdict->outcome = RF_OUTCOME_BARRED;
        set_message(verdict, 0, RF_MEND_LOGIN, NULL);
        return;
    }
    if (reply->failure == RF_HTTP_CERTIFICATE || code < 400) {
        judge_failure(verdict, reply->failure);
        return;
    }
    if (code <= 499)
        verdict->outcome = RF_OUTCOME_TRANSIENT;
    else if (rf_mend_mail(code) != NULL)
        verdict->outcome = RF_OUTCOME_BARRED;
    else
        verdict->outcome = RF_OUTCOME_REFUSED;
    set_message(verdict, code, "the mail server answered", rf_mend_mail(code));
}

// What Telegram says, and what to do about it. True: whatever is sent there meets it.
static bool say_telegram(struct rf_verdict *verdict, long status, const char *description) {
    bool about_chat;
    const char *mend = rf_mend_telegram(description, &about_chat);
    struct rf_text words = {0};
    rf_text_add_clean(&words, description, mend == NULL ? WORDS_BYTES : CHAT_BYTES);
    if (mend != NULL)
        rf_text_add(&words, ": %s", mend);
    set_message(verdict, status, "Telegram answered", words.failed ? NULL : words.data);
    rf_text_fini(&words);
    return about_chat;
}

static bool holds_any(const char *description, const char *const *words) {
    for (; *words != NULL; words++)
        if (strcasestr(description, *words) != NULL)
            return true;
    return false;
}

// What of a 400 can be mended by sending it in another manner. Descriptions are all there is to go
// by (github.com/TelegramBotAPI/errors collects them).
static enum rf_remedy remedy_for(const char *description, const struct rf_verdict *verdict) {
    static const char *const gone[] = {"message to edit not found", "message can't be edited",
                                       "MESSAGE_ID_INVALID", NULL};
    static const char *const unread[] = {"can't parse entities", NULL};
    if (verdict->migrated[0] != '\0')
        return RF_REMEDY_CHAT;
    if (holds_any(description, gone))
        return RF_REMEDY_ANEW;
    return holds_any(description, unread) ? RF_REMEDY_PLAIN : RF_REMEDY_NONE;
}

static void judge_telegram_error(struct rf_verdict *verdict, long status, const json_t *body) {
    const json_t *parameters = json_object_get(body, "parameters");
    const char *description = json_string_value(json_object_get(body, "description"));
    json_int_t wait = json_integer_value(json_object_get(parameters, "retry_after"));
    json_int_t moved = json_integer_value(json_object_get(parameters, "migrate_to_chat_id"));
    if (description == NULL)
        description = "";
    if (status == 400 && strcasestr(description, "message is not modified") != NULL) {
        verdict->outcome = RF_OUTCOME_OK; // it says already what we would have it say
        return;
    }
    bool barred = say_telegram(verdict, status, description) ||
                  strcasestr(description, "migrated") != NULL ||
                  strcasestr(description, "upgraded") != NULL || moved != 0;
    if (moved != 0)
        snprintf(verdict->migrated, sizeof verdict->migrated, "%" JSON_INTEGER_FORMAT, moved);
    if (wait > 0)
        verdict->retry_after = rf_seconds(wait < LONGEST_WAIT_S ? wait : LONGEST_WAIT_S);
    if (status == 429 || wait > 0)
        verdict->outcome = RF_OUTCOME_LIMITED;
    else if (status == 400 && !barred)
        verdict->outcome = RF_OUTCOME_REFUSED;
    else if (status >= 300 && status <= 499 && status != 408)
        verdict->outcome = RF_OUTCOME_BARRED;
    else
        verdict->outcome = RF_OUTCOME_TRANSIENT;
    if (status == 400)
        verdict->remedy = remedy_for(description, verdict);
}

static void judge_telegram(struct rf_verdict *verdict, const struct rf_http_reply *reply) {
    if (reply->failure != RF_HTTP_NONE) {
        judge_failure(verdict, reply->failure);
        return;
    }
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    const json_t *number = json_object_get(json_object_get(body, "result"), "message_id");
    if (reply->status == 200 && json_is_true(json_object_get(body, "ok"))) {
        verdict->outcome = RF_OUTCOME_OK;
        if (json_is_integer(number))
            snprintf(verdict->remote, sizeof verdict->remote, "%" JSON_INTEGER_FORMAT,
                     json_integer_value(number));
    } else {
        judge_telegram_error(verdict, reply->status, body);
    }
    json_decref(body);
}

// After the specification's table: only 2xx is success, 410 ends it, 429, 502 and 504 throttle,
// all else is tried again by the schedule, other 4xx as well.
static void judge_webhook(struct rf_verdict *verdict, const struct rf_http_reply *reply) {
    long status = reply->status;
    if (status >= 200 && status <= 299) {
        verdict->outcome = RF_OUTCOME_OK;
        return;
    }
    if (reply->failure != RF_HTTP_NONE) {
        judge_failure(verdict, reply->failure);
        return;
    }
    if (status == 410)
        verdict->outcome = RF_OUTCOME_BARRED;
    else if (status == 429 || status == 502 || status == 504)
        verdict->outcome = RF_OUTCOME_LIMITED;
    else
        verdict->outcome = RF_OUTCOME_TRANSIENT;
    set_message(verdict, status, "the receiver answered", NULL);
}

// ---- services behind a webhook ----

// What a service refuses for good, by its status alone: the message, or whatever is sent there.
static void judge_service(struct rf_verdict *verdict, const char *who, long status,
                          const char *words) {
    if (status == 429)
        verdict->outcome = RF_OUTCOME_LIMITED;
    else if (status == 400 || status == 413)
        verdict->outcome = RF_OUTCOME_REFUSED;
    else if (status >= 300 && status <= 499 && status != 408)
        verdict->outcome = RF_OUTCOME_BARRED;
    else
        verdict->outcome = RF_OUTCOME_TRANSIENT;
    set_message(verdict, status, who, words);
}

// Slack answers in plain words, "ok" to what it took (docs.slack.dev, "Sending messages using
// incoming webhooks"); 400 no_service and the like are about the hook.
static void judge_slack(struct rf_verdict *verdict, const struct rf_http_reply *reply) {
    static const char *const hook[] = {"no_service", "no_team",        "invalid_token",
                                       "no_active",  "user_not_found", NULL};
    if (reply->status == 200 && strcmp(reply->body, "ok") == 0) {
        verdict->outcome = RF_OUTCOME_OK;
        return;
    }
    judge_service(verdict, "Slack answered", reply->status, reply->body);
    if (reply->status == 400 && holds_any(reply->body, hook))
        verdict->outcome = RF_OUTCOME_BARRED;
}

// Discord: retry_after in seconds, with a fraction
// (discord.com/developers/docs/topics/rate-limits).
static void judge_discord(struct rf_verdict *verdict, const struct rf_http_reply *reply) {
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    double wait = json_number_value(json_object_get(body, "retry_after"));
    const char *id = json_string_value(json_object_get(body, "id"));
    if (reply->status >= 200 && reply->status <= 299) {
        verdict->outcome = RF_OUTCOME_OK;
        snprintf(verdict->remote, sizeof verdict->remote, "%s", id == NULL ? "" : id);
    } else {
        judge_service(verdict, "Discord answered", reply->status,
                      json_string_value(json_object_get(body, "message")));
        if (wait > 0)
            verdict->retry_after = rf_ns(
                (int64_t)((wait < LONGEST_WAIT_S ? wait : LONGEST_WAIT_S) * (double)RF_NS_PER_S));
    }
    json_decref(body);
}

// PagerDuty takes by 202; a wrong routing key is a 400 that names it (developer.pagerduty.com,
// Events API v2).
static void judge_pagerduty(struct rf_verdict *verdict, const struct rf_http_reply *reply) {
    if (reply->status >= 200 && reply->status <= 299) {
        verdict->outcome = RF_OUTCOME_OK;
        return;
    }
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    const char *first = json_string_value(json_array_get(json_object_get(body, "errors"), 0));
    judge_service(verdict, "PagerDuty answered", reply->status,
                  first != NULL ? first : json_string_value(json_object_get(body, "message")));
    if (reply->status == 400 && first != NULL && strstr(first, "routing_key") != NULL)
        verdict->outcome = RF_OUTCOME_BARRED;
    json_decref(body);
}

static void judge_hook(struct rf_verdict *verdict, enum rf_config_shape shape,
                       const struct rf_http_reply *reply) {
    if (shape == RF_SHAPE_GENERIC)
        judge_webhook(verdict, reply);
    else if (reply->failure != RF_HTTP_NONE)
        judge_failure(verdict, reply->failure);
    else if (shape == RF_SHAPE_SLACK)
        judge_slack(verdict, reply);
    else if (shape == RF_SHAPE_DISCORD)
        judge_discord(verdict, reply);
    else
        judge_pagerduty(verdict, reply);
}

struct rf_verdict rf_verdict_of(enum rf_channel_kind kind, enum rf_config_shape shape,
                                const struct rf_http_reply *reply,
                                struct rf_duration header_retry_after) {
    struct rf_verdict verdict = {.retry_after = header_retry_after};
    switch (kind) {
    case RF_CHANNEL_EMAIL:
        judge_email(&verdict, reply);
        break;
    case RF_CHANNEL_TELEGRAM:
        judge_telegram(&verdict, reply);
        break;
    case RF_CHANNEL_WEBHOOK:
        judge_hook(&verdict, shape, reply);
        break;
    }
    return verdict;
}

bool rf_manner_adapt(struct rf_manner *manner, const struct rf_verdict *verdict) {
    switch (verdict->remedy) {
    case RF_REMEDY_NONE:
        return false;
    case RF_REMEDY_PLAIN:
        if (manner->plain)
            return false;
        manner->plain = true;
        return true;
    case RF_REMEDY_ANEW:
        if (manner->anew)
            return false;
        manner->anew = true;
        return true;
    case RF_REMEDY_CHAT:
        if (manner->moved)
            return false;
        manner->moved = true;
        memcpy(manner->chat, verdict->migrated, sizeof manner->chat);
        return true;
    }
    return false;
}

void rf_manner_reset(struct rf_manner *manner) {
    struct rf_manner fresh = {0};
    memcpy(fresh.chat, manner->chat, sizeof fresh.chat);
    *manner = fresh;
}
