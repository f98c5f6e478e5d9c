// A wall clock that is set, or a machine that sleeps, while processes run, for those that are
// started with
//   LD_PRELOAD=clock_fault.so RF_CLOCK_FAULT=CONTROL_FILE
// (a program with AddressSanitizer needs ASAN_OPTIONS=verify_asan_link_order=0 besides). The
// control file holds the seconds by which CLOCK_REALTIME is off, such as -3600, and perhaps those
// for which the machine slept: by these CLOCK_REALTIME and CLOCK_BOOTTIME are ahead, while
// CLOCK_MONOTONIC, and timers with it, stood still. Without it, or with an empty one, the clocks
// are right. It is looked at each time that one of them is read.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

struct fault {
    long set_s, slept_s;
};

static struct fault read_fault(void) {
    const char *name = getenv("RF_CLOCK_FAULT");
    char text[48], *rest = text;
    struct fault fault;
    int before = errno;
    int fd = name != NULL ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    if (fd >= 0)
        close(fd);
    errno = before;
    text[size > 0 ? size : 0] = '\0';
    fault.set_s = strtol(text, &rest, 10);
    fault.slept_s = strtol(rest, NULL, 10);
    return fault;
}

int clock_gettime(clockid_t id, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL)
        real = REAL(clock_gettime);
    int result = real(id, now);
    bool wall = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
    if (result == 0 && (wall || id == CLOCK_BOOTTIME)) {
        struct fault fault = read_fault();
        now->tv_sec += fault.slept_s + (wall ? fault.set_s : 0);
    }
    return result;
}

time_t time(time_t *out) {
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact = {0};
    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}
