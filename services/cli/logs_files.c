#include "logs_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "logs_lines.h"

// Clocks of hosts differ, and events of an outbox come late.
#define SLACK_NS (INT64_C(3600) * RF_NS_PER_S)

// An event that comes late stands among newer ones: only so many bytes of nothing but older lines
// tell that there is nothing newer before them.
#define OLD_ENOUGH_BYTES ((off_t)4 << 20)

#define TRIES 20

void cli_logs_files_close(struct cli_logs_files *files) {
    for (size_t i = 0; i < files->count; i++) {
        if (files->items[i].fd >= 0)
            close(files->items[i].fd);
        free(files->items[i].path);
    }
    free(files->items);
    *files = (struct cli_logs_files){0};
}

static enum rf_err fail(const char *path, const char *what, struct rf_error *error) {
    return rf_error_set(error, errno == ENOENT ? RF_ERR_NOT_FOUND : RF_ERR_IO, "%s: %s: %s", path,
                        what, strerror(errno));
}

// The time bounds as texts are compared with the names' times as texts, too.
static bool out_of_time(const struct cli_logs_filter *filter, struct rf_utc begun,
                        struct rf_utc closed) {
    char last[RF_RFC3339_SIZE], first[RF_RFC3339_SIZE];
    rf_utc_format((struct rf_utc){rf_ns_add(closed.ns, SLACK_NS)}, last);
    rf_utc_format((struct rf_utc){rf_ns_sub(begun.ns, SLACK_NS)}, first);
    return (filter->since[0] != '\0' && strcmp(last, filter->since) < 0) ||
           (filter->until[0] != '\0' && begun.ns > SLACK_NS && strcmp(first, filter->until) > 0);
}

static enum rf_err add_rotated(struct cli_logs_files *files, const char *path,
                               const struct rf_rotated_list *list,
                               const struct cli_logs_filter *filter, struct rf_utc after,
                               struct rf_error *error) {
    struct rf_utc begun = {0};
    for (size_t i = 0; i < list->count; i++) {
        const struct rf_rotated_name *name = &list->items[i].name;
        bool twice = files->newest.ns > 0 && files->newest.ns == name->closed.ns;
        if (name->partial || twice) // the one that is not compressed comes first
            continue;
        files->newest = name->closed;
        if (name->closed.ns > after.ns && !out_of_time(filter, begun, name->closed)) {
            struct cli_logs_file *file = &files->items[files->count];
            *file = (struct cli_logs_file){.path = rf_rotated_path(path, list->items[i].file),
                                           .pack = name->pack,
                                           .last_n = name->last,
                                           .fd = -1};
            if (file->path == NULL)
                return rf_error_set(error, RF_ERR_NOMEM, "no memory for a path");
            files->count++;
        }
        begun = name->closed;
    }
    return RF_OK;
}

static enum rf_err add_all(struct cli_logs_files *files, const char *path, int fd,
                           const struct cli_logs_filter *filter, struct rf_utc after,
                           struct rf_error *error) {
    struct rf_rotated_list list;
    char *copy = strdup(path);
    enum rf_err result = rf_rotated_list_read(path, &list, error);
    files->items = calloc(list.count + 1, sizeof *files->items);
    if (files->items == NULL || copy == NULL) {
        free(copy);
        rf_rotated_list_fini(&list);
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a list of files");
    }
    if (result == RF_OK)
        result = add_rotated(files, path, &list, filter, after, error);
    rf_rotated_list_fini(&list);
    if (result == RF_OK && fd >= 0)
        files->items[files->count++] = (struct cli_logs_file){.path = copy, .fd = dup(fd)};
    else
        free(copy);
    return result;
}

enum rf_err cli_logs_files_open(struct cli_logs_files *files, const char *path,
                                const struct cli_logs_filter *filter, struct rf_utc after,
                                struct rf_error *error) {
    // A rotation between two looks would hide a file, or show it twice: then once more.
    for (int i = 0;; i++) {
        struct stat ours = {0}, there = {0};
        *files = (struct cli_logs_files){0};
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 && errno != ENOENT)
            return fail(path, "cannot open", error);
        if (fd >= 0 && fstat(fd, &ours) != 0)
            ours.st_ino = 0;
        enum rf_err result = add_all(files, path, fd, filter, after, error);
        if (fd >= 0)
            close(fd);
        files->ino = ours.st_ino;
        bool same = (stat(path, &there) == 0 ? there.st_ino : 0) == ours.st_ino;
        if (result != RF_OK || same || i == TRIES)
            return result;
        cli_logs_files_close(files);
    }
}

enum rf_err cli_logs_file_open(struct cli_logs_file *file, struct rf_error *error) {
    static const char *const endings[] = {[RF_PACK_GZIP] = ".gz", [RF_PACK_ZSTD] = ".zst"};
    if (file->fd >= 0)
        return RF_OK;
    file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
    bool gone = file->fd < 0 && errno == ENOENT && file->pack == RF_PACK_NONE;
    for (enum rf_pack pack = RF_PACK_GZIP; gone && pack <= RF_PACK_ZSTD; pack++) {
        char *packed;
        if (asprintf(&packed, "%s%s", file->path, endings[pack]) < 0)
            return rf_error_set(error, RF_ERR_NOMEM, "no memory for a path");
        file->fd = open(packed, O_RDONLY | O_CLOEXEC);
        if (file->fd < 0) {
            free(packed);
            errno = ENOENT;
            continue;
        }
        free(file->path);
        file->path = packed;
        file->pack = pack;
        break;
    }
    return file->fd >= 0 ? RF_OK : fail(file->path, "cannot open", error);
}

// ---- where to begin ----

struct look {
    const struct cli_logs_filter *filter;
    int64_t last, found; // lines that match; last -1: all
    off_t from;          // the first line that may matter; -1: there is none
    off_t old;           // where the older lines end that are together
};

static bool on_back(void *arg, const char *line, size_t size, off_t offset) {
    struct look *look = arg;
    const char *since = look->filter->since;
    if (since[0] != '\0' && cli_logs_before(line, size, since)) {
        if (look->old < 0)
            look->old = offset;
        return look->old - offset < OLD_ENOUGH_BYTES;
    }
    look->old = -1;
    if (look->last < 0) {
        look->from = offset;
        return true;
    }
    if (cli_logs_judge(look->filter, line, size, NULL) != CLI_LOGS_MATCH)
        return true;
    look->from = offset;
    return ++look->found < look->last;
}

static enum rf_err look_back(struct cli_logs_file *file, struct look *look,
                             struct rf_error *error) {
    look->from = look->old = -1;
    enum rf_err result = cli_logs_lines_back(file->fd, on_back, look, error);
    if (result == RF_OK && look->from < 0)
        file->from = lseek(file->fd, 0, SEEK_END); // none of it
    else if (result == RF_OK)
        file->from = look->from;
    return result;
}

// A compressed file is read twice: how many lines of it match, and then without the first of them.
static enum rf_err count_matches(struct cli_logs_file *file, struct look *look,
                                 struct rf_error *error) {
    struct cli_logs_lines lines;
    const char *line;
    size_t size;
    int64_t found = 0;
    enum rf_err result = cli_logs_lines_open(&lines, dup(file->fd), file->pack, error);
    while (result == RF_OK &&
           (result = cli_logs_lines_next(&lines, &line, &size, error)) == RF_OK && line != NULL)
        found += cli_logs_judge(look->filter, line, size, NULL) == CLI_LOGS_MATCH;
    cli_logs_lines_close(&lines);
    if (result == RF_ERR_DAMAGED) // told by who prints it
        result = RF_OK;
    if (lseek(file->fd, 0, SEEK_SET) < 0 && result == RF_OK)
        result = fail(file->path, "cannot read again", error);
    int64_t missing = look->last - look->found;
    file->skip = found > missing ? found - missing : 0;
    look->found += found - file->skip;
    return result;
}

static void forget(struct cli_logs_files *files, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (files->items[i].fd >= 0)
            close(files->items[i].fd);
        free(files->items[i].path);
    }
    memmove(files->items, files->items + count, (files->count - count) * sizeof *files->items);
    files->count -= count;
}

enum rf_err cli_logs_files_narrow(struct cli_logs_files *files,
                                  const struct cli_logs_filter *filter, int64_t last,
                                  struct rf_error *error) {
    struct look look = {.filter = filter, .last = last};
    if (last < 0 && filter->since[0] == '\0')
        return RF_OK;
    for (size_t i = files->count; i-- > 0;) {
        struct cli_logs_file *file = &files->items[i];
        enum rf_err result = RF_OK;
        if (look.found == last && (last > 0 || i + 1 < files->count)) {
            forget(files, i + 1);
            return RF_OK;
        }
        if (last < 0 && file->pack != RF_PACK_NONE)
            continue;
        result = cli_logs_file_open(file, error);
        if (result == RF_ERR_NOT_FOUND) // removed meanwhile: told by who prints
            continue;
        if (result == RF_OK && last == 0)
            file->from = lseek(file->fd, 0, SEEK_END);
        else if (result == RF_OK && file->pack == RF_PACK_NONE)
            result = look_back(file, &look, error);
        else if (result == RF_OK && last > 0)
            result = count_matches(file, &look, error);
        if (result != RF_OK) {
            rf_error_prefix(error, "%s: ", file->path);
            return result;
        }
    }
    return RF_OK;
}
