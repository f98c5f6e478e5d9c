// How often a host's name is looked up: getaddrinfo stands here, in the way of libcurl's, and
// counts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <strings.h>

#include "http/client.h"
#include "responder.h"
#include "runtime/loop.h"

#define HOST     "api.provider.test" // RFC 6761: no name server has it
#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

static atomic_int looked_up;
static atomic_int answered_from; // no look-up is answered before so many have been made

// A request takes what another has found meanwhile and does not wait for its own look-up, which is
// then made when the request has long ended. Held up here, look-ups under way are all counted.
static void wait_for_the_others(void) {
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 5000 && atomic_load(&looked_up) < atomic_load(&answered_from); i++)
        nanosleep(&pause, NULL);
}

// The answer that a name server would give, for HOST alone. Called from libcurl's threads.
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out) {
    struct answer {
        struct addrinfo info;
        struct sockaddr_in address;
    };
    if (host == NULL || strcasecmp(host, HOST) != 0)
        return EAI_NONAME;
    atomic_fetch_add(&looked_up, 1);
    wait_for_the_others();
    struct answer *answer = calloc(1, sizeof *answer);
    if (answer == NULL)
        return EAI_MEMORY;
    answer->address = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)(service != NULL ? strtol(service, NULL, 10) : 0)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    answer->info =
        (struct addrinfo){.ai_family = AF_INET,
                          .ai_socktype = hints != NULL ? hints->ai_socktype : SOCK_STREAM,
                          .ai_protocol = IPPROTO_TCP,
                          .ai_addrlen = sizeof answer->address,
                          .ai_addr = (struct sockaddr *)&answer->address};
    *out = &answer->info;
    return 0;
}

void freeaddrinfo(struct addrinfo *info) {
    free(info); // the answer's first member
}

struct bench {
    struct rf_loop *loop;
    struct rf_http *http;
    struct rf_timer guard;
    int wanted, calls, good;
};

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct bench *bench = arg;
    bench->good += reply->failure == RF_HTTP_NONE && reply->status == 200;
    if (++bench->calls == bench->wanted)
        rf_loop_stop(bench->loop);
}

static void on_guard(void *arg) {
    struct bench *bench = arg;
    rf_loop_stop(bench->loop);
}

static void bench_open(struct bench *bench) {
    struct rf_error error;
    *bench = (struct bench){.loop = rf_loop_new()};
    assert_non_null(bench->loop);
    assert_int_equal(rf_http_new(bench->loop, &bench->http, &error), RF_OK);
    rf_timer_init(&bench->guard, bench->loop, on_guard, bench);
    atomic_store(&looked_up, 0);
    atomic_store(&answered_from, 1);
}

static void bench_close(struct bench *bench) {
    rf_timer_stop(&bench->guard);
    rf_http_destroy(&bench->http);
    rf_loop_destroy(&bench->loop);
}

// So many requests at once, each answered well.
static void perform(struct bench *bench, struct responder *responder, int count, bool fresh) {
    char url[64];
    struct rf_error error;
    snprintf(url, sizeof url, "http://" HOST ":%d/v1/x", responder_port(responder));
    struct rf_http_request request = {.method = "POST",
                                      .url = url,
                                      .body = "{}",
                                      .body_size = 2,
                                      .connect_timeout = rf_seconds(20),
                                      .timeout = rf_seconds(25),
                                      .max_body_bytes = 1000,
                                      .fresh = fresh};
    bench->calls = bench->good = 0;
    bench->wanted = count;
    for (int i = 0; i < count; i++)
        assert_int_equal(rf_http_send(bench->http, &request, on_reply, bench, NULL, &error), RF_OK);
    rf_timer_after(&bench->guard, rf_seconds(40));
    assert_int_equal(rf_loop_run(bench->loop, &error), RF_OK);
    assert_int_equal(bench->good, count);
}

static void new_connections_to_a_host_share_one_look_up(void **state) {
    (void)state;
    static const struct responder_step steps[] = {{RESPONDER_REPLY_CLOSE, OK_REPLY}};
    struct responder *responder = responder_new(steps, 1, false);
    struct bench bench;
    bench_open(&bench);
    for (int i = 0; i < 10; i++) // as dials are: each on a connection of its own
        perform(&bench, responder, 1, true);
    for (int i = 0; i < 10; i++) // and as others are whose connection the peer has closed
        perform(&bench, responder, 1, false);
    perform(&bench, responder, 8, true);
    assert_int_equal(responder_connections(responder), 28);
    assert_int_equal(looked_up, 1);
    bench_close(&bench);
    responder_destroy(&responder);
}

static void a_kept_connection_needs_none(void **state) {
    (void)state;
    static const struct responder_step steps[] = {{RESPONDER_REPLY, OK_REPLY}};
    struct responder *responder = responder_new(steps, 1, false);
    struct bench bench;
    bench_open(&bench);
    for (int i = 0; i < 10; i++)
        perform(&bench, responder, 1, false);
    assert_int_equal(responder_connections(responder), 1);
    assert_int_equal(looked_up, 1);
    bench_close(&bench);
    responder_destroy(&responder);
}

static void clients_do_not_share_what_they_know(void **state) {
    (void)state;
    static const struct responder_step steps[] = {{RESPONDER_REPLY_CLOSE, OK_REPLY}};
    struct responder *responder = responder_new(steps, 1, false);
    for (int i = 0; i < 2; i++) {
        struct bench bench;
        bench_open(&bench);
        perform(&bench, responder, 1, false);
        assert_int_equal(looked_up, 1); // what is counted is a look-up, and not a cache of ours
        bench_close(&bench);
    }
    responder_destroy(&responder);
}

// libcurl 7.88 does not join look-ups that are under way: a burst of dials to a host that is not
// known yet looks it up once each, bounded by gateway.concurrency.telephony, and never again.
static void
requests_at_once_to_a_host_that_is_not_known_yet_look_it_up_once_each_at_most(void **state) {
    (void)state;
    static const struct responder_step steps[] = {{RESPONDER_REPLY_CLOSE, OK_REPLY}};
    struct responder *responder = responder_new(steps, 1, false);
    struct bench bench;
    bench_open(&bench);
    atomic_store(&answered_from, 8);
    perform(&bench, responder, 8, true);
    int first = looked_up;
    assert_in_range(first, 1, 8);
    perform(&bench, responder, 8, true);
    assert_int_equal(looked_up, first);
    bench_close(&bench);
    responder_destroy(&responder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_connections_to_a_host_share_one_look_up),
        cmocka_unit_test(a_kept_connection_needs_none),
        cmocka_unit_test(clients_do_not_share_what_they_know),
        cmocka_unit_test(
            requests_at_once_to_a_host_that_is_not_known_yet_look_it_up_once_each_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
