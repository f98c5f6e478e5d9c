#include "runtime/presence.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <ringfence/id.h>

#define ENDING ".state"

const char *const rf_presence_services[] = {"broker",         "service-gateway", "orchestrator",
                                            "health-monitor", "alerter",         "logger",
                                            "console",        "simulator",       NULL};

bool rf_presence_is_of(const char *file, const char *service) {
    size_t length = strlen(service);
    // "broker-" and a ULID: another service's name may begin with this one's.
    return strncmp(file, service, length) == 0 && file[length] == '-' &&
           strlen(file) == length + RF_ULID_SIZE + sizeof ENDING - 1 &&
           strcmp(file + length + RF_ULID_SIZE, ENDING) == 0;
}

void rf_presence_address(int folder, const char *name, struct sockaddr_un *address) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    (void)snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", folder,
                   name);
}

int rf_presence_connect(int folder, const char *name, struct rf_duration timeout) {
    struct sockaddr_un address;
    struct timeval limit = {.tv_sec = timeout.ns / RF_NS_PER_S,
                            .tv_usec = timeout.ns % RF_NS_PER_S / RF_NS_PER_US};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    rf_presence_address(folder, name, &address);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int cause = errno;
    close(fd);
    errno = cause;
    return -1;
}

// The line is sent whole and the connection closed behind it: a torn one is no answer.
static bool read_line(int fd, char line[RF_PRESENCE_LINE_SIZE]) {
    size_t size = 0;
    ssize_t got;
    while (size < RF_PRESENCE_LINE_SIZE - 1 &&
           (got = recv(fd, line + size, RF_PRESENCE_LINE_SIZE - 1 - size, 0)) > 0)
        size += (size_t)got;
    if (size == 0 || line[size - 1] != '\n')
        return false;
    line[size - 1] = '\0';
    return true;
}

static void ask_one(int folder, const char *file, struct rf_duration timeout, rf_presence_fn *fn,
                    void *arg) {
    char instance[RF_PRESENCE_NAME_SIZE], line[RF_PRESENCE_LINE_SIZE], why[128];
    (void)snprintf(instance, sizeof instance, "%.*s", (int)(strlen(file) - strlen(ENDING)), file);
    int fd = rf_presence_connect(folder, file, timeout);
    if (fd < 0 && (errno == ECONNREFUSED || errno == ENOENT))
        return;
    if (fd >= 0 && read_line(fd, line)) {
        char *space = strchr(line, ' ');
        if (space != NULL)
            *space = '\0';
        fn(arg, instance, line, space != NULL ? space + 1 : "");
    } else if (fd >= 0 || errno == EAGAIN) {
        (void)snprintf(why, sizeof why, "it does not answer within %.3g s", rf_duration_s(timeout));
        fn(arg, instance, "", why);
    } else {
        (void)snprintf(why, sizeof why, "it cannot be asked: %s", strerror(errno));
        fn(arg, instance, "", why);
    }
    if (fd >= 0)
        close(fd);
}

enum rf_err rf_presence_ask(const char *run_dir, const char *service, struct rf_duration timeout,
                            rf_presence_fn *fn, void *arg, struct rf_error *error) {
    DIR *names = opendir(run_dir);
    if (names == NULL && errno == ENOENT)
        return RF_OK;
    if (names == NULL)
        return rf_error_set(error, RF_ERR_IO, "%s: %s", run_dir, strerror(errno));
    for (struct dirent *entry = readdir(names); entry != NULL; entry = readdir(names))
        if (rf_presence_is_of(entry->d_name, service))
            ask_one(dirfd(names), entry->d_name, timeout, fn, arg);
    closedir(names);
    return RF_OK;
}
