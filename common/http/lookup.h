// Look-ups of host names off the loop: each host that is asked for has one short-lived thread, and
// all that ask for it wait for that one. Private to common/http.
#ifndef RF_HTTP_LOOKUP_H
#define RF_HTTP_LOOKUP_H

#include "http/client.h"
#include "runtime/loop.h"

struct rf_http_lookup; // one host that is being looked up

// `code` is a result of getaddrinfo: 0, or EAI_... (EAI_AGAIN as well if the time was over).
typedef void rf_http_lookup_fn(void *arg, int code);

// The look-ups of one client. Zero it, then fill loop, resolve and arg.
struct rf_http_lookups {
    struct rf_loop *loop;
    rf_http_resolve_fn *resolve;
    void *arg;
    struct rf_http_lookup *first;
};

// Somebody who waits for a look-up; embedded, zeroed at first.
struct rf_http_lookup_wait {
    struct rf_http_lookup *lookup; // NULL: does not wait
    struct rf_http_lookup_wait *next, **link;
    struct rf_timer timer;
    rf_http_lookup_fn *fn;
    void *arg;
};

// rf_http_lookup_begin: asks for `host`; `fn` is called once, from the loop, after `timeout` at the
// latest, never from inside this call. What cannot be asked at all (`host` NULL: no memory for it)
// is told as EAI_AGAIN.
void rf_http_lookup_begin(struct rf_http_lookups *lookups, const char *host,
                          struct rf_duration timeout, rf_http_lookup_fn *fn, void *arg,
                          struct rf_http_lookup_wait *wait);

// rf_http_lookup_cancel: `fn` is not called any more. The thread may go on, and touches nothing of
// the client.
void rf_http_lookup_cancel(struct rf_http_lookup_wait *wait);

// rf_http_lookups_fini: forgets all look-ups, of which nobody may wait any more. Never blocks.
void rf_http_lookups_fini(struct rf_http_lookups *lookups);

// rf_http_lookup_failure: what a transfer that could not resolve its host failed of, as `code` says
// afterwards.
enum rf_http_failure rf_http_lookup_failure(int code);

// rf_http_lookup_words: the same in words.
const char *rf_http_lookup_words(int code);

// rf_http_resolve_system: getaddrinfo, with the system's name servers.
int rf_http_resolve_system(void *arg, const char *host);

#endif
