#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/utf8.h"
#include "http/transfer.h"

// ---- details, without secrets ----

static void hide_one(char *text, const char *secret) {
    size_t size = strlen(secret);
    if (size < 4) // too short to be one, and would eat ordinary words
        return;
    for (char *at = text; (at = strstr(at, secret)) != NULL;) {
        memmove(at + 3, at + size, strlen(at + size) + 1);
        memset(at, '*', 3);
        at += 3;
    }
}

void rf_http_hide(char *text, const char *secret) {
    if (secret == NULL)
        return;
    char *encoded = rf_base64_encode(secret, strlen(secret));
    hide_one(text, secret);
    if (encoded != NULL)
        hide_one(text, encoded);
    free(encoded);
}

// A secret that the end of the room would cut is hidden before that.
static void set_detail(const struct rf_http_trace *trace, char *out, size_t room, const char *text,
                       size_t size) {
    char whole[1024];
    rf_utf8_mend(text, size, whole, sizeof whole);
    for (size_t i = 0; i < RF_HTTP_HIDDEN_MOST; i++)
        rf_http_hide(whole, trace->hidden[i]);
    size_t length = strlen(whole);
    while (length > 0 && whole[length - 1] == ' ')
        whole[--length] = '\0';
    rf_utf8_mend(whole, length, out, room);
}

static void add_step(struct rf_http_trace *trace, const char *name, bool ok, const char *detail,
                     size_t size) {
    struct rf_instant now = rf_clock_now();
    if (trace->count == RF_HTTP_STEPS_MOST)
        return;
    struct rf_http_step *step = &trace->steps[trace->count++];
    *step =
        (struct rf_http_step){.name = name, .ok = ok, .took = rf_instant_since(now, trace->since)};
    set_detail(trace, step->detail, sizeof step->detail, detail, size);
    trace->since = now;
}

static bool has_step(const struct rf_http_trace *trace, const char *name) {
    for (size_t i = 0; i < trace->count; i++)
        if (strcmp(trace->steps[i].name, name) == 0)
            return true;
    return false;
}

// ---- libcurl's own words ----

// What comes behind `before` in the line, or NULL.
static const char *behind(const char *line, const char *before) {
    const char *at = strcasestr(line, before);
    return at == NULL ? NULL : at + strlen(before);
}

// "127.0.0.1:25..."
static void add_dns(struct rf_http_trace *trace, const char *address) {
    size_t size = strcspn(address, "\r\n");
    while (size > 0 && address[size - 1] == '.')
        size--;
    if (!has_step(trace, "dns"))
        add_step(trace, "dns", true, address, size);
}

static void end_tls(struct rf_http_trace *trace) {
    char detail[256];
    if (trace->tls[0] == '\0' || has_step(trace, "tls"))
        return;
    snprintf(detail, sizeof detail, "%s%s%s", trace->tls,
             trace->until[0] == '\0' ? "" : ", certificate until ", trace->until);
    add_step(trace, "tls", true, detail, strlen(detail));
}

static void take_words(struct rf_http_trace *trace, const char *line) {
    static const char *const failures[] = {"could not resolve",
                                           "certificate problem",
                                           "no alternative certificate",
                                           "SSL_connect",
                                           "does not match target host",
                                           "failed:",
                                           "Failed to",
                                           "OpenSSL",
                                           "STARTTLS"};
    const char *rest;
    if ((rest = behind(line, "Trying ")) != NULL)
        add_dns(trace, rest);
    else if ((rest = behind(line, "Connected to ")) != NULL)
        add_step(trace, "connect", true, rest, strcspn(rest, "\r\n"));
    else if ((rest = behind(line, "SSL connection using ")) != NULL)
        snprintf(trace->tls, sizeof trace->tls, "%.*s", (int)strcspn(rest, "\r\n"), rest);
    else if ((rest = behind(line, " expire date: ")) != NULL)
        snprintf(trace->until, sizeof trace->until, "%.*s", (int)strcspn(rest, "\r\n"), rest);
    else if (behind(line, "SSL certificate verify ok") != NULL)
        end_tls(trace);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (behind(line, failures[i]) != NULL)
            set_detail(trace, trace->why, sizeof trace->why, line, strcspn(line, "\r\n"));
}

// ---- a mail server's dialogue ----

static const char *step_of(const char *command) {
    static const struct {
        const char *verb, *step;
    } known[] = {
        {"EHLO", "hello"}, {"HELO", "hello"},       {"STARTTLS", "starttls"},
        {"AUTH", "auth"},  {"MAIL FROM", "sender"}, {"RCPT TO", "recipient"},
        {"DATA", "data"},  {"NOOP", NULL},          {"QUIT", NULL},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strncasecmp(command, known[i].verb, strlen(known[i].verb)) == 0)
            return known[i].step;
    return "auth"; // a line of AUTH LOGIN's dialogue has no verb
}

// Lines of a reply but its last have a '-' behind the code; 334 asks for more of AUTH.
static void take_reply(struct rf_http_trace *trace, const char *line, size_t size) {
    const char *step = trace->asked;
    if (size < 4 || line[3] == '-' || strncmp(line, "334", 3) == 0 || step == NULL)
        return;
    add_step(trace, step, line[0] == '2' || line[0] == '3', line, strcspn(line, "\r\n"));
    trace->asked = strcmp(step, "data") == 0 && line[0] == '3' ? "message" : NULL;
}

static int on_trace(CURL *easy, curl_infotype kind, char *data, size_t size, void *arg) {
    struct rf_http_transfer *t = arg;
    struct rf_http_trace *trace = t->trace;
    char line[1024];
    (void)easy;
    snprintf(line, sizeof line, "%.*s", (int)(size < sizeof line ? size : sizeof line - 1), data);
    rf_mail_answers_take(t, kind, line);
    if (trace == NULL)
        return 0;
    if (kind == CURLINFO_TEXT)
        take_words(trace, line);
    else if (kind == CURLINFO_HEADER_OUT && trace->mail)
        trace->asked = step_of(line);
    else if (kind == CURLINFO_HEADER_IN && trace->mail)
        take_reply(trace, line, strlen(line));
    else if (kind == CURLINFO_HEADER_IN && strncmp(line, "HTTP/", 5) == 0)
        add_step(trace, "reply", true, line, strcspn(line, "\r\n"));
    return 0;
}

bool rf_http_trace_begin(struct rf_http_transfer *t, struct rf_http_trace *trace) {
    t->trace = trace;
    if (trace == NULL && t->answers == NULL)
        return true;
    if (curl_easy_setopt(t->easy, CURLOPT_VERBOSE, 1L) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_DEBUGFUNCTION, on_trace) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_DEBUGDATA, t) != CURLE_OK)
        return false;
    if (trace == NULL)
        return true;
    trace->mail = t->mail;
    trace->asked = t->mail ? "greeting" : NULL;
    trace->since = rf_clock_now();
    // A session that is resumed would show no certificate.
    return curl_easy_setopt(t->easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK;
}

// The step at which it failed.
static const char *failed_step(const struct rf_http_trace *trace, enum rf_http_failure failure) {
    switch (failure) {
    case RF_HTTP_RESOLVE:
    case RF_HTTP_RESOLVER:
        return "dns";
    case RF_HTTP_TLS:
    case RF_HTTP_CERTIFICATE:
        return "tls";
    case RF_HTTP_LOGIN:
        return "auth";
    default:
        break;
    }
    if (!has_step(trace, "dns"))
        return "dns";
    if (!has_step(trace, "connect"))
        return "connect";
    return trace->mail && trace->asked != NULL ? trace->asked : "reply";
}

void rf_http_trace_end(struct rf_http_transfer *t, const struct rf_http_reply *reply) {
    struct rf_http_trace *trace = t->trace;
    if (trace == NULL)
        return;
    t->trace = NULL;
    const char *words = reply->error_text[0] != '\0' ? reply->error_text : trace->why;
    if (reply->failure != RF_HTTP_NONE)
        add_step(trace, failed_step(trace, reply->failure), false, words, strlen(words));
}
