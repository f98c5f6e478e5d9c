#include "http/server.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "http/exchange.h"
#include "http/form.h"
#include "runtime/loop.h"

#define PEM_LIMIT        ((size_t)1024 * 1024)
#define CONNECTION_LIMIT 4096
#define IDLE_TIMEOUT_S   120 // a kept-alive connection without a request
#define PEERS_PER_PASS   64
#define LISTEN_QUEUE     512

struct rf_http_server {
    struct rf_loop *loop;
    struct rf_http_server_options options; // its texts are not kept
    struct MHD_Daemon *daemon;
    int daemon_fd; // libmicrohttpd's own epoll set
    int peers_fd;  // the peers of suspended exchanges: libmicrohttpd does not look at them
    struct rf_timer timer;
    struct rf_http_exchange *exchanges;
    char *cert, *key;
    unsigned port;
    char last_words[256]; // libmicrohttpd tells why a start failed only by its log
};

struct rf_loop *rf_http_server_loop(struct rf_http_server *server) {
    return server->loop;
}

unsigned rf_http_server_port(const struct rf_http_server *server) {
    return server->port;
}

// ---- from libmicrohttpd ----

static void link_exchange(struct rf_http_server *server, struct rf_http_exchange *exchange) {
    exchange->next = server->exchanges;
    if (exchange->next != NULL)
        exchange->next->previous = exchange;
    server->exchanges = exchange;
}

static void unlink_exchange(struct rf_http_server *server, struct rf_http_exchange *exchange) {
    if (exchange->previous != NULL)
        exchange->previous->next = exchange->next;
    else
        server->exchanges = exchange->next;
    if (exchange->next != NULL)
        exchange->next->previous = exchange->previous;
}

static void tell_gone(struct rf_http_exchange *exchange) {
    if (exchange->state != RF_HTTP_OWNED)
        return;
    exchange->state = RF_HTTP_DEAD;
    const struct rf_http_server_options *options = &exchange->server->options;
    if (options->gone != NULL)
        options->gone(options->arg, exchange);
}

static enum MHD_Result begin(struct rf_http_server *server, struct MHD_Connection *connection,
                             const char *method, const char *path, void **slot) {
    struct rf_http_exchange *exchange = rf_http_exchange_new(server, connection, method, path);
    if (exchange == NULL)
        return MHD_NO;
    *slot = exchange;
    link_exchange(server, exchange);
    const struct rf_http_server_options *options = &server->options;
    if (options->early != NULL && options->early(options->arg, exchange))
        return MHD_NO;
    return MHD_YES;
}

static enum MHD_Result answer(struct rf_http_exchange *exchange) {
    struct MHD_Response *response = exchange->response;
    exchange->response = NULL;
    enum MHD_Result result = MHD_queue_response(exchange->connection, exchange->status, response);
    MHD_destroy_response(response); // ours; the connection holds its own reference
    return result;
}

// Called for the head, for each piece of the body, for its end, and once more after each resume.
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **slot) {
    (void)version;
    struct rf_http_server *server = arg;
    struct rf_http_exchange *exchange = *slot;
    if (exchange == NULL)
        return begin(server, connection, method, path, slot);
    if (*size > 0) {
        bool taken = rf_http_exchange_append(exchange, data, *size, server->options.max_body_bytes);
        *size = 0;
        return taken ? MHD_YES : MHD_NO;
    }
    if (exchange->state == RF_HTTP_READING) {
        static const char too_large[] = "the request's body is too large\n";
        exchange->state = RF_HTTP_OWNED;
        if (exchange->too_large)
            rf_http_exchange_reply(exchange, MHD_HTTP_CONTENT_TOO_LARGE, "text/plain", too_large,
                                   sizeof too_large - 1);
        else
            server->options.handler(server->options.arg, exchange);
    }
    if (exchange->state == RF_HTTP_REPLIED)
        return answer(exchange);
    if (exchange->state == RF_HTTP_DEAD)
        return MHD_NO;
    rf_http_exchange_suspend(exchange);
    return MHD_YES;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode code) {
    (void)connection;
    (void)code;
    struct rf_http_server *server = arg;
    struct rf_http_exchange *exchange = *slot;
    if (exchange == NULL)
        return;
    *slot = NULL;
    tell_gone(exchange);
    unlink_exchange(server, exchange);
    rf_http_exchange_destroy(&exchange);
}

static size_t on_unescape(void *arg, struct MHD_Connection *connection, char *text) {
    (void)arg;
    (void)connection;
    return rf_form_unescape(text);
}

RF_PRINTF(2, 0)
static void on_log(void *arg, const char *format, va_list args) {
    struct rf_http_server *server = arg;
    vsnprintf(server->last_words, sizeof server->last_words, format, args);
    server->last_words[strcspn(server->last_words, "\r\n")] = '\0';
}

// ---- from the loop ----

static void run(struct rf_http_server *server) {
    rf_timer_stop(&server->timer);
    MHD_run(server->daemon);
    if (rf_timer_running(&server->timer))
        return; // kicked by a handler
    MHD_UNSIGNED_LONG_LONG wait_ms;
    if (MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES)
        rf_timer_after(&server->timer, rf_ms(wait_ms > 60000 ? 60000 : (int64_t)wait_ms));
}

static void on_daemon(void *arg, int fd, unsigned events) {
    (void)fd;
    (void)events;
    run(arg);
}

static void on_timer(void *arg) {
    run(arg);
}

void rf_http_server_kick(struct rf_http_server *server) {
    rf_timer_after(&server->timer, rf_ns(0));
}

void rf_http_server_watch_peer(struct rf_http_server *server, struct rf_http_exchange *exchange,
                               bool watch) {
    // Only the peer's end matters: what it may have sent meanwhile waits for libmicrohttpd.
    struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = exchange};
    epoll_ctl(server->peers_fd, watch ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
              rf_http_exchange_fd(exchange), &event);
}

static void on_peers(void *arg, int fd, unsigned loop_events) {
    (void)loop_events;
    struct rf_http_server *server = arg;
    struct epoll_event events[PEERS_PER_PASS];
    int count = epoll_wait(fd, events, PEERS_PER_PASS, 0);
    // What one exchange's end makes the owner do may end another one that is in this batch: only
    // what still waits is looked at. No exchange is freed here, as libmicrohttpd does not run.
    for (int i = 0; i < count; i++) {
        struct rf_http_exchange *exchange = events[i].data.ptr;
        if (!exchange->suspended)
            continue;
        tell_gone(exchange);
        exchange->state = RF_HTTP_DEAD;
        rf_http_exchange_resume(exchange);
    }
    (void)server;
}

// ---- start and end ----

static enum rf_err listen_at(struct rf_http_server *server, const char *where, int *listen_fd,
                             struct rf_error *error) {
    char host[256];
    const char *colon = strrchr(where, ':');
    if (colon == NULL || (size_t)(colon - where) >= sizeof host)
        return rf_error_set(error, RF_ERR_INVALID, "listen %s: expected address:port", where);
    size_t length = (size_t)(colon - where);
    const char *start = where;
    if (length >= 2 && start[0] == '[' && start[length - 1] == ']') {
        start++;
        length -= 2;
    }
    memcpy(host, start, length);
    host[length] = '\0';

    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *address = NULL;
    int code = getaddrinfo(host[0] == '\0' ? NULL : host, colon + 1, &hints, &address);
    if (code != 0)
        return rf_error_set(error, RF_ERR_INVALID, "listen %s: %s", where, gai_strerror(code));

    int one = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    enum rf_err result = RF_OK;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, LISTEN_QUEUE) != 0)
        result = rf_error_set(error, RF_ERR_IO, "listen %s: %s", where, strerror(errno));
    freeaddrinfo(address);

    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    char port[16] = "0";
    if (result == RF_OK && getsockname(fd, (struct sockaddr *)&bound, &size) == 0)
        getnameinfo((struct sockaddr *)&bound, size, NULL, 0, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    server->port = (unsigned)strtoul(port, NULL, 10);
    if (result != RF_OK && fd >= 0)
        close(fd);
    *listen_fd = fd;
    return result;
}

static enum rf_err start_daemon(struct rf_http_server *server, const char *where,
                                struct rf_error *error) {
    int listen_fd = -1;
    enum rf_err result = listen_at(server, where, &listen_fd, error);
    if (result != RF_OK)
        return result;
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, server->cert},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
                                   {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
    bool with_tls = server->cert != NULL;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                     (with_tls ? MHD_USE_TLS : 0u);
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_log, server,
        MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL, MHD_OPTION_LISTEN_SOCKET, listen_fd,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTION_LIMIT, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S,
        MHD_OPTION_ARRAY, with_tls ? tls : plain, MHD_OPTION_END);
    if (server->daemon == NULL) {
        close(listen_fd);
        return rf_error_set(error, RF_ERR_IO, "listen %s: the HTTP server did not start: %s", where,
                            server->last_words);
    }
    server->daemon_fd = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return RF_OK;
}

static enum rf_err read_certificate(struct rf_http_server *server,
                                    const struct rf_http_server_options *options,
                                    struct rf_error *error) {
    if (options->cert_file == NULL)
        return RF_OK;
    if (options->key_file == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "listen %s: a certificate needs its key",
                            options->listen);
    enum rf_err result = rf_file_read(options->cert_file, PEM_LIMIT, &server->cert, NULL, error);
    if (result != RF_OK)
        return result;
    return rf_file_read(options->key_file, PEM_LIMIT, &server->key, NULL, error);
}

static enum rf_err watch(struct rf_http_server *server, int fd, rf_loop_fd_fn *fn,
                         struct rf_error *error) {
    enum rf_err result = rf_loop_fd_set(server->loop, fd, RF_LOOP_READ, fn, server);
    if (result != RF_OK)
        return rf_error_set(error, result, "the event loop does not take the HTTP server");
    return RF_OK;
}

enum rf_err rf_http_server_new(struct rf_loop *loop, const struct rf_http_server_options *options,
                               struct rf_http_server **server, struct rf_error *error) {
    *server = NULL;
    struct rf_http_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP server: out of memory");
    s->loop = loop;
    s->options = *options;
    s->daemon_fd = -1;
    rf_timer_init(&s->timer, loop, on_timer, s);
    s->peers_fd = epoll_create1(EPOLL_CLOEXEC);
    enum rf_err result =
        s->peers_fd < 0 ? rf_error_set(error, RF_ERR_IO, "HTTP server: epoll: %s", strerror(errno))
                        : RF_OK;
    if (result == RF_OK)
        result = read_certificate(s, options, error);
    if (result == RF_OK)
        result = start_daemon(s, options->listen, error);
    if (result == RF_OK)
        result = watch(s, s->daemon_fd, on_daemon, error);
    if (result == RF_OK)
        result = watch(s, s->peers_fd, on_peers, error);
    s->options.listen = s->options.cert_file = s->options.key_file = NULL;
    if (result != RF_OK) {
        rf_http_server_destroy(&s);
        return result;
    }
    *server = s;
    return RF_OK;
}

static void forget(struct rf_http_server *server, int fd) {
    if (rf_loop_fd_set(server->loop, fd, 0, NULL, NULL) != RF_OK)
        return; // it was never watched
}

void rf_http_server_destroy(struct rf_http_server **server) {
    struct rf_http_server *s = *server;
    if (s == NULL)
        return;
    // libmicrohttpd does not stop while connections are suspended.
    for (struct rf_http_exchange *exchange = s->exchanges; exchange != NULL;
         exchange = exchange->next) {
        tell_gone(exchange);
        exchange->state = RF_HTTP_DEAD;
        rf_http_exchange_resume(exchange);
    }
    rf_timer_stop(&s->timer);
    if (s->daemon_fd >= 0)
        forget(s, s->daemon_fd);
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon);
    if (s->peers_fd >= 0) {
        forget(s, s->peers_fd);
        close(s->peers_fd);
    }
    free(s->cert);
    free(s->key);
    free(s);
    *server = NULL;
}
