// The client, and one transfer of it: a libcurl easy handle with its buffers. Private to
// common/http.
#ifndef RF_HTTP_TRANSFER_H
#define RF_HTTP_TRANSFER_H

#include <curl/curl.h>

#include "http/client.h"
#include "http/lookup.h"
#include "runtime/loop.h"

struct rf_http {
    struct rf_loop *loop;
    CURLM *multi;
    CURLSH *share; // TLS sessions: libcurl 7.88 keeps them in each easy handle otherwise
    struct rf_timer timer;
    struct rf_http_transfer *transfers;
    struct rf_http_transfer *idle; // to be used again: pool.c
    size_t idle_count;
    struct rf_http_lookups lookups;
};

// What lasts as long as the easy handle comes first, what belongs to one use after it.
struct rf_http_transfer {
    struct rf_http *http;
    CURL *easy;
    char *ca_file;           // as the handle was made for; NULL: the system's certificates alone
    bool proxied, logged_in; // the handle has such options from its last use
    bool looking;            // likewise: at the peer's certificate
    char *body;              // of the reply, NUL-terminated
    size_t body_capacity;
    char error_text[CURL_ERROR_SIZE];

    struct rf_http_transfer *next, **link; // in the client's list; link NULL: not in it
    struct curl_slist *lines;              // request headers; a mail's recipients
    char *upload;                          // a mail's text
    size_t upload_size, uploaded;
    size_t body_size, body_limit;
    size_t header_count, header_bytes; // of the reply, of all its interim responses too
    struct rf_utc send_before;
    bool (*written)(void *arg);
    bool mail, fresh;
    bool head_ended;    // the reply's headers came to their end
    int begun;          // how often the connection stood and libcurl was about to write the request
    bool expired;       // send_before was over at that moment
    bool held_back;     // `written` said no
    bool repeated;      // it was about to be written again though it is `fresh`
    bool too_large;     // the body went beyond body_limit, or the headers beyond theirs
    bool out_of_memory; // while the body was read
    struct rf_duration connect_timeout, timeout, first_byte_timeout, stall_timeout;
    size_t min_speed_bytes;
    struct rf_timer timer;                              // timeout.c
    struct rf_instant started, stood, last_byte, paced; // paced: min_speed is counted from there
    size_t paced_bytes;
    char *proxy;                       // its address, for the look-up of its name
    struct rf_http_lookup_wait lookup; // a name could not be resolved, and we ask why
    struct rf_http_trace *trace;       // the caller's; NULL: none
    struct rf_mail_answer *answers;    // likewise: a mail's, of answer_count recipients
    size_t answer_count, asked;        // recipients that were asked
    bool asking;                       // the last one was not answered yet
    rf_http_fn *fn;
    void *arg;
};

// rf_http_transfer_new: an easy handle with what every transfer has: no signals, no redirects, no
// proxy from the environment, TLS verified, the reply bounded. `protocols` as
// CURLOPT_PROTOCOLS_STR. The certificates of `ca_file` are trusted besides the system's. NULL if
// out of memory.
struct rf_http_transfer *rf_http_transfer_new(struct rf_http *http, const char *protocols,
                                              const char *ca_file);

// rf_http_transfer_free: frees it; it must have been taken out of the multi handle.
void rf_http_transfer_free(struct rf_http_transfer *transfer);

// rf_http_transfer_target: sets URL and time limits.
RF_NODISCARD enum rf_err rf_http_transfer_target(struct rf_http_transfer *transfer, const char *url,
                                                 struct rf_duration connect,
                                                 struct rf_duration timeout,
                                                 struct rf_error *error);

// rf_http_transfer_limit: bounds the reply's body.
RF_NODISCARD bool rf_http_transfer_limit(struct rf_http_transfer *transfer, size_t body_limit);

// rf_http_transfer_start: puts it to work; the client owns it from then on. On failure it is freed.
RF_NODISCARD enum rf_err rf_http_transfer_start(struct rf_http *http,
                                                struct rf_http_transfer *transfer,
                                                struct rf_http_transfer **out,
                                                struct rf_error *error);

// ---- mail_answers.c ----

// rf_mail_answers_take: a line of the dialogue with a mail server, which was sent or came: what is
// said to a recipient is noted. Lines in libcurl's own words are passed over.
void rf_mail_answers_take(struct rf_http_transfer *transfer, curl_infotype kind, const char *line);

// ---- trace.c ----

// rf_http_trace_begin: the transfer's steps go into `trace` (NULL: nowhere), and the answers of a
// mail's recipients to where the caller wants them. False: out of memory.
// rf_http_trace_end: adds the step at which it failed, if it did; the trace is let go.
bool rf_http_trace_begin(struct rf_http_transfer *transfer, struct rf_http_trace *trace);
void rf_http_trace_end(struct rf_http_transfer *transfer, const struct rf_http_reply *reply);

// ---- pool.c ----

// rf_http_pool_take: a transfer for HTTP, used before or new. NULL if out of memory.
struct rf_http_transfer *rf_http_pool_take(struct rf_http *http, const char *ca_file);

// rf_http_pool_give: keeps it for another use, if `clean` (its transfer ended as it should) and
// there is room, else frees it.
void rf_http_pool_give(struct rf_http_transfer *transfer, bool clean);

// rf_http_pool_fini: frees those that are kept.
void rf_http_pool_fini(struct rf_http *http);

// rf_http_certificate_until: in certificate.c: when the peer's certificate ends; 0 if the request
// did not ask for it, or none was shown.
struct rf_utc rf_http_certificate_until(const struct rf_http_transfer *transfer);

// ---- timeout.c ----

// rf_http_timeout_start: the transfer begins; its limits are set.
void rf_http_timeout_start(struct rf_http_transfer *transfer);

// rf_http_timeout_stood: its connection stands. rf_http_timeout_bytes: `size` bytes of the body
// came.
void rf_http_timeout_stood(struct rf_http_transfer *transfer);
void rf_http_timeout_bytes(struct rf_http_transfer *transfer, size_t size);

// rf_http_timed_out: in client.c: a limit is reached. Called from the loop, never from inside
// libcurl. `words` say which.
void rf_http_timed_out(struct rf_http_transfer *transfer, enum rf_http_failure failure,
                       const char *words);

// rf_http_host_of: the host of an address, as a name server is asked for it. The caller frees it
// with curl_free; NULL if out of memory.
char *rf_http_host_of(const char *url);

// rf_http_failure_of: what libcurl's result means; CURLE_COULDNT_RESOLVE_HOST can mean
// RF_HTTP_RESOLVER as well, which rf_http_lookup_failure knows. `begun`: the request may have been
// written; `status`: of the reply, 0 if none came; `proxy_status`: of a proxy's answer to CONNECT,
// 0 if there was none.
enum rf_http_failure rf_http_failure_of(CURLcode code, bool begun, long status, long proxy_status);

// rf_mail_failure_of: the same for a mail: a refusal in words of SMTP is a status, not a failure.
enum rf_http_failure rf_mail_failure_of(CURLcode code, bool begun, long status);

// rf_http_name_valid: a header name after RFC 9110: one or more token characters.
bool rf_http_name_valid(const char *name);

// rf_http_text_valid: no control characters but tab, so that nothing can add a line.
bool rf_http_text_valid(const char *text);

// rf_http_url_valid: no control characters and no spaces.
bool rf_http_url_valid(const char *url);

// rf_mail_address_valid: a mail address that cannot leave its angle brackets: an @, no spaces,
// controls or brackets.
bool rf_mail_address_valid(const char *address);

// rf_http_retry_after_parse: the wait asked for by the values of retry-after-ms and Retry-After
// (either may be NULL). 0 if none of them can be read, or the date is past.
struct rf_duration rf_http_retry_after_parse(const char *milliseconds, const char *retry_after,
                                             struct rf_utc now);

#endif
