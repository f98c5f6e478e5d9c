// What this host has: versions, the configuration with its secrets, rights, room on disks.
#include <curl/curl.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "base/disk.h"
#include "config/review.h"
#include "doctor.h"
#include "doctor_judge.h"

#define TEXT_OF_VALUE(value) #value
#define TEXT_OF(value)       TEXT_OF_VALUE(value)
#define VERSION_OF(a, b, c)  TEXT_OF(a) "." TEXT_OF(b) "." TEXT_OF(c)

// ---- versions ----

static void check_library(struct doctor *doctor, const char *name, const char *running,
                          const char *built, const char *least) {
    struct doctor_check *check = doctor_new_check(doctor, "version", name);
    enum doctor_verdict verdict = doctor_version(running, built, least);
    const char *mend = verdict == DOCTOR_OK     ? NULL
                       : verdict == DOCTOR_WARN ? "bring the host's packages up to date, or build "
                                                  "ringfence anew on it"
                                                : "build ringfence anew on this host, with the "
                                                  "packages of deploy/packages-build";
    doctor_end(doctor, check, verdict, mend, "%s runs; built with %s, needs %s at least", running,
               built, least);
}

// The least are those of Debian 12, which everything is tried with.
void doctor_versions(struct doctor *doctor) {
    int major, minor, patch;
    char zmq[32];
    zmq_version(&major, &minor, &patch);
    snprintf(zmq, sizeof zmq, "%d.%d.%d", major, minor, patch);
    doctor_end(doctor, doctor_new_check(doctor, "version", "ringfence"), DOCTOR_OK, NULL, "%s",
               RF_VERSION);
    check_library(doctor, "libzmq", zmq,
                  VERSION_OF(ZMQ_VERSION_MAJOR, ZMQ_VERSION_MINOR, ZMQ_VERSION_PATCH), "4.3.0");
    check_library(doctor, "libcurl", curl_version_info(CURLVERSION_NOW)->version, LIBCURL_VERSION,
                  "7.88.0");
    check_library(doctor, "openssl", OpenSSL_version(OPENSSL_VERSION_STRING), OPENSSL_VERSION_STR,
                  "3.0.0");
    check_library(doctor, "sqlite", sqlite3_libversion(), SQLITE_VERSION, "3.40.0");
}

// ---- the configuration ----

struct review {
    char *secrets, *others; // what is wrong with them
    size_t secret_count, other_count;
    char first_file[256];
};

static void on_warning(void *arg, const char *code, const char *key, const char *text) {
    struct review *review = arg;
    bool secret = strcmp(code, rf_config_warnings[RF_CONFIG_WARNING_SECRET_MODE].code) == 0;
    size_t *count = secret ? &review->secret_count : &review->other_count;
    char **first = secret ? &review->secrets : &review->others;
    if ((*count)++ == 0 && asprintf(first, "%s: %s", key, text) < 0)
        *first = NULL;
}

static void tell_more(char *out, size_t size, size_t count) {
    out[0] = '\0';
    if (count > 1)
        snprintf(out, size, " (and %zu more: ringfence config check)", count - 1);
}

bool doctor_config(struct doctor *doctor) {
    struct review review = {0};
    struct rf_error error = {0};
    char more[64];
    struct doctor_check *check = doctor_new_check(doctor, "config", NULL);
    if (rf_config_load(doctor->options->config, &doctor->config, &error) != RF_OK) {
        doctor->list.only = NULL; // whatever was asked for, this is why it is not known
        if (check == NULL)
            check = doctor_new_check(doctor, "config", NULL);
        doctor_end(doctor, check, DOCTOR_FAIL,
                   "mend the line that is named; ringfence config check tries it alone", "%s",
                   error.message);
        return false;
    }
    const char *file = doctor->config->file;
    rf_config_review(doctor->config, on_warning, &review);
    tell_more(more, sizeof more, review.other_count);
    if (review.other_count > 0)
        doctor_end(doctor, check, DOCTOR_WARN, "see ringfence.yaml(5)", "%s%s",
                   review.others != NULL ? review.others : "", more);
    else
        doctor_end(doctor, check, DOCTOR_OK, NULL, "%s",
                   file != NULL ? file : "none: every key has its default");
    check = doctor_new_check(doctor, "secrets", NULL);
    tell_more(more, sizeof more, review.secret_count);
    if (review.secret_count > 0)
        doctor_end(doctor, check, DOCTOR_FAIL,
                   "chmod 600 FILE, and give it a new value if somebody may have read it", "%s%s",
                   review.secrets != NULL ? review.secrets : "", more);
    else
        doctor_end(doctor, check, DOCTOR_OK, NULL,
                   "all files of secrets are there, and nobody else may read them");
    free(review.secrets);
    free(review.others);
    return true;
}

// ---- folders ----

// The folder itself or, while it is missing, the nearest one above, where it would be made.
static bool nearest(const char *path, char *out, size_t size, struct stat *status) {
    if ((size_t)snprintf(out, size, "%s", path) >= size)
        return false;
    while (stat(out, status) != 0) {
        char *slash = strrchr(out, '/');
        if (slash == NULL) {
            (void)snprintf(out, size, ".");
            return stat(out, status) == 0;
        }
        if (errno != ENOENT)
            return false;
        slash[slash == out ? 1 : 0] = '\0';
    }
    return true;
}

// Tried, as rights alone do not tell of a file system that is read only, and nothing is refused to
// root.
static bool can_write(const char *place) {
    char path[4096 + 32];
    int length = snprintf(path, sizeof path, "%s/.ringfence-doctor-XXXXXX", place);
    if (length < 0 || (size_t)length >= sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    return mkdtemp(path) != NULL && rmdir(path) == 0;
}

static void check_rights(struct doctor *doctor, const char *key, const char *path,
                         const char *place, const struct stat *status) {
    struct doctor_check *check = doctor_new_check(doctor, "rights", key);
    bool there = strcmp(path, place) == 0;
    char mend[DOCTOR_TEXT_SIZE];
    if (!S_ISDIR(status->st_mode)) {
        snprintf(mend, sizeof mend, "set %s to a folder", key);
        doctor_end(doctor, check, DOCTOR_FAIL, mend, "%s is no folder", place);
    } else if (!can_write(place)) {
        int cause = errno;
        snprintf(mend, sizeof mend,
                 "give it to the user who runs the set: chown USER %s; chmod 700 %s", path, path);
        doctor_end(doctor, check, DOCTOR_FAIL, mend, "%s cannot be written%s: %s", place,
                   there ? "" : ", where it would be made", strerror(cause));
    } else if (there && (status->st_mode & S_IWOTH) != 0 && (status->st_mode & S_ISVTX) == 0) {
        snprintf(mend, sizeof mend, "chmod 700 %s", path);
        doctor_end(doctor, check, DOCTOR_FAIL, mend, "%s can be written by everybody (mode %04o)",
                   path, (unsigned)status->st_mode & 07777u);
    } else {
        doctor_end(doctor, check, DOCTOR_OK, NULL, "%s%s", path,
                   there ? "" : " is not there yet, and can be made");
    }
}

// With less no database goes on for long.
#define FULL ((int64_t)1 << 20)

static void check_room(struct doctor *doctor, const char *key, const char *place) {
    struct doctor_check *check = doctor_new_check(doctor, "disk", key);
    const struct rf_config_health *health = &doctor->config->health;
    const struct rf_disk_bounds bounds = {health->disk_least_bytes, health->disk_least_share};
    struct rf_disk_room room;
    bool inodes;
    if (!rf_disk_look(place, &room)) {
        doctor_end(doctor, check, DOCTOR_FAIL, NULL, "%s: %s", place, strerror(errno));
        return;
    }
    bool low = rf_disk_low(&room, &bounds, 1.0, &inodes);
    enum doctor_verdict verdict = low ? DOCTOR_WARN : DOCTOR_OK;
    bool in_gib = room.total_bytes >= (int64_t)10 << 30;
    const double unit = in_gib ? 0x1p30 : 0x1p20;
    if (room.free_bytes < FULL || (room.total_inodes > 0 && room.free_inodes == 0))
        verdict = DOCTOR_FAIL;
    doctor_end(
        doctor, check, verdict,
        verdict != DOCTOR_OK
            ? "make room, or move the folder; logger.rotate and journal.max_bytes bound what "
              "is kept (health.disk)"
            : NULL,
        "%s: %.1f of %.1f %s free, %.1f wanted%s", place, (double)room.free_bytes / unit,
        (double)room.total_bytes / unit, in_gib ? "GiB" : "MiB",
        (double)rf_disk_least(&room, &bounds) / unit, inodes ? "; few inodes are left" : "");
}

void doctor_folders(struct doctor *doctor) {
    const struct rf_config *config = doctor->config;
    const struct {
        const char *key, *path;
    } folders[] = {{"run_dir", config->run_dir},
                   {"state_dir", config->state_dir},
                   {"log_dir", config->log_dir},
                   {"media_dir", config->media_dir}};
    enum { COUNT = sizeof folders / sizeof folders[0] };
    char places[COUNT][4096];
    struct stat status[COUNT];
    bool found[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        found[i] = nearest(folders[i].path, places[i], sizeof places[i], &status[i]);
        if (found[i])
            check_rights(doctor, folders[i].key, folders[i].path, places[i], &status[i]);
        else
            doctor_end(doctor, doctor_new_check(doctor, "rights", folders[i].key), DOCTOR_FAIL,
                       "set it to a folder that can be made", "%s: %s", folders[i].path,
                       strerror(errno));
    }
    for (size_t i = 0; i < COUNT; i++) { // folders of one file system are one disk
        bool known = !found[i];
        for (size_t k = 0; k < i && !known; k++)
            known = found[k] && status[k].st_dev == status[i].st_dev;
        if (!known)
            check_room(doctor, folders[i].key, places[i]);
    }
}
