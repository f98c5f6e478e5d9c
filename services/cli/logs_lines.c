#include "logs_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t)256 << 10)

enum rf_err cli_logs_lines_open(struct cli_logs_lines *lines, int fd, enum rf_pack pack,
                                struct rf_error *error) {
    *lines = (struct cli_logs_lines){.room = 2 * PIECE_BYTES};
    lines->data = malloc(lines->room);
    if (lines->data == NULL) {
        close(fd);
        return rf_error_set(error, RF_ERR_NOMEM, "no memory to read a file");
    }
    return rf_unpack_new(fd, pack, &lines->unpack, error);
}

void cli_logs_lines_close(struct cli_logs_lines *lines) {
    rf_unpack_destroy(&lines->unpack);
    free(lines->data);
    *lines = (struct cli_logs_lines){.too_long = lines->too_long};
}

size_t cli_logs_lines_held(const struct cli_logs_lines *lines) {
    return lines->to - lines->from;
}

void cli_logs_lines_drop(struct cli_logs_lines *lines) {
    lines->from = lines->to = 0;
    lines->skipping = false;
}

// Room for a further piece behind what is held, which moves to the front.
static enum rf_err make_room(struct cli_logs_lines *lines, struct rf_error *error) {
    size_t held = cli_logs_lines_held(lines);
    memmove(lines->data, lines->data + lines->from, held);
    lines->from = 0;
    lines->to = held;
    if (lines->room - held >= PIECE_BYTES)
        return RF_OK;
    char *larger = realloc(lines->data, lines->room * 2);
    if (larger == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a line of %zu bytes", held);
    lines->data = larger;
    lines->room *= 2;
    return RF_OK;
}

static const char *whole_line(struct cli_logs_lines *lines, size_t looked_at, size_t *size) {
    char *start = lines->data + lines->from;
    const char *end = memchr(start + looked_at, '\n', cli_logs_lines_held(lines) - looked_at);
    if (end == NULL)
        return NULL;
    *size = (size_t)(end - start);
    lines->from += *size + 1;
    return start;
}

enum rf_err cli_logs_lines_next(struct cli_logs_lines *lines, const char **line, size_t *size,
                                struct rf_error *error) {
    size_t looked_at = 0, got = 0;
    for (;;) {
        *line = whole_line(lines, looked_at, size);
        if (*line != NULL && lines->skipping) {
            lines->skipping = false;
            looked_at = 0;
            continue;
        }
        if (*line != NULL)
            return RF_OK;
        looked_at = cli_logs_lines_held(lines);
        if (looked_at > CLI_LOGS_LINE_MOST || lines->skipping) {
            lines->too_long += lines->skipping ? 0 : 1;
            cli_logs_lines_drop(lines);
            lines->skipping = true;
            looked_at = 0;
        }
        enum rf_err result = make_room(lines, error);
        if (result == RF_OK)
            result =
                rf_unpack_read(lines->unpack, lines->data + lines->to, PIECE_BYTES, &got, error);
        if (result != RF_OK || got == 0)
            return result;
        lines->to += got;
    }
}

struct back {
    int fd;
    char *data;
    size_t held, room; // `held` bytes at the front of `data`, of the file from `at` on
    off_t at;
};

static enum rf_err read_before(struct back *back, size_t size, struct rf_error *error) {
    if (back->held + size > back->room) {
        char *larger = realloc(back->data, (back->held + size) * 2);
        if (larger == NULL)
            return rf_error_set(error, RF_ERR_NOMEM, "no memory to read a file");
        back->data = larger;
        back->room = (back->held + size) * 2;
    }
    memmove(back->data + size, back->data, back->held);
    for (size_t done = 0; done < size;) {
        ssize_t n =
            pread(back->fd, back->data + done, size - done, back->at - (off_t)(size - done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rf_error_set(error, RF_ERR_IO, "cannot read: %s", strerror(errno));
        if (n == 0)
            return rf_error_set(error, RF_ERR_IO, "became shorter while it was read");
        done += (size_t)n;
    }
    back->at -= (off_t)size;
    back->held += size;
    return RF_OK;
}

// Gives the whole lines of what is held, of which the first one may begin earlier, and leaves that.
static bool give_lines(struct back *back, cli_logs_back_fn *fn, void *arg) {
    const char *end = memrchr(back->data, '\n', back->held);
    while (end != NULL) {
        const char *before =
            end == back->data ? NULL : memrchr(back->data, '\n', (size_t)(end - back->data));
        if (before == NULL && back->at > 0)
            break;
        const char *line = before == NULL ? back->data : before + 1;
        if (!fn(arg, line, (size_t)(end - line), back->at + (line - back->data)))
            return false;
        end = before;
    }
    back->held = end == NULL ? back->held : (size_t)(end - back->data) + 1;
    return true;
}

enum rf_err cli_logs_lines_back(int fd, cli_logs_back_fn *fn, void *arg, struct rf_error *error) {
    struct stat status;
    enum rf_err result = RF_OK;
    bool more = true;
    if (fstat(fd, &status) != 0)
        return rf_error_set(error, RF_ERR_IO, "cannot look at it: %s", strerror(errno));
    struct back back = {.fd = fd, .at = status.st_size, .room = 2 * PIECE_BYTES};
    back.data = malloc(back.room);
    if (back.data == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory to read a file");
    while (more && back.at > 0 && result == RF_OK) {
        size_t size = back.at < (off_t)PIECE_BYTES ? (size_t)back.at : PIECE_BYTES;
        if (back.held > CLI_LOGS_LINE_MOST)
            back.held = 0; // too long: told by who reads forwards
        result = read_before(&back, size, error);
        more = result == RF_OK && give_lines(&back, fn, arg);
    }
    free(back.data);
    return result;
}
