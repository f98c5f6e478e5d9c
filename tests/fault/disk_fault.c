// A disk that is slow, full or broken, for a process that is started with
//   LD_PRELOAD=disk_fault.so RF_DISK_FAULT=CONTROL_FILE
// (a program with AddressSanitizer needs ASAN_OPTIONS=verify_asan_link_order=0 besides). The
// control file is looked at before each operation, so that a test changes the disk while the
// process runs. Without it, or with an empty one, all is well. It holds words:
//   path=TEXT     only files whose path contains it (default: all regular files)
//   stall_ms=N    a write or sync takes so much longer,
//   every_ms=N    but at most one in so many milliseconds (default: each)
//   write=enospc  writes fail with it (enospc, eio, edquot), also a file's growth
//   sync=eio      the same for fsync and fdatasync
//   after=N       so many more writes are good before they fail (counted from the file's last
//   change)
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    struct timespec changed;
    char path[256];
    int64_t stall_ns, every_ns, stalled_at;
    int write_error, sync_error;
    long good_writes;
} fault;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int error_named(const char *name) {
    return strcmp(name, "enospc") == 0 ? ENOSPC : strcmp(name, "edquot") == 0 ? EDQUOT : EIO;
}

static void take_word(char *word) {
    char *value = strchr(word, '=');
    if (value == NULL)
        return;
    *value++ = '\0';
    if (strcmp(word, "path") == 0)
        snprintf(fault.path, sizeof fault.path, "%s", value);
    else if (strcmp(word, "stall_ms") == 0)
        fault.stall_ns = atoll(value) * NS_PER_MS;
    else if (strcmp(word, "every_ms") == 0)
        fault.every_ns = atoll(value) * NS_PER_MS;
    else if (strcmp(word, "write") == 0)
        fault.write_error = error_named(value);
    else if (strcmp(word, "sync") == 0)
        fault.sync_error = error_named(value);
    else if (strcmp(word, "after") == 0)
        fault.good_writes = atol(value);
}

static void forget(void) {
    fault.path[0] = '\0';
    fault.stall_ns = fault.every_ns = 0;
    fault.write_error = fault.sync_error = 0;
    fault.good_writes = 0;
}

// Read whole by plain calls that are none of those below.
static void look(void) {
    const char *name = getenv("RF_DISK_FAULT");
    struct stat file;
    char text[1024];
    if (name == NULL || stat(name, &file) != 0) {
        forget();
        fault.changed = (struct timespec){0};
        return;
    }
    if (file.st_mtim.tv_sec == fault.changed.tv_sec &&
        file.st_mtim.tv_nsec == fault.changed.tv_nsec)
        return;
    fault.changed = file.st_mtim;
    forget();
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    if (fd >= 0)
        close(fd);
    text[size > 0 ? size : 0] = '\0';
    char *rest = text, *word;
    while ((word = strsep(&rest, " \n")) != NULL)
        take_word(word);
}

static bool concerns(int fd) {
    struct stat file;
    char link[64], path[4096];
    if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
        return false;
    if (fault.path[0] == '\0')
        return true;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    path[size > 0 ? size : 0] = '\0';
    return strstr(path, fault.path) != NULL;
}

static int64_t stall_of(int64_t now) {
    if (fault.stall_ns == 0 || now - fault.stalled_at < fault.every_ns)
        return 0;
    fault.stalled_at = now;
    return fault.stall_ns;
}

// 0, or the error that this operation has to fail with; waits where it has to be slow.
static int verdict(int fd, bool is_sync) {
    int before = errno, error = 0;
    int64_t stall = 0;
    pthread_mutex_lock(&mutex);
    look();
    if ((fault.stall_ns != 0 || fault.write_error != 0 || fault.sync_error != 0) && concerns(fd)) {
        stall = stall_of(now_ns());
        error = is_sync ? fault.sync_error : fault.write_error;
        if (error != 0 && !is_sync && fault.good_writes > 0) {
            fault.good_writes--;
            error = 0;
        }
    }
    pthread_mutex_unlock(&mutex);
    struct timespec left = {stall / NS_PER_S, stall % NS_PER_S};
    while (stall > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
    errno = before;
    return error;
}

// The real function, and on a bad verdict -1 with errno.
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define PASS(fd, is_sync, call)                                                                    \
    do {                                                                                           \
        int error = verdict(fd, is_sync);                                                          \
        if (error == 0)                                                                            \
            return call;                                                                           \
        errno = error;                                                                             \
        return -1;                                                                                 \
    } while (0)

ssize_t write(int fd, const void *data, size_t size) {
    PASS(fd, false, REAL(write)(fd, data, size));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    PASS(fd, false, REAL(pwrite)(fd, data, size, at));
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    PASS(fd, false, REAL(pwrite64)(fd, data, size, at));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    PASS(fd, false, REAL(writev)(fd, parts, count));
}

int posix_fallocate(int fd, off_t at, off_t size) {
    int error = verdict(fd, false);
    return error != 0 ? error : REAL(posix_fallocate)(fd, at, size);
}

int fsync(int fd) {
    PASS(fd, true, REAL(fsync)(fd));
}

int fdatasync(int fd) {
    PASS(fd, true, REAL(fdatasync)(fd));
}
