#include "logs_follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void note_number(struct cli_logs_follow *follow, const char *line, size_t size) {
    int64_t n = 0;
    if (size < 6 || memcmp(line, "{\"n\":", 5) != 0)
        return;
    for (size_t i = 5; i < size && line[i] >= '0' && line[i] <= '9'; i++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, line[i] - '0', &n))
            return;
    follow->n = n;
}

static enum rf_err drain(struct cli_logs_follow *follow, struct cli_logs_lines *lines,
                         struct rf_error *error) {
    const char *line;
    size_t size;
    enum rf_err result;
    while ((result = cli_logs_lines_next(lines, &line, &size, error)) == RF_OK && line != NULL) {
        note_number(follow, line, size);
        follow->fn(follow->arg, line, size);
    }
    return result;
}

static void close_file(struct cli_logs_follow *follow) {
    cli_logs_lines_close(&follow->lines);
    if (follow->fd >= 0)
        close(follow->fd);
    follow->fd = -1;
}

static enum rf_err take_file(struct cli_logs_follow *follow, struct cli_logs_file *file,
                             struct rf_error *error) {
    int fd = file->fd;
    file->fd = -1;
    follow->fd = dup(fd);
    if (follow->fd < 0 || lseek(fd, file->from, SEEK_SET) < 0) {
        close(fd);
        return rf_error_set(error, RF_ERR_IO, "%s: cannot read: %s", file->path, strerror(errno));
    }
    return cli_logs_lines_open(&follow->lines, fd, RF_PACK_NONE, error);
}

enum rf_err cli_logs_follow_begin(struct cli_logs_follow *follow, struct cli_logs_files *files,
                                  struct rf_error *error) {
    enum rf_err result = RF_OK;
    follow->fd = -1;
    follow->ino = files->ino;
    follow->newest = files->newest;
    if (files->ino != 0)
        result = take_file(follow, &files->items[files->count - 1], error);
    return result;
}

void cli_logs_follow_end(struct cli_logs_follow *follow) {
    close_file(follow);
}

// Somebody has cut the file: half a line that a kill had left, or all of it.
static void look_for_cut(struct cli_logs_follow *follow) {
    struct stat status;
    off_t place = lseek(follow->fd, 0, SEEK_CUR);
    off_t whole = place - (off_t)cli_logs_lines_held(&follow->lines);
    if (place < 0 || fstat(follow->fd, &status) != 0 || status.st_size >= place)
        return;
    cli_logs_lines_drop(&follow->lines);
    lseek(follow->fd, status.st_size >= whole ? whole : 0, SEEK_SET);
}

static enum rf_err read_rotated(struct cli_logs_follow *follow, struct cli_logs_file *file,
                                struct rf_error *error) {
    struct cli_logs_lines lines;
    enum rf_err result = cli_logs_file_open(file, error);
    if (result != RF_OK)
        return result == RF_ERR_NOT_FOUND ? RF_OK : result; // removed as the oldest one
    result = cli_logs_lines_open(&lines, file->fd, file->pack, error);
    file->fd = -1;
    if (result == RF_OK)
        result = drain(follow, &lines, error);
    cli_logs_lines_close(&lines);
    return result;
}

// The file has lost its name, and nobody writes it any more.
static enum rf_err go_on(struct cli_logs_follow *follow, struct rf_error *error) {
    static const struct cli_logs_filter all;
    struct cli_logs_files files;
    enum rf_err result = RF_OK;
    if (follow->fd >= 0)
        result = drain(follow, &follow->lines, error);
    if (result != RF_OK)
        return result;
    result = cli_logs_files_open(&files, follow->path, &all, follow->newest, error);
    int64_t own = follow->n;
    size_t rotated = files.count - (files.ino != 0 && files.count > 0 ? 1 : 0);
    for (size_t i = 0; i < rotated && result == RF_OK; i++)
        if (i > 0 || follow->fd < 0 || files.items[i].last_n != own) // else it was just read
            result = read_rotated(follow, &files.items[i], error);
    close_file(follow);
    if (result == RF_OK)
        result = cli_logs_follow_begin(follow, &files, error);
    cli_logs_files_close(&files);
    return result == RF_OK && follow->fd >= 0 ? drain(follow, &follow->lines, error) : result;
}

enum rf_err cli_logs_follow_look(struct cli_logs_follow *follow, struct rf_error *error) {
    struct stat there;
    ino_t ino = stat(follow->path, &there) == 0 ? there.st_ino : 0;
    if (ino != follow->ino)
        return go_on(follow, error);
    if (follow->fd < 0)
        return RF_OK;
    look_for_cut(follow);
    return drain(follow, &follow->lines, error);
}
