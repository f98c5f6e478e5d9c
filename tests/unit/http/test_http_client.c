// The HTTP client against a raw server, on the real loop.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "http/client.h"
#include "responder.h"
#include "runtime/loop.h"

#define OK_REPLY                                                                                   \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nrequest-id: r1\r\nContent-Length: "            \
    "5\r\n\r\nhello"

// What is kept of a reply after its callback.
struct seen {
    struct rf_loop *loop;
    int wanted, calls;
    enum rf_http_failure failure;
    bool sent;
    long status;
    char body[64];
    char request_id[64];
    size_t body_size;
};

struct bench {
    struct rf_loop *loop;
    struct rf_http *http;
    struct rf_timer guard;
    struct seen seen;
    char url[64];
};

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct seen *seen = arg;
    const char *id = rf_http_reply_header(reply, "Request-Id");
    seen->calls++;
    seen->failure = reply->failure;
    seen->sent = reply->sent;
    seen->status = reply->status;
    seen->body_size = reply->body_size;
    snprintf(seen->body, sizeof seen->body, "%s", reply->body);
    snprintf(seen->request_id, sizeof seen->request_id, "%s", id != NULL ? id : "");
    if (seen->calls >= seen->wanted)
        rf_loop_stop(seen->loop);
}

static void on_guard(void *arg) {
    struct rf_loop *loop = arg;
    rf_loop_stop(loop);
}

static void bench_open(struct bench *bench) {
    struct rf_error error;
    *bench = (struct bench){.loop = rf_loop_new()};
    assert_non_null(bench->loop);
    assert_int_equal(rf_http_new(bench->loop, &bench->http, &error), RF_OK);
    rf_timer_init(&bench->guard, bench->loop, on_guard, bench->loop);
    bench->seen.loop = bench->loop;
}

static void bench_close(struct bench *bench) {
    rf_timer_stop(&bench->guard);
    rf_http_destroy(&bench->http);
    rf_loop_destroy(&bench->loop);
    assert_null(bench->http);
}

static void run(struct bench *bench, int wanted) {
    struct rf_error error;
    bench->seen.wanted = wanted;
    rf_timer_after(&bench->guard, rf_seconds(40));
    assert_int_equal(rf_loop_run(bench->loop, &error), RF_OK);
    assert_int_equal(bench->seen.calls, wanted);
}

static struct rf_http_request request_to(struct bench *bench, const char *scheme, int port) {
    snprintf(bench->url, sizeof bench->url, "%s:%d/v1/x", scheme, port);
    return (struct rf_http_request){
        .method = "POST",
        .url = bench->url,
        .body = "{}",
        .body_size = 2,
        .connect_timeout = rf_seconds(20),
        .timeout = rf_seconds(25),
        .max_body_bytes = 1000,
    };
}

static void perform(struct bench *bench, const struct rf_http_request *request) {
    struct rf_error error;
    bench->seen.calls = 0;
    assert_int_equal(rf_http_send(bench->http, request, on_reply, &bench->seen, NULL, &error),
                     RF_OK);
    assert_int_equal(bench->seen.calls, 0); // never from inside
    run(bench, 1);
}

// One POST to a server that does `step`; what came of it is in bench->seen.
static void post_once(struct bench *bench, struct responder_step step, size_t limit,
                      struct rf_duration timeout) {
    struct responder *server = responder_new(&step, 1, false);
    struct rf_http_request request = request_to(bench, "http://127.0.0.1", responder_port(server));
    request.max_body_bytes = limit;
    request.timeout = timeout;
    perform(bench, &request);
    responder_destroy(&server);
}

static void a_reply_comes_with_status_body_and_headers(void **state) {
    struct bench bench;
    (void)state;
    bench_open(&bench);
    struct responder_step step = {RESPONDER_REPLY, OK_REPLY};
    struct responder *server = responder_new(&step, 1, false);
    struct rf_http_request request = request_to(&bench, "http://127.0.0.1", responder_port(server));
    struct rf_http_header header = {"xi-api-key", "k"};
    request.headers = &header;
    request.header_count = 1;
    request.user = "AC1";
    request.password = "p";
    perform(&bench, &request);
    assert_int_equal(bench.seen.failure, RF_HTTP_NONE);
    assert_int_equal(bench.seen.status, 200);
    assert_string_equal(bench.seen.body, "hello");
    assert_string_equal(bench.seen.request_id, "r1");
    assert_true(bench.seen.sent);

    char *last = responder_last(server);
    assert_non_null(strstr(last, "POST /v1/x HTTP/1.1\r\n"));
    assert_non_null(strstr(last, "\r\nxi-api-key: k\r\n"));
    assert_non_null(strstr(last, "\r\nAuthorization: Basic QUMxOnA=\r\n"));
    assert_null(strcasestr(last, "expect:"));
    assert_null(strcasestr(last, "content-type:"));
    free(last);
    bench_close(&bench);
    responder_destroy(&server);
}

static void a_kept_connection_is_used_again_and_a_fresh_one_is_not(void **state) {
    struct bench bench;
    (void)state;
    bench_open(&bench);
    struct responder_step step = {RESPONDER_REPLY, OK_REPLY};
    struct responder *server = responder_new(&step, 1, false);
    struct rf_http_request request = request_to(&bench, "http://127.0.0.1", responder_port(server));
    perform(&bench, &request);
    perform(&bench, &request);
    assert_int_equal(responder_connections(server), 1);
    bench_close(&bench); // the responder serves one connection at a time

    bench_open(&bench);
    request = request_to(&bench, "http://127.0.0.1", responder_port(server));
    request.fresh = true;
    perform(&bench, &request);
    perform(&bench, &request);
    assert_int_equal(responder_connections(server), 3);
    assert_int_equal(responder_requests(server), 4);
    bench_close(&bench);
    responder_destroy(&server);
}

static void failures_are_told_apart(void **state) {
    (void)state;
    static const struct {
        struct responder_step step;
        size_t limit;
        int64_t timeout_ms;
        enum rf_http_failure failure;
        long status;
    } cases[] = {
        {{RESPONDER_CLOSE, NULL}, 1000, 10000, RF_HTTP_BROKEN, 0},
        {{RESPONDER_RESET, NULL}, 1000, 10000, RF_HTTP_BROKEN, 0},
        {{RESPONDER_REPLY_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"},
         1000,
         10000,
         RF_HTTP_TRUNCATED,
         200},
        {{RESPONDER_REPLY_CLOSE,
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"},
         1000,
         10000,
         RF_HTTP_TRUNCATED,
         200},
        {{RESPONDER_REPLY_CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world"},
         10,
         10000,
         RF_HTTP_TOO_LARGE,
         200},
        {{RESPONDER_REPLY_CLOSE, "HTTP/1.1 200 OK\r\n\r\nhello world"},
         10,
         10000,
         RF_HTTP_TOO_LARGE,
         200},
        {{RESPONDER_REPLY_CLOSE, "HTTP/1.1 200 OK\r\n\r\nhello worl"},
         10,
         10000,
         RF_HTTP_NONE,
         200},
        {{RESPONDER_STALL, ""}, 1000, 200, RF_HTTP_TIMEOUT, 0},
        {{RESPONDER_STALL, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"},
         1000,
         200,
         RF_HTTP_TIMEOUT,
         200},
        {{RESPONDER_DEAF, NULL}, 1000, 200, RF_HTTP_TIMEOUT, 0},
        {{RESPONDER_REPLY_CLOSE,
          "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"},
         1000,
         10000,
         RF_HTTP_NONE,
         302},
        {{RESPONDER_REPLY_CLOSE, "SSH-2.0-something\r\n\r\n"}, 1000, 10000, RF_HTTP_BROKEN, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench bench;
        bench_open(&bench);
        post_once(&bench, cases[i].step, cases[i].limit, rf_ms(cases[i].timeout_ms));
        if (bench.seen.failure != cases[i].failure || bench.seen.status != cases[i].status)
            fail_msg("case %zu: failure %d, status %ld", i, (int)bench.seen.failure,
                     bench.seen.status);
        assert_true(bench.seen.sent);
        bench_close(&bench);
    }
}

static void what_was_never_written_is_known_not_to_be_sent(void **state) {
    struct bench bench;
    (void)state;
    bench_open(&bench);
    struct responder_step step = {RESPONDER_REPLY, OK_REPLY};
    struct responder *server = responder_new(&step, 1, false);
    int port = responder_port(server);
    responder_destroy(&server); // nobody listens there now
    struct rf_http_request request = request_to(&bench, "http://127.0.0.1", port);
    perform(&bench, &request);
    assert_int_equal(bench.seen.failure, RF_HTTP_CONNECT);
    assert_false(bench.seen.sent);

    request.url = "http://no..such.host/";
    perform(&bench, &request);
    assert_int_equal(bench.seen.failure, RF_HTTP_RESOLVE);
    assert_false(bench.seen.sent);
    bench_close(&bench);
}

static void a_certificate_must_verify_for_its_name(void **state) {
    struct bench bench;
    (void)state;
    bench_open(&bench);
    struct responder_step step = {RESPONDER_REPLY, OK_REPLY};
    struct responder *server = responder_new(&step, 1, true);
    struct rf_http_request request =
        request_to(&bench, "https://localhost", responder_port(server));
    request.fresh = true;
    perform(&bench, &request);
    assert_int_equal(bench.seen.failure, RF_HTTP_CERTIFICATE);
    assert_false(bench.seen.sent);

    request.ca_file = responder_certificate(server);
    perform(&bench, &request);
    assert_int_equal(bench.seen.failure, RF_HTTP_NONE);
    assert_int_equal(bench.seen.status, 200);

    request.ca_file = "/nonexistent/ca.pem";
    perform(&bench, &request);
    assert_int_equal(bench.seen.failure, RF_HTTP_CERTIFICATE);

    request = request_to(&bench, "https://127.0.0.1", responder_port(server));
    request.ca_file = responder_certificate(server);
    perform(&bench, &request);
    assert_int_equal(bench.seen.failure, RF_HTTP_CERTIFICATE);
    assert_false(bench.seen.sent);
    assert_int_equal(responder_requests(server), 1);
    bench_close(&bench);
    responder_destroy(&server);
}

static void a_new_connection_resumes_the_tls_session_of_an_old_one(void **state) {
    struct bench bench;
    (void)state;
    bench_open(&bench);
    struct responder_step step = {RESPONDER_REPLY, OK_REPLY};
    struct responder *server = responder_new(&step, 1, true);
    struct rf_http_request request =
        request_to(&bench, "https://localhost", responder_port(server));
    request.ca_file = responder_certificate(server);
    request.fresh = true;
    for (int i = 0; i < 3; i++) {
        perform(&bench, &request);
        assert_int_equal(bench.seen.failure, RF_HTTP_NONE);
    }
    assert_int_equal(responder_connections(server), 3);
    assert_int_equal(responder_resumed(server), 2);
    bench_close(&bench);
    responder_destroy(&server);
}

static void incident_41_a_body_that_stops_or_does_not_begin_is_ended(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        enum rf_http_failure failure;
    } cases[] = {
        {"", RF_HTTP_FIRST_BYTE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", RF_HTTP_FIRST_BYTE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", RF_HTTP_STALLED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bench bench;
        bench_open(&bench);
        struct responder_step step = {RESPONDER_STALL, cases[i].bytes};
        struct responder *server = responder_new(&step, 1, false);
        struct rf_http_request request =
            request_to(&bench, "http://127.0.0.1", responder_port(server));
        request.first_byte_timeout = rf_ms(150);
        request.stall_timeout = rf_ms(100);
        request.min_speed_bytes = 10;
        perform(&bench, &request);
        if (bench.seen.failure != cases[i].failure)
            fail_msg("case %zu: failure %d", i, (int)bench.seen.failure);
        assert_true(bench.seen.sent);
        responder_destroy(&server);
        bench_close(&bench);
    }
}

// A handle that served one kind of request serves the next kind with nothing of the first.
static void a_handle_that_is_used_again_keeps_nothing_of_its_last_request(void **state) {
    struct bench bench;
    (void)state;
    bench_open(&bench);
    struct responder_step step = {RESPONDER_REPLY, OK_REPLY};
    struct responder *server = responder_new(&step, 1, false);
    struct rf_http_request first = request_to(&bench, "http://127.0.0.1", responder_port(server));
    struct rf_http_header header = {"xi-api-key", "first-key"};
    first.method = "PUT";
    first.headers = &header;
    first.header_count = 1;
    first.user = "AC1";
    first.password = "p";
    perform(&bench, &first);
    struct rf_http_request second = first;
    second.method = "GET";
    second.header_count = 0;
    second.user = second.password = NULL;
    second.body = NULL;
    second.body_size = 0;
    perform(&bench, &second);
    char *last = responder_last(server);
    assert_non_null(strstr(last, "GET /v1/x HTTP/1.1\r\n"));
    assert_null(strstr(last, "first-key"));
    assert_null(strcasestr(last, "authorization"));
    assert_null(strcasestr(last, "content-length"));
    free(last);
    second = first;
    second.method = "POST";
    perform(&bench, &second);
    last = responder_last(server);
    assert_non_null(strstr(last, "POST /v1/x HTTP/1.1\r\n"));
    assert_non_null(strstr(last, "\r\n\r\n{}"));
    free(last);
    bench_close(&bench);
    responder_destroy(&server);
}

static void plain_http_on_a_tls_address_is_a_handshake_failure(void **state) {
    struct bench bench;
    (void)state;
    bench_open(&bench);
    struct responder_step step = {RESPONDER_GREET, "HTTP/1.1 400 Bad Request\r\n\r\n"};
    struct responder *server = responder_new(&step, 1, false);
    struct rf_http_request request =
        request_to(&bench, "https://localhost", responder_port(server));
    perform(&bench, &request);
    assert_int_equal(bench.seen.failure, RF_HTTP_TLS);
    assert_false(bench.seen.sent);
    bench_close(&bench);
    responder_destroy(&server);
}

// libcurl by itself sends a POST again when a connection that it reuses is closed without a reply
// byte.
static void incident_16_a_dial_on_a_dying_connection_is_seen_once(void **state) {
    struct bench bench;
    (void)state;
    static const struct responder_step steps[] = {
        {RESPONDER_REPLY, OK_REPLY}, {RESPONDER_CLOSE, NULL}, {RESPONDER_REPLY, OK_REPLY}};

    // Without `fresh`: the trap is real. The closed POST is repeated, and the server sees three
    // requests.
    bench_open(&bench);
    struct responder *server = responder_new(steps, 3, false);
    struct rf_http_request request = request_to(&bench, "http://127.0.0.1", responder_port(server));
    perform(&bench, &request);
    perform(&bench, &request);
    assert_int_equal(bench.seen.failure, RF_HTTP_NONE);
    assert_int_equal(responder_requests(server), 3);
    bench_close(&bench);
    responder_destroy(&server);

    // With it: one request, and the answer is that nothing is known.
    bench_open(&bench);
    server = responder_new(steps, 3, false);
    request = request_to(&bench, "http://127.0.0.1", responder_port(server));
    request.fresh = true;
    perform(&bench, &request);
    perform(&bench, &request);
    assert_int_equal(bench.seen.failure, RF_HTTP_BROKEN);
    assert_true(bench.seen.sent);
    assert_int_equal(responder_requests(server), 2);
    bench_close(&bench);
    responder_destroy(&server);
}

static void nothing_is_written_after_send_before(void **state) {
    struct bench bench;
    (void)state;
    bench_open(&bench);
    struct responder_step step = {RESPONDER_REPLY, OK_REPLY};
    struct responder *server = responder_new(&step, 1, false);
    struct rf_http_request request = request_to(&bench, "http://127.0.0.1", responder_port(server));
    request.fresh = true;
    request.send_before = rf_utc_add(rf_clock_utc(), rf_ms(-1));
    perform(&bench, &request);
    assert_int_equal(bench.seen.failure, RF_HTTP_TOO_LATE);
    assert_false(bench.seen.sent);
    assert_int_equal(responder_requests(server), 0);

    request.send_before = rf_utc_add(rf_clock_utc(), rf_seconds(60));
    perform(&bench, &request);
    assert_int_equal(bench.seen.failure, RF_HTTP_NONE);
    bench_close(&bench);
    responder_destroy(&server);
}

static bool lets_write;

static bool answer_written(void *arg) {
    (void)arg;
    return lets_write;
}

static void nothing_is_written_that_its_owner_holds_back(void **state) {
    struct bench bench;
    (void)state;
    for (int fresh = 0; fresh < 2; fresh++) {
        bench_open(&bench);
        struct responder_step step = {RESPONDER_REPLY, OK_REPLY};
        struct responder *server = responder_new(&step, 1, false);
        struct rf_http_request request =
            request_to(&bench, "http://127.0.0.1", responder_port(server));
        request.written = answer_written;
        request.fresh = fresh;
        lets_write = false;
        perform(&bench, &request);
        assert_int_equal(bench.seen.failure, RF_HTTP_HELD_BACK);
        assert_false(bench.seen.sent);
        assert_int_equal(responder_requests(server), 0);
        lets_write = true;
        perform(&bench, &request);
        assert_int_equal(bench.seen.failure, RF_HTTP_NONE);
        assert_int_equal(responder_requests(server), 1);
        bench_close(&bench);
        responder_destroy(&server);
    }
}

static void a_cancelled_transfer_is_never_told(void **state) {
    struct bench bench;
    struct rf_error error;
    struct rf_http_transfer *transfer;
    struct seen cancelled = {0};
    (void)state;
    bench_open(&bench);
    struct responder_step step = {RESPONDER_REPLY, OK_REPLY};
    struct responder *server = responder_new(&step, 1, false);
    struct rf_http_request request = request_to(&bench, "http://127.0.0.1", responder_port(server));
    assert_int_equal(rf_http_send(bench.http, &request, on_reply, &cancelled, &transfer, &error),
                     RF_OK);
    rf_http_cancel(transfer);
    perform(&bench, &request);
    assert_int_equal(cancelled.calls, 0);

    // Destroying the client with transfers under way tells nobody, and leaks nothing.
    assert_int_equal(rf_http_send(bench.http, &request, on_reply, &cancelled, &transfer, &error),
                     RF_OK);
    bench_close(&bench);
    assert_int_equal(cancelled.calls, 0);
    responder_destroy(&server);
}

static void many_are_under_way_at_once(void **state) {
    struct bench bench;
    struct rf_error error;
    (void)state;
    bench_open(&bench);
    struct responder_step step = {RESPONDER_REPLY_CLOSE, OK_REPLY};
    struct responder *server = responder_new(&step, 1, false);
    struct rf_http_request request = request_to(&bench, "http://127.0.0.1", responder_port(server));
    for (int i = 0; i < 50; i++)
        assert_int_equal(rf_http_send(bench.http, &request, on_reply, &bench.seen, NULL, &error),
                         RF_OK);
    run(&bench, 50);
    assert_int_equal(bench.seen.failure, RF_HTTP_NONE);
    assert_int_equal(responder_requests(server), 50);
    bench_close(&bench);
    responder_destroy(&server);
}

static void an_injected_header_begins_nothing(void **state) {
    struct bench bench;
    struct rf_error error;
    (void)state;
    bench_open(&bench);
    struct rf_http_request request = request_to(&bench, "http://127.0.0.1", 1);
    struct rf_http_header header = {"X-Name", "secret\r\nX-Evil: 1"};
    request.headers = &header;
    request.header_count = 1;
    assert_int_equal(rf_http_send(bench.http, &request, on_reply, &bench.seen, NULL, &error),
                     RF_ERR_INVALID);
    assert_null(strstr(error.message, "secret"));
    request.header_count = 0;
    request.method = "DELETE";
    assert_int_equal(rf_http_send(bench.http, &request, on_reply, &bench.seen, NULL, &error),
                     RF_ERR_INVALID);
    request.method = "POST";
    request.timeout = rf_ns(0);
    assert_int_equal(rf_http_send(bench.http, &request, on_reply, &bench.seen, NULL, &error),
                     RF_ERR_INVALID);
    request.timeout = rf_seconds(1);
    request.url = "file:///etc/passwd"; // a protocol that is not ours
    perform(&bench, &request);
    assert_int_equal(bench.seen.failure, RF_HTTP_OTHER);
    assert_false(bench.seen.sent);
    bench_close(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_comes_with_status_body_and_headers),
        cmocka_unit_test(a_kept_connection_is_used_again_and_a_fresh_one_is_not),
        cmocka_unit_test(failures_are_told_apart),
        cmocka_unit_test(what_was_never_written_is_known_not_to_be_sent),
        cmocka_unit_test(a_certificate_must_verify_for_its_name),
        cmocka_unit_test(a_new_connection_resumes_the_tls_session_of_an_old_one),
        cmocka_unit_test(incident_41_a_body_that_stops_or_does_not_begin_is_ended),
        cmocka_unit_test(a_handle_that_is_used_again_keeps_nothing_of_its_last_request),
        cmocka_unit_test(plain_http_on_a_tls_address_is_a_handshake_failure),
        cmocka_unit_test(incident_16_a_dial_on_a_dying_connection_is_seen_once),
        cmocka_unit_test(nothing_is_written_after_send_before),
        cmocka_unit_test(nothing_is_written_that_its_owner_holds_back),
        cmocka_unit_test(a_cancelled_transfer_is_never_told),
        cmocka_unit_test(many_are_under_way_at_once),
        cmocka_unit_test(an_injected_header_begins_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
