// The reference: libcurl's multi interface alone, as a plain program would use it, at the same
// responder and with the same request that the gateway sends: the same method, header lines and
// body size, kept connections, time limits, a bounded reply that is read whole and kept. Each
// handle is made once and used again. (curl_multi_socket_action with epoll was tried: it takes the
// same CPU a request at 64 in flight.)
//   bare_curl URL BODY IN_FLIGHT WARMUP REQUESTS [HEADER...]
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples.h"

#define BODY_SIZE ((size_t)16 * 1024)

struct transfer {
    CURL *easy;
    int64_t began_ns;
    size_t received;
    char body[BODY_SIZE];
};

static size_t on_body(char *data, size_t one, size_t size, void *arg) {
    struct transfer *transfer = arg;
    (void)one; // always 1
    if (size > BODY_SIZE - transfer->received)
        return CURL_WRITEFUNC_ERROR;
    memcpy(transfer->body + transfer->received, data, size);
    transfer->received += size;
    return size;
}

static void begin(CURLM *multi, struct transfer *transfer) {
    transfer->began_ns = samples_now();
    transfer->received = 0;
    curl_multi_add_handle(multi, transfer->easy);
}

static int is_good(struct transfer *transfer, CURLcode code) {
    static int told;
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    int good = code == CURLE_OK && status == 200 && transfer->received > 0;
    if (!good && !told++)
        fprintf(stderr, "failed: status %ld, %s: %.*s\n", status, curl_easy_strerror(code),
                (int)(transfer->received < 300 ? transfer->received : 300), transfer->body);
    return good;
}

static void run(CURLM *multi, struct samples *samples) {
    int running, left, done = 0;
    while (!done) {
        CURLMsg *message;
        curl_multi_perform(multi, &running);
        while (!done && (message = curl_multi_info_read(multi, &left)) != NULL) {
            struct transfer *transfer;
            if (message->msg != CURLMSG_DONE)
                continue;
            CURLcode code = message->data.result;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
            curl_multi_remove_handle(multi, transfer->easy);
            done = samples_end(samples, transfer->began_ns, is_good(transfer, code));
            if (!done)
                begin(multi, transfer);
        }
        if (!done)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
}

static void set_options(struct transfer *transfer, const char *url, const char *body,
                        struct curl_slist *headers) {
    CURL *easy = transfer->easy = curl_easy_init();
    if (easy == NULL)
        exit(1);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "bare_curl/1");
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 15000L);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)BODY_SIZE);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

int main(int argc, char **argv) {
    if (argc < 6) {
        fprintf(stderr, "usage: bare_curl URL BODY IN_FLIGHT WARMUP REQUESTS [HEADER...]\n");
        return 2;
    }
    size_t in_flight = samples_number(argv[3], "IN_FLIGHT");
    struct samples samples;
    struct curl_slist *headers = NULL;
    struct transfer *transfers = calloc(in_flight, sizeof *transfers);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    CURLM *multi = curl_multi_init();
    for (int i = 6; i < argc; i++)
        headers = curl_slist_append(headers, argv[i]);
    if (transfers == NULL || multi == NULL) {
        fprintf(stderr, "out of memory\n");
        free(transfers);
        return 1;
    }
    samples_init(&samples, samples_number(argv[4], "WARMUP"), samples_number(argv[5], "REQUESTS"));
    for (size_t i = 0; i < in_flight; i++) {
        set_options(&transfers[i], argv[1], argv[2], headers);
        begin(multi, &transfers[i]);
    }
    run(multi, &samples);
    samples_print(&samples);
    for (size_t i = 0; i < in_flight; i++) {
        curl_multi_remove_handle(multi, transfers[i].easy);
        curl_easy_cleanup(transfers[i].easy);
    }
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    free(transfers);
    samples_fini(&samples);
    return 0;
}
