#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

void peer_check(bool good, const char *text) {
    if (good)
        return;
    fprintf(stderr, "%s\n", text);
    exit(1);
}

int64_t peer_number(const char *text) {
    char *end;
    long long n = strtoll(text, &end, 10);
    if (*text != '\0' && *end == '\0' && n >= 0)
        return n;
    fprintf(stderr, "a whole number expected, not \"%s\"\n", text);
    exit(2);
}

static void on_stdin(void *arg, int fd, unsigned events) {
    struct peer *peer = arg;
    char byte;
    (void)events;
    if (read(fd, &byte, 1) > 0)
        return;
    (void)!rf_loop_fd_set(peer->loop, fd, 0, NULL, NULL);
    peer->ending = true;
    peer->on_end(peer->arg);
}

void peer_open(struct peer *peer, const char *config_file, const char *name, peer_fn *on_end,
               void *arg) {
    struct rf_error error = {.message = "out of memory"};
    *peer = (struct peer){.on_end = on_end, .arg = arg, .loop = rf_loop_new()};
    snprintf(peer->instance, sizeof peer->instance, "%s-%d", name, (int)getpid());
    peer_check(peer->loop != NULL, error.message);
    peer_check(rf_config_load(config_file, &peer->config, &error) == RF_OK, error.message);
    peer_check(rf_bus_new(peer->loop, &peer->config->bus, "test", peer->instance, &peer->bus,
                          &error) == RF_OK,
               error.message);
    peer_check(rf_loop_fd_set(peer->loop, STDIN_FILENO, RF_LOOP_READ, on_stdin, peer) == RF_OK,
               "stdin cannot be watched");
}

void peer_run(struct peer *peer) {
    struct rf_error error;
    peer_check(rf_loop_run(peer->loop, &error) == RF_OK, "the loop failed");
}

void peer_close(struct peer *peer) {
    rf_bus_destroy(&peer->bus);
    rf_loop_destroy(&peer->loop);
    rf_config_destroy(&peer->config);
}

char *peer_read_file(const char *path) {
    struct stat file;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return calloc(1, 1);
    peer_check(fd >= 0 && fstat(fd, &file) == 0, path);
    char *text = malloc((size_t)file.st_size + 1);
    size_t size = 0;
    for (ssize_t got = 1; got > 0 && size < (size_t)file.st_size; size += (size_t)got) {
        got = read(fd, text + size, (size_t)file.st_size - size);
        peer_check(got >= 0, path);
    }
    text[size] = '\0';
    close(fd);
    return text;
}

// How many bytes the whole lines have, up to and with the last one that begins with a mark.
static size_t whole_size(const char *text, const char *marks) {
    size_t whole = 0;
    const char *end;
    for (const char *line = text; (end = strchr(line, '\n')) != NULL; line = end + 1)
        if (strchr(marks, *line) != NULL)
            whole = (size_t)(end + 1 - text);
    return whole;
}

int peer_append_file(const char *path, const char *marks) {
    char *text = peer_read_file(path);
    size_t whole = whole_size(text, marks);
    free(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    peer_check(fd >= 0 && ftruncate(fd, (off_t)whole) == 0, path);
    return fd;
}

void peer_append(int fd, const char *text) {
    size_t size = strlen(text);
    peer_check(write(fd, text, size) == (ssize_t)size, "the file cannot be written");
}
