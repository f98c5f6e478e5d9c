#include "http/exchange.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

// ---- the request ----

struct rf_http_exchange *rf_http_exchange_new(struct rf_http_server *server,
                                              struct MHD_Connection *connection, const char *method,
                                              const char *path) {
    struct rf_http_exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL)
        return NULL;
    exchange->server = server;
    exchange->connection = connection;
    exchange->method = method;
    exchange->path = path;
    return exchange;
}

void rf_http_exchange_destroy(struct rf_http_exchange **exchange) {
    struct rf_http_exchange *e = *exchange;
    if (e == NULL)
        return;
    for (size_t i = 0; i < e->header_count; i++) {
        free(e->headers[i].name);
        free(e->headers[i].value);
    }
    free(e->headers);
    if (e->response != NULL)
        MHD_destroy_response(e->response);
    MHD_free(e->user);
    MHD_free(e->password);
    free(e->body);
    free(e);
    *exchange = NULL;
}

bool rf_http_exchange_append(struct rf_http_exchange *exchange, const char *data, size_t size,
                             size_t limit) {
    if (exchange->too_large || size > limit - exchange->body_size) {
        exchange->too_large = true;
        return true;
    }
    size_t needed = exchange->body_size + size + 1;
    if (needed > exchange->body_capacity) {
        size_t capacity = exchange->body_capacity == 0 ? 1024 : exchange->body_capacity;
        while (capacity < needed)
            capacity *= 2;
        char *body = realloc(exchange->body, capacity);
        if (body == NULL)
            return false;
        exchange->body = body;
        exchange->body_capacity = capacity;
    }
    memcpy(exchange->body + exchange->body_size, data, size);
    exchange->body_size += size;
    exchange->body[exchange->body_size] = '\0';
    return true;
}

const char *rf_http_exchange_method(const struct rf_http_exchange *exchange) {
    return exchange->method;
}

const char *rf_http_exchange_path(const struct rf_http_exchange *exchange) {
    return exchange->path;
}

const char *rf_http_exchange_query(const struct rf_http_exchange *exchange, const char *name) {
    return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *rf_http_exchange_header(const struct rf_http_exchange *exchange, const char *name) {
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

const char *rf_http_exchange_body(const struct rf_http_exchange *exchange, size_t *size) {
    *size = exchange->body_size;
    return exchange->body == NULL ? "" : exchange->body;
}

bool rf_http_exchange_basic_auth(const struct rf_http_exchange *exchange, const char **user,
                                 const char **password) {
    // Reading the credentials allocates them: done once, and kept for the exchange's life.
    struct rf_http_exchange *e = (struct rf_http_exchange *)exchange;
    if (!e->credentials_read) {
        e->user = MHD_basic_auth_get_username_password(e->connection, &e->password);
        e->credentials_read = true;
    }
    if (e->user == NULL)
        return false;
    *user = e->user;
    *password = e->password == NULL ? "" : e->password;
    return true;
}

struct rf_duration rf_http_exchange_waited(const struct rf_http_exchange *exchange) {
    const union MHD_ConnectionInfo *of =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (of == NULL || getsockopt(of->connect_fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return rf_ns(0);
    return rf_ms(info.tcpi_last_data_recv);
}

struct each {
    rf_http_pair_fn *fn;
    void *arg;
};

static enum MHD_Result each_pair(void *arg, enum MHD_ValueKind kind, const char *name,
                                 const char *value) {
    (void)kind;
    const struct each *each = arg;
    each->fn(each->arg, name, value == NULL ? "" : value);
    return MHD_YES;
}

void rf_http_exchange_each_header(const struct rf_http_exchange *exchange, rf_http_pair_fn *fn,
                                  void *arg) {
    struct each each = {fn, arg};
    MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, each_pair, &each);
}

void rf_http_exchange_each_query(const struct rf_http_exchange *exchange, rf_http_pair_fn *fn,
                                 void *arg) {
    struct each each = {fn, arg};
    MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, each_pair, &each);
}

void rf_http_exchange_set_data(struct rf_http_exchange *exchange, void *data) {
    exchange->data = data;
}

void *rf_http_exchange_data(const struct rf_http_exchange *exchange) {
    return exchange->data;
}

int rf_http_exchange_fd(const struct rf_http_exchange *exchange) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

// ---- waiting ----

void rf_http_exchange_suspend(struct rf_http_exchange *exchange) {
    exchange->suspended = true;
    MHD_suspend_connection(exchange->connection);
    rf_http_server_watch_peer(exchange->server, exchange, true);
}

void rf_http_exchange_resume(struct rf_http_exchange *exchange) {
    if (!exchange->suspended)
        return;
    rf_http_server_watch_peer(exchange->server, exchange, false);
    exchange->suspended = false;
    MHD_resume_connection(exchange->connection);
    rf_http_server_kick(exchange->server);
}

// ---- the reply ----

void rf_http_exchange_header_add(struct rf_http_exchange *exchange, const char *name,
                                 const char *value) {
    struct rf_http_pair *headers =
        realloc(exchange->headers, (exchange->header_count + 1) * sizeof *headers);
    if (headers == NULL)
        return;
    exchange->headers = headers;
    struct rf_http_pair pair = {strdup(name), strdup(value)};
    if (pair.name == NULL || pair.value == NULL) {
        free(pair.name);
        free(pair.value);
        return;
    }
    headers[exchange->header_count++] = pair;
}

// Ends the exchange with `response`; without one (out of memory) the connection is closed.
static void finish(struct rf_http_exchange *exchange, unsigned status, const char *content_type,
                   struct MHD_Response *response) {
    if (exchange->state != RF_HTTP_OWNED) {
        if (response != NULL)
            MHD_destroy_response(response);
        return;
    }
    exchange->state = response == NULL ? RF_HTTP_DEAD : RF_HTTP_REPLIED;
    exchange->status = status;
    exchange->response = response;
    if (response != NULL && content_type != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    for (size_t i = 0; response != NULL && i < exchange->header_count; i++)
        MHD_add_response_header(response, exchange->headers[i].name, exchange->headers[i].value);
    rf_http_exchange_resume(exchange);
}

void rf_http_exchange_reply(struct rf_http_exchange *exchange, unsigned status,
                            const char *content_type, const void *body, size_t size) {
    // libmicrohttpd copies, but takes the memory without const.
    finish(exchange, status, content_type,
           MHD_create_response_from_buffer(size, (void *)body, MHD_RESPMEM_MUST_COPY));
}

void rf_http_exchange_reset(struct rf_http_exchange *exchange) {
    if (exchange->state == RF_HTTP_REPLIED || exchange->state == RF_HTTP_DEAD)
        return;
    // Dissolving the association makes the kernel send RST at once; closing alone would send FIN
    // first, as libmicrohttpd shuts the sending side down before it closes.
    int fd = rf_http_exchange_fd(exchange);
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
        if (connect(fd, &nowhere, sizeof nowhere) != 0)
            shutdown(fd, SHUT_RDWR);
    }
    exchange->state = RF_HTTP_DEAD;
    rf_http_exchange_resume(exchange);
}

// A body that is sent in pieces, or not to its end.
struct stream {
    struct rf_http_exchange *exchange;
    char *body;
    size_t size;  // what will be sent
    size_t piece; // at once
    struct rf_duration pause;
    struct rf_instant next; // the next piece goes not before
    struct rf_timer timer;
};

static void stream_resume(void *arg) {
    struct stream *stream = arg;
    rf_http_exchange_resume(stream->exchange);
}

static ssize_t stream_read(void *arg, uint64_t position, char *out, size_t room) {
    struct stream *stream = arg;
    if (stream->exchange->state == RF_HTTP_DEAD || position >= stream->size)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    struct rf_loop *loop = rf_http_server_loop(stream->exchange->server);
    if (rf_instant_before(rf_loop_now(loop), stream->next)) {
        rf_timer_at(&stream->timer, stream->next);
        rf_http_exchange_suspend(stream->exchange);
        return 0;
    }
    size_t count = stream->size - (size_t)position;
    count = count < stream->piece ? count : stream->piece;
    count = count < room ? count : room;
    memcpy(out, stream->body + position, count);
    stream->next = rf_instant_add(rf_loop_now(loop), stream->pause);
    return (ssize_t)count;
}

static void stream_free(void *arg) {
    struct stream *stream = arg;
    rf_timer_stop(&stream->timer);
    free(stream->body);
    free(stream);
}

// Announces `announced` bytes and sends `size` of them.
static struct MHD_Response *stream_response(struct rf_http_exchange *exchange, const void *body,
                                            size_t size, size_t announced, size_t piece,
                                            struct rf_duration pause) {
    struct stream *stream = calloc(1, sizeof *stream);
    char *copy = malloc(size + 1);
    if (stream == NULL || copy == NULL) {
        free(stream);
        free(copy);
        return NULL;
    }
    if (size > 0)
        memcpy(copy, body, size);
    stream->exchange = exchange;
    stream->body = copy;
    stream->size = size;
    stream->piece = piece > 0 ? piece : 1;
    stream->pause = pause;
    rf_timer_init(&stream->timer, rf_http_server_loop(exchange->server), stream_resume, stream);
    struct MHD_Response *response =
        MHD_create_response_from_callback(announced, 4096, stream_read, stream, stream_free);
    if (response == NULL)
        stream_free(stream);
    return response;
}

void rf_http_exchange_half(struct rf_http_exchange *exchange, unsigned status,
                           const char *content_type, const void *body, size_t size) {
    size_t announced = size < 2 ? 2 : size;
    finish(exchange, status, content_type,
           stream_response(exchange, body, size / 2, announced, size + 1, rf_ns(0)));
}

void rf_http_exchange_drip(struct rf_http_exchange *exchange, unsigned status,
                           const char *content_type, const void *body, size_t size, size_t piece,
                           struct rf_duration pause) {
    finish(exchange, status, content_type,
           stream_response(exchange, body, size, size, piece, pause));
}
