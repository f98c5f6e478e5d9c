// What every transfer has in common: limits, trust, and the reading of the reply's body.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/transfer.h"

#define FIRST_CAPACITY ((size_t)4096)

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
    return size;
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
    t->begun = true;
    return CURL_PREREQFUNC_OK;
}

static bool set_common(struct rf_http_transfer *t, const char *protocols) {
    CURL *e = t->easy;
    curl_off_t limit = (curl_off_t)t->body_limit;
    return curl_easy_setopt(e, CURLOPT_PRIVATE, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error_text) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           // Else libcurl 7.88 blocks a transfer's end, and with it the loop, until its own look-up
           // of the host has given up, however long the name server is silent.
           curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, protocols) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_MAXFILESIZE_LARGE, limit) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, t) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_begin) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PREREQDATA, t) == CURLE_OK;
}

struct rf_http_transfer *rf_http_transfer_new(const char *protocols, size_t body_limit) {
    struct rf_http_transfer *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->body_limit = body_limit;
    t->easy = curl_easy_init();
    if (t->easy == NULL || !body_reserve(t, 0) || !set_common(t, protocols)) {
        rf_http_transfer_free(t);
        return NULL;
    }
    t->body[0] = '\0';
    return t;
}

void rf_http_transfer_free(struct rf_http_transfer *t) {
    if (t == NULL)
        return;
    if (t->easy != NULL)
        curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->lines);
    free(t->upload);
    free(t->body);
    free(t);
}

// Debian's libcurl trusts a bundle (CAINFO) and a folder (CAPATH), which hold the same
// certificates. A private file takes the bundle's place, the folder stays. Without one the folder
// is left out, as libcurl 7.88 keeps the parsed bundle for later connections only then
// (CURLOPT_CA_CACHE_TIMEOUT).
static CURLcode set_trust(CURL *easy, const char *ca_file) {
    char *folder = NULL;
    if (ca_file == NULL)
        return curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    CURLcode code = curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
    if (code == CURLE_OK)
        code = curl_easy_getinfo(easy, CURLINFO_CAPATH, &folder);
    if (code == CURLE_OK && folder != NULL)
        code = curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
    return code;
}

// For libcurl 0 means no limit at all; we always have one.
static long milliseconds(struct rf_duration d) {
    int64_t ms = rf_duration_ms(d);
    return ms < 1 ? 1 : ms > INT32_MAX ? INT32_MAX : (long)ms;
}

enum rf_err rf_http_transfer_target(struct rf_http_transfer *t, const char *url,
                                    const char *ca_file, struct rf_duration connect,
                                    struct rf_duration timeout, struct rf_error *error) {
    if (!rf_http_url_valid(url))
        return rf_error_set(error, RF_ERR_INVALID,
                            "HTTP: the address has spaces or controls in it");
    if (timeout.ns <= 0)
        return rf_error_set(error, RF_ERR_INVALID, "HTTP: a transfer needs a time limit above 0");
    if (connect.ns <= 0 || connect.ns > timeout.ns)
        connect = timeout;
    t->connect_timeout = connect;
    t->timeout = timeout;
    if (curl_easy_setopt(t->easy, CURLOPT_URL, url) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(connect)) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, milliseconds(timeout)) != CURLE_OK ||
        set_trust(t->easy, ca_file) != CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: libcurl refused an option");
    return RF_OK;
}

char *rf_http_transfer_host(const struct rf_http_transfer *t) {
    char *address = NULL, *host = NULL;
    CURLU *url = curl_url();
    if (url != NULL && curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &address) == CURLE_OK &&
        curl_url_set(url, CURLUPART_URL, address, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
        (void)curl_url_get(url, CURLUPART_HOST, &host, CURLU_PUNYCODE);
    curl_url_cleanup(url);
    return host;
}
