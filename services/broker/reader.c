#include "reader.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "page_query.h"

STAILQ_HEAD(pages, rf_page);

struct rf_reader {
    char *path;
    int event_fd;
    pthread_t thread;
    bool running;
    struct rf_page_query query; // the thread's own
    bool open;

    pthread_mutex_t mutex; // guards all below
    pthread_cond_t asked;
    struct pages waiting, finished;
    bool stopping;
};

// ---- the thread ----

// True: the page is finished.
static bool step(struct rf_reader *reader, struct rf_page *page) {
    struct rf_error error;
    bool done = false;
    enum rf_err err = RF_OK;
    if (!reader->open) {
        err = rf_page_query_open(&reader->query, reader->path, &error);
        reader->open = err == RF_OK;
    }
    if (err == RF_OK)
        err = rf_page_query_step(&reader->query, page, &done, &error);
    if (err == RF_OK)
        return done;
    // The next page has a fresh start.
    rf_page_query_close(&reader->query);
    reader->open = false;
    page->count = 0;
    rf_page_fail(page, error.message);
    return true;
}

static void tell(const struct rf_reader *reader) {
    uint64_t one = 1;
    // It cannot fail but for a full counter, and then the bell is ringing already.
    ssize_t written = write(reader->event_fd, &one, sizeof one);
    (void)written;
}

static void *run(void *arg) {
    struct rf_reader *reader = arg;
    pthread_mutex_lock(&reader->mutex);
    while (!reader->stopping) {
        struct rf_page *page = STAILQ_FIRST(&reader->waiting);
        if (page == NULL) {
            pthread_cond_wait(&reader->asked, &reader->mutex);
            continue;
        }
        STAILQ_REMOVE_HEAD(&reader->waiting, link);
        pthread_mutex_unlock(&reader->mutex);
        bool finished = step(reader, page);
        pthread_mutex_lock(&reader->mutex);
        // A long search goes on when the others had their turn.
        if (finished)
            STAILQ_INSERT_TAIL(&reader->finished, page, link);
        else
            STAILQ_INSERT_TAIL(&reader->waiting, page, link);
        if (finished)
            tell(reader);
    }
    pthread_mutex_unlock(&reader->mutex);
    rf_page_query_close(&reader->query);
    return NULL;
}

// ---- the loop's side ----

enum rf_err rf_reader_start(const char *path, struct rf_reader **out, struct rf_error *error) {
    *out = NULL;
    struct rf_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    pthread_mutex_init(&reader->mutex, NULL);
    pthread_cond_init(&reader->asked, NULL);
    STAILQ_INIT(&reader->waiting);
    STAILQ_INIT(&reader->finished);
    reader->path = strdup(path);
    reader->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    int number = reader->path == NULL ? ENOMEM : reader->event_fd < 0 ? errno : 0;
    if (number == 0) {
        // Signals belong to the loop's thread.
        sigset_t all, before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        number = pthread_create(&reader->thread, NULL, run, reader);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    reader->running = number == 0;
    *out = reader;
    if (number == 0)
        return RF_OK;
    rf_reader_stop(out);
    return rf_error_set(error, RF_ERR_IO, "cannot start the thread that reads the journal: %s",
                        strerror(number));
}

void rf_reader_ask(struct rf_reader *reader, struct rf_page *page) {
    pthread_mutex_lock(&reader->mutex);
    STAILQ_INSERT_TAIL(&reader->waiting, page, link);
    pthread_cond_signal(&reader->asked);
    pthread_mutex_unlock(&reader->mutex);
}

struct rf_page *rf_reader_take(struct rf_reader *reader) {
    uint64_t count;
    // It stands at how many are finished. Read before the look: it may ring in vain, but never not.
    ssize_t got = read(reader->event_fd, &count, sizeof count);
    (void)got;
    pthread_mutex_lock(&reader->mutex);
    struct rf_page *page = STAILQ_FIRST(&reader->finished);
    if (page != NULL)
        STAILQ_REMOVE_HEAD(&reader->finished, link);
    pthread_mutex_unlock(&reader->mutex);
    return page;
}

int rf_reader_event(const struct rf_reader *reader) {
    return reader->event_fd;
}

static void free_all(struct pages *pages) {
    struct rf_page *page;
    while ((page = STAILQ_FIRST(pages)) != NULL) {
        STAILQ_REMOVE_HEAD(pages, link);
        rf_page_destroy(&page);
    }
}

void rf_reader_stop(struct rf_reader **pointer) {
    struct rf_reader *reader = *pointer;
    if (reader == NULL)
        return;
    *pointer = NULL;
    pthread_mutex_lock(&reader->mutex);
    reader->stopping = true;
    pthread_cond_signal(&reader->asked);
    pthread_mutex_unlock(&reader->mutex);
    if (reader->running)
        pthread_join(reader->thread, NULL);
    free_all(&reader->waiting);
    free_all(&reader->finished);
    if (reader->event_fd >= 0)
        close(reader->event_fd);
    pthread_cond_destroy(&reader->asked);
    pthread_mutex_destroy(&reader->mutex);
    free(reader->path);
    free(reader);
}
