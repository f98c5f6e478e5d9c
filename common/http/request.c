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

static enum rf_err add_header(struct rf_http_transfer *t, const struct rf_http_header *header,
                              struct rf_error *error) {
    if (!rf_http_name_valid(header->name))
        return rf_error_set(error, RF_ERR_INVALID, "HTTP: a header has no valid name");
    if (!rf_http_text_valid(header->value)) // the value may be a secret: not told
        return rf_error_set(error, RF_ERR_INVALID,
                            "HTTP: header %s: control characters in its value", header->name);
    // For libcurl "Name:" means "leave it out", "Name;" means an empty value.
    char *line = NULL;
    int length = *header->value != '\0' ? asprintf(&line, "%s: %s", header->name, header->value)
                                        : asprintf(&line, "%s;", header->name);
    if (length < 0)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: out of memory");
    bool added = add_line(t, line);
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

static enum rf_err set_method(struct rf_http_transfer *t, const struct rf_http_request *request,
                              struct rf_error *error) {
    if (strcmp(request->method, "GET") == 0 && request->body_size == 0)
        return RF_OK;
    bool put = strcmp(request->method, "PUT") == 0;
    if (!put && strcmp(request->method, "POST") != 0)
        return rf_error_set(error, RF_ERR_INVALID,
                            "HTTP: %s: GET without a body, POST or PUT expected", request->method);
    const void *body = request->body_size > 0 ? request->body : "";
    if (curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size) !=
            CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_COPYPOSTFIELDS, body) != CURLE_OK ||
        (put && curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, "PUT") != CURLE_OK))
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: out of memory");
    return RF_OK;
}

static enum rf_err set_login(struct rf_http_transfer *t, const struct rf_http_request *request,
                             struct rf_error *error) {
    if (request->user == NULL)
        return RF_OK;
    if (curl_easy_setopt(t->easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_USERNAME, request->user) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_PASSWORD,
                         request->password != NULL ? request->password : "") != CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: out of memory");
    return RF_OK;
}

// HTTP/1.1 for all: with HTTP/2 one connection's end would be the end of many requests at once, and
// what the peer has seen of each is harder to tell. A fresh connection is never shared: libcurl
// repeats a POST by itself when a connection that it reuses closes without a reply byte (incident
// 16).
static enum rf_err set_connection(struct rf_http_transfer *t, const struct rf_http_request *request,
                                  struct rf_error *error) {
    long fresh = request->fresh ? 1L : 0L;
    if (curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_USERAGENT, "ringfence/" RF_VERSION) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, fresh) != CURLE_OK ||
        curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, fresh) != CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: libcurl refused an option");
    return RF_OK;
}

enum rf_err rf_http_send(struct rf_http *http, const struct rf_http_request *request,
                         rf_http_fn *fn, void *arg, struct rf_http_transfer **out,
                         struct rf_error *error) {
    enum rf_err err;
    struct rf_http_transfer *t = rf_http_transfer_new("http,https", request->max_body_bytes);
    if (t == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: out of memory");
    t->fn = fn;
    t->arg = arg;
    t->send_before = request->send_before;
    if ((err = rf_http_transfer_target(t, request->url, request->ca_file, request->connect_timeout,
                                       request->timeout, error)) != RF_OK ||
        (err = set_headers(t, request, error)) != RF_OK ||
        (err = set_method(t, request, error)) != RF_OK ||
        (err = set_login(t, request, error)) != RF_OK ||
        (err = set_connection(t, request, error)) != RF_OK) {
        rf_http_transfer_free(t);
        return err;
    }
    return rf_http_transfer_start(http, t, out, error);
}
