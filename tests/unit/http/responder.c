#include "responder.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_LIMIT 65536

struct responder {
    const struct responder_step *steps;
    size_t count, step;
    int listener, port, stop;
    pthread_t thread;
    pthread_mutex_t lock; // of what follows
    int requests, connections, resumed;
    char last[REQUEST_LIMIT];
    SSL_CTX *tls;
    char certificate[64];
};

// One connection, plain or TLS.
struct line {
    int fd;
    SSL *ssl;
};

static void check(bool condition) {
    if (!condition)
        abort();
}

static bool wait_readable(struct responder *r, int fd) {
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN}, {.fd = r->stop, .events = POLLIN}};
    return poll(fds, 2, -1) > 0 && fds[1].revents == 0;
}

static bool wait_stop(struct responder *r) {
    struct pollfd fd = {.fd = r->stop, .events = POLLIN};
    (void)poll(&fd, 1, -1);
    return false;
}

static ssize_t line_read(struct responder *r, struct line *line, char *data, size_t room) {
    if (line->ssl != NULL && SSL_pending(line->ssl) > 0)
        return SSL_read(line->ssl, data, (int)room);
    if (!wait_readable(r, line->fd))
        return -1;
    return line->ssl != NULL ? SSL_read(line->ssl, data, (int)room) : recv(line->fd, data, room, 0);
}

static void line_write(struct line *line, const char *bytes) {
    size_t size = strlen(bytes);
    if (size == 0)
        return;
    if (line->ssl != NULL)
        (void)SSL_write(line->ssl, bytes, (int)size);
    else
        (void)send(line->fd, bytes, size, MSG_NOSIGNAL);
}

static size_t whole_size(const char *request) {
    const char *end = strstr(request, "\r\n\r\n");
    if (end == NULL)
        return 0;
    const char *length = strcasestr(request, "\r\ncontent-length:");
    size_t body = length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0;
    return (size_t)(end - request) + 4 + body;
}

static bool read_request(struct responder *r, struct line *line) {
    char request[REQUEST_LIMIT];
    size_t size = 0, whole;
    request[0] = '\0';
    while ((whole = whole_size(request)) == 0 || size < whole) {
        ssize_t got = line_read(r, line, request + size, sizeof request - 1 - size);
        if (got <= 0)
            return false;
        size += (size_t)got;
        request[size] = '\0';
    }
    pthread_mutex_lock(&r->lock);
    r->requests++;
    memcpy(r->last, request, size + 1);
    pthread_mutex_unlock(&r->lock);
    return true;
}

static const struct responder_step *next_step(struct responder *r) {
    const struct responder_step *step = &r->steps[r->step];
    if (r->step + 1 < r->count)
        r->step++;
    return step;
}

static void reset(int fd) {
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    check(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard) == 0);
}

// True: the connection goes on.
static bool carry_out(struct responder *r, struct line *line) {
    const struct responder_step *before = &r->steps[r->step];
    if (before->action == RESPONDER_GREET || before->action == RESPONDER_DEAF) {
        (void)next_step(r);
        if (before->action == RESPONDER_GREET)
            line_write(line, before->bytes);
        return wait_stop(r);
    }
    if (!read_request(r, line))
        return false;
    const struct responder_step *step = next_step(r);
    switch (step->action) {
    case RESPONDER_REPLY:
        line_write(line, step->bytes);
        return true;
    case RESPONDER_REPLY_CLOSE:
        line_write(line, step->bytes);
        return false;
    case RESPONDER_STALL:
        line_write(line, step->bytes);
        return wait_stop(r);
    case RESPONDER_RESET:
        reset(line->fd);
        return false;
    default:
        return false;
    }
}

static void serve(struct responder *r, int fd) {
    struct line line = {.fd = fd};
    bool open = true;
    if (r->tls != NULL) {
        line.ssl = SSL_new(r->tls);
        check(line.ssl != NULL && SSL_set_fd(line.ssl, fd) == 1);
        open = SSL_accept(line.ssl) == 1;
        pthread_mutex_lock(&r->lock);
        r->resumed += SSL_session_reused(line.ssl);
        pthread_mutex_unlock(&r->lock);
    }
    while (open)
        open = carry_out(r, &line);
    if (line.ssl != NULL) {
        (void)SSL_shutdown(line.ssl);
        SSL_free(line.ssl);
    }
    close(fd);
}

static void *run(void *arg) {
    struct responder *r = arg;
    while (wait_readable(r, r->listener)) {
        int fd = accept(r->listener, NULL, NULL);
        if (fd < 0)
            continue;
        pthread_mutex_lock(&r->lock);
        r->connections++;
        pthread_mutex_unlock(&r->lock);
        serve(r, fd);
    }
    return NULL;
}

static void add_name(X509 *certificate) {
    X509_EXTENSION *name = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
    check(name != NULL && X509_add_ext(certificate, name, -1) == 1);
    X509_EXTENSION_free(name);
}

// A self-signed certificate for "localhost" alone: 127.0.0.1 is a wrong name for it.
static void make_certificate(struct responder *r) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    check(key != NULL && certificate != NULL);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_set_pubkey(certificate, key);
    add_name(certificate);
    check(X509_sign(certificate, key, EVP_sha256()) > 0);

    snprintf(r->certificate, sizeof r->certificate, "/tmp/rf-responder-XXXXXX");
    int fd = mkstemp(r->certificate);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    check(file != NULL && PEM_write_X509(file, certificate) == 1 && fclose(file) == 0);

    r->tls = SSL_CTX_new(TLS_server_method());
    check(r->tls != NULL && SSL_CTX_use_certificate(r->tls, certificate) == 1 &&
          SSL_CTX_use_PrivateKey(r->tls, key) == 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

struct responder *responder_new(const struct responder_step *steps, size_t count, bool tls) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct responder *r = calloc(1, sizeof *r);
    check(r != NULL);
    r->steps = steps;
    r->count = count;
    r->stop = eventfd(0, EFD_CLOEXEC);
    r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(r->stop >= 0 && r->listener >= 0);
    check(bind(r->listener, (struct sockaddr *)&address, size) == 0 &&
          listen(r->listener, 16) == 0);
    check(getsockname(r->listener, (struct sockaddr *)&address, &size) == 0);
    r->port = ntohs(address.sin_port);
    if (tls)
        make_certificate(r);
    check(pthread_mutex_init(&r->lock, NULL) == 0);
    check(pthread_create(&r->thread, NULL, run, r) == 0);
    return r;
}

void responder_destroy(struct responder **responder) {
    struct responder *r = *responder;
    check(eventfd_write(r->stop, 1) == 0);
    pthread_join(r->thread, NULL);
    pthread_mutex_destroy(&r->lock);
    close(r->listener);
    close(r->stop);
    if (r->tls != NULL) {
        SSL_CTX_free(r->tls);
        unlink(r->certificate);
    }
    free(r);
    *responder = NULL;
}

int responder_port(const struct responder *r) {
    return r->port;
}

int responder_requests(struct responder *r) {
    pthread_mutex_lock(&r->lock);
    int requests = r->requests;
    pthread_mutex_unlock(&r->lock);
    return requests;
}

int responder_connections(struct responder *r) {
    pthread_mutex_lock(&r->lock);
    int connections = r->connections;
    pthread_mutex_unlock(&r->lock);
    return connections;
}

int responder_resumed(struct responder *r) {
    pthread_mutex_lock(&r->lock);
    int resumed = r->resumed;
    pthread_mutex_unlock(&r->lock);
    return resumed;
}

char *responder_last(struct responder *r) {
    pthread_mutex_lock(&r->lock);
    char *last = strdup(r->last);
    pthread_mutex_unlock(&r->lock);
    check(last != NULL);
    return last;
}

const char *responder_certificate(const struct responder *r) {
    return r->certificate;
}
