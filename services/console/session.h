// Sessions of browsers, without a list of them (but for those that were logged out, ended.h): the
// cookie says who it is and until when, signed by the visitor's token. So a restart of the console
// keeps them, and a token that is changed or taken away, or whose role changes, ends its sessions.
// Pure.
#ifndef CONSOLE_SESSION_H
#define CONSOLE_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/time.h>

#include "config/config.h"

#define CONSOLE_NONCE_BYTES 16
#define CONSOLE_NONCE_SIZE  33  // in hex
#define CONSOLE_COOKIE_SIZE 192 // of its value
#define CONSOLE_CSRF_SIZE   65

struct console_session {
    const struct rf_config_visitor *visitor; // borrowed
    struct rf_utc expires;                   // whole seconds
    char nonce[CONSOLE_NONCE_SIZE];
};

// console_session_begin: a session from now on, of a random nonce.
void console_session_begin(const struct rf_config_visitor *visitor, struct rf_utc expires,
                           const unsigned char nonce[CONSOLE_NONCE_BYTES],
                           struct console_session *session);

// console_session_cookie: the value of its cookie: letters, digits and -_.@~. Returns out.
char *console_session_cookie(const struct console_session *session, char out[CONSOLE_COOKIE_SIZE]);

// console_session_csrf: what a request that changes something has to show beside the cookie, which
// a browser adds by itself. Returns out.
char *console_session_csrf(const struct console_session *session, char out[CONSOLE_CSRF_SIZE]);

// console_session_read: the session of a cookie's value, if one of the visitors has signed it and
// it is not over.
bool console_session_read(const char *value, const struct rf_config_visitor *visitors, size_t count,
                          struct rf_utc now, struct console_session *session);

// console_cookie_find: the value of the cookie `name` in the header Cookie (NULL: none), into out.
// The first one counts. False: there is none, or it does not fit.
bool console_cookie_find(const char *header, const char *name, char *out, size_t size);

// console_text_same: whether two texts (NULL: neither is the same as anything) are the same, in a
// time that does not say where they differ, nor how long `secret` is.
bool console_text_same(const char *secret, const char *given);

#endif
