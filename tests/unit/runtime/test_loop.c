#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <czmq.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "runtime/loop.h"
#include "runtime/timer.h"

static void the_heap_gives_timers_in_order_of_due_over_random_changes(void **state) {
    (void)state;
    enum { COUNT = 200 };
    struct rf_timer timers[COUNT] = {0};
    struct rf_timer_heap heap = {0};
    uint64_t seed = 42;
    for (int round = 0; round < 20000; round++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        struct rf_timer *timer = &timers[(seed >> 33) % COUNT];
        if ((seed >> 60) < 4) {
            rf_timer_heap_take(&heap, timer);
        } else {
            timer->due.ns = (int64_t)((seed >> 20) % 1000);
            assert_true(rf_timer_heap_put(&heap, timer));
        }
        struct rf_timer *first = rf_timer_heap_first(&heap);
        size_t running = 0;
        for (size_t i = 0; i < COUNT; i++) {
            if (timers[i].place == 0)
                continue;
            running++;
            assert_ptr_equal(heap.items[timers[i].place], &timers[i]);
            assert_true(first->due.ns <= timers[i].due.ns);
        }
        assert_int_equal(running, heap.count);
    }
    rf_timer_heap_fini(&heap);
}

struct stage {
    struct rf_loop *loop;
    struct rf_timer timers[3];
    int order[3];
    int fired;
    int fds[2];
    int reads;
    zsock_t *sockets[2];
    int messages;
};

static void on_timer(void *arg, int which) {
    struct stage *stage = arg;
    assert_true(rf_loop_now(stage->loop).ns >= stage->timers[which].due.ns);
    stage->order[stage->fired++] = which;
    if (stage->fired == 2)
        rf_loop_stop(stage->loop);
}

static void on_timer_0(void *arg) {
    on_timer(arg, 0);
}

static void on_timer_1(void *arg) {
    on_timer(arg, 1);
}

static void on_timer_2(void *arg) {
    on_timer(arg, 2);
}

static void timers_fire_in_order_and_never_early_and_a_stopped_one_never(void **state) {
    (void)state;
    struct stage stage = {.loop = rf_loop_new()};
    struct rf_error error;
    assert_non_null(stage.loop);
    rf_timer_init(&stage.timers[0], stage.loop, on_timer_0, &stage);
    rf_timer_init(&stage.timers[1], stage.loop, on_timer_1, &stage);
    rf_timer_init(&stage.timers[2], stage.loop, on_timer_2, &stage);
    rf_timer_after(&stage.timers[0], rf_ms(30));
    rf_timer_after(&stage.timers[1], rf_ms(10));
    rf_timer_after(&stage.timers[2], rf_ms(5));
    rf_timer_stop(&stage.timers[2]);
    assert_false(rf_timer_running(&stage.timers[2]));
    assert_int_equal(rf_loop_run(stage.loop, &error), RF_OK);
    assert_int_equal(stage.order[0], 1);
    assert_int_equal(stage.order[1], 0);
    rf_loop_destroy(&stage.loop);
}

static void on_second_fd(void *arg, int fd, unsigned events) {
    (void)arg;
    (void)fd;
    (void)events;
    fail_msg("a descriptor that was removed in the same pass was handled");
}

static void on_first_fd(void *arg, int fd, unsigned events) {
    struct stage *stage = arg;
    assert_int_equal(events, RF_LOOP_READ);
    stage->reads++;
    // The other end is ready in this same pass: nobody may hear of it after its removal.
    int other = fd == stage->fds[0] ? stage->fds[1] : stage->fds[0];
    assert_int_equal(rf_loop_fd_set(stage->loop, other, 0, NULL, NULL), RF_OK);
    assert_int_equal(rf_loop_fd_set(stage->loop, other, RF_LOOP_READ, on_second_fd, NULL), RF_OK);
    assert_int_equal(rf_loop_fd_set(stage->loop, other, 0, NULL, NULL), RF_OK);
    rf_loop_stop(stage->loop);
}

static void a_descriptor_removed_by_another_handler_is_not_handled_any_more(void **state) {
    (void)state;
    struct stage stage = {.loop = rf_loop_new()};
    struct rf_error error;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stage.fds), 0);
    assert_int_equal(write(stage.fds[0], "x", 1), 1);
    assert_int_equal(write(stage.fds[1], "x", 1), 1);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            rf_loop_fd_set(stage.loop, stage.fds[i], RF_LOOP_READ, on_first_fd, &stage), RF_OK);
    assert_int_equal(rf_loop_run(stage.loop, &error), RF_OK);
    assert_int_equal(stage.reads, 1);
    rf_loop_destroy(&stage.loop);
    close(stage.fds[0]);
    close(stage.fds[1]);
}

static void on_kept_fd(void *arg, int fd, unsigned events) {
    struct stage *stage = arg;
    char byte;
    assert_int_equal(events, RF_LOOP_READ);
    assert_int_equal(read(fd, &byte, 1), 1);
    stage->reads++;
    rf_loop_stop(stage->loop);
}

static void on_end(void *arg) {
    rf_loop_stop(arg);
}

static void run_a_while(struct stage *stage) {
    struct rf_error error;
    rf_timer_init(&stage->timers[0], stage->loop, on_end, stage->loop);
    rf_timer_after(&stage->timers[0], rf_ms(5));
    assert_int_equal(rf_loop_run(stage->loop, &error), RF_OK);
    rf_timer_stop(&stage->timers[0]);
}

static void
a_kept_descriptor_is_heard_of_only_while_it_is_watched_and_again_after_its_number(void **state) {
    (void)state;
    struct stage stage = {.loop = rf_loop_new()};
    for (int life = 0; life < 2; life++) { // the second has the numbers of the first
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, stage.fds), 0);
        stage.reads = 0;
        assert_int_equal(rf_loop_fd_keep(stage.loop, stage.fds[0]), RF_OK);
        for (int use = 0; use < 2; use++) {
            assert_int_equal(
                rf_loop_fd_set(stage.loop, stage.fds[0], RF_LOOP_READ, on_kept_fd, &stage), RF_OK);
            assert_int_equal(write(stage.fds[1], "x", 1), 1);
            run_a_while(&stage);
            assert_int_equal(stage.reads, use + 1);
            assert_int_equal(rf_loop_fd_set(stage.loop, stage.fds[0], 0, NULL, NULL), RF_OK);
        }
        assert_int_equal(write(stage.fds[1], "y", 1), 1);
        run_a_while(&stage);
        assert_int_equal(stage.reads, 2);
        assert_int_equal(rf_loop_fd_set(stage.loop, stage.fds[0], RF_LOOP_READ, on_kept_fd, &stage),
                         RF_OK);
        run_a_while(&stage); // what came unheard is still there
        assert_int_equal(stage.reads, 3);
        rf_loop_fd_release(stage.loop, stage.fds[0]);
        close(stage.fds[0]);
        close(stage.fds[1]);
    }
    rf_loop_destroy(&stage.loop);
}

// Takes one message, if there is one.
static bool take_message(zsock_t *socket) {
    char text[16];
    return zmq_recv(zsock_resolve(socket), text, sizeof text, ZMQ_DONTWAIT) >= 0;
}

static void on_message(void *arg, zsock_t *socket) {
    struct stage *stage = arg;
    if (!take_message(socket))
        return;
    if (++stage->messages == 2) {
        rf_loop_socket_remove(stage->loop, socket);
        rf_loop_stop(stage->loop);
    } else {
        zstr_send(stage->sockets[0], "again");
    }
}

static void a_socket_is_read_and_may_remove_itself(void **state) {
    (void)state;
    struct stage stage = {.loop = rf_loop_new()};
    struct rf_error error;
    stage.sockets[0] = zsock_new(ZMQ_PAIR);
    stage.sockets[1] = zsock_new(ZMQ_PAIR);
    zsock_bind(stage.sockets[0], "inproc://test-loop");
    zsock_connect(stage.sockets[1], "inproc://test-loop");
    assert_int_equal(rf_loop_socket_add(stage.loop, stage.sockets[1], on_message, &stage), RF_OK);
    zstr_send(stage.sockets[0], "first");
    assert_int_equal(rf_loop_run(stage.loop, &error), RF_OK);
    assert_int_equal(stage.messages, 2);
    rf_loop_destroy(&stage.loop);
    zsock_destroy(&stage.sockets[0]);
    zsock_destroy(&stage.sockets[1]);
}

static void on_waiting_message(void *arg, zsock_t *socket) {
    struct stage *stage = arg;
    stage->messages += take_message(socket);
}

static void on_late_timer(void *arg) {
    struct stage *stage = arg;
    assert_int_equal(stage->messages, 2);
    rf_loop_stop(stage->loop);
}

// As after a pause of the whole process: everything is ready at once.
static void messages_that_wait_are_read_before_a_timer_that_was_due_acts(void **state) {
    (void)state;
    struct stage stage = {.loop = rf_loop_new()};
    struct rf_error error;
    zsock_t *writers[2];
    for (int i = 0; i < 2; i++) {
        char endpoint[40];
        snprintf(endpoint, sizeof endpoint, "inproc://test-late-%d", i);
        writers[i] = zsock_new(ZMQ_PAIR);
        stage.sockets[i] = zsock_new(ZMQ_PAIR);
        zsock_bind(stage.sockets[i], "%s", endpoint);
        zsock_connect(writers[i], "%s", endpoint);
        zstr_send(writers[i], "waits");
        assert_int_equal(
            rf_loop_socket_add(stage.loop, stage.sockets[i], on_waiting_message, &stage), RF_OK);
    }
    rf_timer_init(&stage.timers[0], stage.loop, on_late_timer, &stage);
    rf_timer_at(&stage.timers[0], (struct rf_instant){rf_clock_now().ns - RF_NS_PER_S});
    assert_int_equal(rf_loop_run(stage.loop, &error), RF_OK);
    rf_loop_destroy(&stage.loop);
    for (int i = 0; i < 2; i++) {
        zsock_destroy(&writers[i]);
        zsock_destroy(&stage.sockets[i]);
    }
}

static void on_swallowed(void *arg, zsock_t *socket) {
    struct stage *stage = arg;
    while (take_message(socket))
        stage->messages++;
    rf_loop_socket_emptied(stage->loop, socket);
    if (stage->messages > 0)
        rf_loop_stop(stage->loop);
}

static void on_swallow(void *arg) {
    struct stage *stage = arg;
    zstr_send(stage->sockets[0], "comes");
    // As a send on the socket may: what has come is taken in, and its descriptor says no more of
    // it.
    assert_true(zsock_events(stage->sockets[1]) & ZMQ_POLLIN);
    rf_loop_socket_used(stage->loop, stage->sockets[1]);
}

static void a_message_whose_news_a_use_of_the_socket_took_is_read_all_the_same(void **state) {
    (void)state;
    struct stage stage = {.loop = rf_loop_new()};
    struct rf_error error;
    stage.sockets[0] = zsock_new(ZMQ_PAIR);
    stage.sockets[1] = zsock_new(ZMQ_PAIR);
    zsock_bind(stage.sockets[0], "inproc://test-swallowed");
    zsock_connect(stage.sockets[1], "inproc://test-swallowed");
    assert_int_equal(rf_loop_socket_add(stage.loop, stage.sockets[1], on_swallowed, &stage), RF_OK);
    rf_timer_init(&stage.timers[0], stage.loop, on_swallow, &stage);
    rf_timer_after(&stage.timers[0], rf_ms(10));
    rf_timer_init(&stage.timers[1], stage.loop, on_end, stage.loop);
    rf_timer_after(&stage.timers[1], rf_ms(20000));
    assert_int_equal(rf_loop_run(stage.loop, &error), RF_OK);
    assert_int_equal(stage.messages, 1);
    rf_timer_stop(&stage.timers[1]);
    rf_loop_destroy(&stage.loop);
    zsock_destroy(&stage.sockets[0]);
    zsock_destroy(&stage.sockets[1]);
}

// The loop within another one: polled, and turned whenever its descriptor says so.
static void turn_until(struct stage *stage, int messages, int fired) {
    struct pollfd polled = {.fd = rf_loop_fd(stage->loop), .events = POLLIN};
    struct rf_error error;
    assert_int_equal(rf_loop_turn(stage->loop, &error), RF_OK);
    while (stage->messages < messages || stage->fired < fired) {
        assert_int_equal(poll(&polled, 1, 20000), 1);
        assert_int_equal(rf_loop_turn(stage->loop, &error), RF_OK);
    }
}

static void on_flooded(void *arg, zsock_t *socket) {
    struct stage *stage = arg;
    stage->messages += take_message(socket); // one at a time, so that many passes are needed
}

static void on_fired(void *arg) {
    struct stage *stage = arg;
    stage->fired++;
}

static void
a_loop_within_another_one_is_woken_for_messages_timers_and_what_a_turn_left(void **state) {
    (void)state;
    enum { FLOOD = 500 };
    struct stage stage = {.loop = rf_loop_new()};
    struct rf_error error;
    stage.sockets[0] = zsock_new(ZMQ_PAIR);
    stage.sockets[1] = zsock_new(ZMQ_PAIR);
    zsock_bind(stage.sockets[0], "inproc://test-within");
    zsock_connect(stage.sockets[1], "inproc://test-within");
    assert_int_equal(rf_loop_socket_add(stage.loop, stage.sockets[1], on_flooded, &stage), RF_OK);
    rf_timer_init(&stage.timers[0], stage.loop, on_fired, &stage);
    rf_timer_after(&stage.timers[0], rf_ms(5));
    turn_until(&stage, 0, 1);
    for (int i = 0; i < FLOOD; i++)
        zstr_send(stage.sockets[0], "x");
    assert_int_equal(rf_loop_turn(stage.loop, &error), RF_OK);
    assert_in_range(stage.messages, 1, FLOOD - 1); // it does not keep its owner for ever
    turn_until(&stage, FLOOD, 1);
    struct pollfd polled = {.fd = rf_loop_fd(stage.loop), .events = POLLIN};
    assert_int_equal(rf_loop_turn(stage.loop, &error), RF_OK);
    assert_int_equal(poll(&polled, 1, 0), 0); // nothing is left: its owner may sleep
    rf_loop_destroy(&stage.loop);
    zsock_destroy(&stage.sockets[0]);
    zsock_destroy(&stage.sockets[1]);
}

static void stand_and_stop(void *arg) {
    struct rf_loop *loop = arg;
    struct rf_instant until = rf_instant_add(rf_clock_now(), rf_ms(20));
    while (rf_instant_before(rf_clock_now(), until))
        ;
    rf_loop_stop(loop);
}

static void stop_soon(void *arg) {
    rf_loop_stop(arg);
}

static void the_longest_pass_is_told_once_and_waiting_is_none(void **state) {
    (void)state;
    struct rf_error error;
    struct rf_loop *loop = rf_loop_new();
    struct rf_timer timer;
    rf_timer_init(&timer, loop, stand_and_stop, loop);
    rf_timer_after(&timer, rf_ns(0));
    assert_int_equal(rf_loop_run(loop, &error), RF_OK);
    assert_true(rf_loop_lag(loop).ns >= rf_ms(20).ns);
    assert_int_equal(rf_loop_lag(loop).ns, 0);
    // It sleeps for longer than that, and does nothing then.
    rf_timer_init(&timer, loop, stop_soon, loop);
    rf_timer_after(&timer, rf_ms(500));
    assert_int_equal(rf_loop_run(loop, &error), RF_OK);
    assert_true(rf_loop_lag(loop).ns < rf_ms(400).ns);
    rf_loop_destroy(&loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_pass_is_told_once_and_waiting_is_none),
        cmocka_unit_test(
            a_kept_descriptor_is_heard_of_only_while_it_is_watched_and_again_after_its_number),
        cmocka_unit_test(
            a_loop_within_another_one_is_woken_for_messages_timers_and_what_a_turn_left),
        cmocka_unit_test(a_message_whose_news_a_use_of_the_socket_took_is_read_all_the_same),
        cmocka_unit_test(the_heap_gives_timers_in_order_of_due_over_random_changes),
        cmocka_unit_test(timers_fire_in_order_and_never_early_and_a_stopped_one_never),
        cmocka_unit_test(a_descriptor_removed_by_another_handler_is_not_handled_any_more),
        cmocka_unit_test(a_socket_is_read_and_may_remove_itself),
        cmocka_unit_test(messages_that_wait_are_read_before_a_timer_that_was_due_acts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
