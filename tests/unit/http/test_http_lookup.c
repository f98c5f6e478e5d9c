// What becomes of a host that libcurl cannot resolve, with a resolver of ours. The host in use has
// an empty label, so that libcurl's own look-up fails without asking any name server.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>

#include "http/client.h"
#include "responder.h"
#include "runtime/loop.h"

#define NOWHERE "http://no..where:1/v1/x"

struct bench {
    struct rf_loop *loop;
    struct rf_http *http;
    struct rf_timer guard;
    int wanted, calls;
    enum rf_http_failure failure;
    bool sent;
    long status;
    char error_text[200];
    int64_t took_ns;

    pthread_mutex_t mutex; // of what follows
    pthread_cond_t changed;
    bool held; // the resolver does not return
    int code, asked;
    char host[64];
};

static int resolve(void *arg, const char *host) {
    struct bench *b = arg;
    pthread_mutex_lock(&b->mutex);
    b->asked++;
    snprintf(b->host, sizeof b->host, "%s", host);
    pthread_cond_broadcast(&b->changed);
    while (b->held)
        pthread_cond_wait(&b->changed, &b->mutex);
    int code = b->code;
    pthread_mutex_unlock(&b->mutex);
    return code;
}

static void hold(struct bench *b, bool held) {
    pthread_mutex_lock(&b->mutex);
    b->held = held;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->mutex);
}

static int asked(struct bench *b) {
    pthread_mutex_lock(&b->mutex);
    int count = b->asked;
    pthread_mutex_unlock(&b->mutex);
    return count;
}

// All threads but this one have ended: what they held is free.
static void wait_for_threads(void) {
    for (int threads = 2; threads > 1; sched_yield()) {
        DIR *folder = opendir("/proc/self/task");
        assert_non_null(folder);
        threads = 0;
        for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
            threads += entry->d_name[0] != '.';
        closedir(folder);
    }
}

static void stop(void *arg) {
    struct bench *b = arg;
    rf_loop_stop(b->loop);
}

static void open_bench(struct bench *b) {
    struct rf_error error;
    *b = (struct bench){.loop = rf_loop_new()};
    struct rf_http_options options = {.resolve = resolve, .resolve_arg = b};
    assert_non_null(b->loop);
    pthread_mutex_init(&b->mutex, NULL);
    pthread_cond_init(&b->changed, NULL);
    assert_int_equal(rf_http_new_with(b->loop, &options, &b->http, &error), RF_OK);
    rf_timer_init(&b->guard, b->loop, stop, b);
}

static void close_bench(struct bench *b) {
    rf_timer_stop(&b->guard);
    rf_http_destroy(&b->http);
    rf_loop_destroy(&b->loop);
    hold(b, false);
    wait_for_threads();
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->mutex);
}

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct bench *b = arg;
    b->calls++;
    b->failure = reply->failure;
    b->sent = reply->sent;
    b->status = reply->status;
    b->took_ns = reply->took.ns;
    snprintf(b->error_text, sizeof b->error_text, "%s", reply->error_text);
    if (b->calls == b->wanted)
        rf_loop_stop(b->loop);
}

static struct rf_http_transfer *begin(struct bench *b, const char *url, struct rf_duration connect,
                                      struct rf_duration timeout) {
    struct rf_error error;
    struct rf_http_transfer *transfer;
    struct rf_http_request request = {
        .method = "POST",
        .url = url,
        .body = "{}",
        .body_size = 2,
        .connect_timeout = connect,
        .timeout = timeout,
        .max_body_bytes = 1000,
    };
    assert_int_equal(rf_http_send(b->http, &request, on_reply, b, &transfer, &error), RF_OK);
    return transfer;
}

static void run(struct bench *b, int wanted) {
    struct rf_error error;
    b->wanted = wanted;
    rf_timer_after(&b->guard, rf_seconds(40));
    assert_int_equal(rf_loop_run(b->loop, &error), RF_OK);
    assert_int_equal(b->calls, wanted);
}

// The loop goes on until the resolver was asked.
static void on_poll(void *arg) {
    struct bench *b = arg;
    if (asked(b) > 0)
        rf_loop_stop(b->loop);
    else
        rf_timer_after(&b->guard, rf_ms(1));
}

static void run_until_asked(struct bench *b) {
    struct rf_error error;
    rf_timer_init(&b->guard, b->loop, on_poll, b);
    rf_timer_after(&b->guard, rf_ns(0));
    assert_int_equal(rf_loop_run(b->loop, &error), RF_OK);
    rf_timer_init(&b->guard, b->loop, stop, b);
}

static void an_unknown_host_is_told_from_a_silent_name_server(void **state) {
    (void)state;
    static const struct {
        int code;
        enum rf_http_failure failure;
    } cases[] = {
        {EAI_NONAME, RF_HTTP_RESOLVE},     {EAI_NODATA, RF_HTTP_RESOLVE},
        {EAI_ADDRFAMILY, RF_HTTP_RESOLVE}, {EAI_AGAIN, RF_HTTP_RESOLVER},
        {EAI_FAIL, RF_HTTP_RESOLVER},      {EAI_SYSTEM, RF_HTTP_RESOLVER},
        {EAI_MEMORY, RF_HTTP_RESOLVER},    {0, RF_HTTP_RESOLVER}, // it was away for a moment
    };
    struct bench b;
    open_bench(&b);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        b.calls = b.asked = 0;
        b.code = cases[i].code;
        begin(&b, NOWHERE, rf_seconds(20), rf_seconds(25));
        assert_int_equal(b.calls, 0);
        run(&b, 1);
        if (b.failure != cases[i].failure)
            fail_msg("code %d: failure %d", cases[i].code, (int)b.failure);
        assert_false(b.sent);
        assert_int_equal(b.status, 0);
        assert_int_equal(asked(&b), 1);
        assert_string_equal(b.host, "no..where");
        assert_non_null(strstr(b.error_text, "no..where"));
        wait_for_threads(); // before the next writes to `b`
    }
    close_bench(&b);
}

static void a_mail_to_an_unknown_host_is_judged_alike(void **state) {
    (void)state;
    struct bench b;
    struct rf_error error;
    const char *to[] = {"ops@example.com"};
    struct rf_mail mail = {
        .url = "smtp://no..where:25",
        .from = "ringfence@example.com",
        .to = to,
        .to_count = 1,
        .message = "Subject: x\r\n\r\nx\r\n",
        .message_size = 17,
        .connect_timeout = rf_seconds(20),
        .timeout = rf_seconds(25),
    };
    open_bench(&b);
    b.code = EAI_AGAIN;
    assert_int_equal(rf_mail_send(b.http, &mail, on_reply, &b, NULL, &error), RF_OK);
    run(&b, 1);
    assert_int_equal(b.failure, RF_HTTP_RESOLVER);
    assert_string_equal(b.host, "no..where");
    close_bench(&b);
}

static void a_silent_name_server_holds_up_nothing_beyond_the_time_to_connect(void **state) {
    (void)state;
    struct bench b;
    char url[64];
    static const struct responder_step step = {RESPONDER_REPLY_CLOSE,
                                               "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
    struct responder *server = responder_new(&step, 1, false);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", responder_port(server));
    open_bench(&b);
    hold(&b, true);
    begin(&b, NOWHERE, rf_ms(300), rf_seconds(25));
    run_until_asked(&b);
    assert_int_equal(b.calls, 0);
    begin(&b, url, rf_seconds(20), rf_seconds(25)); // others go on
    run(&b, 1);
    assert_int_equal(b.failure, RF_HTTP_NONE);
    run(&b, 2);
    assert_int_equal(b.failure, RF_HTTP_RESOLVER);
    assert_false(b.sent);
    assert_in_range(b.took_ns, 300 * RF_NS_PER_MS, 20 * RF_NS_PER_S);

    // The look-up still runs: no second thread for the host, and what is left of the total time
    // is the limit if that is less.
    begin(&b, NOWHERE, rf_ms(200), rf_ms(200));
    run(&b, 3);
    assert_int_equal(b.failure, RF_HTTP_RESOLVER);
    assert_int_equal(asked(&b), 1);
    responder_destroy(&server); // its thread is not one of those that close_bench waits for
    close_bench(&b);
}

static void all_that_ask_for_a_host_share_one_look_up(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b);
    hold(&b, true);
    b.code = EAI_NONAME;
    for (int i = 0; i < 20; i++)
        begin(&b, NOWHERE, rf_seconds(20), rf_seconds(25));
    run_until_asked(&b);
    hold(&b, false);
    run(&b, 20);
    assert_int_equal(b.failure, RF_HTTP_RESOLVE);
    assert_true(asked(&b) < 20); // those that libcurl gave up later may ask again
    close_bench(&b);
}

static void a_transfer_is_cancelled_while_its_host_is_looked_up(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b);
    hold(&b, true);
    b.code = EAI_NONAME;
    struct rf_http_transfer *first = begin(&b, NOWHERE, rf_seconds(20), rf_seconds(25));
    begin(&b, NOWHERE, rf_seconds(20), rf_seconds(25));
    run_until_asked(&b);
    rf_http_cancel(first);
    hold(&b, false);
    run(&b, 1);
    assert_int_equal(b.failure, RF_HTTP_RESOLVE);
    close_bench(&b);
}

static void a_client_is_destroyed_while_a_look_up_runs(void **state) {
    (void)state;
    struct bench b;
    open_bench(&b);
    hold(&b, true);
    begin(&b, NOWHERE, rf_seconds(20), rf_seconds(25));
    run_until_asked(&b);
    rf_http_destroy(&b.http); // with the look-up held: it does not wait
    assert_null(b.http);
    hold(&b, false); // the thread ends later, and rings nobody
    wait_for_threads();
    assert_int_equal(b.calls, 0);
    close_bench(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_host_is_told_from_a_silent_name_server),
        cmocka_unit_test(a_mail_to_an_unknown_host_is_judged_alike),
        cmocka_unit_test(a_silent_name_server_holds_up_nothing_beyond_the_time_to_connect),
        cmocka_unit_test(all_that_ask_for_a_host_share_one_look_up),
        cmocka_unit_test(a_transfer_is_cancelled_while_its_host_is_looked_up),
        cmocka_unit_test(a_client_is_destroyed_while_a_look_up_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
