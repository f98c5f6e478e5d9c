#include "bus/cursor_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

// Always of one length: a shorter line leaves nothing of a longer one behind.
#define DIGITS     20
#define ID_BYTES   (RF_JOURNAL_ID_SIZE - 1) // filled up with blanks
#define LINE_BYTES RF_CURSOR_FILE_BYTES
#define OLD_BYTES  (DIGITS + 1)

static enum rf_err fail(struct rf_error *error, const char *path, const char *what) {
    return rf_error_set(error, RF_ERR_IO, "%s: cannot %s: %s", path, what, strerror(errno));
}

static enum rf_err lock(int fd, const char *path, struct rf_error *error) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return RF_OK;
    if (errno == EWOULDBLOCK)
        return rf_error_set(
            error, RF_ERR_CONFLICT,
            "%s: another process reads the journal with this file: give each its own", path);
    return fail(error, path, "lock the file");
}

static bool parse_digits(const char *line, int64_t *n) {
    *n = 0;
    for (int i = 0; i < DIGITS; i++) {
        if (line[i] < '0' || line[i] > '9' || __builtin_mul_overflow(*n, 10, n) ||
            __builtin_add_overflow(*n, line[i] - '0', n))
            return false;
    }
    return true;
}

// A line that breaks off (a disk that was full, a machine that lost its power): it was the first
// one, or took the place of one with the number alone. Without all its digits it says nothing.
static bool parse_torn(const char *line, size_t size, bool *known, struct rf_journal_place *place) {
    *place = (struct rf_journal_place){0};
    *known = size >= DIGITS;
    if (size >= LINE_BYTES || memchr(line, '\n', size) != NULL || memchr(line, '\0', size) != NULL)
        return false;
    if (!*known)
        return strspn(line, "0123456789") >= size;
    return parse_digits(line, &place->n) && (size == DIGITS || line[DIGITS] == ' ');
}

static bool parse(const char *line, ssize_t size, struct rf_journal_place *place) {
    *place = (struct rf_journal_place){0};
    if ((size != LINE_BYTES && size != OLD_BYTES) || line[size - 1] != '\n' ||
        !parse_digits(line, &place->n))
        return false;
    if (size == LINE_BYTES) {
        const char *id = line + DIGITS + 1;
        size_t length = ID_BYTES;
        while (length > 0 && id[length - 1] == ' ')
            length--;
        if (id[-1] != ' ' || memchr(id, ' ', length) != NULL || memchr(id, '\0', length) != NULL)
            return false;
        memcpy(place->journal, id, length);
    }
    return true;
}

static enum rf_err read_place(struct rf_cursor_file *file, int fd, const char *path, bool *known,
                              struct rf_journal_place *place, struct rf_error *error) {
    char line[LINE_BYTES + 2] = "";
    ssize_t size = pread(fd, line, LINE_BYTES + 1, 0);
    *known = size > 0;
    *place = (struct rf_journal_place){0};
    if (size < 0)
        return fail(error, path, "read it");
    if (size == 0 || parse(line, size, place) || parse_torn(line, (size_t)size, known, place)) {
        file->size = (size_t)size;
        memcpy(file->line, line, file->size);
        return RF_OK;
    }
    return rf_error_set(error, RF_ERR_INVALID,
                        "%s: holds no place in the journal (20 digits, and an id): remove it to "
                        "begin anew",
                        path);
}

enum rf_err rf_cursor_file_open(struct rf_cursor_file *file, const char *path, bool *known,
                                struct rf_journal_place *place, struct rf_error *error) {
    *file = (struct rf_cursor_file){.fd = -1};
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(error, path, "open it");
    enum rf_err err = lock(fd, path, error);
    if (err == RF_OK)
        err = read_place(file, fd, path, known, place, error);
    if (err == RF_OK && (file->path = strdup(path)) == NULL)
        err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (err != RF_OK) {
        close(fd);
        return err;
    }
    file->fd = fd;
    return RF_OK;
}

// After a write that ended early. What stood there needs no room that it did not have; if even
// that fails, it is read as a line that breaks off, or refused.
static void put_back(const struct rf_cursor_file *file) {
    (void)!pwrite(file->fd, file->line, file->size, 0);
    (void)!ftruncate(file->fd, (off_t)file->size);
}

enum rf_err rf_cursor_file_write(struct rf_cursor_file *file, const struct rf_journal_place *place,
                                 struct rf_error *error) {
    char line[LINE_BYTES + 1];
    snprintf(line, sizeof line, "%0*" PRId64 " %-*s\n", DIGITS, place->n, ID_BYTES, place->journal);
    ssize_t written = pwrite(file->fd, line, LINE_BYTES, 0);
    if (written == LINE_BYTES) {
        memcpy(file->line, line, LINE_BYTES);
        file->size = LINE_BYTES;
        return RF_OK;
    }
    int why = written >= 0 ? ENOSPC : errno;
    put_back(file);
    errno = why;
    return fail(error, file->path, "write it");
}

void rf_cursor_file_close(struct rf_cursor_file *file) {
    if (file->path != NULL)
        close(file->fd);
    free(file->path);
    *file = (struct rf_cursor_file){.fd = -1};
}
