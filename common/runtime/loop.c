#include "runtime/loop.h"

#include <czmq.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "runtime/timer.h"

// A zloop builds its poll set anew whenever a descriptor comes or goes, and libcurl changes them
// all the time. So descriptors live in one epoll set, whose own descriptor is all that the zloop
// sees of them.
struct watched_fd {
    rf_loop_fd_fn *fn;
    void *arg;
    unsigned events;
    uint32_t generation; // an event of an earlier life of this number is dropped
};

struct watched_socket {
    struct rf_loop *loop;
    zsock_t *socket;
    rf_loop_socket_fn *fn;
    void *arg;
    struct watched_socket *next;
};

struct rf_loop {
    zloop_t *zloop;
    int epoll_fd, timer_fd;
    struct watched_fd *fds; // by descriptor
    size_t fd_capacity;
    struct watched_socket *sockets;
    struct rf_timer_heap timers;
    struct rf_instant armed; // what timer_fd stands at; 0: not set
    struct rf_instant now;
    bool now_known;
    bool handling; // a handler runs: what it does with timers is looked at when it has returned
    bool stopped;
};

#define EVENTS_PER_PASS 64

struct rf_instant rf_loop_now(struct rf_loop *loop) {
    if (!loop->now_known) {
        loop->now = rf_clock_now();
        loop->now_known = true;
    }
    return loop->now;
}

// Setting the descriptor costs more than all else about a timer, and most timers are stopped or put
// off before they are due. So it is only ever set to an earlier time: one that comes in vain sets
// the next.
static void arm(struct rf_loop *loop) {
    struct rf_timer *first = rf_timer_heap_first(&loop->timers);
    if (first == NULL)
        return;
    int64_t due = first->due.ns > 0 ? first->due.ns : 1;
    if (loop->armed.ns != 0 && loop->armed.ns <= due)
        return;
    loop->armed.ns = due;
    struct itimerspec at = {
        .it_value = {.tv_sec = due / RF_NS_PER_S, .tv_nsec = due % RF_NS_PER_S}};
    timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

// Runs what became due since `from`. Timers that are started by one of them wait for the next pass,
// so that one that starts itself again at once cannot hold the sockets.
static void run_due(struct rf_loop *loop, struct rf_instant from) {
    if (rf_timer_heap_first(&loop->timers) == NULL)
        return;
    loop->now_known = false;
    struct rf_instant limit = rf_loop_now(loop);
    for (int i = 0; i < EVENTS_PER_PASS && !loop->stopped; i++) {
        struct rf_timer *timer = rf_timer_heap_first(&loop->timers);
        if (timer == NULL || rf_instant_before(limit, timer->due) ||
            rf_instant_before(timer->due, from))
            break;
        rf_timer_heap_take(&loop->timers, timer);
        loop->now_known = false;
        timer->fn(timer->arg);
    }
}

static void begin_handling(struct rf_loop *loop) {
    loop->handling = true;
    loop->now_known = false;
}

static int end_handling(struct rf_loop *loop, struct rf_instant from) {
    run_due(loop, from);
    arm(loop);
    loop->handling = false;
    loop->now_known = false;
    return loop->stopped ? -1 : 0;
}

static void on_timer_fd(struct rf_loop *loop) {
    uint64_t expirations;
    if (read(loop->timer_fd, &expirations, sizeof expirations) > 0)
        loop->armed.ns = 0;
}

static void run_fd(struct rf_loop *loop, const struct epoll_event *event) {
    int fd = (int)(event->data.u64 & 0xffffffff);
    uint32_t generation = (uint32_t)(event->data.u64 >> 32);
    struct watched_fd *watched = &loop->fds[fd];
    if (watched->fn == NULL || watched->generation != generation)
        return;
    unsigned events = 0;
    if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        events |= RF_LOOP_READ;
    if (event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        events |= RF_LOOP_WRITE;
    loop->now_known = false;
    watched->fn(watched->arg, fd, events & watched->events);
}

static int on_descriptors(zloop_t *zloop, zmq_pollitem_t *item, void *arg) {
    (void)zloop;
    (void)item;
    struct rf_loop *loop = arg;
    struct epoll_event events[EVENTS_PER_PASS];
    begin_handling(loop);
    int count = epoll_wait(loop->epoll_fd, events, EVENTS_PER_PASS, 0);
    for (int i = 0; i < count && !loop->stopped; i++) {
        if (events[i].data.u64 == UINT64_MAX)
            on_timer_fd(loop);
        else
            run_fd(loop, &events[i]);
    }
    return end_handling(loop, (struct rf_instant){INT64_MIN});
}

static bool open_descriptors(struct rf_loop *loop) {
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (loop->epoll_fd < 0 || loop->timer_fd < 0)
        return false;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = UINT64_MAX};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->timer_fd, &event) != 0)
        return false;
    zmq_pollitem_t item = {.fd = loop->epoll_fd, .events = ZMQ_POLLIN};
    if (zloop_poller(loop->zloop, &item, on_descriptors, loop) != 0)
        return false;
    zloop_poller_set_tolerant(loop->zloop, &item);
    return true;
}

struct rf_loop *rf_loop_new(void) {
    struct rf_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return NULL;
    loop->epoll_fd = loop->timer_fd = -1;
    zsys_init();
    zsys_handler_set(NULL);
    loop->zloop = zloop_new();
    if (loop->zloop == NULL || !open_descriptors(loop)) {
        rf_loop_destroy(&loop);
        return NULL;
    }
    zloop_set_nonstop(loop->zloop, true);
    return loop;
}

void rf_loop_destroy(struct rf_loop **loop) {
    if (*loop == NULL)
        return;
    zloop_destroy(&(*loop)->zloop);
    while ((*loop)->sockets != NULL) {
        struct watched_socket *watched = (*loop)->sockets;
        (*loop)->sockets = watched->next;
        free(watched);
    }
    if ((*loop)->epoll_fd >= 0)
        close((*loop)->epoll_fd);
    if ((*loop)->timer_fd >= 0)
        close((*loop)->timer_fd);
    rf_timer_heap_fini(&(*loop)->timers);
    free((*loop)->fds);
    free(*loop);
    *loop = NULL;
}

enum rf_err rf_loop_run(struct rf_loop *loop, struct rf_error *error) {
    loop->stopped = false;
    loop->now_known = false;
    arm(loop);
    int result;
    do
        result = zloop_start(loop->zloop);
    while (result == 0 && !loop->stopped && errno == EINTR);
    if (loop->stopped)
        return RF_OK;
    return rf_error_set(error, RF_ERR_IO, "the event loop ended: %s", strerror(errno));
}

void rf_loop_stop(struct rf_loop *loop) {
    loop->stopped = true;
}

static bool reserve_fd(struct rf_loop *loop, int fd) {
    if ((size_t)fd < loop->fd_capacity)
        return true;
    size_t capacity = loop->fd_capacity == 0 ? 64 : loop->fd_capacity;
    while (capacity <= (size_t)fd)
        capacity *= 2;
    struct watched_fd *fds = realloc(loop->fds, capacity * sizeof *fds);
    if (fds == NULL)
        return false;
    memset(fds + loop->fd_capacity, 0, (capacity - loop->fd_capacity) * sizeof *fds);
    loop->fds = fds;
    loop->fd_capacity = capacity;
    return true;
}

enum rf_err rf_loop_fd_set(struct rf_loop *loop, int fd, unsigned events, rf_loop_fd_fn *fn,
                           void *arg) {
    if (fd < 0)
        return RF_ERR_INVALID;
    if (!reserve_fd(loop, fd))
        return RF_ERR_NOMEM;
    struct watched_fd *watched = &loop->fds[fd];
    if (events == 0) {
        if (watched->fn != NULL)
            epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        watched->fn = NULL;
        return RF_OK;
    }
    bool known = watched->fn != NULL;
    if (!known)
        watched->generation++;
    struct epoll_event event = {
        .events = (events & RF_LOOP_READ ? EPOLLIN : 0u) | (events & RF_LOOP_WRITE ? EPOLLOUT : 0u),
        .data.u64 = (uint64_t)watched->generation << 32 | (uint32_t)fd,
    };
    int result = epoll_ctl(loop->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    // A descriptor that was closed and opened again under the same number is unknown to the kernel.
    if (result != 0 && known && errno == ENOENT)
        result = epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    if (result != 0)
        return RF_ERR_IO;
    watched->fn = fn;
    watched->arg = arg;
    watched->events = events;
    return RF_OK;
}

static int on_socket(zloop_t *zloop, zsock_t *socket, void *arg) {
    (void)zloop;
    struct watched_socket *watched = arg;
    struct rf_loop *loop = watched->loop;
    begin_handling(loop);
    struct rf_instant began = rf_loop_now(loop);
    watched->fn(watched->arg, socket); // may remove itself
    // What the handler wants done at once needs no descriptor. What was due before waits until all
    // sockets have been read: a process that was stopped for a while must not take a peer for
    // silent whose messages are there.
    return end_handling(loop, began);
}

enum rf_err rf_loop_socket_add(struct rf_loop *loop, zsock_t *socket, rf_loop_socket_fn *fn,
                               void *arg) {
    struct watched_socket *watched = malloc(sizeof *watched);
    if (watched == NULL)
        return RF_ERR_NOMEM;
    *watched = (struct watched_socket){loop, socket, fn, arg, loop->sockets};
    if (zloop_reader(loop->zloop, socket, on_socket, watched) != 0) {
        free(watched);
        return RF_ERR_IO;
    }
    zloop_reader_set_tolerant(loop->zloop, socket);
    loop->sockets = watched;
    return RF_OK;
}

void rf_loop_socket_remove(struct rf_loop *loop, zsock_t *socket) {
    for (struct watched_socket **at = &loop->sockets; *at != NULL; at = &(*at)->next) {
        struct watched_socket *watched = *at;
        if (watched->socket != socket)
            continue;
        zloop_reader_end(loop->zloop, socket);
        *at = watched->next;
        free(watched);
        return;
    }
}

void rf_timer_init(struct rf_timer *timer, struct rf_loop *loop, rf_timer_fn *fn, void *arg) {
    *timer = (struct rf_timer){.loop = loop, .fn = fn, .arg = arg};
}

void rf_timer_at(struct rf_timer *timer, struct rf_instant due) {
    timer->due = due;
    // Without memory for a heap of this size nothing sensible can be done: a wait that never ends
    // would be a lost contact.
    if (!rf_timer_heap_put(&timer->loop->timers, timer))
        abort();
    if (timer->place == 1 && !timer->loop->handling)
        arm(timer->loop);
}

void rf_timer_after(struct rf_timer *timer, struct rf_duration wait) {
    rf_timer_at(timer, rf_instant_add(rf_loop_now(timer->loop), wait));
}

void rf_timer_stop(struct rf_timer *timer) {
    if (timer->place != 0)
        rf_timer_heap_take(&timer->loop->timers, timer);
}

bool rf_timer_running(const struct rf_timer *timer) {
    return timer->place != 0;
}
