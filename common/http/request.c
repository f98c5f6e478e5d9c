// From a struct rf_http_request to a transfer: headers, method, login, and which connection may
// carry it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/transfer.h"

static bool add_line(struct rf_http_transfer *t, const char *line) {
    struct curl_slist *lines = curl_slist_append(t->lines, line);
    if (lines == NULL)
        return false;
    t->lines = lines;
    return true;
}

// For libcurl "Name:" means "leave it out", "Name;" means an empty value. By hand, as printf would
// cost a request more than its whole way through the policies.
static char *line_of(const struct rf_http_header *header) {
    size_t name = strlen(header->name), value = strlen(header->value);
    size_t gap = value > 0 ? 2 : 1;
    char *line = malloc(name + gap + value + 1);
    if (line == NULL)
        return NULL;
    memcpy(line, header->name, name);
    memcpy(line + name, value > 0 ? ": " : ";", gap);
    memcpy(line + name + gap, header->value, value + 1);
    return line;
}

static enum rf_err add_header(struct rf_http_transfer *t, const struct rf_http_header *header,
                              struct rf_error *error) {
    if (!rf_http_name_valid(header->name))
        return rf_error_set(error, RF_ERR_INVALID, "HTTP: a header has no valid name");
    if (!rf_http_text_valid(header->value)) // the value may be a secret: not told
        return rf_error_set(error, RF_ERR_INVALID,
                            "HTTP: header %s: control characters in its value", header->name);
    char *line = line_of(header);
    bool added = line != NULL && add_line(t, line);
    free(line);
    return added ? RF_OK : rf_error_set(error, RF_ERR_NOMEM, "HTTP: out of memory");
}

static enum rf_err set_headers(struct rf_http_transfer *t, const struct rf_http_request *request,
                               struct rf_error *error) {
    bool typed = false;
    for (size_t i = 0; i < request->header_count; i++) {
        enum rf_err err = add_header(t, &request->headers[i], error);
        if (err != RF_OK)
            return err;
        typed |= strcasecmp(request->headers[i].name, "Content-Type") == 0;
    }
    // Neither a round trip for 100-continue nor a content type that nobody asked for.
    if (!add_line(t, "Expect:") || (!typed && !add_line(t, "Content-Type:")) ||
        curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->lines) != CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: out of memory");
    return RF_OK;
}

// A handle that was used before has the method of its last request.
static enum rf_err set_method(struct rf_http_transfer *t, const struct rf_http_request *request,
                              struct rf_error *error) {
    CURL *e = t->easy;
    bool get = strcmp(request->method, "GET") == 0 && request->body_size == 0;
    bool put = strcmp(request->method, "PUT") == 0;
    if (!get && !put && strcmp(request->method, "POST") != 0)
        return rf_error_set(error, RF_ERR_INVALID,
                            "HTTP: %s: GET without a body, POST or PUT expected", request->method);
    bool set = curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, put ? "PUT" : NULL) == CURLE_OK;
    if (get)
        set = set && curl_easy_setopt(e, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    else
        set = set &&
              curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size) ==
                  CURLE_OK &&
              curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS,
                               request->body_size > 0 ? request->body : "") == CURLE_OK;
    return set ? RF_OK : rf_error_set(error, RF_ERR_NOMEM, "HTTP: out of memory");
}

static enum rf_err set_login(struct rf_http_transfer *t, const struct rf_http_request *request,
                             struct rf_error *error) {
    const char *password = request->password != NULL ? request->password : "";
    if (request->user == NULL && !t->logged_in)
        return RF_OK;
    t->logged_in = request->user != NULL;
    if (curl_easy_setopt(t->easy, CURLOPT_USERNAME, request->user) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_PASSWORD, t->logged_in ? password : NULL) != CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: out of memory");
    return RF_OK;
}

// Header lines of the request are for the provider alone: libcurl keeps them from a proxy that only
// tunnels, and so sees neither key nor text. A plain http:// address has no tunnel.
static enum rf_err set_proxy(struct rf_http_transfer *t, const struct rf_http_request *request,
                             struct rf_error *error) {
    const char *user = request->proxy_user;
    const char *password = request->proxy_password != NULL ? request->proxy_password : "";
    if (request->proxy == NULL && !t->proxied)
        return RF_OK;
    t->proxied = request->proxy != NULL;
    if (t->proxied && !rf_http_url_valid(request->proxy))
        return rf_error_set(error, RF_ERR_INVALID,
                            "HTTP: the proxy's address has spaces or controls in it");
    if (!t->proxied)
        user = NULL;
    else if ((t->proxy = strdup(request->proxy)) == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: out of memory");
    if (curl_easy_setopt(t->easy, CURLOPT_PROXY, t->proxied ? request->proxy : "") != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_PROXYUSERNAME, user) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_PROXYPASSWORD, user != NULL ? password : NULL) !=
            CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: out of memory");
    return RF_OK;
}

// HTTP/2 where a TLS peer offers it, but never for a fresh connection, which is never shared:
// libcurl repeats a POST by itself when a connection that it reuses closes without a reply byte
// (incident 16). For http:// it must be HTTP/1.1 outright: with more than that allowed, libcurl
// 7.88 holds all but the first request back until that one's reply shows that it may not share.
static enum rf_err set_connection(struct rf_http_transfer *t, const struct rf_http_request *request,
                                  struct rf_error *error) {
    long fresh = request->fresh ? 1L : 0L;
    bool tls = strncasecmp(request->url, "https:", 6) == 0;
    long version = tls && !request->fresh ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
    t->fresh = request->fresh;
    if (curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, version) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, fresh) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, fresh) != CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: libcurl refused an option");
    return RF_OK;
}

// A session that is resumed would show the certificate that it began with.
static enum rf_err set_certificate(struct rf_http_transfer *t,
                                   const struct rf_http_request *request, struct rf_error *error) {
    if (request->certificate == t->looking)
        return RF_OK;
    t->looking = request->certificate;
    if (curl_easy_setopt(t->easy, CURLOPT_CERTINFO, t->looking ? 1L : 0L) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_SSL_SESSIONID_CACHE, t->looking ? 0L : 1L) != CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: libcurl refused an option");
    return RF_OK;
}

enum rf_err rf_http_send(struct rf_http *http, const struct rf_http_request *request,
                         rf_http_fn *fn, void *arg, struct rf_http_transfer **out,
                         struct rf_error *error) {
    enum rf_err err;
    struct rf_http_transfer *t = rf_http_pool_take(http, request->ca_file);
    if (t == NULL || !rf_http_transfer_limit(t, request->max_body_bytes)) {
        rf_http_transfer_free(t);
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: out of memory");
    }
    t->fn = fn;
    t->arg = arg;
    t->send_before = request->send_before;
    t->written = request->written;
    t->first_byte_timeout = request->first_byte_timeout;
    t->stall_timeout = request->stall_timeout;
    t->min_speed_bytes = request->min_speed_bytes;
    if ((err = rf_http_transfer_target(t, request->url, request->connect_timeout, request->timeout,
                                       error)) != RF_OK ||
        (err = set_headers(t, request, error)) != RF_OK ||
        (err = set_method(t, request, error)) != RF_OK ||
        (err = set_login(t, request, error)) != RF_OK ||
        (err = set_proxy(t, request, error)) != RF_OK ||
        (err = set_connection(t, request, error)) != RF_OK ||
        (err = set_certificate(t, request, error)) != RF_OK) {
        rf_http_transfer_free(t);
        return err;
    }
    if (!rf_http_trace_begin(t, request->trace)) {
        rf_http_transfer_free(t);
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: libcurl refused an option");
    }
    return rf_http_transfer_start(http, t, out, error);
}
