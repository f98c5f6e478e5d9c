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

struct watched_fd {
    rf_loop_fd_fn *fn;
    void *arg;
    unsigned events;     // that it stands in the set for; 0: it does not
    uint32_t generation; // an event of an earlier life of this number is dropped
    bool kept;           // stays in the set when nobody watches it
    bool stray;          // an event came since nobody watches it
};

// A ZeroMQ socket tells by its descriptor only that something has happened inside; whatever is done
// with the socket may take that news away, so what has been used is asked before the loop sleeps.
// zmq_poll asks every socket twice in every pass, at two system calls each.
struct watched_socket {
    zsock_t *socket;
    int fd;
    rf_loop_socket_fn *fn;
    void *arg;
    bool ready; // has something to read
    bool used;  // since it was last known to be empty
    bool turn;  // to be read in this pass
    struct watched_socket *next;
};

struct rf_loop {
    int epoll_fd, timer_fd;
    struct watched_fd *fds; // by descriptor
    size_t fd_capacity;
    struct watched_socket *sockets;
    struct rf_timer_heap timers;
    struct rf_instant armed; // what timer_fd stands at; 0: not set
    struct rf_instant now;
    struct rf_duration longest; // pass since rf_loop_lag
    bool now_known;
    bool handling; // a handler runs: what it does with timers is looked at when it has returned
    bool stopped;
};

#define EVENTS_PER_PASS 256
#define TIMERS_PER_PASS 64
#define PASSES_PER_TURN 64
#define TIMER_MARK      UINT64_MAX // what the epoll set says of timer_fd

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
static void arm_at(struct rf_loop *loop, int64_t due) {
    if (loop->armed.ns != 0 && loop->armed.ns <= due)
        return;
    loop->armed.ns = due;
    struct itimerspec at = {
        .it_value = {.tv_sec = due / RF_NS_PER_S, .tv_nsec = due % RF_NS_PER_S}};
    timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void arm(struct rf_loop *loop) {
    struct rf_timer *first = rf_timer_heap_first(&loop->timers);
    if (first != NULL)
        arm_at(loop, first->due.ns > 0 ? first->due.ns : 1);
}

// Runs what became due since `from`. Timers that are started by one of them wait for the next pass,
// so that one that starts itself again at once cannot hold the sockets.
static void run_due(struct rf_loop *loop, struct rf_instant from) {
    if (rf_timer_heap_first(&loop->timers) == NULL)
        return;
    loop->now_known = false;
    struct rf_instant limit = rf_loop_now(loop);
    for (int i = 0; i < TIMERS_PER_PASS && !loop->stopped; i++) {
        struct rf_timer *timer = rf_timer_heap_first(&loop->timers);
        if (timer == NULL || rf_instant_before(limit, timer->due) ||
            rf_instant_before(timer->due, from))
            break;
        rf_timer_heap_take(&loop->timers, timer);
        loop->now_known = false;
        timer->fn(timer->arg);
    }
}

static void on_timer_fd(struct rf_loop *loop) {
    uint64_t expirations;
    if (read(loop->timer_fd, &expirations, sizeof expirations) > 0)
        loop->armed.ns = 0;
}

static void leave_set(struct rf_loop *loop, int fd) {
    if (loop->fds[fd].events != 0)
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    loop->fds[fd].events = 0;
}

static void run_fd(struct rf_loop *loop, const struct epoll_event *event) {
    int fd = (int)(event->data.u64 & 0xffffffff);
    uint32_t generation = (uint32_t)(event->data.u64 >> 32);
    struct watched_fd *watched = &loop->fds[fd];
    if (watched->generation != generation)
        return;
    if (watched->fn == NULL) {
        // The first may be of what its owner read in this pass already.
        if (watched->stray)
            leave_set(loop, fd);
        watched->stray = true;
        return;
    }
    unsigned events = 0;
    if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        events |= RF_LOOP_READ;
    if (event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        events |= RF_LOOP_WRITE;
    loop->now_known = false;
    watched->fn(watched->arg, fd, events & watched->events);
}

static bool open_descriptors(struct rf_loop *loop) {
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (loop->epoll_fd < 0 || loop->timer_fd < 0)
        return false;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = TIMER_MARK};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->timer_fd, &event) == 0;
}

struct rf_loop *rf_loop_new(void) {
    struct rf_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return NULL;
    loop->epoll_fd = loop->timer_fd = -1;
    zsys_init();
    zsys_handler_set(NULL);
    if (!open_descriptors(loop))
        rf_loop_destroy(&loop);
    return loop;
}

void rf_loop_destroy(struct rf_loop **loop) {
    if (*loop == NULL)
        return;
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

// ---- a pass ----

static void mark_ready(struct rf_loop *loop, const struct epoll_event *event) {
    if (event->data.u64 == TIMER_MARK) {
        on_timer_fd(loop);
        return;
    }
    int fd = (int)(event->data.u64 & 0xffffffff);
    for (struct watched_socket *watched = loop->sockets; watched != NULL; watched = watched->next)
        if (watched->fd == fd)
            watched->ready = true;
}

static struct watched_socket *next_turn(const struct rf_loop *loop) {
    struct watched_socket *watched = loop->sockets;
    while (watched != NULL && !watched->turn)
        watched = watched->next;
    return watched;
}

// What a handler wants done at once is done at once. What was due before waits until all sockets
// have been read: a process that was stopped for a while must not take a peer for silent whose
// messages are there.
static void read_sockets(struct rf_loop *loop) {
    struct watched_socket *watched;
    for (watched = loop->sockets; watched != NULL; watched = watched->next)
        watched->turn = watched->ready;
    while (!loop->stopped && (watched = next_turn(loop)) != NULL) {
        watched->turn = watched->ready = false;
        watched->used = true;
        loop->now_known = false;
        struct rf_instant began = rf_loop_now(loop);
        watched->fn(watched->arg, watched->socket); // may remove itself
        run_due(loop, began);
    }
}

static bool look_into(struct watched_socket *watched) {
    watched->used = false;
    watched->ready = (zsock_events(watched->socket) & ZMQ_POLLIN) != 0;
    return watched->ready;
}

// Whether a socket has something to read that its descriptor does not tell any more.
static bool sockets_ready(struct rf_loop *loop) {
    bool ready = false;
    for (struct watched_socket *watched = loop->sockets; watched != NULL; watched = watched->next)
        ready |= watched->ready || (watched->used && look_into(watched));
    return ready;
}

static bool pass(struct rf_loop *loop, bool wait) {
    struct epoll_event events[EVENTS_PER_PASS];
    bool ready = sockets_ready(loop);
    int count = epoll_wait(loop->epoll_fd, events, EVENTS_PER_PASS, wait && !ready ? -1 : 0);
    if (count < 0)
        return errno == EINTR;
    struct rf_instant began = rf_clock_now();
    loop->handling = true;
    for (int i = 0; i < count; i++)
        mark_ready(loop, &events[i]);
    read_sockets(loop);
    for (int i = 0; i < count && !loop->stopped; i++)
        if (events[i].data.u64 != TIMER_MARK)
            run_fd(loop, &events[i]);
    run_due(loop, (struct rf_instant){INT64_MIN});
    arm(loop);
    loop->handling = false;
    loop->now_known = false;
    struct rf_duration took = rf_instant_since(rf_clock_now(), began);
    loop->longest = took.ns > loop->longest.ns ? took : loop->longest;
    return true;
}

struct rf_duration rf_loop_lag(struct rf_loop *loop) {
    struct rf_duration longest = loop->longest;
    loop->longest = rf_ns(0);
    return longest;
}

static void begin(struct rf_loop *loop) {
    loop->stopped = false;
    loop->now_known = false;
    arm(loop);
}

static enum rf_err broken(struct rf_error *error) {
    return rf_error_set(error, RF_ERR_IO, "the event loop ended: %s", strerror(errno));
}

enum rf_err rf_loop_run(struct rf_loop *loop, struct rf_error *error) {
    begin(loop);
    while (!loop->stopped)
        if (!pass(loop, true))
            return broken(error);
    return RF_OK;
}

int rf_loop_fd(const struct rf_loop *loop) {
    return loop->epoll_fd;
}

enum rf_err rf_loop_turn(struct rf_loop *loop, struct rf_error *error) {
    begin(loop);
    for (int i = 0; i < PASSES_PER_TURN; i++) {
        if (!pass(loop, false))
            return broken(error);
        if (loop->stopped || !sockets_ready(loop))
            return RF_OK;
    }
    // Whoever polls us must come again, and the set says nothing of what sockets still hold.
    arm_at(loop, 1);
    return RF_OK;
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

static bool join_set(struct rf_loop *loop, int fd, unsigned events) {
    struct watched_fd *watched = &loop->fds[fd];
    bool known = watched->events != 0;
    if (watched->events == events && watched->kept)
        return true;
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
    if (result == 0)
        watched->events = events;
    return result == 0;
}

enum rf_err rf_loop_fd_set(struct rf_loop *loop, int fd, unsigned events, rf_loop_fd_fn *fn,
                           void *arg) {
    if (fd < 0)
        return RF_ERR_INVALID;
    if (!reserve_fd(loop, fd))
        return RF_ERR_NOMEM;
    struct watched_fd *watched = &loop->fds[fd];
    if (events != 0 && !join_set(loop, fd, events))
        return RF_ERR_IO;
    if (events == 0 && !watched->kept)
        leave_set(loop, fd);
    watched->fn = events != 0 ? fn : NULL;
    watched->stray = false;
    watched->arg = arg;
    return RF_OK;
}

enum rf_err rf_loop_fd_keep(struct rf_loop *loop, int fd) {
    if (fd < 0)
        return RF_ERR_INVALID;
    if (!reserve_fd(loop, fd))
        return RF_ERR_NOMEM;
    loop->fds[fd].kept = true;
    return RF_OK;
}

void rf_loop_fd_release(struct rf_loop *loop, int fd) {
    if (fd < 0 || (size_t)fd >= loop->fd_capacity)
        return;
    leave_set(loop, fd);
    loop->fds[fd].fn = NULL;
    loop->fds[fd].kept = false;
}

// ---- sockets ----

// The socket's descriptor is watched as any other; the handler of it is mark_ready.
static void on_socket_fd(void *arg, int fd, unsigned events) {
    (void)arg, (void)fd, (void)events;
}

enum rf_err rf_loop_socket_add(struct rf_loop *loop, zsock_t *socket, rf_loop_socket_fn *fn,
                               void *arg) {
    struct watched_socket *watched = malloc(sizeof *watched);
    if (watched == NULL)
        return RF_ERR_NOMEM;
    *watched = (struct watched_socket){
        .socket = socket, .fd = (int)zsock_fd(socket), .fn = fn, .arg = arg, .used = true};
    enum rf_err err = rf_loop_fd_set(loop, watched->fd, RF_LOOP_READ, on_socket_fd, watched);
    if (err != RF_OK) {
        free(watched);
        return err;
    }
    watched->next = loop->sockets;
    loop->sockets = watched;
    return RF_OK;
}

static struct watched_socket **find_socket(struct rf_loop *loop, const zsock_t *socket) {
    struct watched_socket **at = &loop->sockets;
    while (*at != NULL && (*at)->socket != socket)
        at = &(*at)->next;
    return at;
}

void rf_loop_socket_remove(struct rf_loop *loop, zsock_t *socket) {
    struct watched_socket **at = find_socket(loop, socket);
    struct watched_socket *watched = *at;
    if (watched == NULL)
        return;
    (void)!rf_loop_fd_set(loop, watched->fd, 0, NULL, NULL);
    *at = watched->next;
    free(watched);
}

void rf_loop_socket_used(struct rf_loop *loop, const zsock_t *socket) {
    struct watched_socket *watched = *find_socket(loop, socket);
    if (watched != NULL)
        watched->used = true;
}

void rf_loop_socket_emptied(struct rf_loop *loop, const zsock_t *socket) {
    struct watched_socket *watched = *find_socket(loop, socket);
    if (watched != NULL)
        watched->used = watched->ready = false;
}

// ---- timers ----

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
