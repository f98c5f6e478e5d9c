// Private to the HTTP server: one request and its reply, between libmicrohttpd and the owner.
#ifndef RF_HTTP_EXCHANGE_H
#define RF_HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "http/server.h"
#include "runtime/loop.h"

// The life of an exchange. Only exchange.c and server.c change it.
enum rf_http_exchange_state {
    RF_HTTP_READING, // the body is coming
    RF_HTTP_OWNED,   // the handler has it and may reply
    RF_HTTP_REPLIED, // a reply is there
    RF_HTTP_DEAD,    // the connection is to be closed without a reply
};

struct rf_http_pair {
    char *name, *value;
};

struct rf_http_exchange {
    struct rf_http_server *server;
    struct rf_http_exchange *next, *previous; // all of the server
    struct MHD_Connection *connection;
    enum rf_http_exchange_state state;
    bool suspended;
    const char *method, *path; // libmicrohttpd's, valid as long as the exchange
    char *body;                // NUL-terminated
    size_t body_size, body_capacity;
    bool too_large;
    char *user, *password; // libmicrohttpd's to free
    bool credentials_read;
    void *data;

    struct rf_http_pair *headers; // of the reply
    size_t header_count;
    unsigned status;
    struct MHD_Response *response; // queued at the next call of libmicrohttpd
};

struct rf_http_exchange *rf_http_exchange_new(struct rf_http_server *server,
                                              struct MHD_Connection *connection, const char *method,
                                              const char *path);
void rf_http_exchange_destroy(struct rf_http_exchange **exchange);

// rf_http_exchange_append: more of the body; beyond `limit` it is thrown away and too_large is set.
bool rf_http_exchange_append(struct rf_http_exchange *exchange, const char *data, size_t size,
                             size_t limit);

// rf_http_exchange_suspend / _resume: takes the connection out of libmicrohttpd's hands while the
// reply or its next piece is being waited for. Meanwhile the server watches whether the peer is
// still there.
void rf_http_exchange_suspend(struct rf_http_exchange *exchange);
void rf_http_exchange_resume(struct rf_http_exchange *exchange);

// rf_http_exchange_finish: ends the exchange with `response`, which is taken over; NULL (out of
// memory): the connection is closed. A second reply is thrown away.
void rf_http_exchange_finish(struct rf_http_exchange *exchange, unsigned status,
                             const char *content_type, struct MHD_Response *response);

int rf_http_exchange_fd(const struct rf_http_exchange *exchange);

// In server.c.
struct rf_loop *rf_http_server_loop(struct rf_http_server *server);
// rf_http_server_kick: libmicrohttpd looks at what was resumed only when it runs, which in external
// polling nothing but ourselves makes it do.
void rf_http_server_kick(struct rf_http_server *server);
void rf_http_server_watch_peer(struct rf_http_server *server, struct rf_http_exchange *exchange,
                               bool watch);

#endif
