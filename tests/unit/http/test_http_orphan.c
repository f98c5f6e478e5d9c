// What becomes of a request whose transfer ended before the peer had all of it: the kernel goes on
// to send it, unless it is told not to. The peer here takes connections, and reads nothing until
// the transfer is over.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http/client.h"
#include "responder.h"
#include "runtime/loop.h"

#define BODY_SIZE ((size_t)256 * 1024) // more than the peer's buffer takes, less than our kernel's

struct peer {
    int listener;
    char url[64];
};

static void peer_open(struct peer *peer) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int few = 4096;
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(peer->listener >= 0);
    assert_int_equal(setsockopt(peer->listener, SOL_SOCKET, SO_RCVBUF, &few, sizeof few), 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(peer->listener, 4), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(peer->url, sizeof peer->url, "http://127.0.0.1:%d/Calls.json",
             ntohs(address.sin_port));
}

// Reads the first connection to its end; what its end was: 0, or the error.
static int read_to_the_end(struct peer *peer) {
    static char buffer[65536];
    int fd = accept(peer->listener, NULL, NULL), end;
    ssize_t got;
    assert_true(fd >= 0);
    while ((got = recv(fd, buffer, sizeof buffer, 0)) > 0)
        ;
    end = got < 0 ? errno : 0;
    close(fd);
    close(peer->listener);
    return end;
}

// This process's socket to the peer; -1: not connected yet.
static int socket_to(const struct peer *peer) {
    struct sockaddr_in wanted, there;
    socklen_t size = sizeof wanted;
    if (getsockname(peer->listener, (struct sockaddr *)&wanted, &size) != 0)
        return -1;
    for (int fd = 3; fd < 1024; fd++) {
        size = sizeof there;
        if (getpeername(fd, (struct sockaddr *)&there, &size) == 0 && there.sin_family == AF_INET &&
            there.sin_port == wanted.sin_port)
            return fd;
    }
    return -1;
}

struct sender {
    struct rf_loop *loop;
    struct rf_http *http;
    enum rf_http_failure failure;
    bool ended;
    const struct peer *peer;
    struct rf_timer look;
};

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct sender *sender = arg;
    sender->failure = reply->failure;
    sender->ended = true;
    rf_loop_stop(sender->loop);
}

static void sender_open(struct sender *sender) {
    struct rf_error error;
    *sender = (struct sender){.loop = rf_loop_new()};
    assert_non_null(sender->loop);
    assert_int_equal(rf_http_new(sender->loop, &sender->http, &error), RF_OK);
}

static void sender_close(struct sender *sender) {
    rf_http_destroy(&sender->http);
    rf_loop_destroy(&sender->loop);
}

static void begin(struct sender *sender, const char *url, bool fresh, struct rf_duration timeout) {
    static char body[BODY_SIZE];
    struct rf_error error;
    const struct rf_http_request request = {.method = "POST",
                                            .url = url,
                                            .body = body,
                                            .body_size = sizeof body,
                                            .connect_timeout = timeout,
                                            .timeout = timeout,
                                            .max_body_bytes = 1000,
                                            .fresh = fresh};
    assert_int_equal(rf_http_send(sender->http, &request, on_reply, sender, NULL, &error), RF_OK);
}

static void nothing_of_a_dial_arrives_after_its_transfer_has_timed_out(void **state) {
    (void)state;
    // Without `fresh`: the trap is real, and the peer gets all that was written, to its orderly
    // end.
    for (int fresh = 0; fresh < 2; fresh++) {
        struct sender sender;
        struct peer peer;
        struct rf_error error;
        peer_open(&peer);
        sender_open(&sender);
        begin(&sender, peer.url, fresh == 1, rf_seconds(2));
        assert_int_equal(rf_loop_run(sender.loop, &error), RF_OK);
        assert_true(sender.ended);
        assert_int_equal(sender.failure, RF_HTTP_TIMEOUT);
        assert_int_equal(read_to_the_end(&peer), fresh == 1 ? ECONNRESET : 0);
        sender_close(&sender);
    }
}

static void on_look(void *arg) {
    struct sender *sender = arg;
    int waits = 0, fd = socket_to(sender->peer);
    if (fd >= 0 && ioctl(fd, SIOCOUTQ, &waits) == 0 && waits > 0)
        rf_loop_stop(sender->loop);
    else
        rf_timer_after(&sender->look, rf_ms(5));
}

// Until a part of the request was written that the peer has not.
static bool run_until_stuck(struct sender *sender, const struct peer *peer) {
    struct rf_error error;
    sender->peer = peer;
    rf_timer_init(&sender->look, sender->loop, on_look, sender);
    rf_timer_after(&sender->look, rf_ms(5));
    return rf_loop_run(sender->loop, &error) == RF_OK && !sender->ended;
}

static void the_kernel_gives_up_by_itself_when_the_time_of_a_dial_is_over(void **state) {
    (void)state;
    for (int fresh = 0; fresh < 2; fresh++) {
        struct sender sender;
        struct peer peer;
        unsigned limit = 0;
        socklen_t size = sizeof limit;
        peer_open(&peer);
        sender_open(&sender);
        begin(&sender, peer.url, fresh == 1, rf_seconds(20));
        assert_true(run_until_stuck(&sender, &peer));
        assert_int_equal(getsockopt(socket_to(&peer), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, &size),
                         0);
        assert_int_equal(limit, fresh == 1 ? 20000 : 0);
        sender_close(&sender);
        close(peer.listener);
    }
}

static void nothing_of_a_dial_arrives_after_its_process_was_killed(void **state) {
    struct peer peer;
    int status, pipe_fds[2];
    char written;
    (void)state;
    peer_open(&peer);
    assert_int_equal(pipe(pipe_fds), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct sender sender;
        sender_open(&sender);
        begin(&sender, peer.url, true, rf_seconds(600));
        if (!run_until_stuck(&sender, &peer) || write(pipe_fds[1], "w", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(pipe_fds[0], &written, 1), 1);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    assert_int_equal(read_to_the_end(&peer), ECONNRESET);
}

// Over TLS as well, where the end of the connection is said in words: the whole answer is read, and
// its session is good for the next one.
static void the_whole_answer_to_a_dial_is_read_before_its_connection_goes(void **state) {
    static char reply[20000];
    const struct responder_step step = {RESPONDER_REPLY_CLOSE, reply};
    (void)state;
    int head = snprintf(reply, sizeof reply, "HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n");
    memset(reply + head, 'x', 900);
    for (int tls = 0; tls < 2; tls++) {
        struct responder *server = responder_new(&step, 1, tls == 1);
        char url[64];
        struct sender sender;
        struct rf_error error;
        snprintf(url, sizeof url, "%s://localhost:%d/Calls.json", tls == 1 ? "https" : "http",
                 responder_port(server));
        sender_open(&sender);
        for (int i = 0; i < 20; i++) {
            const struct rf_http_request request = {
                .method = "POST",
                .url = url,
                .body = "To=1",
                .body_size = 4,
                .connect_timeout = rf_seconds(20),
                .timeout = rf_seconds(20),
                .max_body_bytes = 1000,
                .ca_file = tls == 1 ? responder_certificate(server) : NULL,
                .fresh = true};
            sender.ended = false;
            assert_int_equal(rf_http_send(sender.http, &request, on_reply, &sender, NULL, &error),
                             RF_OK);
            assert_int_equal(rf_loop_run(sender.loop, &error), RF_OK);
            assert_true(sender.ended);
            assert_int_equal(sender.failure, RF_HTTP_NONE);
        }
        assert_int_equal(responder_requests(server), 20);
        assert_int_equal(responder_resumed(server), tls == 1 ? 19 : 0);
        sender_close(&sender);
        responder_destroy(&server);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_a_dial_arrives_after_its_transfer_has_timed_out),
        cmocka_unit_test(the_kernel_gives_up_by_itself_when_the_time_of_a_dial_is_over),
        cmocka_unit_test(nothing_of_a_dial_arrives_after_its_process_was_killed),
        cmocka_unit_test(the_whole_answer_to_a_dial_is_read_before_its_connection_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
