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

void rf_http_exchange_peer(const struct rf_http_exchange *exchange, unsigned char address[16]) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *of = info != NULL ? info->client_addr : NULL;
    memset(address, 0, 16);
    if (of != NULL && of->sa_family == AF_INET6) {
        memcpy(address, &((const struct sockaddr_in6 *)(const void *)of)->sin6_addr, 16);
    } else if (of != NULL && of->sa_family == AF_INET) {
        address[10] = address[11] = 0xff;
        memcpy(address + 12, &((const struct sockaddr_in *)(const void *)of)->sin_addr, 4);
    }
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

void rf_http_exchange_finish(struct rf_http_exchange *exchange, unsigned status,
                             const char *content_type, struct MHD_Response *response) {
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
    rf_http_exchange_finish(
        exchange, status, content_type,
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
