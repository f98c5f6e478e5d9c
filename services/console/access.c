#include "access.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HOST_SIZE 256

static bool refuse(struct console_refusal *refusal, unsigned status, const char *code,
                   const char *text) {
    *refusal = (struct console_refusal){.status = status, .code = code, .text = text};
    return false;
}

// ---- where it was sent ----

// "host:port", "[::1]:port" or without the port; the name alone, into out.
static bool name_of(const char *host, char out[HOST_SIZE]) {
    const char *begin = host[0] == '[' ? host + 1 : host;
    size_t length = strcspn(begin, host[0] == '[' ? "]" : ":");
    const char *rest = begin + length;
    if (host[0] == '[' && *rest++ != ']')
        return false;
    if (rest[0] != '\0' && (rest[0] != ':' || strspn(rest + 1, "0123456789") != strlen(rest + 1)))
        return false;
    if (length == 0 || length >= HOST_SIZE)
        return false;
    memcpy(out, begin, length);
    out[length] = '\0';
    return true;
}

// A name of others may be made to point here; an address cannot.
static bool is_ours(const struct console_door *door, const char *host) {
    char name[HOST_SIZE];
    unsigned char address[16];
    if (host == NULL || !name_of(host, name))
        return false;
    if (host[0] == '[')
        return inet_pton(AF_INET6, name, address) == 1;
    if (inet_pton(AF_INET, name, address) == 1 || strcasecmp(name, "localhost") == 0)
        return true;
    for (size_t i = 0; i < door->host_count; i++)
        if (strcasecmp(name, door->hosts[i]) == 0)
            return true;
    return false;
}

static bool changes(const struct console_ask *ask) {
    return strcmp(ask->method, "GET") != 0 && strcmp(ask->method, "HEAD") != 0;
}

// A server in front of the console may speak HTTPS where the console does not, so that the scheme
// says nothing; host and port, as the browser sent them, do.
static bool is_own_origin(const struct console_ask *ask) {
    const char *origin = ask->origin;
    if (strncmp(origin, "https://", 8) == 0)
        origin += 8;
    else if (strncmp(origin, "http://", 7) == 0)
        origin += 7;
    else
        return false; // "null" too
    return strcasecmp(origin, ask->host) == 0;
}

static bool is_json(const char *type) {
    static const char json[] = "application/json";
    size_t length = sizeof json - 1;
    return type != NULL && strncasecmp(type, json, length) == 0 &&
           (type[length] == '\0' || type[length] == ';' || type[length] == ' ');
}

bool console_access_here(const struct console_ask *ask, const struct console_door *door,
                         struct console_refusal *refusal) {
    if (!is_ours(door, ask->host))
        return refuse(refusal, 421, "host",
                      "the console does not go by this name; expected an IP address, localhost or "
                      "one of console.hosts");
    if (!changes(ask))
        return true;
    if (ask->origin != NULL && !is_own_origin(ask))
        return refuse(refusal, 403, "origin", "the request comes from a page of another origin");
    if (ask->has_body && !is_json(ask->content_type))
        return refuse(refusal, 415, "content_type", "expected Content-Type: application/json");
    return true;
}

// ---- who sent it ----

const struct rf_config_visitor *console_access_token(const struct console_door *door,
                                                     const char *token,
                                                     const unsigned char peer[16],
                                                     const struct console_guesses *guesses,
                                                     struct console_refusal *refusal, bool *wrong) {
    const struct rf_config_visitor *found = NULL;
    *wrong = false;
    struct rf_duration wait = console_guesses_wait(guesses, peer, door->at);
    if (wait.ns > 0) {
        (void)refuse(refusal, 429, "too_many", "too many wrong tokens came from this address");
        refusal->wait = wait;
        return NULL;
    }
    // All of them are compared, so that the time does not say which.
    for (size_t i = 0; i < door->visitor_count; i++)
        if (console_text_same(door->visitors[i].token.value, token))
            found = &door->visitors[i];
    if (found == NULL) {
        *wrong = true;
        (void)refuse(refusal, 401, "unauthorized", "the token is none of the console's");
    }
    return found;
}

static bool read_session(const struct console_ask *ask, const struct console_door *door,
                         struct console_grant *grant, struct console_refusal *refusal) {
    char value[CONSOLE_COOKIE_SIZE], csrf[CONSOLE_CSRF_SIZE];
    if (!console_cookie_find(ask->cookie, door->cookie, value, sizeof value) ||
        !console_session_read(value, door->visitors, door->visitor_count, door->now,
                              &grant->session) ||
        (door->ended != NULL && console_ended_has(door->ended, &grant->session)))
        return refuse(refusal, 401, "unauthorized",
                      "a token is needed: log in, or send Authorization: Bearer TOKEN");
    // Browsers that send it say whose page makes the request; who types the address is "none".
    if (ask->fetch_site != NULL && strcmp(ask->fetch_site, "same-origin") != 0 &&
        strcmp(ask->fetch_site, "none") != 0)
        return refuse(refusal, 403, "origin", "the request comes from a page of another origin");
    if (changes(ask) && !console_text_same(console_session_csrf(&grant->session, csrf), ask->csrf))
        return refuse(refusal, 403, "csrf",
                      "the header X-CSRF-Token is missing or wrong; the session tells it");
    grant->visitor = grant->session.visitor;
    grant->by_session = true;
    return true;
}

bool console_access_who(const struct console_ask *ask, const struct console_door *door,
                        enum console_need need, const struct console_guesses *guesses,
                        struct console_grant *grant, struct console_refusal *refusal, bool *wrong) {
    static const char bearer[] = "Bearer ";
    *grant = (struct console_grant){0};
    *wrong = false;
    if (need == CONSOLE_NEED_NOBODY)
        return true;
    if (ask->authorization == NULL) {
        if (!read_session(ask, door, grant, refusal))
            return false;
    } else if (strncasecmp(ask->authorization, bearer, sizeof bearer - 1) == 0) {
        grant->visitor = console_access_token(door, ask->authorization + sizeof bearer - 1,
                                              ask->peer, guesses, refusal, wrong);
        if (grant->visitor == NULL)
            return false;
    } else {
        return refuse(refusal, 401, "unauthorized", "expected Authorization: Bearer TOKEN");
    }
    if (need == CONSOLE_NEED_OPERATOR && grant->visitor->role != RF_CONSOLE_OPERATOR)
        return refuse(refusal, 403, "forbidden", "the role viewer may look, but not act");
    return true;
}
