#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/file.h"
#include "base/log.h"
#include "rotated/pack.h"
#include "runtime/loop.h"

// Compression waits for whoever has something to do at once.
#define NICE 10

struct rf_keeper {
    struct rf_loop *loop;
    char *path; // of the log
    int event_fd;
    pthread_t thread;
    bool running;         // the thread exists
    atomic_bool stopping; // also looked at by the compression

    pthread_mutex_t mutex; // guards all below
    pthread_cond_t wake;
    bool wanted; // a look
    struct rf_rotate_rules rules;
    char problem[RF_ERROR_MESSAGE_SIZE]; // to be told by the loop; "": none
};

// ---- the thread ----

static enum rf_err refuse(const char *path, const char *what, struct rf_error *error) {
    return rf_error_set(error, RF_ERR_IO, "%s: %s: %s", path, what, strerror(errno));
}

// Of one that is compressed already. Whoever is killed before the last step leaves both, of which
// the next look keeps the compressed one.
static enum rf_err take_place(const char *partial, const char *packed, const char *original,
                              struct rf_error *error) {
    RF_CRASH_POINT(logger, packed);
    if (rename(partial, packed) != 0)
        return refuse(partial, "cannot rename", error);
    enum rf_err result = rf_file_sync_folder(packed, error);
    if (result != RF_OK)
        return result;
    RF_CRASH_POINT(logger, packed_beside);
    if (unlink(original) != 0 && errno != ENOENT)
        return refuse(original, "cannot remove", error);
    return RF_OK;
}

static enum rf_err pack_to(const struct rf_keeper *keeper, const char *original,
                           const char *partial, enum rf_pack pack, struct rf_error *error) {
    int in = open(original, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0)
        return refuse(original, "cannot open", error);
    int out = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0) {
        enum rf_err failed = refuse(partial, "cannot make", error);
        close(in);
        return failed;
    }
    enum rf_err result = rf_pack_file(in, out, pack, &keeper->stopping, error);
    if (result != RF_OK)
        rf_error_prefix(error, "%s: ", partial);
    else if (fsync(out) != 0)
        result = refuse(partial, "cannot sync", error);
    close(in);
    if (close(out) != 0 && result == RF_OK)
        result = refuse(partial, "cannot close", error);
    return result;
}

static enum rf_err compress_file(const struct rf_keeper *keeper, const struct rf_rotated_file *file,
                                 enum rf_pack pack, struct rf_error *error) {
    struct rf_rotated_name name = file->name;
    char packed_name[RF_ROTATED_NAME_SIZE], partial_name[RF_ROTATED_NAME_SIZE];
    const char *base = rf_rotated_base(keeper->path);
    name.pack = pack;
    bool fits = rf_rotated_name_write(base, &name, packed_name);
    name.partial = true;
    if (!fits || !rf_rotated_name_write(base, &name, partial_name))
        return rf_error_set(error, RF_ERR_INVALID, "%s: its name is too long", file->file);
    char *original = rf_rotated_path(keeper->path, file->file);
    char *packed = rf_rotated_path(keeper->path, packed_name);
    char *partial = rf_rotated_path(keeper->path, partial_name);
    enum rf_err result = RF_ERR_NOMEM;
    if (original == NULL || packed == NULL || partial == NULL)
        rf_error_set(error, result, "no memory for a path");
    else if ((result = pack_to(keeper, original, partial, pack, error)) != RF_OK ||
             (result = take_place(partial, packed, original, error)) != RF_OK)
        unlink(partial);
    free(original);
    free(packed);
    free(partial);
    return result;
}

static enum rf_err remove_file(const struct rf_keeper *keeper, const struct rf_rotated_file *file,
                               struct rf_error *error) {
    char *path = rf_rotated_path(keeper->path, file->file);
    enum rf_err result = RF_OK;
    if (path == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a path");
    if (unlink(path) != 0 && errno != ENOENT)
        result = refuse(path, "cannot remove", error);
    free(path);
    return result;
}

static void tell(struct rf_keeper *keeper, const struct rf_error *error) {
    const uint64_t one = 1;
    pthread_mutex_lock(&keeper->mutex);
    if (keeper->problem[0] == '\0')
        snprintf(keeper->problem, sizeof keeper->problem, "%s", error->message);
    pthread_mutex_unlock(&keeper->mutex);
    ssize_t written = write(keeper->event_fd, &one, sizeof one);
    (void)written; // fails only for a full counter, and then the bell is ringing already
}

// One step by what is there now. False: there is nothing more that can be done.
static bool do_step(struct rf_keeper *keeper, const struct rf_rotate_rules *rules,
                    bool *can_compress) {
    struct rf_rotated_list list;
    struct rf_error error;
    struct rf_keep_step step = {RF_KEEP_DONE, 0};
    enum rf_err result = rf_rotated_list_read(keeper->path, &list, &error);
    bool more = result == RF_OK;
    if (result == RF_OK)
        step = rf_keep_next(rules, &list, rf_clock_utc(), *can_compress);
    if (step.action == RF_KEEP_DONE)
        more = false;
    else if (step.action == RF_KEEP_REMOVE)
        more = (result = remove_file(keeper, &list.items[step.index], &error)) == RF_OK;
    else if ((result = compress_file(keeper, &list.items[step.index], rules->compress, &error)) !=
             RF_OK)
        *can_compress = false;
    rf_rotated_list_fini(&list);
    if (result != RF_OK && result != RF_ERR_CLOSED)
        tell(keeper, &error);
    return more;
}

static void *thread_main(void *arg) {
    struct rf_keeper *keeper = arg;
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); // of this thread alone; it may be refused
    pthread_mutex_lock(&keeper->mutex);
    for (;;) {
        while (!keeper->wanted && !atomic_load(&keeper->stopping))
            pthread_cond_wait(&keeper->wake, &keeper->mutex);
        if (atomic_load(&keeper->stopping))
            break;
        struct rf_rotate_rules rules = keeper->rules;
        bool can_compress = true;
        keeper->wanted = false;
        pthread_mutex_unlock(&keeper->mutex);
        while (!atomic_load(&keeper->stopping) && do_step(keeper, &rules, &can_compress))
            ;
        pthread_mutex_lock(&keeper->mutex);
    }
    pthread_mutex_unlock(&keeper->mutex);
    return NULL;
}

// ---- the loop's side ----

static void on_event(void *arg, int fd, unsigned events) {
    struct rf_keeper *keeper = arg;
    char problem[RF_ERROR_MESSAGE_SIZE];
    uint64_t count;
    (void)events;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got; // EAGAIN: told already
    pthread_mutex_lock(&keeper->mutex);
    memcpy(problem, keeper->problem, sizeof problem);
    keeper->problem[0] = '\0';
    pthread_mutex_unlock(&keeper->mutex);
    if (problem[0] != '\0')
        rf_log(RF_LOG_WARNING, "a rotated file cannot be kept as configured, tries again: %s",
               problem);
}

static enum rf_err start_thread(struct rf_keeper *keeper, struct rf_error *error) {
    // Signals belong to the loop's thread.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(&keeper->thread, NULL, thread_main, keeper);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (number != 0)
        return rf_error_set(error, RF_ERR_IO, "cannot start the thread for rotated files: %s",
                            strerror(number));
    keeper->running = true;
    return RF_OK;
}

enum rf_err rf_keeper_new(struct rf_loop *loop, const char *path, struct rf_keeper **out,
                          struct rf_error *error) {
    struct rf_keeper *keeper = calloc(1, sizeof *keeper);
    enum rf_err result;
    *out = NULL;
    if (keeper == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory");
    keeper->loop = loop;
    keeper->path = strdup(path);
    pthread_mutex_init(&keeper->mutex, NULL);
    pthread_cond_init(&keeper->wake, NULL);
    keeper->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (keeper->path == NULL)
        result = rf_error_set(error, RF_ERR_NOMEM, "no memory for a path");
    else if (keeper->event_fd < 0)
        result = rf_error_set(error, RF_ERR_IO, "eventfd: %s", strerror(errno));
    else if ((result = rf_loop_fd_set(loop, keeper->event_fd, RF_LOOP_READ, on_event, keeper)) !=
             RF_OK)
        rf_error_set(error, result, "cannot watch the thread for rotated files");
    else
        result = start_thread(keeper, error);
    if (result != RF_OK)
        rf_keeper_destroy(&keeper);
    *out = keeper;
    return result;
}

void rf_keeper_destroy(struct rf_keeper **pointer) {
    struct rf_keeper *keeper = *pointer;
    if (keeper == NULL)
        return;
    atomic_store(&keeper->stopping, true);
    if (keeper->running) {
        pthread_mutex_lock(&keeper->mutex);
        pthread_cond_signal(&keeper->wake);
        pthread_mutex_unlock(&keeper->mutex);
        pthread_join(keeper->thread, NULL);
    }
    if (keeper->event_fd >= 0) {
        if (rf_loop_fd_set(keeper->loop, keeper->event_fd, 0, NULL, NULL) != RF_OK)
            rf_log(RF_LOG_WARNING, "the loop still watches a thread that has ended");
        close(keeper->event_fd);
    }
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->mutex);
    free(keeper->path);
    free(keeper);
    *pointer = NULL;
}

void rf_keeper_look(struct rf_keeper *keeper, const struct rf_rotate_rules *rules) {
    pthread_mutex_lock(&keeper->mutex);
    keeper->rules = *rules;
    keeper->wanted = true;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->mutex);
}
