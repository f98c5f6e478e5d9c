#include "runtime/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

#define STATUS_BYTES 600

static void say(const struct rf_notify *notify, const char *lines) {
    // Nothing is to be done about a manager that is gone or has no room: it will notice.
    if (notify->open)
        (void)send(notify->fd, lines, strlen(lines), MSG_DONTWAIT | MSG_NOSIGNAL);
}

// ---- what the manager asks for ----

static bool read_number(const char *text, int64_t *number) {
    char *end;
    *number = strtoll(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

// A watchdog that was asked for in the environment of another process is that one's.
static enum rf_err read_watchdog(struct rf_notify *notify, struct rf_error *error) {
    const char *time = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    int64_t us, whose = getpid();
    if (time == NULL)
        return RF_OK;
    if (!read_number(time, &us) || us <= 0 || us > INT64_MAX / RF_NS_PER_US)
        return rf_error_set(error, RF_ERR_INVALID,
                            "WATCHDOG_USEC is \"%s\": microseconds are expected", time);
    if (pid != NULL && !read_number(pid, &whose))
        return rf_error_set(error, RF_ERR_INVALID, "WATCHDOG_PID is \"%s\": a number is expected",
                            pid);
    if (whose == getpid())
        notify->watchdog = rf_ns(us * RF_NS_PER_US);
    return RF_OK;
}

// ---- its socket ----

// A path, or a name of Linux's own after '@'.
static bool address_of(const char *path, struct sockaddr_un *address, socklen_t *size) {
    size_t length = strlen(path);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((path[0] != '/' && path[0] != '@') || length < 2 || length >= sizeof address->sun_path)
        return false;
    memcpy(address->sun_path, path, length);
    if (path[0] == '@')
        address->sun_path[0] = '\0';
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (path[0] == '/'));
    return true;
}

static enum rf_err open_socket(struct rf_notify *notify, const char *path, struct rf_error *error) {
    struct sockaddr_un address;
    socklen_t size;
    if (!address_of(path, &address, &size))
        return rf_error_set(error, RF_ERR_INVALID,
                            "NOTIFY_SOCKET is \"%s\": an absolute path, or a name after @, is "
                            "expected",
                            path);
    notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notify->fd < 0)
        return rf_error_set(error, RF_ERR_IO, "cannot make a socket for NOTIFY_SOCKET: %s",
                            strerror(errno));
    notify->open = true;
    if (connect(notify->fd, (struct sockaddr *)&address, size) == 0)
        return RF_OK;
    enum rf_err result =
        rf_error_set(error, RF_ERR_IO, "cannot reach NOTIFY_SOCKET %s: %s", path, strerror(errno));
    rf_notify_close(notify);
    return result;
}

enum rf_err rf_notify_open(struct rf_notify *notify, struct rf_error *error) {
    const char *path = getenv("NOTIFY_SOCKET");
    enum rf_err result = RF_OK;
    if (path != NULL && path[0] != '\0') {
        result = read_watchdog(notify, error);
        if (result == RF_OK)
            result = open_socket(notify, path, error);
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    return result;
}

void rf_notify_close(struct rf_notify *notify) {
    if (notify->timer.loop != NULL)
        rf_timer_stop(&notify->timer);
    if (notify->open)
        close(notify->fd);
    notify->open = false;
}

// ---- what it is told ----

static void on_timer(void *arg) {
    struct rf_notify *notify = arg;
    say(notify, "WATCHDOG=1");
    rf_timer_after(&notify->timer, rf_ns(notify->watchdog.ns / 2));
}

void rf_notify_run(struct rf_notify *notify, struct rf_loop *loop) {
    if (!notify->open || notify->watchdog.ns == 0)
        return;
    rf_timer_init(&notify->timer, loop, on_timer, notify);
    on_timer(notify);
}

void rf_notify_ready(const struct rf_notify *notify, const char *status) {
    char lines[STATUS_BYTES];
    (void)snprintf(lines, sizeof lines, "READY=1\nSTATUS=%s", status);
    say(notify, lines);
}

void rf_notify_reloading(const struct rf_notify *notify) {
    char lines[80];
    // The time is what Type=notify-reload (systemd 253) wants beside it.
    (void)snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
                   rf_clock_now().ns / RF_NS_PER_US);
    say(notify, lines);
}

void rf_notify_stopping(const struct rf_notify *notify, const char *status,
                        struct rf_duration most) {
    char lines[STATUS_BYTES];
    (void)snprintf(lines, sizeof lines, "STOPPING=1\nSTATUS=%s\nEXTEND_TIMEOUT_USEC=%" PRId64,
                   status, most.ns / RF_NS_PER_US);
    say(notify, lines);
}
