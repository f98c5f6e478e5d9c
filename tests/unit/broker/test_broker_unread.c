// Large frames that a peer does not read are counted, and given up when ZeroMQ has let go of them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unread.h"

static struct rf_peer peer_called(const char *name) {
    struct rf_peer peer = {.identity_size = (unsigned char)strlen(name)};
    memcpy(peer.identity, name, strlen(name));
    return peer;
}

static zmq_msg_t wrap(struct rf_unread_book *book, const struct rf_peer *peer, size_t size) {
    struct rf_frame frame = {calloc(1, size), size};
    zmq_msg_t message;
    assert_true(rf_unread_wrap(book, peer, &frame, &message));
    assert_null(frame.data);
    assert_int_equal(zmq_msg_size(&message), size);
    return message;
}

static void a_peer_is_full_until_its_frames_are_read_and_others_are_not(void **state) {
    (void)state;
    struct rf_unread_book book = {0};
    struct rf_peer slow = peer_called("slow"), quick = peer_called("quick");
    zmq_msg_t half = wrap(&book, &slow, RF_UNREAD_OF_ONE / 2);
    assert_false(rf_unread_full(&book, &slow));
    zmq_msg_t rest = wrap(&book, &slow, RF_UNREAD_OF_ONE / 2);
    assert_true(rf_unread_full(&book, &slow));
    assert_false(rf_unread_full(&book, &quick));
    zmq_msg_t other = wrap(&book, &quick, RF_UNREAD_LARGE);
    zmq_msg_close(&half);
    assert_false(rf_unread_full(&book, &slow));
    zmq_msg_close(&rest);
    zmq_msg_close(&other);
    assert_false(rf_unread_full(&book, &slow));
    rf_unread_fini(&book);
}

static void one_frame_may_be_larger_than_the_bound(void **state) {
    (void)state;
    struct rf_unread_book book = {0};
    struct rf_peer peer = peer_called("peer");
    assert_false(rf_unread_full(&book, &peer));
    zmq_msg_t message = wrap(&book, &peer, 2 * RF_UNREAD_OF_ONE);
    assert_true(rf_unread_full(&book, &peer));
    zmq_msg_close(&message);
    assert_false(rf_unread_full(&book, &peer));
    rf_unread_fini(&book);
}

static void a_peer_that_has_read_everything_is_forgotten(void **state) {
    (void)state;
    struct rf_unread_book book = {0};
    for (int i = 0; i < 3; i++) {
        struct rf_peer peer = {.identity_size = 1, .identity = {(unsigned char)i}};
        zmq_msg_t message = wrap(&book, &peer, RF_UNREAD_LARGE);
        zmq_msg_close(&message);
    }
    struct rf_peer nobody = peer_called("nobody");
    assert_false(rf_unread_full(&book, &nobody));
    assert_null(book.first);
    rf_unread_fini(&book);
}

static void frames_may_be_freed_after_the_book(void **state) {
    (void)state;
    struct rf_unread_book book = {0};
    struct rf_peer peer = peer_called("peer");
    zmq_msg_t first = wrap(&book, &peer, RF_UNREAD_LARGE);
    zmq_msg_t second = wrap(&book, &peer, RF_UNREAD_LARGE);
    rf_unread_fini(&book);
    assert_null(book.first);
    zmq_msg_close(&first);
    zmq_msg_close(&second);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_is_full_until_its_frames_are_read_and_others_are_not),
        cmocka_unit_test(one_frame_may_be_larger_than_the_bound),
        cmocka_unit_test(a_peer_that_has_read_everything_is_forgotten),
        cmocka_unit_test(frames_may_be_freed_after_the_book),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
