// Every frame that is received is given back, whatever a message looks like: counted here, as the
// sanitizer's suppressions (tests/lsan.txt) would not tell.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus/socket.h"
#include "runtime/loop.h"

#define ENDPOINT "inproc://received"

static char content[100]; // above what ZeroMQ keeps within the message itself

static void on_free(void *data, void *given_back) {
    (void)data;
    ++*(size_t *)given_back;
}

static void send_message(void *socket, size_t frames, size_t *given_back) {
    for (size_t i = 0; i < frames; i++) {
        zmq_msg_t frame;
        assert_int_equal(zmq_msg_init_data(&frame, content, sizeof content, on_free, given_back),
                         0);
        int flags = ZMQ_DONTWAIT | (i + 1 < frames ? ZMQ_SNDMORE : 0);
        assert_int_equal(zmq_msg_send(&frame, socket, flags), sizeof content);
    }
}

// From one frame to more than there is room for.
static void frames_are_given_back(void **state) {
    (void)state;
    struct rf_loop *loop = rf_loop_new();
    zsock_t *in = zsock_new_pull("@" ENDPOINT), *out = zsock_new_push(">" ENDPOINT);
    assert_true(loop != NULL && in != NULL && out != NULL);
    for (size_t frames = 1; frames <= RF_SOCKET_PARTS + 3; frames++) {
        size_t given_back = 0;
        struct rf_parts parts;
        send_message(zsock_resolve(out), frames, &given_back);
        assert_true(rf_socket_receive(loop, in, &parts));
        size_t kept = frames < RF_SOCKET_PARTS ? frames : RF_SOCKET_PARTS;
        assert_int_equal(parts.count, kept);
        assert_int_equal(given_back, frames - kept);
        rf_parts_free(&parts);
        assert_int_equal(given_back, frames);
        assert_false(rf_socket_receive(loop, in, &parts));
        assert_int_equal(parts.count, 0);
    }
    zsock_destroy(&out);
    zsock_destroy(&in);
    rf_loop_destroy(&loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(frames_are_given_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
