// The HTTP server against a plain socket client on the same loop: what goes over the wire is what
// counts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/server.h"
#include "runtime/loop.h"

#define BODY "0123456789abcdefghij"

// What the handler does with a request.
enum manner { ECHO, LATER, SILENT, RESET, HALF, DRIP };

struct bench {
    struct rf_loop *loop;
    struct rf_http_server *server;
    enum manner manner;
    bool reset_early;
    struct rf_timer later, give_up;
    struct rf_http_exchange *waiting;
    int handled, gone, early;
    struct rf_duration waited;

    int fd;
    char received[65536];
    size_t received_size;
    int receive_error; // errno of the read that ended it; 0: end of file
    struct rf_instant first_byte, last_byte;
};

static void echo(struct rf_http_exchange *exchange) {
    char text[1024];
    size_t size;
    const char *body = rf_http_exchange_body(exchange, &size);
    const char *color = rf_http_exchange_query(exchange, "color");
    const char *shape = rf_http_exchange_header(exchange, "x-shape");
    const char *user = "-", *password = "-";
    bool known = rf_http_exchange_basic_auth(exchange, &user, &password);
    snprintf(text, sizeof text, "%s %s color=%s shape=%s user=%s:%s/%d body=%zu:%.40s",
             rf_http_exchange_method(exchange), rf_http_exchange_path(exchange),
             color == NULL ? "(none)" : color, shape == NULL ? "(none)" : shape, user, password,
             known, size, body);
    rf_http_exchange_header_add(exchange, "X-Answer", "yes");
    rf_http_exchange_reply(exchange, 200, "text/plain", text, strlen(text));
}

static void on_later(void *arg) {
    struct bench *bench = arg;
    echo(bench->waiting);
}

static void on_exchange(void *arg, struct rf_http_exchange *exchange) {
    struct bench *bench = arg;
    bench->handled++;
    bench->waiting = exchange;
    bench->waited = rf_http_exchange_waited(exchange);
    switch (bench->manner) {
    case ECHO:
        echo(exchange);
        break;
    case LATER:
        rf_timer_after(&bench->later, rf_ms(30));
        break;
    case SILENT:
        break;
    case RESET:
        rf_http_exchange_reset(exchange);
        break;
    case HALF:
        rf_http_exchange_half(exchange, 201, "text/plain", BODY, strlen(BODY));
        break;
    case DRIP:
        rf_http_exchange_drip(exchange, 200, "text/plain", BODY, strlen(BODY), 5, rf_ms(20));
        break;
    }
}

static bool on_early(void *arg, struct rf_http_exchange *exchange) {
    struct bench *bench = arg;
    bench->early++;
    if (!bench->reset_early)
        return false;
    rf_http_exchange_reset(exchange);
    return true;
}

static void on_gone(void *arg, struct rf_http_exchange *exchange) {
    struct bench *bench = arg;
    assert_ptr_equal(exchange, bench->waiting);
    bench->gone++;
    rf_loop_stop(bench->loop);
}

static void on_give_up(void *arg) {
    (void)arg;
    fail_msg("nothing happened for 20 s");
}

static void on_step(void *arg) {
    struct bench *bench = arg;
    rf_loop_stop(bench->loop);
}

static int setup(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    bench->loop = rf_loop_new();
    assert_non_null(bench->loop);
    rf_timer_init(&bench->later, bench->loop, on_later, bench);
    rf_timer_init(&bench->give_up, bench->loop, on_give_up, bench);
    rf_timer_after(&bench->give_up, rf_seconds(20));
    struct rf_http_server_options options = {
        .listen = "127.0.0.1:0",
        .max_body_bytes = 50000,
        .handler = on_exchange,
        .early = on_early,
        .gone = on_gone,
        .arg = bench,
    };
    struct rf_error error;
    assert_int_equal(rf_http_server_new(bench->loop, &options, &bench->server, &error), RF_OK);
    assert_int_not_equal(rf_http_server_port(bench->server), 0);
    bench->fd = -1;
    *state = bench;
    return 0;
}

static int teardown(void **state) {
    struct bench *bench = *state;
    rf_timer_stop(&bench->later);
    rf_timer_stop(&bench->give_up);
    rf_http_server_destroy(&bench->server);
    rf_loop_destroy(&bench->loop);
    if (bench->fd >= 0)
        close(bench->fd);
    free(bench);
    return 0;
}

// ---- the client ----

static void on_readable(void *arg, int fd, unsigned events) {
    (void)events;
    struct bench *bench = arg;
    ssize_t count = read(fd, bench->received + bench->received_size,
                         sizeof bench->received - bench->received_size - 1);
    if (count < 0 && errno == EAGAIN)
        return;
    if (count > 0) {
        if (bench->received_size == 0)
            bench->first_byte = rf_clock_now();
        bench->last_byte = rf_clock_now();
        bench->received_size += (size_t)count;
        return;
    }
    bench->receive_error = count < 0 ? errno : 0;
    assert_int_equal(rf_loop_fd_set(bench->loop, fd, 0, NULL, NULL), RF_OK);
    close(fd);
    bench->fd = -1;
    rf_loop_stop(bench->loop);
}

static void dial(struct bench *bench) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)rf_http_server_port(bench->server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bench->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(bench->fd, (struct sockaddr *)&address, sizeof address), 0);
    bench->received_size = 0;
    assert_int_equal(fcntl(bench->fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(rf_loop_fd_set(bench->loop, bench->fd, RF_LOOP_READ, on_readable, bench),
                     RF_OK);
}

static void say(struct bench *bench, const char *text) {
    assert_int_equal(write(bench->fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void run(struct bench *bench) {
    struct rf_error error;
    assert_int_equal(rf_loop_run(bench->loop, &error), RF_OK);
    bench->received[bench->received_size] = '\0';
}

static void ask(struct bench *bench, const char *request) {
    dial(bench);
    say(bench, request);
    run(bench);
}

static void assert_has(const struct bench *bench, const char *text) {
    if (strstr(bench->received, text) == NULL)
        fail_msg("no \"%s\" in:\n%s", text, bench->received);
}

static const char *body_of(const struct bench *bench) {
    const char *end = strstr(bench->received, "\r\n\r\n");
    assert_non_null(end);
    return end + 4;
}

#define GET                                                                                        \
    "GET /a%20path?color=blue%26red HTTP/1.1\r\nHost: x\r\nX-Shape: round\r\nConnection: "         \
    "close\r\n\r\n"
#define POST "POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"

// ---- tests ----

static void a_request_arrives_decoded_and_is_answered(void **state) {
    struct bench *bench = *state;
    ask(bench, GET);
    assert_has(bench, "HTTP/1.1 200 ");
    assert_has(bench, "X-Answer: yes\r\n");
    assert_has(bench, "Content-Type: text/plain\r\n");
    assert_string_equal(body_of(bench),
                        "GET /a path color=blue&red shape=round user=-:-/0 body=0:");
    assert_int_equal(bench->early, 1);
    assert_int_equal(bench->gone, 0);
}

static void what_waited_in_the_socket_says_for_how_long(void **state) {
    struct bench *bench = *state;
    struct rf_instant before = rf_clock_now();
    dial(bench);
    say(bench, GET);
    rf_clock_pause(rf_ms(100)); // it comes to the socket now, and is read then
    run(bench);
    assert_in_range(rf_duration_ms(bench->waited), 80,
                    rf_duration_ms(rf_instant_since(rf_clock_now(), before)) + 20);
}

static void an_encoded_nul_does_not_end_the_path(void **state) {
    struct bench *bench = *state;
    ask(bench, "GET /a%00b%zz%4?color=x%00y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_has(bench, "GET /a%00b%zz%4 color=x%00y");
}

static void basic_credentials_are_read(void **state) {
    struct bench *bench = *state;
    ask(bench, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
               "Authorization: Basic QUMxOnNlY3JldA==\r\n\r\n");
    assert_has(bench, "user=AC1:secret/1");
}

static void a_body_that_comes_in_pieces_is_whole_when_handled(void **state) {
    struct bench *bench = *state;
    dial(bench);
    say(bench,
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
    say(bench, "5\r\nhello\r\n");
    say(bench, "7\r\n, world\r\n0\r\n\r\n");
    run(bench);
    assert_has(bench, "body=12:hello, world");
    assert_int_equal(bench->handled, 1);
}

static void a_body_over_the_limit_gets_413_and_no_handler(void **state) {
    struct bench *bench = *state;
    dial(bench);
    say(bench, "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 50001\r\n\r\n");
    char *body = malloc(50002);
    assert_non_null(body);
    memset(body, 'x', 50001);
    body[50001] = '\0';
    say(bench, body);
    free(body);
    run(bench);
    assert_has(bench, "HTTP/1.1 413 ");
    assert_int_equal(bench->handled, 0);
}

static void a_reply_may_come_later(void **state) {
    struct bench *bench = *state;
    bench->manner = LATER;
    ask(bench, POST);
    assert_has(bench, "HTTP/1.1 200 ");
    assert_has(bench, "body=5:hello");
    assert_int_equal(bench->gone, 0);
}

static void a_connection_is_kept_for_the_next_request(void **state) {
    struct bench *bench = *state;
    bench->manner = LATER;
    dial(bench);
    say(bench, "GET /one HTTP/1.1\r\nHost: x\r\n\r\n"
               "GET /two HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    run(bench);
    assert_has(bench, "GET /one");
    assert_has(bench, "GET /two");
    assert_int_equal(bench->handled, 2);
}

static void a_peer_that_leaves_before_the_reply_is_noticed(void **state) {
    struct bench *bench = *state;
    bench->manner = SILENT;
    dial(bench);
    say(bench, GET);
    while (bench->handled == 0) {
        rf_timer_init(&bench->later, bench->loop, on_step, bench);
        rf_timer_after(&bench->later, rf_ms(1));
        run(bench);
    }
    assert_int_equal(rf_loop_fd_set(bench->loop, bench->fd, 0, NULL, NULL), RF_OK);
    close(bench->fd);
    bench->fd = -1;
    run(bench);
    assert_int_equal(bench->gone, 1);
}

static void an_exchange_without_a_reply_ends_with_the_server(void **state) {
    struct bench *bench = *state;
    bench->manner = SILENT;
    dial(bench);
    say(bench, GET);
    while (bench->handled == 0) {
        rf_timer_init(&bench->later, bench->loop, on_step, bench);
        rf_timer_after(&bench->later, rf_ms(1));
        run(bench);
    }
    rf_http_server_destroy(&bench->server);
    assert_null(bench->server);
    assert_int_equal(bench->gone, 1);
    run(bench); // until the client sees the end
    assert_int_equal(bench->received_size, 0);
}

static void a_reset_is_a_reset_and_not_a_byte_is_sent(void **state) {
    struct bench *bench = *state;
    bench->manner = RESET;
    ask(bench, POST);
    assert_int_equal(bench->received_size, 0);
    assert_int_equal(bench->receive_error, ECONNRESET);
    assert_int_equal(bench->handled, 1);
    assert_int_equal(bench->gone, 0);
}

static void an_early_reset_comes_before_the_body(void **state) {
    struct bench *bench = *state;
    bench->reset_early = true;
    ask(bench, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
    assert_int_equal(bench->received_size, 0);
    assert_int_equal(bench->receive_error, ECONNRESET);
    assert_int_equal(bench->handled, 0);
}

static void half_a_reply_announces_all_and_ends_in_the_middle(void **state) {
    struct bench *bench = *state;
    bench->manner = HALF;
    ask(bench, POST);
    assert_has(bench, "HTTP/1.1 201 ");
    assert_has(bench, "Content-Length: 20\r\n");
    assert_string_equal(body_of(bench), "0123456789");
}

static void a_drip_sends_all_in_pieces_with_pauses(void **state) {
    struct bench *bench = *state;
    bench->manner = DRIP;
    ask(bench, POST);
    assert_has(bench, "HTTP/1.1 200 ");
    assert_has(bench, "Content-Length: 20\r\n");
    assert_string_equal(body_of(bench), BODY);
    // Four pieces with three pauses of 20 ms between them.
    assert_true(rf_instant_since(bench->last_byte, bench->first_byte).ns >= 55 * RF_NS_PER_MS);
}

static void a_head_request_gets_the_head_alone(void **state) {
    struct bench *bench = *state;
    ask(bench, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_has(bench, "HTTP/1.1 200 ");
    assert_string_equal(body_of(bench), "");
}

static void a_listen_address_that_cannot_be_is_an_error_that_names_it(void **state) {
    struct bench *bench = *state;
    char taken[64];
    snprintf(taken, sizeof taken, "127.0.0.1:%u", rf_http_server_port(bench->server));
    const char *const places[] = {"nowhere", "127.0.0.1:http-alt-x", taken};
    for (size_t i = 0; i < 3; i++) {
        struct rf_http_server_options options = {.listen = places[i], .handler = on_exchange};
        struct rf_http_server *server;
        struct rf_error error = {0};
        assert_int_not_equal(rf_http_server_new(bench->loop, &options, &server, &error), RF_OK);
        assert_null(server);
        assert_non_null(strstr(error.message, places[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_request_arrives_decoded_and_is_answered),
        TEST(what_waited_in_the_socket_says_for_how_long),
        TEST(an_encoded_nul_does_not_end_the_path),
        TEST(basic_credentials_are_read),
        TEST(a_body_that_comes_in_pieces_is_whole_when_handled),
        TEST(a_body_over_the_limit_gets_413_and_no_handler),
        TEST(a_reply_may_come_later),
        TEST(a_connection_is_kept_for_the_next_request),
        TEST(a_peer_that_leaves_before_the_reply_is_noticed),
        TEST(an_exchange_without_a_reply_ends_with_the_server),
        TEST(a_reset_is_a_reset_and_not_a_byte_is_sent),
        TEST(an_early_reset_comes_before_the_body),
        TEST(half_a_reply_announces_all_and_ends_in_the_middle),
        TEST(a_drip_sends_all_in_pieces_with_pauses),
        TEST(a_head_request_gets_the_head_alone),
        TEST(a_listen_address_that_cannot_be_is_an_error_that_names_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
