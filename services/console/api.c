// The page, sessions, and the way of a request to its handler: is it meant for us, who asks, may
// they.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "console.h"
#include "forwarded.h"
#include "handlers.h"
#include "page.h"
#include "reply.h"

// The console's own page, and nothing else; nobody frames it.
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

static struct console_door door_of(struct console *console) {
    const struct rf_config_console *config = &console->process->config->console;
    return (struct console_door){
        .visitors = console->visitors.items,
        .visitor_count = console->visitors.count,
        .hosts = config->hosts.items,
        .host_count = config->hosts.count,
        .cookie = console->cookie,
        .now = rf_clock_utc(),
        .at = rf_loop_now(console->process->loop),
        .ended = &console->ended,
    };
}

// A proxy may add a line of its own behind one that the visitor has sent.
static void take_last(void *arg, const char *name, const char *value) {
    if (strcasecmp(name, "X-Forwarded-For") == 0)
        *(const char **)arg = value;
}

static void take_peer(const struct console *console, const struct rf_http_exchange *exchange,
                      unsigned char peer[16]) {
    const struct rf_config_list *proxies = &console->process->config->console.proxies;
    const char *forwarded = NULL;
    rf_http_exchange_peer(exchange, peer);
    rf_http_exchange_each_header(exchange, take_last, &forwarded);
    console_forwarded(forwarded, proxies->items, proxies->count, peer);
}

static struct console_ask ask_of(const struct console *console,
                                 const struct rf_http_exchange *exchange) {
    size_t size;
    (void)rf_http_exchange_body(exchange, &size);
    struct console_ask ask = {
        .method = rf_http_exchange_method(exchange),
        .host = rf_http_exchange_header(exchange, "Host"),
        .origin = rf_http_exchange_header(exchange, "Origin"),
        .fetch_site = rf_http_exchange_header(exchange, "Sec-Fetch-Site"),
        .authorization = rf_http_exchange_header(exchange, "Authorization"),
        .cookie = rf_http_exchange_header(exchange, "Cookie"),
        .csrf = rf_http_exchange_header(exchange, "X-CSRF-Token"),
        .content_type = rf_http_exchange_header(exchange, "Content-Type"),
        .has_body = size > 0,
    };
    take_peer(console, exchange, ask.peer);
    return ask;
}

static void count_wrong(struct console *console, const struct console_ask *ask) {
    console_guesses_wrong(&console->guesses, ask->peer, rf_loop_now(console->process->loop));
    console_tell_refused(console, "its token is none of the console's");
}

// ---- sessions ----

static void add_cookie(const struct console_visit *visit, const char *value, int64_t seconds) {
    char cookie[CONSOLE_COOKIE_SIZE + 128];
    const struct console *console = visit->console;
    bool tls = console->process->config->console.cert_file != NULL;
    snprintf(cookie, sizeof cookie, "%s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
             console->cookie, value, (long long)seconds, tls ? "; Secure" : "");
    rf_http_exchange_header_add(visit->exchange, "Set-Cookie", cookie);
}

static void reply_session(const struct console_visit *visit,
                          const struct rf_config_visitor *visitor,
                          const struct console_session *session) {
    char csrf[CONSOLE_CSRF_SIZE];
    json_t *told = json_pack("{s:s, s:s}", "role",
                             visitor->role == RF_CONSOLE_OPERATOR ? "operator" : "viewer", "name",
                             visitor->name);
    if (session != NULL) {
        json_object_set_new(told, "csrf", json_string(console_session_csrf(session, csrf)));
        json_object_set_new(told, "expires", json_integer((json_int_t)session->expires.ns));
    }
    console_reply_json(visit->exchange, 200, told);
}

static void begin_session(const struct console_visit *visit,
                          const struct rf_config_visitor *visitor) {
    unsigned char nonce[CONSOLE_NONCE_BYTES];
    char value[CONSOLE_COOKIE_SIZE];
    struct console_session session;
    struct rf_duration length = visit->console->process->config->console.session;
    if (getrandom(nonce, sizeof nonce, 0) != (ssize_t)sizeof nonce) {
        console_reply_error(visit->exchange, 503, "unavailable",
                            "the system gives no random bytes");
        return;
    }
    console_session_begin(visitor, rf_utc_add(rf_clock_utc(), length), nonce, &session);
    add_cookie(visit, console_session_cookie(&session, value), length.ns / RF_NS_PER_S);
    reply_session(visit, visitor, &session);
}

static void on_login(const struct console_visit *visit) {
    struct console *console = visit->console;
    struct console_refusal refusal;
    bool wrong = false;
    json_t *body = console_read_body(visit->exchange, "token");
    if (body == NULL)
        return;
    const char *token = json_string_value(json_object_get(body, "token"));
    if (token == NULL) {
        console_reply_error(visit->exchange, 400, "bad_request", "token: expected a text");
        json_decref(body);
        return;
    }
    struct console_ask ask = ask_of(console, visit->exchange);
    struct console_door door = door_of(console);
    const struct rf_config_visitor *visitor =
        console_access_token(&door, token, ask.peer, &console->guesses, &refusal, &wrong);
    if (wrong && console_visitors_refresh(&console->visitors, door.at))
        visitor = console_access_token(&door, token, ask.peer, &console->guesses, &refusal, &wrong);
    json_decref(body);
    if (wrong)
        count_wrong(console, &ask);
    if (visitor == NULL)
        console_reply_refusal(visit->exchange, &refusal);
    else
        begin_session(visit, visitor);
}

static void on_session(const struct console_visit *visit) {
    const struct console_grant *grant = visit->grant;
    reply_session(visit, grant->visitor, grant->by_session ? &grant->session : NULL);
}

// Whoever has copied the cookie is out as well, with the streams that were opened by it.
static void end_session(struct console *console, const struct console_session *session) {
    struct rf_error error;
    console_ended_add(&console->ended, session, rf_clock_utc());
    if (console_ended_save(&console->ended, console->ended_file, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "a restart will forget who has logged out: %s", error.message);
    console_streams_end(&console->streams);
}

static void on_logout(const struct console_visit *visit) {
    if (visit->grant->by_session)
        end_session(visit->console, &visit->grant->session);
    add_cookie(visit, "", 0);
    rf_http_exchange_reply(visit->exchange, 204, NULL, "", 0);
}

// ---- requests ----

static console_handler *const handlers[CONSOLE_ROUTES] = {
    [CONSOLE_ROUTE_LOGIN] = on_login,
    [CONSOLE_ROUTE_SESSION] = on_session,
    [CONSOLE_ROUTE_LOGOUT] = on_logout,
    [CONSOLE_ROUTE_METRICS] = console_on_metrics,
    [CONSOLE_ROUTE_OVERVIEW] = console_on_overview,
    [CONSOLE_ROUTE_CAMPAIGNS] = console_on_campaigns,
    [CONSOLE_ROUTE_TIMELINE] = console_on_timeline,
    [CONSOLE_ROUTE_EVENTS] = console_on_events,
    [CONSOLE_ROUTE_STREAM] = console_on_stream,
    [CONSOLE_ROUTE_ALERTS] = console_on_alerts,
    [CONSOLE_ROUTE_ALERT] = console_on_alert,
    [CONSOLE_ROUTE_SILENCES] = console_on_silences,
    [CONSOLE_ROUTE_PAUSE] = console_on_order,
    [CONSOLE_ROUTE_RESUME] = console_on_order,
    [CONSOLE_ROUTE_RETRY] = console_on_retry,
    [CONSOLE_ROUTE_FORCE_OPEN] = console_on_force,
    [CONSOLE_ROUTE_FORCE_CLOSED] = console_on_force,
    [CONSOLE_ROUTE_RESET] = console_on_force,
    [CONSOLE_ROUTE_ACK] = console_on_ack,
    [CONSOLE_ROUTE_SILENCE] = console_on_silence,
    [CONSOLE_ROUTE_UNSILENCE] = console_on_unsilence,
};

// Whether the caller may; else it was answered.
static bool let_in(struct console *console, struct rf_http_exchange *exchange,
                   enum console_need need, struct console_grant *grant) {
    struct console_ask ask = ask_of(console, exchange);
    struct console_door door = door_of(console);
    struct console_refusal refusal;
    bool wrong;
    if (!console_access_here(&ask, &door, &refusal)) {
        console_reply_refusal(exchange, &refusal);
        return false;
    }
    bool granted =
        console_access_who(&ask, &door, need, &console->guesses, grant, &refusal, &wrong);
    if (wrong && console_visitors_refresh(&console->visitors, door.at))
        granted = console_access_who(&ask, &door, need, &console->guesses, grant, &refusal, &wrong);
    if (wrong)
        count_wrong(console, &ask);
    if (!granted)
        console_reply_refusal(exchange, &refusal);
    return granted;
}

static void reply_page(struct rf_http_exchange *exchange, const struct console_page_file *file) {
    const char *known = rf_http_exchange_header(exchange, "If-None-Match");
    rf_http_exchange_header_add(exchange, "Cache-Control", "no-cache");
    rf_http_exchange_header_add(exchange, "ETag", file->tag);
    if (known != NULL && strcmp(known, file->tag) == 0)
        rf_http_exchange_reply(exchange, 304, NULL, "", 0);
    else
        rf_http_exchange_reply(exchange, 200, file->type, file->data, file->size);
}

static void add_headers(struct rf_http_exchange *exchange) {
    static const char *const headers[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Content-Security-Policy", POLICY},
        {"Referrer-Policy", "no-referrer"},
        {"X-Frame-Options", "DENY"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        rf_http_exchange_header_add(exchange, headers[i][0], headers[i][1]);
}

void console_api(struct console *console, struct rf_http_exchange *exchange) {
    const char *method = rf_http_exchange_method(exchange), *path = rf_http_exchange_path(exchange);
    const struct console_page_file *file = console_page_find(path);
    struct console_match match = {.need = CONSOLE_NEED_NOBODY};
    struct console_grant grant;
    enum console_found found = console_route_find(method, path, &match);
    bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    add_headers(exchange);
    if (file != NULL && reads) {
        if (let_in(console, exchange, CONSOLE_NEED_NOBODY, &grant))
            reply_page(exchange, file);
        return;
    }
    rf_http_exchange_header_add(exchange, "Cache-Control", "no-store");
    if (found == CONSOLE_FOUND) {
        struct console_visit visit = {console, exchange, &match, &grant};
        if (let_in(console, exchange, match.need, &grant))
            handlers[match.route](&visit);
    } else if (found == CONSOLE_NO_METHOD || file != NULL) {
        console_reply_error(exchange, 405, "method", "this is not asked for by that method");
    } else {
        console_reply_error(exchange, 404, "not_found", "not found");
    }
}
