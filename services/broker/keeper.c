#include "keeper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

#define RETRY_S 1 // after a disk refused

static const char *const file_names[RF_LINE_COUNT] = {
    [RF_LINE_JOURNAL] = "journal.numbers",
    [RF_LINE_VERSIONS] = "state.versions",
};

static enum rf_err write_line(const char *path, int64_t number, struct rf_error *error) {
    char text[32];
    int length = snprintf(text, sizeof text, "%lld\n", (long long)number);
    return rf_file_replace(path, text, (size_t)length, error);
}

static enum rf_err read_line(const char *path, int64_t *number, struct rf_error *error) {
    char *text = NULL;
    *number = 1;
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return RF_OK;
    enum rf_err err = rf_file_read(path, 64, &text, NULL, error);
    if (err != RF_OK)
        return err;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    bool whole =
        end != text && strcmp(end, "\n") == 0 && errno == 0 && value > 0 && value < INT64_MAX / 2;
    free(text);
    if (!whole)
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s: holds no number; numbers must not be given twice, so write one "
                            "into it that is above all that were seen",
                            path);
    *number = value;
    return RF_OK;
}

static enum rf_err open_line(struct rf_keeper_line *line, const char *folder, const char *name,
                             struct rf_error *error) {
    if (asprintf(&line->path, "%s/%s", folder, name) < 0) {
        line->path = NULL;
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    enum rf_err err = read_line(line->path, &line->first, error);
    if (err != RF_OK)
        return err;
    line->reserved = line->wanted = line->first + RF_NUMBERS_BLOCK;
    return write_line(line->path, line->reserved, error);
}

// With the mutex held; lets it go while the disk works.
static bool reserve_one(struct rf_keeper *keeper) {
    for (int i = 0; i < RF_LINE_COUNT; i++) {
        struct rf_keeper_line *line = &keeper->lines[i];
        if (line->wanted <= line->reserved)
            continue;
        int64_t wanted = line->wanted;
        pthread_mutex_unlock(&keeper->mutex);
        enum rf_err err = write_line(line->path, wanted, NULL);
        pthread_mutex_lock(&keeper->mutex);
        line->failed = err != RF_OK;
        if (err == RF_OK)
            line->reserved = wanted;
        return true;
    }
    return false;
}

static void wait_after_failure(struct rf_keeper *keeper) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += RETRY_S;
    while (!keeper->stopping &&
           pthread_cond_timedwait(&keeper->asked, &keeper->mutex, &until) != ETIMEDOUT)
        ;
}

static bool any_failed(const struct rf_keeper *keeper) {
    for (int i = 0; i < RF_LINE_COUNT; i++) {
        if (keeper->lines[i].failed)
            return true;
    }
    return false;
}

static void *run(void *arg) {
    struct rf_keeper *keeper = arg;
    pthread_mutex_lock(&keeper->mutex);
    while (!keeper->stopping) {
        if (!reserve_one(keeper)) {
            pthread_cond_wait(&keeper->asked, &keeper->mutex);
            continue;
        }
        uint64_t one = 1;
        if (write(keeper->event_fd, &one, sizeof one) < 0)
            continue; // the counter is full: the loop has been told often enough
        if (any_failed(keeper))
            wait_after_failure(keeper);
    }
    pthread_mutex_unlock(&keeper->mutex);
    return NULL;
}

enum rf_err rf_keeper_open(struct rf_keeper *keeper, const char *folder, struct rf_error *error) {
    *keeper = (struct rf_keeper){.event_fd = -1};
    pthread_mutex_init(&keeper->mutex, NULL);
    pthread_cond_init(&keeper->asked, NULL);
    for (int i = 0; i < RF_LINE_COUNT; i++) {
        enum rf_err err = open_line(&keeper->lines[i], folder, file_names[i], error);
        if (err != RF_OK)
            return err;
    }
    keeper->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (keeper->event_fd < 0)
        return rf_error_set(error, RF_ERR_IO, "eventfd: %s", strerror(errno));
    int number = pthread_create(&keeper->thread, NULL, run, keeper);
    if (number != 0)
        return rf_error_set(error, RF_ERR_IO, "cannot start a thread: %s", strerror(number));
    keeper->running = true;
    return RF_OK;
}

void rf_keeper_ask(struct rf_keeper *keeper, enum rf_line line) {
    pthread_mutex_lock(&keeper->mutex);
    keeper->lines[line].wanted = keeper->lines[line].reserved + RF_NUMBERS_BLOCK;
    pthread_cond_signal(&keeper->asked);
    pthread_mutex_unlock(&keeper->mutex);
}

int64_t rf_keeper_reserved(struct rf_keeper *keeper, enum rf_line line, bool *failed) {
    pthread_mutex_lock(&keeper->mutex);
    int64_t reserved = keeper->lines[line].reserved;
    *failed = keeper->lines[line].failed;
    pthread_mutex_unlock(&keeper->mutex);
    return reserved;
}

void rf_keeper_close(struct rf_keeper *keeper, const int64_t next[RF_LINE_COUNT]) {
    if (keeper->running) {
        pthread_mutex_lock(&keeper->mutex);
        keeper->stopping = true;
        pthread_cond_signal(&keeper->asked);
        pthread_mutex_unlock(&keeper->mutex);
        pthread_join(keeper->thread, NULL);
    }
    for (int i = 0; i < RF_LINE_COUNT; i++) {
        // If this fails, the old reservation stands, which is right as well.
        if (keeper->running && next != NULL)
            (void)!write_line(keeper->lines[i].path, next[i], NULL);
        free(keeper->lines[i].path);
    }
    if (keeper->event_fd >= 0)
        close(keeper->event_fd);
    pthread_cond_destroy(&keeper->asked);
    pthread_mutex_destroy(&keeper->mutex);
    *keeper = (struct rf_keeper){.event_fd = -1};
}
