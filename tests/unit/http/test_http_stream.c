// Replies that are made while they are sent, against a plain socket client on the same loop.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/server.h"
#include "runtime/loop.h"

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

struct bench {
    struct rf_loop *loop;
    struct rf_http_server *server;
    struct rf_http_exchange *exchange;
    struct rf_timer give_up, look;
    const char *text; // what `more` gives, once; NULL: nothing
    bool endless, over;
    size_t asked; // calls of `more`
    size_t given, seen;
    int ended, quiet;
    unsigned char peer[16];

    int fd;
    bool deaf; // does not read
    char received[65536];
    size_t received_size, read_in_all;
    bool closed;
};

static size_t more(void *arg, char *out, size_t room) {
    struct bench *bench = arg;
    bench->asked++;
    assert_true(room > 0);
    assert_int_equal(bench->ended, 0);
    if (bench->over)
        return RF_HTTP_STREAM_END;
    if (bench->endless) {
        memset(out, 'e', room);
        bench->given += room;
        return room;
    }
    if (bench->text == NULL) {
        rf_loop_stop(bench->loop); // the client is to see what there was
        return 0;
    }
    size_t count = strlen(bench->text);
    assert_true(count <= room);
    memcpy(out, bench->text, count);
    bench->text = NULL;
    return count;
}

static void ended(void *arg) {
    struct bench *bench = arg;
    bench->ended++;
    rf_loop_stop(bench->loop);
}

static void on_exchange(void *arg, struct rf_http_exchange *exchange) {
    struct bench *bench = arg;
    bench->exchange = exchange;
    rf_http_exchange_peer(exchange, bench->peer);
    rf_http_exchange_stream(exchange, 200, "text/event-stream", more, ended, bench);
}

static void on_give_up(void *arg) {
    (void)arg;
    fail_msg("nothing happened for 20 s");
}

// Stops the loop when nothing has been given for a while.
static void on_look(void *arg) {
    struct bench *bench = arg;
    bench->quiet = bench->given == bench->seen ? bench->quiet + 1 : 0;
    bench->seen = bench->given;
    if (bench->quiet >= 5)
        rf_loop_stop(bench->loop);
    else
        rf_timer_after(&bench->look, rf_ms(20));
}

static int setup(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    bench->loop = rf_loop_new();
    assert_non_null(bench->loop);
    rf_timer_init(&bench->look, bench->loop, on_look, bench);
    rf_timer_init(&bench->give_up, bench->loop, on_give_up, bench);
    rf_timer_after(&bench->give_up, rf_seconds(20));
    struct rf_http_server_options options = {
        .listen = "127.0.0.1:0", .handler = on_exchange, .arg = bench};
    struct rf_error error;
    assert_int_equal(rf_http_server_new(bench->loop, &options, &bench->server, &error), RF_OK);
    bench->fd = -1;
    *state = bench;
    return 0;
}

static int teardown(void **state) {
    struct bench *bench = *state;
    rf_timer_stop(&bench->look);
    rf_timer_stop(&bench->give_up);
    rf_http_server_destroy(&bench->server);
    if (bench->fd >= 0)
        close(bench->fd);
    rf_loop_destroy(&bench->loop);
    free(bench);
    return 0;
}

static void on_readable(void *arg, int fd, unsigned events) {
    struct bench *bench = arg;
    (void)events;
    ssize_t count = read(fd, bench->received + bench->received_size,
                         sizeof bench->received - bench->received_size - 1);
    if (count <= 0) {
        bench->closed = true;
        assert_int_equal(rf_loop_fd_set(bench->loop, fd, 0, NULL, NULL), RF_OK);
        rf_loop_stop(bench->loop);
        return;
    }
    bench->read_in_all += (size_t)count;
    bench->received_size = bench->endless ? 0 : bench->received_size + (size_t)count;
    rf_loop_stop(bench->loop);
}

static void ask(struct bench *bench, const char *request) {
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)rf_http_server_port(bench->server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bench->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(bench->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(bench->fd, F_SETFL, O_NONBLOCK), 0);
    if (!bench->deaf)
        assert_int_equal(rf_loop_fd_set(bench->loop, bench->fd, RF_LOOP_READ, on_readable, bench),
                         RF_OK);
    assert_int_equal(write(bench->fd, request, strlen(request)), (ssize_t)strlen(request));
}

static void run(struct bench *bench) {
    struct rf_error error;
    assert_int_equal(rf_loop_run(bench->loop, &error), RF_OK);
    bench->received[bench->received_size] = '\0';
}

static void run_until(struct bench *bench, const char *text) {
    do
        run(bench);
    while (strstr(bench->received, text) == NULL);
}

static void say(struct bench *bench, const char *text) {
    bench->text = text;
    rf_http_exchange_wake(bench->exchange);
}

static void pieces_come_when_they_are_there_and_then_the_end(void **state) {
    struct bench *bench = *state;
    bench->text = "first";
    ask(bench, GET);
    run_until(bench, "first");
    assert_non_null(strstr(bench->received, "HTTP/1.1 200 "));
    assert_non_null(strstr(bench->received, "Content-Type: text/event-stream\r\n"));
    say(bench, "second");
    run_until(bench, "second");
    size_t asked = bench->asked;
    say(bench, "third");
    rf_http_exchange_wake(bench->exchange); // once more is fine
    run_until(bench, "third");
    assert_true(bench->asked > asked);
    assert_int_equal(bench->ended, 0);
    bench->over = true;
    rf_http_exchange_wake(bench->exchange);
    while (bench->ended == 0)
        run(bench);
    run_until(bench, "\r\n0\r\n");
    static const unsigned char local[16] = {[10] = 0xff, 0xff, 127, 0, 0, 1};
    assert_memory_equal(bench->peer, local, 16);
}

// Nothing is asked for while there is nothing: else the loop would turn without a pause.
static void who_has_nothing_is_left_alone_until_it_wakes(void **state) {
    struct bench *bench = *state;
    ask(bench, GET);
    while (bench->asked == 0)
        run(bench);
    size_t asked = bench->asked;
    rf_timer_after(&bench->look, rf_ms(1));
    while (bench->quiet < 5)
        run(bench);
    assert_int_equal(bench->asked, asked);
}

// What the peer does not take is not made; when it reads again it goes on.
static void a_reader_that_does_not_read_is_not_asked_for(void **state) {
    struct bench *bench = *state;
    bench->endless = bench->deaf = true;
    ask(bench, GET);
    rf_timer_after(&bench->look, rf_ms(20));
    while (bench->quiet < 5)
        run(bench);
    size_t held = bench->given;
    assert_true(held > 0);
    assert_true(held < (size_t)32 * 1024 * 1024); // the kernel's buffers, and one of ours
    assert_int_equal(rf_loop_fd_set(bench->loop, bench->fd, RF_LOOP_READ, on_readable, bench),
                     RF_OK);
    while (bench->read_in_all <= held + 1024)
        run(bench);
    assert_true(bench->given > held);
    assert_int_equal(bench->ended, 0);
}

static void a_peer_that_leaves_ends_it(void **state) {
    struct bench *bench = *state;
    bench->text = "first";
    ask(bench, GET);
    run_until(bench, "first");
    assert_int_equal(rf_loop_fd_set(bench->loop, bench->fd, 0, NULL, NULL), RF_OK);
    close(bench->fd);
    bench->fd = -1;
    while (bench->ended == 0)
        run(bench);
    assert_int_equal(bench->ended, 1);
}

static void the_end_of_the_server_ends_it(void **state) {
    struct bench *bench = *state;
    bench->text = "first";
    ask(bench, GET);
    run_until(bench, "first");
    rf_http_server_destroy(&bench->server);
    assert_int_equal(bench->ended, 1);
}

static void a_head_request_gets_no_body(void **state) {
    struct bench *bench = *state;
    bench->text = "first";
    ask(bench, "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    while (!bench->closed)
        run(bench);
    assert_null(strstr(bench->received, "first"));
    assert_int_equal(bench->asked, 0);
    assert_int_equal(bench->ended, 1);
}

static void a_peer_that_knows_no_chunks_gets_it_plain(void **state) {
    struct bench *bench = *state;
    bench->text = "first";
    ask(bench, "GET / HTTP/1.0\r\nHost: x\r\n\r\n");
    run_until(bench, "first");
    bench->over = true;
    rf_http_exchange_wake(bench->exchange);
    while (!bench->closed)
        run(bench);
    assert_string_equal(strstr(bench->received, "\r\n\r\n") + 4, "first");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(pieces_come_when_they_are_there_and_then_the_end),
        TEST(who_has_nothing_is_left_alone_until_it_wakes),
        TEST(a_reader_that_does_not_read_is_not_asked_for),
        TEST(a_peer_that_leaves_ends_it),
        TEST(the_end_of_the_server_ends_it),
        TEST(a_head_request_gets_no_body),
        TEST(a_peer_that_knows_no_chunks_gets_it_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
