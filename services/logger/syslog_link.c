#include "syslog_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#define LOOK_MS 20 // how long a cut goes unnoticed

struct rf_syslog_link {
    struct rf_syslog_address address;
    char *ca_file;
    struct rf_duration timeout;
    int fd;
    SSL_CTX *tls_context;
    SSL *tls;
    struct rf_instant until; // of what is waited for
    atomic_bool cut;
};

struct rf_syslog_link *rf_syslog_link_new(const struct rf_syslog_address *address,
                                          const char *ca_file, struct rf_duration timeout) {
    struct rf_syslog_link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return NULL;
    link->address = *address;
    link->timeout = timeout;
    link->fd = -1;
    link->ca_file = ca_file == NULL ? NULL : strdup(ca_file);
    if (ca_file != NULL && link->ca_file == NULL) {
        free(link);
        return NULL;
    }
    return link;
}

static void hang_up(struct rf_syslog_link *link) {
    SSL_free(link->tls);
    SSL_CTX_free(link->tls_context);
    link->tls = NULL;
    link->tls_context = NULL;
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
}

void rf_syslog_link_destroy(struct rf_syslog_link **out) {
    struct rf_syslog_link *link = *out;
    if (link == NULL)
        return;
    *out = NULL;
    if (link->tls != NULL)
        (void)SSL_shutdown(link->tls);
    hang_up(link);
    free(link->ca_file);
    free(link);
}

void rf_syslog_link_cut(struct rf_syslog_link *link) {
    atomic_store(&link->cut, true);
}

// ---- waiting ----

static enum rf_err fail(const struct rf_syslog_link *link, const char *what, const char *why,
                        struct rf_error *error) {
    return rf_error_set(error, RF_ERR_IO, "%s%s%s: %s: %s", link->address.host,
                        link->address.port[0] == '\0' ? "" : ":", link->address.port, what, why);
}

static enum rf_err wait_for(struct rf_syslog_link *link, short events, struct rf_error *error) {
    for (;;) {
        struct pollfd one = {.fd = link->fd, .events = events};
        if (atomic_load(&link->cut))
            return fail(link, "given up", "the logger ends, or has other settings", error);
        if (!rf_instant_before(rf_clock_now(), link->until))
            return fail(link, "no progress", "the time of logger.timeout is over", error);
        int ready = poll(&one, 1, LOOK_MS);
        if (ready > 0)
            return RF_OK;
        if (ready < 0 && errno != EINTR)
            return fail(link, "cannot wait", strerror(errno), error);
    }
}

// ---- connecting ----

static enum rf_err connect_to(struct rf_syslog_link *link, const struct sockaddr *address,
                              socklen_t size, int type, struct rf_error *error) {
    int problem = 0;
    socklen_t problem_size = sizeof problem;
    link->fd = socket(address->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link->fd < 0)
        return fail(link, "no socket", strerror(errno), error);
    if (connect(link->fd, address, size) == 0)
        return RF_OK;
    if (errno != EINPROGRESS && errno != EAGAIN)
        return fail(link, "cannot connect", strerror(errno), error);
    enum rf_err result = wait_for(link, POLLOUT, error);
    if (result == RF_OK &&
        getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &problem, &problem_size) == 0 && problem != 0)
        result = fail(link, "cannot connect", strerror(problem), error);
    return result;
}

static enum rf_err connect_path(struct rf_syslog_link *link, struct rf_error *error) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, link->address.host, strlen(link->address.host) + 1);
    return connect_to(link, (struct sockaddr *)&address, sizeof address, SOCK_DGRAM, error);
}

// Each gets its share of the time that is left: one that does not answer leaves some to the others.
static enum rf_err connect_any(struct rf_syslog_link *link, const struct addrinfo *all, int type,
                               struct rf_error *error) {
    const struct rf_instant until = link->until;
    enum rf_err result = RF_ERR_IO;
    int64_t left = 0;
    for (const struct addrinfo *one = all; one != NULL; one = one->ai_next)
        left++;
    for (const struct addrinfo *one = all; one != NULL && result != RF_OK; one = one->ai_next) {
        struct rf_instant now = rf_clock_now();
        hang_up(link);
        link->until = rf_instant_add(now, rf_ns(rf_instant_since(until, now).ns / left--));
        result = connect_to(link, one->ai_addr, one->ai_addrlen, type, error);
    }
    link->until = until;
    return result;
}

static enum rf_err connect_host(struct rf_syslog_link *link, struct rf_error *error) {
    int type = link->address.transport == RF_SYSLOG_UDP ? SOCK_DGRAM : SOCK_STREAM;
    struct addrinfo wanted = {.ai_socktype = type, .ai_flags = AI_ADDRCONFIG}, *all = NULL;
    int code = getaddrinfo(link->address.host, link->address.port, &wanted, &all);
    if (code != 0)
        return fail(link, "cannot be looked up", gai_strerror(code), error);
    enum rf_err result = connect_any(link, all, type, error);
    freeaddrinfo(all);
    return result;
}

// ---- TLS ----

static enum rf_err tls_failed(struct rf_syslog_link *link, const char *what,
                              struct rf_error *error) {
    char why[160] = "the connection was closed";
    long verified = link->tls == NULL ? X509_V_OK : SSL_get_verify_result(link->tls);
    unsigned long code = ERR_get_error();
    if (verified != X509_V_OK)
        snprintf(why, sizeof why, "%s", X509_verify_cert_error_string(verified));
    else if (code != 0)
        ERR_error_string_n(code, why, sizeof why);
    return fail(link, what, why, error);
}

// `outcome` of a call on the connection: RF_OK once it may be tried again.
static enum rf_err tls_wait(struct rf_syslog_link *link, int outcome, const char *what,
                            struct rf_error *error) {
    switch (SSL_get_error(link->tls, outcome)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(link, POLLIN, error);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(link, POLLOUT, error);
    default:
        return tls_failed(link, what, error);
    }
}

static bool tls_prepare(struct rf_syslog_link *link) {
    unsigned char number[16];
    const char *host = link->address.host;
    bool is_number =
        inet_pton(AF_INET, host, number) == 1 || inet_pton(AF_INET6, host, number) == 1;
    link->tls_context = SSL_CTX_new(TLS_client_method());
    if (link->tls_context == NULL ||
        SSL_CTX_set_min_proto_version(link->tls_context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_default_verify_paths(link->tls_context) != 1 ||
        (link->ca_file != NULL &&
         SSL_CTX_load_verify_locations(link->tls_context, link->ca_file, NULL) != 1))
        return false;
    SSL_CTX_set_verify(link->tls_context, SSL_VERIFY_PEER, NULL);
    link->tls = SSL_new(link->tls_context);
    if (link->tls == NULL || SSL_set_fd(link->tls, link->fd) != 1)
        return false;
    // RFC 5425, 5.2: the name or the address must be in the certificate.
    if (is_number)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(link->tls), host) == 1;
    SSL_set_hostflags(link->tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(link->tls, host) == 1 && SSL_set_tlsext_host_name(link->tls, host) == 1;
}

static enum rf_err tls_begin(struct rf_syslog_link *link, struct rf_error *error) {
    ERR_clear_error();
    if (!tls_prepare(link))
        return tls_failed(link, "no TLS", error);
    for (;;) {
        ERR_clear_error();
        int outcome = SSL_connect(link->tls);
        if (outcome == 1)
            return RF_OK;
        enum rf_err result = tls_wait(link, outcome, "no TLS", error);
        if (result != RF_OK)
            return result;
    }
}

// ---- sending ----

static bool is_stream(const struct rf_syslog_link *link) {
    return link->address.transport == RF_SYSLOG_TCP || link->address.transport == RF_SYSLOG_TLS;
}

// Receivers say nothing; what is there to be read is the end, or TLS' own.
static bool is_closed(struct rf_syslog_link *link) {
    char heard[256];
    for (;;) {
        ERR_clear_error();
        if (link->tls != NULL) {
            int size = SSL_read(link->tls, heard, sizeof heard);
            if (size > 0)
                continue;
            return SSL_get_error(link->tls, size) != SSL_ERROR_WANT_READ;
        }
        ssize_t size = recv(link->fd, heard, sizeof heard, MSG_DONTWAIT);
        if (size <= 0)
            return size == 0 || (errno != EAGAIN && errno != EINTR);
    }
}

static enum rf_err write_some(struct rf_syslog_link *link, const char *data, size_t size,
                              size_t *written, struct rf_error *error) {
    *written = 0;
    if (link->tls != NULL) {
        ERR_clear_error();
        int outcome = SSL_write_ex(link->tls, data, size, written);
        return outcome == 1 ? RF_OK : tls_wait(link, outcome, "cannot send", error);
    }
    ssize_t sent = send(link->fd, data, size, MSG_NOSIGNAL);
    if (sent >= 0) {
        *written = (size_t)sent;
        return RF_OK;
    }
    if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
        return wait_for(link, POLLOUT, error);
    return fail(link, "cannot send", strerror(errno), error);
}

// What the other system has acknowledged is no longer in our queue.
static enum rf_err wait_acknowledged(struct rf_syslog_link *link, struct rf_error *error) {
    int waiting = 0;
    while (ioctl(link->fd, SIOCOUTQ, &waiting) == 0 && waiting > 0) {
        if (atomic_load(&link->cut) || !rf_instant_before(rf_clock_now(), link->until))
            return fail(link, "cannot send", "what was sent is not acknowledged", error);
        rf_clock_pause(rf_ms(2));
    }
    return is_closed(link) ? fail(link, "cannot send", "the connection was closed", error) : RF_OK;
}

static enum rf_err send_stream(struct rf_syslog_link *link, const struct rf_syslog_batch *batch,
                               struct rf_error *error) {
    size_t size = batch->count == 0 ? 0 : batch->ends[batch->count - 1], done = 0, written;
    while (done < size) {
        enum rf_err result = write_some(link, batch->data + done, size - done, &written, error);
        if (result != RF_OK)
            return result;
        done += written;
        if (written > 0)
            link->until = rf_instant_add(rf_clock_now(), link->timeout);
    }
    return wait_acknowledged(link, error);
}

static enum rf_err send_datagrams(struct rf_syslog_link *link, struct rf_syslog_batch *batch,
                                  struct rf_error *error) {
    while (batch->sent < batch->count) {
        size_t begin = batch->sent == 0 ? 0 : batch->ends[batch->sent - 1], written;
        size_t size = batch->ends[batch->sent] - begin;
        enum rf_err result = write_some(link, batch->data + begin, size, &written, error);
        if (result != RF_OK)
            return result;
        if (written == size)
            batch->sent++;
    }
    // Nobody listens: told of a message that was sent, if at all.
    char heard[16];
    if (recv(link->fd, heard, sizeof heard, MSG_DONTWAIT) < 0 && errno == ECONNREFUSED) {
        batch->sent = batch->sent > 0 ? batch->sent - 1 : 0;
        return fail(link, "cannot send", strerror(ECONNREFUSED), error);
    }
    return RF_OK;
}

static enum rf_err open_link(struct rf_syslog_link *link, struct rf_error *error) {
    if (link->fd >= 0 && is_stream(link) && is_closed(link))
        hang_up(link);
    if (link->fd >= 0)
        return RF_OK;
    enum rf_err result = link->address.transport == RF_SYSLOG_UNIX ? connect_path(link, error)
                                                                   : connect_host(link, error);
    if (result == RF_OK && link->address.transport == RF_SYSLOG_TLS)
        result = tls_begin(link, error);
    return result;
}

enum rf_err rf_syslog_link_send(struct rf_syslog_link *link, struct rf_syslog_batch *batch,
                                struct rf_error *error) {
    link->until = rf_instant_add(rf_clock_now(), link->timeout);
    enum rf_err result = open_link(link, error);
    if (result == RF_OK)
        result =
            is_stream(link) ? send_stream(link, batch, error) : send_datagrams(link, batch, error);
    if (result != RF_OK)
        hang_up(link);
    return result;
}
