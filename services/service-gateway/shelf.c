#include "shelf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash_point.h"
#include "base/digest.h"
#include "base/file.h"

#define PATH_SIZE   4096
#define KEYS        "cache"
#define LOCK        "lock"
#define LEFTOVER_S  600 // older temporary files belong to nobody
#define ENTRY_BYTES ((size_t)256)
#define HEX         "0123456789abcdef"
#define LETTERS     "abcdefghijklmnopqrstuvwxyz0123456789"
#define DIGITS      64

static bool path_of(char path[PATH_SIZE], const char *folder, const char *name) {
    int length = snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    return length >= 0 && length < PATH_SIZE;
}

static bool audio_path(char path[PATH_SIZE], const char *folder, const struct recording *audio) {
    int length = snprintf(path, PATH_SIZE, "%s/%s.%s", folder, audio->sha256, audio->format);
    return length >= 0 && length < PATH_SIZE;
}

static bool key_path(char path[PATH_SIZE], const char *folder, const char *key) {
    int length = snprintf(path, PATH_SIZE, "%s/" KEYS "/%s", folder, key);
    return length >= 0 && length < PATH_SIZE;
}

enum rf_err shelf_make(const char *folder, struct rf_error *error) {
    char path[PATH_SIZE];
    if (!path_of(path, folder, KEYS))
        return rf_error_set(error, RF_ERR_CONFIG, "media_dir: the path is too long");
    return rf_folder_make(path, 0700, error);
}

// Waits for the lock of the folder; the descriptor, whose closing gives it back, or -1.
static int lock(const char *folder, int operation) {
    char path[PATH_SIZE];
    if (!key_path(path, folder, LOCK))
        return -1;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    while (fd >= 0 && flock(fd, operation) != 0)
        if (errno != EINTR) {
            close(fd);
            return -1;
        }
    return fd;
}

// ---- one audio ----

enum rf_err shelf_put(const char *folder, const char *key, const struct recording *audio,
                      const void *data, struct rf_error *error) {
    char path[PATH_SIZE], entry[ENTRY_BYTES];
    struct rf_error untold;
    if (!audio_path(path, folder, audio))
        return rf_error_set(error, RF_ERR_IO, "media_dir: the path is too long");
    int held = lock(folder, LOCK_SH);
    if (held < 0)
        return rf_error_set(error, RF_ERR_IO, "%s/" KEYS "/" LOCK ": cannot lock: %s", folder,
                            strerror(errno));
    enum rf_err err = rf_file_replace(path, data, (size_t)audio->size, error);
    close(held);
    RF_CRASH_POINT(gateway, audio_kept);
    if (err != RF_OK || key[0] == '\0' || !key_path(path, folder, key))
        return err;
    int length = snprintf(entry, sizeof entry, "1 %s %s %" PRId64 "\n", audio->sha256,
                          audio->format, audio->size);
    err = rf_file_replace(path, entry, (size_t)length, &untold);
    (void)err; // the audio is there, and that was asked for
    RF_CRASH_POINT(gateway, cache_stored);
    return RF_OK;
}

// "1 <sha256> <format> <size>\n", and nothing else.
static bool parse_entry(const char *text, struct recording *audio) {
    char *after;
    if (strncmp(text, "1 ", 2) != 0 || strspn(text + 2, HEX) != DIGITS || text[2 + DIGITS] != ' ')
        return false;
    const char *format = text + 2 + DIGITS + 1;
    size_t length = strspn(format, LETTERS);
    if (length == 0 || length >= sizeof audio->format || format[length] != ' ')
        return false;
    errno = 0;
    audio->size = strtoll(format + length + 1, &after, 10);
    snprintf(audio->sha256, sizeof audio->sha256, "%.*s", DIGITS, text + 2);
    snprintf(audio->format, sizeof audio->format, "%.*s", (int)length, format);
    return errno == 0 && audio->size > 0 && strcmp(after, "\n") == 0;
}

static enum rf_err read_entry(const char *path, struct recording *audio, struct rf_error *error) {
    char *text = NULL;
    size_t size;
    enum rf_err err = rf_file_read(path, ENTRY_BYTES, &text, &size, error);
    if (err != RF_OK)
        return err;
    bool good = strlen(text) == size && parse_entry(text, audio);
    free(text);
    return good ? RF_OK : rf_error_set(error, RF_ERR_INVALID, "%s: damaged", path);
}

// Used now: whoever clears the folder from here on leaves it. False: it is not there.
static bool touch(const char *folder, const char *path) {
    const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    int held = lock(folder, LOCK_SH);
    bool there = held >= 0 && utimensat(AT_FDCWD, path, now, 0) == 0;
    if (held >= 0)
        close(held);
    return there;
}

bool shelf_touch(const char *folder, const struct recording *audio) {
    char path[PATH_SIZE];
    return audio_path(path, folder, audio) && touch(folder, path);
}

static bool is_whole(const char *path, const struct recording *audio, struct rf_error *error) {
    char *data = NULL, sha256[RF_SHA256_HEX_SIZE];
    size_t size;
    if (rf_file_read(path, (size_t)audio->size, &data, &size, error) != RF_OK)
        return false;
    rf_sha256_hex(data, size, sha256);
    free(data);
    if (size == (size_t)audio->size && strcmp(sha256, audio->sha256) == 0)
        return true;
    (void)rf_error_set(error, RF_ERR_INVALID, "%s: damaged", path);
    return false;
}

enum rf_err shelf_find(const char *folder, const char *key, struct recording *audio,
                       struct rf_error *error) {
    char path[PATH_SIZE];
    *audio = (struct recording){0};
    if (!key_path(path, folder, key))
        return rf_error_set(error, RF_ERR_NOT_FOUND, "media_dir: the path is too long");
    if (read_entry(path, audio, error) != RF_OK)
        return RF_ERR_NOT_FOUND;
    if (!audio_path(path, folder, audio) || !touch(folder, path))
        return rf_error_set(error, RF_ERR_NOT_FOUND, "%s: no longer there", path);
    return is_whole(path, audio, error) ? RF_OK : RF_ERR_NOT_FOUND;
}

// ---- all of it ----

struct listing {
    struct evict_item *items;
    size_t count, capacity;
};

static struct rf_utc used_at(const struct stat *status) {
    return (struct rf_utc){status->st_mtim.tv_sec * RF_NS_PER_S + status->st_mtim.tv_nsec};
}

static bool list_add(struct listing *list, const char *name, const struct stat *status) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? 2 * list->capacity : 256;
        struct evict_item *grown = reallocarray(list->items, capacity, sizeof *grown);
        if (grown == NULL)
            return false;
        list->items = grown;
        list->capacity = capacity;
    }
    struct evict_item *item = &list->items[list->count++];
    snprintf(item->name, sizeof item->name, "%.79s", name); // is_audio: never as long
    item->size = status->st_size;
    item->used = used_at(status);
    return true;
}

// <sha256>.<format> is audio; with a second suffix it is on its way, or was left there.
static bool is_audio(const char *name, bool *temporary) {
    if (strspn(name, HEX) != DIGITS || name[DIGITS] != '.')
        return false;
    size_t format = strspn(name + DIGITS + 1, LETTERS);
    const char *rest = name + DIGITS + 1 + format;
    *temporary = *rest == '.';
    return format > 0 && format <= 8 && (*rest == '\0' || *temporary);
}

// <key>, or on its way.
static bool is_key(const char *name, bool *temporary) {
    *temporary = name[strspn(name, HEX)] == '.';
    return strspn(name, HEX) == DIGITS && (name[DIGITS] == '\0' || *temporary);
}

typedef bool visit_fn(void *arg, int folder, const char *name, const struct stat *status);

// Visits the folder's files of one kind; what is temporary and old goes.
static enum rf_err each_file(const char *path, bool (*is_ours)(const char *, bool *),
                             struct rf_utc now, visit_fn *visit, void *arg,
                             struct rf_error *error) {
    DIR *folder = opendir(path);
    struct dirent *file;
    enum rf_err err = RF_OK;
    if (folder == NULL)
        return rf_error_set(error, RF_ERR_IO, "%s: cannot read: %s", path, strerror(errno));
    while (err == RF_OK && (file = readdir(folder)) != NULL) {
        struct stat status;
        bool temporary;
        if (!is_ours(file->d_name, &temporary) ||
            fstatat(dirfd(folder), file->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(status.st_mode))
            continue;
        if (!temporary && !visit(arg, dirfd(folder), file->d_name, &status))
            err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        else if (temporary && now.ns / RF_NS_PER_S - status.st_mtim.tv_sec > LEFTOVER_S)
            (void)unlinkat(dirfd(folder), file->d_name, 0);
    }
    closedir(folder);
    return err;
}

static bool take_audio(void *arg, int folder, const char *name, const struct stat *status) {
    (void)folder;
    return list_add(arg, name, status);
}

// True if it is gone: nobody has used it since it was chosen.
static bool remove_unused(const char *folder, const struct evict_item *item) {
    char path[PATH_SIZE];
    struct stat status;
    int held = lock(folder, LOCK_EX);
    bool gone = held >= 0 && path_of(path, folder, item->name) && stat(path, &status) == 0 &&
                used_at(&status).ns == item->used.ns && unlink(path) == 0;
    if (held >= 0)
        close(held);
    return gone;
}

static bool drop_key_without_audio(void *arg, int keys, const char *name,
                                   const struct stat *status) {
    const char *folder = arg;
    char path[PATH_SIZE];
    struct recording audio;
    struct rf_error error;
    (void)status;
    if (!key_path(path, folder, name))
        return true;
    if (read_entry(path, &audio, &error) != RF_OK ||
        (audio_path(path, folder, &audio) && access(path, F_OK) != 0))
        (void)unlinkat(keys, name, 0);
    return true;
}

enum rf_err shelf_sweep(const char *folder, const struct evict_rule *rule, struct rf_utc now,
                        struct shelf_sweep *done, struct rf_error *error) {
    char keys[PATH_SIZE], *root = strdup(folder);
    struct listing list = {0};
    *done = (struct shelf_sweep){0};
    enum rf_err err = root != NULL ? each_file(folder, is_audio, now, take_audio, &list, error)
                                   : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (err != RF_OK)
        goto cleanup;
    done->left = evict_choose(list.items, list.count, rule, now);
    for (size_t i = 0; i < list.count; i++) {
        if (!list.items[i].goes)
            continue;
        if (remove_unused(folder, &list.items[i])) {
            done->removed += list.items[i].size;
            done->files_removed++;
        } else {
            done->left += list.items[i].size; // used meanwhile, or gone by another's hand
        }
    }
    if (path_of(keys, folder, KEYS))
        err = each_file(keys, is_key, now, drop_key_without_audio, root, error);
cleanup:
    free(list.items);
    free(root);
    return err;
}
