// One transfer of the client: a libcurl easy handle with its buffers. Private to common/http.
#ifndef RF_HTTP_TRANSFER_H
#define RF_HTTP_TRANSFER_H

#include <curl/curl.h>

#include "http/client.h"
#include "http/lookup.h"

struct rf_http_transfer {
    struct rf_http *http;
    struct rf_http_transfer *next, **link; // in the client's list; link NULL: not in it
    CURL *easy;
    struct curl_slist *lines; // request headers; a mail's recipients
    char *upload;             // a mail's text
    size_t upload_size, uploaded;
    char *body; // of the reply, NUL-terminated
    size_t body_size, body_capacity, body_limit;
    struct rf_utc send_before;
    bool mail;
    bool begun;         // the connection stood and libcurl was about to write the request
    bool expired;       // send_before was over at that moment
    bool too_large;     // the body went beyond body_limit
    bool out_of_memory; // while the body was read
    struct rf_duration connect_timeout, timeout;
    struct rf_http_lookup_wait lookup; // its host could not be resolved, and we ask why
    struct rf_instant looked_up;       // since then
    char error_text[CURL_ERROR_SIZE];
    rf_http_fn *fn;
    void *arg;
};

// rf_http_transfer_new: an easy handle with what every transfer has: no signals, no redirects, no
// proxy from the environment, TLS verified, the reply's body bounded. `protocols` as
// CURLOPT_PROTOCOLS_STR. NULL if out of memory.
struct rf_http_transfer *rf_http_transfer_new(const char *protocols, size_t body_limit);

// rf_http_transfer_free: frees it; it must have been taken out of the multi handle.
void rf_http_transfer_free(struct rf_http_transfer *transfer);

// rf_http_transfer_target: sets URL, trust and time limits. The certificates of `ca_file` are
// trusted besides the system's.
RF_NODISCARD enum rf_err rf_http_transfer_target(struct rf_http_transfer *transfer, const char *url,
                                                 const char *ca_file, struct rf_duration connect,
                                                 struct rf_duration timeout,
                                                 struct rf_error *error);

// rf_http_transfer_start: puts it to work; the client owns it from then on. On failure it is freed.
RF_NODISCARD enum rf_err rf_http_transfer_start(struct rf_http *http,
                                                struct rf_http_transfer *transfer,
                                                struct rf_http_transfer **out,
                                                struct rf_error *error);

// rf_http_transfer_host: the host that it is for, as a name server is asked for it. The caller
// frees it with curl_free; NULL if out of memory.
char *rf_http_transfer_host(const struct rf_http_transfer *transfer);

// rf_http_failure_of: what libcurl's result means; CURLE_COULDNT_RESOLVE_HOST can mean
// RF_HTTP_RESOLVER as well, which rf_http_lookup_failure knows. `begun`: the request may have been
// written; `status`: of the reply, 0 if none came.
enum rf_http_failure rf_http_failure_of(CURLcode code, bool begun, long status);

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
