// Parcels over real sockets: what is sent is what comes, from several threads at once, and when a
// message is closed unsent or its socket is gone. That all memory is freed is the sanitizer's to
// tell.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "bus/parcel.h"

#define ENDPOINT "inproc://parcels"

static const size_t sizes[] = {0, 1, 29, 30, 33, 34, 200, 100000};
#define SIZES (sizeof sizes / sizeof sizes[0])

static void fill(unsigned char *bytes, size_t size, unsigned seed) {
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(seed + i * 7);
}

static void *open_socket(void *context, int type, bool bind) {
    void *socket = zmq_socket(context, type);
    int most = 0, linger = 0, patience_ms = 30000;
    assert_int_equal(zmq_setsockopt(socket, ZMQ_SNDHWM, &most, sizeof most), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_RCVHWM, &most, sizeof most), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger), 0);
    assert_int_equal(zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms), 0);
    assert_int_equal(bind ? zmq_bind(socket, ENDPOINT) : zmq_connect(socket, ENDPOINT), 0);
    return socket;
}

static void expect(void *socket, const unsigned char *bytes, size_t size) {
    zmq_msg_t message;
    zmq_msg_init(&message);
    assert_int_equal(zmq_msg_recv(&message, socket, 0), size);
    assert_memory_equal(zmq_msg_data(&message), bytes, size);
    zmq_msg_close(&message);
}

static void what_is_sent_is_a_copy_of_any_size(void **state) {
    (void)state;
    void *context = zmq_ctx_new();
    void *in = open_socket(context, ZMQ_PULL, true), *out = open_socket(context, ZMQ_PUSH, false);
    unsigned char *bytes = malloc(sizes[SIZES - 1]);
    for (unsigned i = 0; i < SIZES; i++) {
        fill(bytes, sizes[i], i);
        assert_int_equal(rf_parcel_send(out, bytes, sizes[i], i % 2 == 0 ? ZMQ_SNDMORE : 0),
                         sizes[i]);
        memset(bytes, 0, sizes[i]); // it was copied
    }
    for (unsigned i = 0; i < SIZES; i++) {
        fill(bytes, sizes[i], i);
        expect(in, bytes, sizes[i]);
    }
    free(bytes);
    zmq_close(in);
    zmq_close(out);
    zmq_ctx_term(context);
}

#define THREADS 4
#define EACH    2000

static void *send_many(void *context) {
    void *out = open_socket(context, ZMQ_PUSH, false);
    unsigned char bytes[300];
    for (unsigned i = 0; i < EACH; i++) {
        size_t size = 30 + i % 270;
        fill(bytes, size, i);
        memcpy(bytes, &i, sizeof i);
        if (rf_parcel_send(out, bytes, size, 0) < 0)
            return out;
    }
    zmq_close(out);
    return NULL;
}

// Whoever receives closes the messages while others are made: memory comes back to all at once.
static void several_threads_send_at_once(void **state) {
    (void)state;
    void *context = zmq_ctx_new(), *in = open_socket(context, ZMQ_PULL, true);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_many, context), 0);
    for (int n = 0; n < THREADS * EACH; n++) {
        unsigned char bytes[300];
        int size = zmq_recv(in, bytes, sizeof bytes, 0);
        unsigned i;
        assert_true(size >= 30);
        memcpy(&i, bytes, sizeof i);
        unsigned char expected[300];
        fill(expected, (size_t)size, i);
        assert_int_equal(size, 30 + i % 270);
        assert_memory_equal(bytes + sizeof i, expected + sizeof i, (size_t)size - sizeof i);
    }
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    zmq_close(in);
    zmq_ctx_term(context);
}

static void what_is_not_sent_says_so_and_leaves_nothing(void **state) {
    (void)state;
    void *context = zmq_ctx_new(), *out = zmq_socket(context, ZMQ_PUSH);
    char bytes[100] = "nobody is there";
    assert_int_equal(rf_parcel_send(out, bytes, sizeof bytes, 0), -1);
    assert_int_equal(zmq_errno(), EAGAIN);
    zmq_msg_t message;
    assert_true(rf_parcel_make(bytes, sizeof bytes, &message));
    zmq_msg_close(&message);
    zmq_close(out);
    zmq_ctx_term(context);
}

static void what_nobody_reads_is_let_go_of_with_its_socket(void **state) {
    (void)state;
    void *context = zmq_ctx_new();
    void *in = open_socket(context, ZMQ_PULL, true), *out = open_socket(context, ZMQ_PUSH, false);
    char bytes[100] = "unread";
    for (int i = 0; i < 100; i++)
        assert_int_equal(rf_parcel_send(out, bytes, sizeof bytes, 0), sizeof bytes);
    zmq_close(out);
    zmq_close(in);
    zmq_ctx_term(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_is_a_copy_of_any_size),
        cmocka_unit_test(several_threads_send_at_once),
        cmocka_unit_test(what_is_not_sent_says_so_and_leaves_nothing),
        cmocka_unit_test(what_nobody_reads_is_let_go_of_with_its_socket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
