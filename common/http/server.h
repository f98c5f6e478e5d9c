// A small HTTP server on the event loop, over libmicrohttpd in its external epoll mode: for the
// console and the simulator. One thread.
#ifndef RF_HTTP_SERVER_H
#define RF_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

struct rf_http_server;
struct rf_http_exchange; // one request and its reply
struct rf_loop;

// Called when a request is there, whole. The handler replies now or later, once, or never: then the
// exchange ends when the peer goes, or with the server.
typedef void rf_http_handler_fn(void *arg, struct rf_http_exchange *exchange);

struct rf_http_server_options {
    const char *listen;               // "127.0.0.1:8080"
    const char *cert_file, *key_file; // PEM; NULL: plain HTTP
    size_t max_body_bytes;            // a larger request gets 413
    rf_http_handler_fn *handler;
    void *arg;
    // early (may be NULL): called when the request's head is there, before its body is read; true
    // means the connection was dealt with by rf_http_exchange_reset: for the simulator's faults.
    bool (*early)(void *arg, struct rf_http_exchange *exchange);
    // gone (may be NULL): the peer went before the reply, or the server is being destroyed; the
    // exchange must not be used any more. A peer that only shuts down its sending side has gone,
    // too.
    void (*gone)(void *arg, struct rf_http_exchange *exchange);
};

RF_NODISCARD enum rf_err rf_http_server_new(struct rf_loop *loop,
                                            const struct rf_http_server_options *options,
                                            struct rf_http_server **server, struct rf_error *error);

// rf_http_server_destroy: ends all exchanges (gone is called for those without a reply), closes all
// connections and nulls the pointer. Not from inside a handler.
void rf_http_server_destroy(struct rf_http_server **server);

// rf_http_server_port: the port that it listens on: what the kernel chose, if `listen` ended in
// ":0".
unsigned rf_http_server_port(const struct rf_http_server *server);

// What was asked; borrowed until the reply. Never NULL but for header and query, which are NULL if
// absent.
const char *rf_http_exchange_method(const struct rf_http_exchange *exchange);
const char *
rf_http_exchange_path(const struct rf_http_exchange *exchange); // decoded, without query
const char *rf_http_exchange_query(const struct rf_http_exchange *exchange, const char *name);
const char *rf_http_exchange_header(const struct rf_http_exchange *exchange, const char *name);
const char *rf_http_exchange_body(const struct rf_http_exchange *exchange, size_t *size);
bool rf_http_exchange_basic_auth(const struct rf_http_exchange *exchange, const char **user,
                                 const char **password);

// rf_http_exchange_peer: the address that the connection comes from; an IPv4 one as IPv6 has it
// (::ffff:127.0.0.1). All zero if it is not known.
void rf_http_exchange_peer(const struct rf_http_exchange *exchange, unsigned char address[16]);

// rf_http_exchange_waited: how long ago the last of its bytes came, as the system knows, to a few
// milliseconds: until this process read them they waited in the socket. To be asked in the handler.
// 0 if the system does not tell.
struct rf_duration rf_http_exchange_waited(const struct rf_http_exchange *exchange);

// rf_http_exchange_each_header / _each_query: calls `fn` for each of them, in the order of the
// request. `value` is "" if there is none.
typedef void rf_http_pair_fn(void *arg, const char *name, const char *value);
void rf_http_exchange_each_header(const struct rf_http_exchange *exchange, rf_http_pair_fn *fn,
                                  void *arg);
void rf_http_exchange_each_query(const struct rf_http_exchange *exchange, rf_http_pair_fn *fn,
                                 void *arg);

// A slot for the owner's own data; NULL at first.
void rf_http_exchange_set_data(struct rf_http_exchange *exchange, void *data);
void *rf_http_exchange_data(const struct rf_http_exchange *exchange);

// rf_http_exchange_header_add: a header of the reply; before the reply.
void rf_http_exchange_header_add(struct rf_http_exchange *exchange, const char *name,
                                 const char *value);

// rf_http_exchange_reply: sends the reply and ends the exchange; `body` is copied. `content_type`
// may be NULL.
void rf_http_exchange_reply(struct rf_http_exchange *exchange, unsigned status,
                            const char *content_type, const void *body, size_t size);

// A reply that is made while it is sent, such as server-sent events. `more` is called when the peer
// can take something: it writes up to `room` bytes and returns how many; 0: nothing yet, it is
// called again after rf_http_exchange_wake; RF_HTTP_STREAM_END: that was all. What the peer does
// not take is not asked for, so that a slow reader costs one buffer, not a queue. `ended` is called
// once: when all is sent, the peer is gone, nothing was taken for two minutes, or the server is
// destroyed. The exchange must not be used any more then, and neither function is called again.
#define RF_HTTP_STREAM_END ((size_t)-1)
typedef size_t rf_http_more_fn(void *arg, char *out, size_t room);
typedef void rf_http_ended_fn(void *arg);

// rf_http_exchange_stream: begins such a reply instead of rf_http_exchange_reply.
void rf_http_exchange_stream(struct rf_http_exchange *exchange, unsigned status,
                             const char *content_type, rf_http_more_fn *more,
                             rf_http_ended_fn *ended, void *arg);

// rf_http_exchange_wake: there is something to send again; any number of times.
void rf_http_exchange_wake(struct rf_http_exchange *exchange);

// Faults, for the simulator. _reset: RST, no reply byte. _half: announces the full length and sends
// only half of it, then closes. _drip: sends the body in pieces of `piece` bytes, `pause` apart.
void rf_http_exchange_reset(struct rf_http_exchange *exchange);
void rf_http_exchange_half(struct rf_http_exchange *exchange, unsigned status,
                           const char *content_type, const void *body, size_t size);
void rf_http_exchange_drip(struct rf_http_exchange *exchange, unsigned status,
                           const char *content_type, const void *body, size_t size, size_t piece,
                           struct rf_duration pause);

#endif
