#include "store/replace.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/crash_point.h"
#include "base/file.h"
#include "store/copy.h"

static const char *const suffixes[] = RF_STORE_SUFFIXES;
#define FILES (sizeof suffixes / sizeof *suffixes)

static bool exists(const char *path) {
    struct stat file;
    return stat(path, &file) == 0;
}

// Moves files of a database to other names, the first `count` of them, `count` being how many when
// it returns; or back in the other order. The file itself goes first and comes back last: where it
// is missing a restore was broken off.
static enum rf_err move_files(const char *from, const char *to, bool back, size_t *count,
                              struct rf_error *error) {
    char old[RF_STORE_ASIDE_SIZE + 8], fresh[RF_STORE_ASIDE_SIZE + 8];
    size_t files = *count;
    for (*count = 0; *count < files; ++*count) {
        const char *suffix = suffixes[back ? files - 1 - *count : *count];
        (void)snprintf(old, sizeof old, "%s%s", from, suffix);
        (void)snprintf(fresh, sizeof fresh, "%s%s", to, suffix);
        if (rename(old, fresh) != 0 && errno != ENOENT)
            return rf_error_set(error, RF_ERR_IO, "%s: %s", fresh, strerror(errno));
    }
    return RF_OK;
}

// A second of these within one second gets another name.
static void name_aside(const char *path, struct rf_utc now, char aside[RF_STORE_ASIDE_SIZE]) {
    char when[32];
    time_t second = now.ns / RF_NS_PER_S;
    struct tm date;
    (void)strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", gmtime_r(&second, &date));
    (void)snprintf(aside, RF_STORE_ASIDE_SIZE, "%s.before-%s", path, when);
    for (int again = 2; exists(aside) && again < 1000; again++)
        (void)snprintf(aside, RF_STORE_ASIDE_SIZE, "%s.before-%s-%d", path, when, again);
}

enum rf_err rf_store_replace(const char *part, const char *path, struct rf_utc now,
                             char aside[RF_STORE_ASIDE_SIZE], struct rf_error *error) {
    struct rf_error untold;
    size_t moved = FILES;
    bool there = exists(path);
    name_aside(path, now, aside);
    enum rf_err err = move_files(path, aside, false, &moved, error);
    RF_CRASH_POINT(store, moved_aside);
    if (err == RF_OK && rename(part, path) != 0)
        err = rf_error_set(error, RF_ERR_IO, "%s: %s", path, strerror(errno));
    if (err != RF_OK) {
        (void)move_files(aside, path, true, &moved, &untold);
        return err;
    }
    if (!there)
        aside[0] = '\0';
    return rf_file_sync_folder(path, error);
}

void rf_store_drop_part(const char *part, const char *path) {
    static const char *const left[] = {"-wal", "-shm", ".lock"};
    char name[RF_STORE_ASIDE_SIZE + 8];
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        (void)snprintf(name, sizeof name, "%s%s", part, left[i]);
        (void)unlink(name);
    }
    if (exists(path))
        (void)unlink(part);
}
