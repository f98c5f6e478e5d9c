// Whether a request may do what it is for. Pure.
//
// The enemies: a page of another origin in the browser of somebody who is logged in (cookies are
// SameSite=Strict; Origin, Sec-Fetch-Site and the CSRF token are looked at); a name that such a
// page makes point to this host (DNS rebinding: Host is looked at); whoever tries tokens.
#ifndef CONSOLE_ACCESS_H
#define CONSOLE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/time.h>

#include "config/config.h"
#include "ended.h"
#include "guesses.h"
#include "route.h"
#include "session.h"

// What of a request matters for it; NULL: it has no such header.
struct console_ask {
    const char *method;
    const char *host, *origin, *fetch_site, *authorization, *cookie, *csrf, *content_type;
    bool has_body;
    unsigned char peer[16];
};

// By what it is judged. Borrowed.
struct console_door {
    const struct rf_config_visitor *visitors;
    size_t visitor_count;
    char *const *hosts; // beside localhost and IP addresses
    size_t host_count;
    const char *cookie; // its name
    struct rf_utc now;
    struct rf_instant at;
    const struct console_ended *ended; // NULL: no session was logged out
};

struct console_refusal {
    unsigned status;
    const char *code, *text;
    struct rf_duration wait; // 429: for so long
};

struct console_grant {
    const struct rf_config_visitor *visitor; // NULL: nobody, where nobody is needed
    bool by_session;
    struct console_session session;
};

// console_access_here: whether the request is meant for this console, by its Host and, if it
// changes something, its Origin and Content-Type. False: `refusal` says why not.
bool console_access_here(const struct console_ask *ask, const struct console_door *door,
                         struct console_refusal *refusal);

// console_access_who: who asks, and whether that is enough for `need`. `wrong` is whether there was
// a wrong token: it may fit what its file has now, and is to be counted (console_guesses_wrong) if
// it does not.
bool console_access_who(const struct console_ask *ask, const struct console_door *door,
                        enum console_need need, const struct console_guesses *guesses,
                        struct console_grant *grant, struct console_refusal *refusal, bool *wrong);

// console_access_token: the visitor with this token; NULL: there is none (`wrong`, as above), or
// nothing from there is looked at now.
const struct rf_config_visitor *console_access_token(const struct console_door *door,
                                                     const char *token,
                                                     const unsigned char peer[16],
                                                     const struct console_guesses *guesses,
                                                     struct console_refusal *refusal, bool *wrong);

#endif
