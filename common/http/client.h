// Many HTTP (and SMTP) transfers at once in one thread: libcurl multi on the event loop. TLS is
// always verified; redirects are never followed; headers and bodies are bounded. Connections are
// kept and used again, by many requests at once where the peer offers HTTP/2 (over TLS); names and
// TLS sessions are remembered, so that a new connection resumes the last one's session. No
// compression is asked for; a body that is encoded all the same is decoded, within its bound.
#ifndef RF_HTTP_CLIENT_H
#define RF_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "http/trace.h"

struct rf_http;
struct rf_http_transfer;
struct rf_loop;

struct rf_http_header {
    const char *name, *value;
};

// What to send. All is copied by rf_http_send.
struct rf_http_request {
    const char *method; // GET, POST, PUT
    const char *url;
    const struct rf_http_header *headers; // values with CR, LF or other controls are refused
    size_t header_count;
    const char *user, *password; // HTTP Basic; NULL: none
    const void *body;
    size_t body_size;
    const char *ca_file; // certificates trusted besides the system's; NULL: none
    // http:// or https://: what carries the request there; NULL: none. The environment's proxy
    // variables are never read: where calls and keys go is said in one place, the configuration.
    const char *proxy;
    const char *proxy_user, *proxy_password; // HTTP Basic; NULL: none
    struct rf_duration connect_timeout;      // name, connection, proxy and TLS
    struct rf_duration timeout;              // in all
    // From the moment the connection stands to the first byte of the reply's body: a status line
    // alone is no sign of life (incident 11). 0: none.
    struct rf_duration first_byte_timeout;
    // Then: no byte for so long, or fewer than min_speed_bytes a second over so long, ends the
    // transfer (incident 41). 0: none.
    struct rf_duration stall_timeout;
    size_t min_speed_bytes;
    size_t max_body_bytes; // of the reply, after decoding
    // Nothing is written after it; checked when the connection stands, at the last moment. 0: no
    // limit.
    struct rf_utc send_before;
    // Never a pooled connection, never repeated by libcurl, and nothing of it is sent any more once
    // the transfer has ended, however it ended: for a dial (design section 7).
    bool fresh;
    // The peer's certificate is looked at; only with `fresh`, as a connection that is kept has
    // shown it long ago.
    bool certificate;
    // Where its steps are noted; only with `fresh`. NULL: nowhere.
    struct rf_http_trace *trace;
    // Asked when the connection stands, immediately before the request is written; NULL: nobody.
    // False: it is not written, and the transfer ends with RF_HTTP_HELD_BACK. It must not call this
    // library.
    bool (*written)(void *arg); // of rf_http_send
};

// How it failed below HTTP: <ringfence/failures.def> says what each of them is.
enum rf_http_failure {
    RF_HTTP_NONE, // an HTTP status came, and a whole body
#define RF_TRANSPORT_FAILURE(name, word, c, source) RF_HTTP_##name,
#include <ringfence/failures.def>
    RF_HTTP_TOO_LATE,  // send_before was over before anything was written
    RF_HTTP_HELD_BACK, // `written` did not let it be written
    RF_HTTP_LOGIN,     // of a mail: no way to log in is known to both sides
};

// Borrowed during the callback.
struct rf_http_reply {
    enum rf_http_failure failure;
    bool sent;    // false: certainly not a byte of the request was written
    int requests; // how often it was written: libcurl repeats it by itself when a connection that
                  // it reused is closed without a byte of a reply, or an HTTP/2 peer refused it
                  // unread; never with `fresh`
    long status;  // 0: none came
    const char *content_type; // "" if none
    const char *body;         // NUL-terminated, never NULL
    size_t body_size;
    const char *error_text; // libcurl's words, "" if none
    struct rf_duration took;
    struct rf_utc certificate_until;         // with `certificate`: when it ends; 0: there is none
    const struct rf_http_transfer *transfer; // for rf_http_reply_header
};

typedef void rf_http_fn(void *arg, const struct rf_http_reply *reply);

// Looks `host` up and gives the result of getaddrinfo: 0 or EAI_... Called on a thread of its own,
// at most one at a time for a host; may take as long as it likes, and may still run after
// rf_http_destroy.
typedef int rf_http_resolve_fn(void *arg, const char *host);

// What a client may have otherwise than usual, for tests above all.
struct rf_http_options {
    // Asked about a host that libcurl could not resolve; NULL: the system's name servers.
    rf_http_resolve_fn *resolve;
    void *resolve_arg; // must live as long as `resolve` may run
};

// rf_http_new: a client on `loop`. Sets SIGPIPE to be ignored, unless the process handles it.
RF_NODISCARD enum rf_err rf_http_new(struct rf_loop *loop, struct rf_http **http,
                                     struct rf_error *error);

// rf_http_new_with: the same, with options.
RF_NODISCARD enum rf_err rf_http_new_with(struct rf_loop *loop,
                                          const struct rf_http_options *options,
                                          struct rf_http **http, struct rf_error *error);

// rf_http_destroy: ends all transfers without calling back, and nulls the pointer. Waits for no
// look-up. Not from inside a callback of its own.
void rf_http_destroy(struct rf_http **http);

// rf_http_send: begins a transfer; `fn` is called once, from the loop, never from inside this call.
// On failure nothing was begun. `transfer` (may be NULL) can be cancelled until fn was called.
RF_NODISCARD enum rf_err rf_http_send(struct rf_http *http, const struct rf_http_request *request,
                                      rf_http_fn *fn, void *arg, struct rf_http_transfer **transfer,
                                      struct rf_error *error);

// rf_http_cancel: ends the transfer; `fn` is not called.
void rf_http_cancel(struct rf_http_transfer *transfer);

// rf_http_reply_header: the value of the reply's header `name` (any case), or NULL.
const char *rf_http_reply_header(const struct rf_http_reply *reply, const char *name);

// rf_http_retry_after: the provider's wish from retry-after-ms or Retry-After (seconds or HTTP
// date), 0 if there is none or it is past. `now` is the wall clock.
struct rf_duration rf_http_retry_after(const struct rf_http_reply *reply, struct rf_utc now);

// What a mail server said to one recipient.
#define RF_MAIL_WORDS_SIZE 160
struct rf_mail_answer {
    int code;                       // of SMTP; 0: it was not asked
    char words[RF_MAIL_WORDS_SIZE]; // one line of UTF-8, without the code
};

// A mail over SMTP, sent by the same machinery.
struct rf_mail {
    const char *url; // smtp://host:port or smtps://host:port
    // Up to the login, then NOOP and no further: no mail is sent, and no member about one matters.
    bool login_only;
    const char *from;      // envelope sender
    const char *const *to; // envelope recipients
    size_t to_count;
    const char *user, *password; // NULL: no authentication
    const char *ca_file;
    bool require_tls;
    // One for each recipient, filled in; NULL: nobody asks. Until the end of the transfer.
    struct rf_mail_answer *answers;
    const char *message; // headers, empty line, text; CRLF line ends
    size_t message_size;
    struct rf_duration connect_timeout, timeout;
    struct rf_http_trace *trace; // where its steps are noted; NULL: nowhere
};

// rf_mail_send: as rf_http_send; reply->status is the last SMTP code. Failure RF_HTTP_NONE with 250
// is success, with 4yz or 5yz a refusal (libcurl's words in error_text). Recipients that are
// refused, for now or for good, are left out as long as one is accepted: `answers` tells which.
// RF_HTTP_LOGIN: the server knows no way to log in that libcurl knows. Addresses with spaces,
// controls or angle brackets are refused here; the message's own header lines are the caller's to
// encode.
RF_NODISCARD enum rf_err rf_mail_send(struct rf_http *http, const struct rf_mail *mail,
                                      rf_http_fn *fn, void *arg, struct rf_http_transfer **transfer,
                                      struct rf_error *error);

#endif
