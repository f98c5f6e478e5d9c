// What a transfer went through, step by step, for a person who looks why it fails: the name, the
// connection, TLS, a mail server's dialogue, the reply. Taken from libcurl's trace (7.88; lines
// that another version words differently are only missed).
#ifndef RF_HTTP_TRACE_H
#define RF_HTTP_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/time.h>

#define RF_HTTP_STEPS_MOST  32
#define RF_HTTP_DETAIL_SIZE 256
#define RF_HTTP_HIDDEN_MOST 8

struct rf_http_step {
    // dns, connect, tls, reply; of a mail also greeting, hello, starttls, auth, sender, recipient,
    // data, message
    const char *name;
    bool ok;
    struct rf_duration took;
    char detail[RF_HTTP_DETAIL_SIZE]; // one line of UTF-8, without what is hidden
};

// Zero it, set `hidden`, and give it to one request; it must live until that request's end. Steps
// beyond the bound are left out.
struct rf_http_trace {
    const char *hidden[RF_HTTP_HIDDEN_MOST]; // secrets, which never show; NULL: none. Borrowed.
    struct rf_http_step steps[RF_HTTP_STEPS_MOST];
    size_t count;
    // Private.
    bool mail;
    struct rf_instant since;       // the end of the last step
    const char *asked;             // the mail server's step that waits for its reply
    char why[RF_HTTP_DETAIL_SIZE]; // libcurl's last words about what failed
    char until[64], tls[128];      // of the TLS connection
};

// rf_http_hide: writes "***" for each place of `secret` (NULL, or shorter than 4 bytes: none) in
// `text`, as it is or in base64: a peer may say again what it was told.
void rf_http_hide(char *text, const char *secret);

#endif
