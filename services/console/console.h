// What the parts of the console share: the rim around what access.h, route.h and stream.h decide.
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include "access.h"
#include "feed.h"
#include "gather.h"
#include "guesses.h"
#include "http/server.h"
#include "runtime/loop.h"
#include "runtime/service.h"
#include "streams.h"
#include "tokens.h"
#include "visitors.h"

#define CONSOLE_COOKIE_NAME_SIZE 24

struct console {
    struct rf_process *process;
    struct rf_http_server *server;
    struct console_tokens tokens; // of callbacks
    struct console_visitors visitors;
    struct console_guesses guesses;
    struct console_ended ended;
    char *ended_file;
    char cookie[CONSOLE_COOKIE_NAME_SIZE];
    struct console_feed feed;
    struct console_streams streams;
    struct console_gather gather;
    struct console_errand *errands; // answers that are being fetched
    struct {
        struct rf_instant told; // when the next may be
        unsigned long count;    // that were not told
    } refused;
};

// A request that was let in.
struct console_visit {
    struct console *console;
    struct rf_http_exchange *exchange;
    const struct console_match *match;
    const struct console_grant *grant;
};

typedef void console_handler(const struct console_visit *visit);

// console_api (api.c): answers what is neither a media path, a callback nor a health check: the
// page, sessions, and what route.h has.
void console_api(struct console *console, struct rf_http_exchange *exchange);

// console_read_number (reply.c): a whole number of the query, which stays as it is where there is
// none. False: it is none from `least` to `most`, which was answered.
bool console_read_number(const struct console_visit *visit, const char *name, int64_t least,
                         int64_t most, int64_t *number);

// callback.c: console_tell_refused counts something that was refused to somebody who may be
// anybody; told at most every ten seconds.
void console_tell_refused(struct console *console, const char *what);

// console_callback: whether it is a callback of the telephony provider; it has its reply then.
bool console_callback(struct console *console, struct rf_http_exchange *exchange);

#endif
