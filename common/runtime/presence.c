#include "runtime/presence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"

#define AT_ONCE rf_ms(1)

// A connection is refused only by a socket whose process has ended: none has its name before it
// listens.
static void remove_left(int folder, const char *service) {
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *names = copy < 0 ? NULL : fdopendir(copy);
    if (names == NULL) {
        if (copy >= 0)
            close(copy);
        return;
    }
    for (struct dirent *entry = readdir(names); entry != NULL; entry = readdir(names)) {
        if (!rf_presence_is_of(entry->d_name, service))
            continue;
        int fd = rf_presence_connect(folder, entry->d_name, AT_ONCE);
        if (fd >= 0)
            close(fd);
        else if (errno == ECONNREFUSED)
            (void)unlinkat(folder, entry->d_name, 0);
    }
    closedir(names);
}

static void on_connection(void *arg, int fd, unsigned events) {
    const struct rf_presence *presence = arg;
    int peer;
    (void)events;
    while ((peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        // The line fits into the buffer of a fresh connection; whoever has gone misses it.
        (void)send(peer, presence->line, strlen(presence->line), MSG_DONTWAIT | MSG_NOSIGNAL);
        close(peer);
    }
}

// Listens under another name first, so that nobody meets the socket before it listens.
static int listen_at(int folder, const char *name) {
    char early[RF_PRESENCE_NAME_SIZE + 4];
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    (void)snprintf(early, sizeof early, ".%s", name);
    rf_presence_address(folder, early, &address);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        fchmodat(folder, early, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP, 0) == 0 &&
        listen(fd, 16) == 0 && renameat(folder, early, folder, name) == 0)
        return fd;
    int cause = errno;
    (void)unlinkat(folder, early, 0);
    close(fd);
    errno = cause;
    return -1;
}

enum rf_err rf_presence_open(struct rf_presence *presence, struct rf_loop *loop,
                             const char *run_dir, const char *service, const char *instance,
                             struct rf_error *error) {
    if (rf_folder_make(run_dir, 0700, error) != RF_OK)
        return error->code;
    *presence = (struct rf_presence){.fd = -1};
    (void)snprintf(presence->name, sizeof presence->name, "%s.state", instance);
    presence->folder = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (presence->folder >= 0) {
        remove_left(presence->folder, service);
        presence->fd = listen_at(presence->folder, presence->name);
    }
    if (presence->fd >= 0) {
        presence->loop = loop;
        rf_presence_tell(presence, "starting", "");
        if (rf_loop_fd_set(loop, presence->fd, RF_LOOP_READ, on_connection, presence) == RF_OK)
            return RF_OK;
    }
    rf_error_set(error, RF_ERR_IO, "%s/%s: %s", run_dir, presence->name, strerror(errno));
    if (presence->loop != NULL)
        rf_presence_close(presence);
    else if (presence->folder >= 0)
        close(presence->folder);
    return RF_ERR_IO;
}

void rf_presence_tell(struct rf_presence *presence, const char *state, const char *detail) {
    (void)snprintf(presence->line, sizeof presence->line, "%s %s\n", state, detail);
}

void rf_presence_close(struct rf_presence *presence) {
    if (presence->loop == NULL)
        return;
    (void)!rf_loop_fd_set(presence->loop, presence->fd, 0, NULL, NULL);
    (void)unlinkat(presence->folder, presence->name, 0);
    close(presence->fd);
    close(presence->folder);
    presence->loop = NULL;
}
