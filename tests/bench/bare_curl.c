// The reference: libcurl's multi interface alone, as a plain program would use it, at the same
// responder and with the same request that the gateway sends.
//   bare_curl URL BODY IN_FLIGHT WARMUP REQUESTS [HEADER...]
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples.h"

struct transfer {
    CURL *easy;
    int64_t began_ns;
    size_t received;
};

static size_t on_body(char *data, size_t one, size_t size, void *arg) {
    struct transfer *transfer = arg;
    (void)data, (void)one;
    transfer->received += size;
    return size;
}

static void begin(CURLM *multi, struct transfer *transfer) {
    transfer->began_ns = samples_now();
    transfer->received = 0;
    curl_multi_add_handle(multi, transfer->easy);
}

static int is_good(struct transfer *transfer, CURLcode code) {
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return code == CURLE_OK && status == 200 && transfer->received > 0;
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
        return 1;
    }
    samples_init(&samples, samples_number(argv[4], "WARMUP"), samples_number(argv[5], "REQUESTS"));
    for (size_t i = 0; i < in_flight; i++) {
        CURL *easy = transfers[i].easy = curl_easy_init();
        curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, argv[2]);
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfers[i]);
        curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfers[i]);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
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
