// libcurl multi on the event loop: it tells which descriptors and which time it waits for, the loop
// tells when they are due.
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/transfer.h"
#include "runtime/loop.h"

#define IDLE_CONNECTIONS 64L // kept for reuse; the oldest is closed beyond that

static void unlink_transfer(struct rf_http_transfer *t) {
    if (t->link == NULL)
        return;
    *t->link = t->next;
    if (t->next != NULL)
        t->next->link = t->link;
    t->link = NULL;
}

static void fill_reply(struct rf_http_transfer *t, CURLcode code, struct rf_http_reply *reply) {
    char *content_type = NULL;
    curl_off_t took_us = 0;
    long status = 0, proxy_status = 0;
    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    (void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &content_type);
    (void)curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &took_us);
    *reply = (struct rf_http_reply){
        .sent = t->begun > 0,
        .requests = t->begun,
        .status = status,
        .content_type = content_type != NULL ? content_type : "",
        .body = t->body,
        .body_size = t->body_size,
        .error_text = t->error_text,
        .took = rf_ns((int64_t)took_us * RF_NS_PER_US),
        .certificate_until = rf_http_certificate_until(t),
        .transfer = t,
    };
    if (code != CURLE_OK && t->error_text[0] == '\0')
        reply->error_text = curl_easy_strerror(code);
    if (t->expired)
        reply->failure = RF_HTTP_TOO_LATE;
    else if (t->held_back)
        reply->failure = t->begun > 0 ? RF_HTTP_BROKEN : RF_HTTP_HELD_BACK;
    else if (t->too_large)
        reply->failure = RF_HTTP_TOO_LARGE;
    else if (t->repeated)
        reply->failure = RF_HTTP_BROKEN;
    else if (t->out_of_memory)
        reply->failure = RF_HTTP_OTHER;
    else if (t->mail)
        reply->failure = rf_mail_failure_of(code, t->begun > 0, status);
    else
        reply->failure = rf_http_failure_of(code, t->begun > 0, status, proxy_status);
    if (reply->failure == RF_HTTP_NONE && !t->mail && !t->head_ended) {
        reply->failure = RF_HTTP_TRUNCATED;
        reply->error_text = "the headers were cut off";
    } else if (reply->failure == RF_HTTP_NONE && !t->mail) {
        reply->error_text = "";
    }
}

static void tell(struct rf_http_transfer *t, const struct rf_http_reply *reply) {
    bool traced = t->trace != NULL; // its handle would go on tracing
    unlink_transfer(t);
    rf_timer_stop(&t->timer);
    rf_http_trace_end(t, reply);
    t->fn(t->arg, reply);
    rf_http_pool_give(t, reply->failure == RF_HTTP_NONE && !traced);
}

void rf_http_timed_out(struct rf_http_transfer *t, enum rf_http_failure failure,
                       const char *words) {
    struct rf_http_reply reply;
    (void)curl_multi_remove_handle(t->http->multi, t->easy); // with it what it has of a connection
    fill_reply(t, CURLE_OPERATION_TIMEDOUT, &reply);
    reply.failure = failure;
    reply.error_text = words;
    reply.took = rf_instant_since(rf_loop_now(t->http->loop), t->started);
    tell(t, &reply);
}

static void on_looked_up(void *arg, int code) {
    struct rf_http_transfer *t = arg;
    struct rf_http_reply reply;
    char words[CURL_ERROR_SIZE + 128];
    fill_reply(t, CURLE_COULDNT_RESOLVE_HOST, &reply); // or a proxy's, which the words tell
    reply.failure = rf_http_lookup_failure(code);
    reply.took = rf_instant_since(rf_loop_now(t->http->loop), t->started);
    snprintf(words, sizeof words, "%s (%s)", reply.error_text, rf_http_lookup_words(code));
    reply.error_text = words;
    tell(t, &reply);
}

// No such host, or no answer of a name server? Asked within what is left of the transfer's time.
static void look_up(struct rf_http_transfer *t, const char *address) {
    struct rf_duration spent = rf_instant_since(rf_loop_now(t->http->loop), t->started);
    struct rf_duration left = rf_ns(t->timeout.ns - spent.ns);
    if (left.ns > t->connect_timeout.ns)
        left = t->connect_timeout;
    char *host = rf_http_host_of(address);
    rf_timer_stop(&t->timer);
    rf_http_lookup_begin(&t->http->lookups, host, left, on_looked_up, t, &t->lookup);
    curl_free(host);
}

// Tells each finished transfer to its owner. Not from inside libcurl, so that the owner may begin
// and cancel others here.
static void tell_finished(struct rf_http *http) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct rf_http_transfer *t = NULL;
        struct rf_http_reply reply;
        CURLcode code = message->data.result; // the message ends with the handle's membership
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        (void)curl_multi_remove_handle(http->multi, t->easy);
        if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY) {
            char *address = NULL;
            (void)curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &address);
            look_up(t, code == CURLE_COULDNT_RESOLVE_PROXY ? t->proxy : address);
            continue;
        }
        fill_reply(t, code, &reply);
        tell(t, &reply);
    }
}

static void act(struct rf_http *http, curl_socket_t fd, int what) {
    int running;
    CURLMcode code = curl_multi_socket_action(http->multi, fd, what, &running);
    assert(code == CURLM_OK);
    (void)code;
    tell_finished(http);
}

static void on_fd(void *arg, int fd, unsigned events) {
    int what = 0;
    if (events & RF_LOOP_READ)
        what |= CURL_CSELECT_IN;
    if (events & RF_LOOP_WRITE)
        what |= CURL_CSELECT_OUT;
    // No event, as after a hang-up or when what is waited for has just changed (requests that share
    // a connection change it for each other): libcurl looks for itself then. An error told here
    // would end a transfer whose connection is well.
    act(arg, fd, what);
}

static void on_timer(void *arg) {
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused) {
    struct rf_http *http = arg;
    unsigned events = 0;
    (void)easy, (void)unused;
    if (what != CURL_POLL_REMOVE) {
        events |= what & CURL_POLL_IN ? RF_LOOP_READ : 0;
        events |= what & CURL_POLL_OUT ? RF_LOOP_WRITE : 0;
    }
    return rf_loop_fd_set(http->loop, fd, events, on_fd, http) == RF_OK ? 0 : -1;
}

static int set_timer(CURLM *multi, long wait_ms, void *arg) {
    struct rf_http *http = arg;
    (void)multi;
    if (wait_ms < 0)
        rf_timer_stop(&http->timer);
    else
        rf_timer_after(&http->timer, rf_ms(wait_ms));
    return 0;
}

enum rf_err rf_http_new(struct rf_loop *loop, struct rf_http **out, struct rf_error *error) {
    return rf_http_new_with(loop, &(struct rf_http_options){0}, out, error);
}

enum rf_err rf_http_new_with(struct rf_loop *loop, const struct rf_http_options *options,
                             struct rf_http **out, struct rf_error *error) {
    static bool
        libcurl_ready; // from the first client to the end of the process, as libcurl wants it
    *out = NULL;
    if (!libcurl_ready && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: libcurl cannot be initialised");
    libcurl_ready = true;

    // With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE to us: a peer that closes must not end the
    // process.
    struct sigaction old;
    if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
        (void)signal(SIGPIPE, SIG_IGN);

    struct rf_http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: out of memory");
    http->loop = loop;
    http->lookups = (struct rf_http_lookups){
        .loop = loop,
        .resolve = options->resolve != NULL ? options->resolve : rf_http_resolve_system,
        .arg = options->resolve_arg,
    };
    rf_timer_init(&http->timer, loop, on_timer, http);
    http->share = curl_share_init();
    http->multi = curl_multi_init();
    if (http->share == NULL || http->multi == NULL ||
        curl_share_setopt(http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK ||
        curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, set_socket) != CURLM_OK ||
        curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http) != CURLM_OK ||
        curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
        curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http) != CURLM_OK ||
        curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS) != CURLM_OK) {
        rf_http_destroy(&http);
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: libcurl has no multi handle");
    }
    *out = http;
    return RF_OK;
}

void rf_http_destroy(struct rf_http **http) {
    struct rf_http *h = *http;
    if (h == NULL)
        return;
    while (h->transfers != NULL)
        rf_http_cancel(h->transfers);
    rf_http_lookups_fini(&h->lookups);
    rf_http_pool_fini(h);
    curl_multi_cleanup(h->multi);
    curl_share_cleanup(h->share); // after all that could use a session of it
    rf_timer_stop(&h->timer);
    free(h);
    *http = NULL;
}

enum rf_err rf_http_transfer_start(struct rf_http *http, struct rf_http_transfer *t,
                                   struct rf_http_transfer **out, struct rf_error *error) {
    if (curl_multi_add_handle(http->multi, t->easy) != CURLM_OK) {
        rf_http_transfer_free(t);
        return rf_error_set(error, RF_ERR_NOMEM, "HTTP: libcurl takes no further transfer");
    }
    t->next = http->transfers;
    t->link = &http->transfers;
    if (t->next != NULL)
        t->next->link = &t->next;
    http->transfers = t;
    rf_http_timeout_start(t);
    if (out != NULL)
        *out = t;
    return RF_OK;
}

void rf_http_cancel(struct rf_http_transfer *t) {
    if (t->link == NULL) // its callback is running
        return;
    t->trace = NULL;
    rf_http_lookup_cancel(&t->lookup);
    (void)curl_multi_remove_handle(t->http->multi, t->easy); // fine if it is out of it already
    unlink_transfer(t);
    rf_http_transfer_free(t);
}

const char *rf_http_reply_header(const struct rf_http_reply *reply, const char *name) {
    struct curl_header *header;
    if (reply->transfer == NULL ||
        curl_easy_header(reply->transfer->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value;
}

struct rf_duration rf_http_retry_after(const struct rf_http_reply *reply, struct rf_utc now) {
    // Two lookups share libcurl's storage for the struct, not for the value.
    const char *milliseconds = rf_http_reply_header(reply, "retry-after-ms");
    const char *retry_after = rf_http_reply_header(reply, "retry-after");
    return rf_http_retry_after_parse(milliseconds, retry_after, now);
}
