// The event loop of a process: one thread, one epoll set over ZeroMQ sockets and descriptors, and a
// timer heap behind a single timerfd. Not thread-safe: all calls come from the loop's thread.
#ifndef RINGFENCE_LOOP_H
#define RINGFENCE_LOOP_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#pragma GCC visibility push(default)

struct rf_loop;

enum rf_loop_events { RF_LOOP_READ = 1, RF_LOOP_WRITE = 2 };

typedef void rf_loop_fd_fn(void *arg, int fd, unsigned events);
typedef void rf_timer_fn(void *arg);

// A timer, embedded in its owner. Zero it, then rf_timer_init.
struct rf_timer {
    struct rf_loop *loop;
    rf_timer_fn *fn;
    void *arg;
    struct rf_instant due;
    size_t place; // 1-based in the heap; 0 = not running
};

// rf_loop_new: a new loop, or NULL if out of memory. Turns czmq's own signal handlers off.
struct rf_loop *rf_loop_new(void);

// rf_loop_destroy: frees the loop and nulls the pointer. Sockets and descriptors are not closed.
void rf_loop_destroy(struct rf_loop **loop);

// rf_loop_run: runs until rf_loop_stop. Returns RF_OK, or RF_ERR_IO if polling failed.
RF_NODISCARD enum rf_err rf_loop_run(struct rf_loop *loop, struct rf_error *error);

// rf_loop_stop: ends rf_loop_run, or rf_loop_turn, after the handler that is running.
void rf_loop_stop(struct rf_loop *loop);

// For a program that has a loop of its own: rf_loop_fd gives one descriptor for all that this loop
// waits for, to be polled for reading; rf_loop_turn does what is to be done now, without waiting.
// To be called when the descriptor is readable, once before it is polled first, and after anything
// else of the library was called outside the loop's own handlers. RF_ERR_IO if polling failed.
int rf_loop_fd(const struct rf_loop *loop);
RF_NODISCARD enum rf_err rf_loop_turn(struct rf_loop *loop, struct rf_error *error);

// rf_loop_now: the monotonic time, read once a handler.
struct rf_instant rf_loop_now(struct rf_loop *loop);

// rf_loop_fd_set: watches `fd` for `events` (RF_LOOP_READ | RF_LOOP_WRITE), replacing what was set
// before; 0 stops watching. The handler may be called with events == 0 as well on an error
// condition (hang-up), which the next read or write then tells. Call with 0 before closing fd.
RF_NODISCARD enum rf_err rf_loop_fd_set(struct rf_loop *loop, int fd, unsigned events,
                                        rf_loop_fd_fn *fn, void *arg);

// rf_timer_init: binds a timer to its loop and handler; it does not run yet.
void rf_timer_init(struct rf_timer *timer, struct rf_loop *loop, rf_timer_fn *fn, void *arg);

// rf_timer_at / rf_timer_after: (re)starts the timer; it fires once, never before it is due.
// Restarting from its own handler is fine. O(log n).
void rf_timer_at(struct rf_timer *timer, struct rf_instant due);
void rf_timer_after(struct rf_timer *timer, struct rf_duration wait);

// rf_timer_stop: stops it; a timer that does not run is fine. Must be called before its memory
// ends.
void rf_timer_stop(struct rf_timer *timer);
bool rf_timer_running(const struct rf_timer *timer);

#pragma GCC visibility pop

#endif
