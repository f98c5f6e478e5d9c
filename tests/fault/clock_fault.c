// A wall clock that is set while processes run, for those that are started with
//   LD_PRELOAD=clock_fault.so RF_CLOCK_FAULT=CONTROL_FILE
// (a program with AddressSanitizer needs ASAN_OPTIONS=verify_asan_link_order=0 besides). The
// control file holds the seconds by which CLOCK_REALTIME is off, such as -3600; without it, or with
// an empty one, the clock is right. It is looked at each time that the clock is read.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static long offset_s(void) {
    const char *name = getenv("RF_CLOCK_FAULT");
    char text[32];
    int before = errno;
    int fd = name != NULL ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    if (fd >= 0)
        close(fd);
    errno = before;
    text[size > 0 ? size : 0] = '\0';
    return atol(text);
}

int clock_gettime(clockid_t id, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (real == NULL)
        real = REAL(clock_gettime);
    int result = real(id, now);
    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset_s();
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
