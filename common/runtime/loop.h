// The part of the loop that is ours alone: sockets of ZeroMQ, and what saves system calls.
#ifndef RF_RUNTIME_LOOP_H
#define RF_RUNTIME_LOOP_H

#include <ringfence/error.h>
#include <ringfence/loop.h>

struct _zsock_t;

typedef void rf_loop_socket_fn(void *arg, struct _zsock_t *socket);

// rf_loop_fd_keep: the owner of `fd`, which is not watched yet, promises to call rf_loop_fd_release
// before closing it. In turn to watch it no more, and to watch it again for the same events, costs
// no system call: it stays in the set, and is taken out only if something happens on it meanwhile.
// RF_ERR_NOMEM, RF_ERR_INVALID for a negative one.
RF_NODISCARD enum rf_err rf_loop_fd_keep(struct rf_loop *loop, int fd);

// rf_loop_fd_release: `fd` is about to be closed.
void rf_loop_fd_release(struct rf_loop *loop, int fd);

// rf_loop_socket_add: calls `fn` whenever `socket` may have a message to read; the handler reads,
// without waiting, until the socket is empty or some bound of its own is reached.
// rf_loop_socket_remove before destroying it.
RF_NODISCARD enum rf_err rf_loop_socket_add(struct rf_loop *loop, struct _zsock_t *socket,
                                            rf_loop_socket_fn *fn, void *arg);
void rf_loop_socket_remove(struct rf_loop *loop, struct _zsock_t *socket);

// rf_loop_socket_used: something was sent on the socket, or received from it outside its handler.
// Either may take in what has come for it, and with it the news on the socket's descriptor
// (zmq_getsockopt(3), ZMQ_FD), so that the loop has to look again before it sleeps: a socket whose
// use it is not told of may not be read for long. A socket that the loop does not watch is fine.
void rf_loop_socket_used(struct rf_loop *loop, const struct _zsock_t *socket);

// rf_loop_socket_emptied: a receive has just found nothing, so that the loop need not look itself.
void rf_loop_socket_emptied(struct rf_loop *loop, const struct _zsock_t *socket);

// rf_loop_lag: how long the longest pass took since this was last asked: so long whatever came
// meanwhile had to wait for the loop.
struct rf_duration rf_loop_lag(struct rf_loop *loop);

#endif
