// Transfers that are used again. Making an easy handle and telling it what all requests have in
// common costs some fifth of a request's instructions, so a handle keeps that, and only what is
// the request's own is set each time (request.c).
//
// A handle comes back only from a transfer that ended as it should: what libcurl 7.88 counts over
// all uses of a handle (its repeated requests, five at most) and what it leaves behind after
// failures is thus nobody's next request.
#include <stdlib.h>
#include <string.h>

#include "http/transfer.h"

#define IDLE_TRANSFERS 64
#define KEPT_BODY      ((size_t)16 * 1024) // a larger buffer is not worth its memory

static bool same_text(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

struct rf_http_transfer *rf_http_pool_take(struct rf_http *http, const char *ca_file) {
    struct rf_http_transfer **link = &http->idle;
    while (*link != NULL && !same_text((*link)->ca_file, ca_file))
        link = &(*link)->next;
    struct rf_http_transfer *t = *link;
    if (t == NULL)
        return rf_http_transfer_new(http, "http,https", ca_file);
    *link = t->next;
    t->next = NULL;
    http->idle_count--;
    return t;
}

// Nothing of the request stays with it: neither its header lines with the key in them nor its body.
static bool forget(struct rf_http_transfer *t) {
    bool forgotten = curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, NULL) == CURLE_OK &&
                     curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL) == CURLE_OK;
    curl_slist_free_all(t->lines);
    t->lines = NULL;
    free(t->proxy);
    t->proxy = NULL;
    return forgotten;
}

void rf_http_pool_give(struct rf_http_transfer *t, bool clean) {
    struct rf_http *http = t->http;
    if (!clean || t->mail || t->begun != 1 || t->body_capacity > KEPT_BODY ||
        http->idle_count >= IDLE_TRANSFERS || !forget(t)) {
        rf_http_transfer_free(t);
        return;
    }
    *t = (struct rf_http_transfer){
        .http = http,
        .easy = t->easy,
        .ca_file = t->ca_file,
        .proxied = t->proxied,
        .logged_in = t->logged_in,
        .looking = t->looking,
        .body = t->body,
        .body_capacity = t->body_capacity,
        .next = http->idle,
    };
    t->body[0] = '\0';
    http->idle = t;
    http->idle_count++;
}

void rf_http_pool_fini(struct rf_http *http) {
    while (http->idle != NULL) {
        struct rf_http_transfer *t = http->idle;
        http->idle = t->next;
        rf_http_transfer_free(t);
    }
    http->idle_count = 0;
}
