// Two lists of jobs under one mutex: the thread takes the first that waits, does it, appends it
// to the finished ones and rings the loop.
#include "disk.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/loop.h"

struct disk_job {
    struct disk *disk;
    struct disk_job *next;
    disk_work_fn *how;
    void *work;
    disk_done_fn *done; // NULL: forgotten. The loop's alone
    void *arg;
    enum rf_err result;
    struct rf_error error;
};

struct disk {
    struct rf_loop *loop;
    int event_fd;
    pthread_t thread;
    bool running; // the thread exists

    pthread_mutex_t mutex; // guards all below
    pthread_cond_t wake;   // the thread waits for work
    struct disk_job *waiting, *finished;
    bool ending;
};

static void job_free(struct disk_job *job) {
    free(job->work);
    free(job);
}

static void append(struct disk_job **list, struct disk_job *job) {
    while (*list != NULL) // as many as calls are in flight at most
        list = &(*list)->next;
    job->next = NULL;
    *list = job;
}

static struct disk_job *take(struct disk_job **list) {
    struct disk_job *job = *list;
    if (job != NULL)
        *list = job->next;
    return job;
}

// ---- the thread ----

static void *thread_main(void *arg) {
    struct disk *disk = arg;
    const uint64_t one = 1;
    pthread_mutex_lock(&disk->mutex);
    for (;;) {
        while (disk->waiting == NULL && !disk->ending)
            pthread_cond_wait(&disk->wake, &disk->mutex);
        if (disk->ending)
            break;
        struct disk_job *job = take(&disk->waiting);
        pthread_mutex_unlock(&disk->mutex);
        job->result = job->how(job->work, &job->error);
        pthread_mutex_lock(&disk->mutex);
        append(&disk->finished, job);
        // It cannot fail but for a full counter, and then the bell is ringing already.
        ssize_t written = write(disk->event_fd, &one, sizeof one);
        (void)written;
    }
    pthread_mutex_unlock(&disk->mutex);
    return NULL;
}

// ---- the loop's side ----

static void on_event(void *arg, int fd, unsigned events) {
    struct disk *disk = arg;
    uint64_t count;
    (void)events;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got; // EAGAIN: delivered already
    for (;;) {
        pthread_mutex_lock(&disk->mutex);
        struct disk_job *job = take(&disk->finished);
        pthread_mutex_unlock(&disk->mutex);
        if (job == NULL)
            return;
        disk_done_fn *done = job->done;
        job->done = NULL;
        if (done != NULL)
            done(job->arg, job->result, &job->error, job->work);
        job_free(job);
    }
}

static enum rf_err start_thread(struct disk *disk, struct rf_error *error) {
    // Signals belong to the loop's thread.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(&disk->thread, NULL, thread_main, disk);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (number != 0)
        return rf_error_set(error, RF_ERR_IO, "cannot start the thread that works on files: %s",
                            strerror(number));
    disk->running = true;
    return RF_OK;
}

enum rf_err disk_new(struct rf_loop *loop, struct disk **out, struct rf_error *error) {
    struct disk *disk = calloc(1, sizeof *disk);
    enum rf_err err;
    *out = NULL;
    if (disk == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    disk->loop = loop;
    pthread_mutex_init(&disk->mutex, NULL);
    pthread_cond_init(&disk->wake, NULL);
    disk->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (disk->event_fd < 0)
        err = rf_error_set(error, RF_ERR_IO, "eventfd: %s", strerror(errno));
    else if ((err = rf_loop_fd_set(loop, disk->event_fd, RF_LOOP_READ, on_event, disk)) != RF_OK)
        err = rf_error_set(error, err, "cannot watch the event descriptor of the files' thread");
    else
        err = start_thread(disk, error);
    if (err != RF_OK)
        disk_destroy(&disk);
    *out = disk;
    return err;
}

static void free_all(struct disk_job *list) {
    struct disk_job *job;
    while ((job = take(&list)) != NULL)
        job_free(job);
}

void disk_destroy(struct disk **pointer) {
    struct disk *disk = *pointer;
    if (disk == NULL)
        return;
    if (disk->running) {
        pthread_mutex_lock(&disk->mutex);
        disk->ending = true;
        pthread_cond_signal(&disk->wake);
        pthread_mutex_unlock(&disk->mutex);
        pthread_join(disk->thread, NULL);
    }
    if (disk->event_fd >= 0) {
        if (rf_loop_fd_set(disk->loop, disk->event_fd, 0, NULL, NULL) != RF_OK)
            rf_log(RF_LOG_WARNING, "the loop still watches the files' thread, which has ended");
        close(disk->event_fd);
    }
    free_all(disk->waiting);
    free_all(disk->finished);
    pthread_cond_destroy(&disk->wake);
    pthread_mutex_destroy(&disk->mutex);
    free(disk);
    *pointer = NULL;
}

enum rf_err disk_do(struct disk *disk, disk_work_fn *how, void *work, disk_done_fn *done, void *arg,
                    struct disk_job **out, struct rf_error *error) {
    struct disk_job *job = work != NULL ? malloc(sizeof *job) : NULL;
    if (job == NULL) {
        free(work);
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    *job = (struct disk_job){.disk = disk, .how = how, .work = work, .done = done, .arg = arg};
    pthread_mutex_lock(&disk->mutex);
    append(&disk->waiting, job);
    pthread_cond_signal(&disk->wake);
    pthread_mutex_unlock(&disk->mutex);
    if (out != NULL)
        *out = job;
    return RF_OK;
}

void disk_forget(struct disk_job *job) {
    struct disk *disk = job->disk;
    job->done = NULL;
    pthread_mutex_lock(&disk->mutex);
    struct disk_job **link = &disk->waiting;
    while (*link != NULL && *link != job)
        link = &(*link)->next;
    bool waits = *link == job;
    if (waits)
        *link = job->next;
    pthread_mutex_unlock(&disk->mutex);
    if (waits) // else the thread has it, or the loop is about to take it
        job_free(job);
}
