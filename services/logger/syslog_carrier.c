#include "syslog_carrier.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "runtime/loop.h"

// Whoever is asked to end does so within some 20 ms, unless the system looks up a name for it.
#define END_NS INT64_C(300000000)

struct rf_syslog_carrier {
    pthread_mutex_t lock;
    pthread_cond_t news; // work, or the end of the thread
    bool work, leave, left;
    struct rf_syslog_link *link;
    struct rf_syslog_batch batch; // the thread's while `work`
    enum rf_err result;
    struct rf_error error;
    int event_fd;
    struct rf_loop *loop;
    rf_syslog_carried_fn *fn;
    void *arg;
};

static void drop_batch(struct rf_syslog_carrier *carrier) {
    free(carrier->batch.data);
    free(carrier->batch.ends);
    carrier->batch = (struct rf_syslog_batch){0};
}

static void carrier_free(struct rf_syslog_carrier *carrier) {
    drop_batch(carrier);
    rf_syslog_link_destroy(&carrier->link);
    close(carrier->event_fd);
    pthread_cond_destroy(&carrier->news);
    pthread_mutex_destroy(&carrier->lock);
    free(carrier);
}

static void *run(void *arg) {
    struct rf_syslog_carrier *carrier = arg;
    pthread_mutex_lock(&carrier->lock);
    for (;;) {
        while (!carrier->work && !carrier->leave)
            pthread_cond_wait(&carrier->news, &carrier->lock);
        if (carrier->leave)
            break;
        pthread_mutex_unlock(&carrier->lock);
        enum rf_err result = rf_syslog_link_send(carrier->link, &carrier->batch, &carrier->error);
        pthread_mutex_lock(&carrier->lock);
        carrier->result = result;
        carrier->work = false;
        (void)eventfd_write(carrier->event_fd, 1);
    }
    // Of the two that part, the one that comes last frees.
    bool last = carrier->left;
    carrier->left = true;
    pthread_cond_broadcast(&carrier->news);
    pthread_mutex_unlock(&carrier->lock);
    if (last)
        carrier_free(carrier);
    return NULL;
}

static void on_event(void *arg, int fd, unsigned events) {
    struct rf_syslog_carrier *carrier = arg;
    eventfd_t count;
    (void)events;
    if (eventfd_read(fd, &count) != 0)
        return;
    pthread_mutex_lock(&carrier->lock);
    bool done = !carrier->work;
    pthread_mutex_unlock(&carrier->lock);
    if (done)
        carrier->fn(carrier->arg, carrier->result == RF_OK ? NULL : &carrier->error);
}

static enum rf_err start(struct rf_syslog_carrier *carrier) {
    pthread_t thread;
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_mutex_init(&carrier->lock, NULL);
    pthread_cond_init(&carrier->news, &clock);
    pthread_condattr_destroy(&clock);
    if (rf_loop_fd_set(carrier->loop, carrier->event_fd, RF_LOOP_READ, on_event, carrier) != RF_OK)
        return RF_ERR_IO;
    if (pthread_create(&thread, NULL, run, carrier) != 0) {
        (void)!rf_loop_fd_set(carrier->loop, carrier->event_fd, 0, NULL, NULL);
        return RF_ERR_IO;
    }
    pthread_detach(thread);
    return RF_OK;
}

enum rf_err rf_syslog_carrier_new(struct rf_loop *loop, struct rf_syslog_link *link,
                                  rf_syslog_carried_fn *fn, void *arg,
                                  struct rf_syslog_carrier **out, struct rf_error *error) {
    struct rf_syslog_carrier *carrier = calloc(1, sizeof *carrier);
    int fd = carrier == NULL ? -1 : eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    *out = NULL;
    if (fd < 0) {
        free(carrier);
        rf_syslog_link_destroy(&link);
        return rf_error_set(error, RF_ERR_NOMEM, "no memory or descriptor for a sink");
    }
    *carrier = (struct rf_syslog_carrier){
        .link = link, .event_fd = fd, .loop = loop, .fn = fn, .arg = arg};
    if (start(carrier) != RF_OK) {
        carrier_free(carrier);
        return rf_error_set(error, RF_ERR_IO, "cannot start a thread for a sink");
    }
    *out = carrier;
    return RF_OK;
}

void rf_syslog_carrier_take(struct rf_syslog_carrier *carrier, struct rf_syslog_batch *batch) {
    drop_batch(carrier);
    carrier->batch = *batch;
    *batch = (struct rf_syslog_batch){0};
}

void rf_syslog_carrier_send(struct rf_syslog_carrier *carrier) {
    pthread_mutex_lock(&carrier->lock);
    carrier->work = true;
    pthread_cond_broadcast(&carrier->news);
    pthread_mutex_unlock(&carrier->lock);
}

void rf_syslog_carrier_destroy(struct rf_syslog_carrier **out) {
    struct rf_syslog_carrier *carrier = *out;
    if (carrier == NULL)
        return;
    *out = NULL;
    (void)!rf_loop_fd_set(carrier->loop, carrier->event_fd, 0, NULL, NULL);
    rf_syslog_link_cut(carrier->link);
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + END_NS;
    until.tv_sec += (time_t)(ns / RF_NS_PER_S);
    until.tv_nsec = (long)(ns % RF_NS_PER_S);
    pthread_mutex_lock(&carrier->lock);
    carrier->leave = true;
    pthread_cond_broadcast(&carrier->news);
    while (!carrier->left && pthread_cond_timedwait(&carrier->news, &carrier->lock, &until) == 0) {
    }
    bool last = carrier->left;
    carrier->left = true;
    pthread_mutex_unlock(&carrier->lock);
    if (last)
        carrier_free(carrier);
}
