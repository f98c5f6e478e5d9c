// What every transfer has in common: limits, trust, and the reading of the reply's body.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/transfer.h"

#define FIRST_CAPACITY ((size_t)4096)

// Of one reply with all its interim (1xx) responses; ten times what providers send.
#define MAX_HEADERS      256
#define MAX_HEADER_BYTES ((size_t)64 * 1024)

// How long a name's addresses are remembered, by all transfers of a client: as libcurl does by
// itself. A provider that moves is followed within it.
#define NAMES_S 60L

// The least that libcurl takes. Its own default of 64 KiB for each transfer under way over TLS
// serves uploads of files.
#define UPLOAD_BUFFER 16384L

static bool body_reserve(struct rf_http_transfer *t, size_t size) {
    if (size < t->body_capacity) // one byte more for the NUL
        return true;
    size_t capacity = t->body_capacity > 0 ? t->body_capacity : FIRST_CAPACITY;
    while (capacity <= size)
        if (__builtin_mul_overflow(capacity, 2, &capacity))
            return false;
    char *grown = realloc(t->body, capacity);
    if (grown == NULL)
        return false;
    t->body = grown;
    t->body_capacity = capacity;
    return true;
}

static size_t on_body(char *data, size_t one, size_t size, void *arg) {
    struct rf_http_transfer *t = arg;
    (void)one; // always 1
    if (size > t->body_limit - t->body_size) {
        t->too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    if (!body_reserve(t, t->body_size + size)) {
        t->out_of_memory = true;
        return CURL_WRITEFUNC_ERROR;
    }
    memcpy(t->body + t->body_size, data, size);
    t->body_size += size;
    t->body[t->body_size] = '\0';
    if (size > 0)
        rf_http_timeout_bytes(t, size);
    return size;
}

// A peer that never comes to the end of its headers is ended here, not by our memory's end.
static size_t on_header(char *data, size_t one, size_t size, void *arg) {
    struct rf_http_transfer *t = arg;
    (void)one;
    // libcurl takes headers that were cut off for all there are.
    if (size <= 2)
        t->head_ended = true;
    else if (size > 5 && memcmp(data, "HTTP/", 5) == 0)
        t->head_ended = false;
    t->header_count++;
    t->header_bytes += size;
    if (t->header_count <= MAX_HEADERS && t->header_bytes <= MAX_HEADER_BYTES)
        return size;
    t->too_large = true;
    return CURL_WRITEFUNC_ERROR;
}

// libcurl calls this when the connection stands, TLS included, immediately before it writes the
// request: the exact border between "cannot have happened" and "may have happened", and the last
// moment at which send_before can be checked.
static int on_begin(void *arg, char *peer, char *own, int peer_port, int own_port) {
    struct rf_http_transfer *t = arg;
    (void)peer, (void)own, (void)peer_port, (void)own_port;
    if (t->send_before.ns != 0 && rf_clock_utc().ns > t->send_before.ns) {
        t->expired = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (t->fresh && t->begun > 0) { // its connection is its own, so libcurl has no reason to
        t->repeated = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (t->written != NULL && !t->written(t->arg)) {
        t->held_back = true;
        return CURL_PREREQFUNC_ABORT;
    }
    t->begun++;
    rf_http_timeout_stood(t);
    return CURL_PREREQFUNC_OK;
}

static bool set_options(CURL *e, struct rf_http_transfer *t, const char *protocols) {
    return curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error_text) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           // Else libcurl 7.88 blocks a transfer's end, and with it the loop, until its own look-up
           // of the host has given up, however long the name server is silent.
           curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_DNS_CACHE_TIMEOUT, NAMES_S) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, protocols) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           // Both are needed to keep libcurl from reading the environment.
           curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOPROXY, "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SHARE, t->http->share) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
}

// For libcurl 0 means its own limit, for the kernel none.
static int milliseconds(struct rf_duration d) {
    int64_t ms = rf_duration_ms(d);
    return ms < 1 ? 1 : ms > INT32_MAX ? INT32_MAX : (int)ms;
}

// A request that must not be carried out late: what was not acknowledged when the transfer ends, or
// the process is killed, is thrown away and the peer reset. Else the kernel would go on to send it
// for minutes, on behalf of nobody. A process that is stopped ends nothing; there the kernel gives
// up by itself once the time is over. After a whole answer the reset takes nothing from anybody.
static bool die_with_transfer(const struct rf_http_transfer *t, int fd) {
    const struct linger hard = {.l_onoff = 1, .l_linger = 0};
    const unsigned limit = (unsigned)milliseconds(t->timeout);
    return setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard) == 0 &&
           setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit) == 0;
}

// The loop keeps a connection's descriptor in its set from one request to the next.
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address) {
    const struct rf_http_transfer *t = arg;
    (void)purpose;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    if ((t->fresh && !die_with_transfer(t, fd)) || rf_loop_fd_keep(t->http->loop, fd) != RF_OK) {
        close(fd);
        return CURL_SOCKET_BAD;
    }
    return fd;
}

// A connection may outlive the transfer that it was opened for.
static int close_socket(void *arg, curl_socket_t fd) {
    struct rf_http *http = arg;
    rf_loop_fd_release(http->loop, fd);
    return close(fd);
}

static bool set_handlers(CURL *e, struct rf_http_transfer *t) {
    return curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, close_socket) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, t->http) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_begin) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PREREQDATA, t) == CURLE_OK;
}

// For HTTP alone. "identity" is no offer to compress, and makes libcurl decode what comes encoded
// all the same. A transfer rather waits for a connection's handshake to tell whether it can share
// it than open one of its own.
static bool set_http(CURL *e) {
    return curl_easy_setopt(e, CURLOPT_USERAGENT, "ringfence/" RF_VERSION) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "identity") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTPAUTH, CURLAUTH_BASIC) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROXYAUTH, CURLAUTH_BASIC) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PIPEWAIT, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER) == CURLE_OK;
}

// Debian's libcurl trusts a bundle (CAINFO) and a folder (CAPATH), which hold the same
// certificates. A private file takes the bundle's place, the folder stays. Without one the folder
// is left out, as libcurl 7.88 keeps the parsed bundle for later connections only then
// (CURLOPT_CA_CACHE_TIMEOUT). A proxy that is reached by TLS is trusted alike.
static CURLcode set_trust(CURL *easy, const char *ca_file) {
    char *folder = NULL;
    if (ca_file == NULL)
        return curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    CURLcode code = curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, ca_file);
    if (code == CURLE_OK)
        code = curl_easy_getinfo(easy, CURLINFO_CAPATH, &folder);
    if (code == CURLE_OK && folder != NULL)
        code = curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
    return code;
}

struct rf_http_transfer *rf_http_transfer_new(struct rf_http *http, const char *protocols,
                                              const char *ca_file) {
    struct rf_http_transfer *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->http = http;
    t->easy = curl_easy_init();
    t->ca_file = ca_file != NULL ? strdup(ca_file) : NULL;
    bool is_http = strncmp(protocols, "http", 4) == 0;
    if (t->easy == NULL || (ca_file != NULL && t->ca_file == NULL) || !body_reserve(t, 0) ||
        !set_options(t->easy, t, protocols) || !set_handlers(t->easy, t) ||
        (is_http && !set_http(t->easy)) || set_trust(t->easy, ca_file) != CURLE_OK) {
        rf_http_transfer_free(t);
        return NULL;
    }
    t->body[0] = '\0';
    return t;
}

void rf_http_transfer_free(struct rf_http_transfer *t) {
    if (t == NULL)
        return;
    if (t->timer.loop != NULL)
        rf_timer_stop(&t->timer);
    if (t->easy != NULL)
        curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->lines);
    free(t->upload);
    free(t->body);
    free(t->proxy);
    free(t->ca_file);
    free(t);
}

bool rf_http_transfer_limit(struct rf_http_transfer *t, size_t body_limit) {
    t->body_limit = body_limit;
    return curl_easy_setopt(t->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)body_limit) == CURLE_OK;
}

enum rf_err rf_http_transfer_target(struct rf_http_transfer *t, const char *url,
                                    struct rf_duration connect, struct rf_duration timeout,
                                    struct rf_error *error) {
    if (!rf_http_url_valid(url))
        return rf_error_set(error, RF_ERR_INVALID,
                            "HTTP: the address has spaces or controls in it");
    if (timeout.ns <= 0)
        return rf_error_set(error, RF_ERR_INVALID, "HTTP: a transfer needs a time limit above 0");
    if (connect.ns <= 0 || connect.ns > timeout.ns)
        connect = timeout;
    t->connect_timeout = connect;
    t->timeout = timeout;
    // timeout.c has both limits. libcurl divides the time to connect among a host's addresses.
    if (curl_easy_setopt(t->easy, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)milliseconds(connect)) !=
            CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: libcurl refused an option");
    return RF_OK;
}

char *rf_http_host_of(const char *address) {
    char *host = NULL;
    CURLU *url = curl_url();
    if (url != NULL &&
        curl_url_set(url, CURLUPART_URL, address, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
        (void)curl_url_get(url, CURLUPART_HOST, &host, CURLU_PUNYCODE);
    curl_url_cleanup(url);
    return host;
}
