#include "archive/manifest.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/file.h"

#define NAME      "manifest.json"
#define FORMAT    1
#define MAX_BYTES ((size_t)64 << 20)

// ---- one in memory ----

enum rf_err rf_archive_manifest_add(struct rf_archive_manifest *manifest,
                                    const struct rf_archive_file *file, struct rf_error *error) {
    if (manifest->count == manifest->capacity) {
        size_t capacity = manifest->capacity ? 2 * manifest->capacity : 32;
        struct rf_archive_file *files = realloc(manifest->files, capacity * sizeof *files);
        if (!files)
            return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        manifest->files = files;
        manifest->capacity = capacity;
    }
    struct rf_archive_file *added = &manifest->files[manifest->count];
    *added = *file;
    added->name = strdup(file->name);
    if (!added->name)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    manifest->count++;
    return RF_OK;
}

void rf_archive_manifest_fini(struct rf_archive_manifest *manifest) {
    for (size_t i = 0; i < manifest->count; i++)
        free(manifest->files[i].name);
    free(manifest->files);
    free(manifest->program);
    free(manifest->host);
    free(manifest->config);
    free(manifest->state_dir);
    *manifest = (struct rf_archive_manifest){0};
}

bool rf_archive_is_in(const struct rf_archive_file *file, const char *folder) {
    return strncmp(file->name, folder, strlen(folder)) == 0;
}

bool rf_archive_is(const struct rf_archive_file *file, const char *folder, const char *last) {
    const char *slash = strrchr(file->name, '/');
    return rf_archive_is_in(file, folder) && slash && strcmp(slash + 1, last) == 0;
}

bool rf_archive_later(const char *a, const char *b) {
    for (int part = 0; part < 3; part++) {
        char *a_end, *b_end;
        long a_number = strtol(a, &a_end, 10), b_number = strtol(b, &b_end, 10);
        if (a_number != b_number)
            return a_number > b_number;
        a = *a_end == '.' ? a_end + 1 : a_end;
        b = *b_end == '.' ? b_end + 1 : b_end;
    }
    return false;
}

// ---- on the disk ----

static void path_of(const char *folder, char out[PATH_MAX]) {
    (void)snprintf(out, PATH_MAX, "%s/" NAME, folder);
}

static json_t *files_json(const struct rf_archive_manifest *manifest) {
    json_t *files = json_array();
    for (size_t i = 0; i < manifest->count; i++) {
        const struct rf_archive_file *file = &manifest->files[i];
        char mode[8];
        (void)snprintf(mode, sizeof mode, "%04o", file->mode & 0777);
        (void)json_array_append_new(
            files, json_pack("{s:s, s:b, s:s, s:I, s:s}", "name", file->name, "database",
                             file->is_database, "mode", mode, "bytes", (json_int_t)file->sum.bytes,
                             "sha256", file->sum.sha256));
    }
    return json_array_size(files) == manifest->count ? files : (json_decref(files), NULL);
}

enum rf_err rf_archive_manifest_write(const struct rf_archive_manifest *manifest,
                                      const char *folder, struct rf_error *error) {
    char path[PATH_MAX];
    path_of(folder, path);
    json_t *json =
        json_pack("{s:i, s:s, s:I, s:s, s:s?, s:s, s:b, s:o}", "ringfence_backup", FORMAT,
                  "ringfence", manifest->program, "made", (json_int_t)manifest->made.ns, "host",
                  manifest->host, "config", manifest->config, "state_dir", manifest->state_dir,
                  "campaigns_in_postgresql", manifest->on_server, "files", files_json(manifest));
    char *text = json ? json_dumps(json, JSON_INDENT(1) | JSON_ENSURE_ASCII) : NULL;
    enum rf_err err = text ? rf_file_replace(path, text, strlen(text), error)
                           : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    free(text);
    json_decref(json);
    return err;
}

// Nothing that leads elsewhere: a backup may come from others.
static bool is_plain(const char *name) {
    const char *folder =
        strncmp(name, RF_ARCHIVE_STATE, strlen(RF_ARCHIVE_STATE)) == 0   ? RF_ARCHIVE_STATE
        : strncmp(name, RF_ARCHIVE_FILES, strlen(RF_ARCHIVE_FILES)) == 0 ? RF_ARCHIVE_FILES
                                                                         : NULL;
    if (!folder || strlen(name) >= PATH_MAX / 2)
        return false;
    for (const char *at = name + strlen(folder);;) {
        size_t length = strcspn(at, "/");
        if (length == 0 || (length == 1 && at[0] == '.') ||
            (length == 2 && at[0] == '.' && at[1] == '.'))
            return false;
        if (at[length] == '\0')
            return true;
        at += length + 1;
    }
}

static bool is_sum(const char *text) {
    return strlen(text) == RF_SHA256_HEX_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == RF_SHA256_HEX_SIZE - 1;
}

static enum rf_err read_file(struct rf_archive_manifest *manifest, json_t *entry,
                             struct rf_error *error) {
    const char *name, *mode, *sum;
    json_int_t bytes;
    int is_database;
    struct rf_archive_file file = {0};
    if (json_unpack(entry, "{s:s, s:b, s:s, s:I, s:s}", "name", &name, "database", &is_database,
                    "mode", &mode, "bytes", &bytes, "sha256", &sum) != 0 ||
        !is_plain(name) || !is_sum(sum) || bytes < 0)
        return rf_error_set(error, RF_ERR_INVALID, "it has a file that no backup has");
    file.name = (char *)(uintptr_t)name; // copied
    file.is_database = is_database != 0;
    file.mode = (unsigned)strtoul(mode, NULL, 8) & 0777;
    file.sum.bytes = bytes;
    memcpy(file.sum.sha256, sum, sizeof file.sum.sha256);
    return rf_archive_manifest_add(manifest, &file, error);
}

static enum rf_err take(struct rf_archive_manifest *manifest, json_t *json,
                        struct rf_error *error) {
    const char *program, *host, *config, *state_dir;
    json_int_t made;
    int format, on_server;
    json_t *named, *files, *entry;
    size_t i;
    if (json_unpack(json, "{s:i, s:s}", "ringfence_backup", &format, "ringfence", &program) != 0)
        return rf_error_set(error, RF_ERR_INVALID, "it is none of a backup of ringfence");
    if (format > FORMAT || rf_archive_later(program, RF_VERSION))
        return rf_error_set(error, RF_ERR_INVALID,
                            "the backup was made by ringfence %s, and this is " RF_VERSION
                            ": restore it with that version or a later one",
                            program);
    if (json_unpack(json, "{s:I, s:s, s:o, s:s, s:b, s:o}", "made", &made, "host", &host, "config",
                    &named, "state_dir", &state_dir, "campaigns_in_postgresql", &on_server, "files",
                    &files) != 0 ||
        made <= 0 || state_dir[0] != '/' || !json_is_array(files) ||
        (!json_is_null(named) && (!json_is_string(named) || json_string_value(named)[0] != '/')))
        return rf_error_set(error, RF_ERR_INVALID, "it is not as ringfence backup writes it");
    config = json_string_value(named);
    manifest->made.ns = made;
    manifest->on_server = on_server != 0;
    manifest->program = strdup(program);
    manifest->host = strdup(host);
    manifest->state_dir = strdup(state_dir);
    manifest->config = config ? strdup(config) : NULL;
    if (!manifest->program || !manifest->host || !manifest->state_dir ||
        (config && !manifest->config))
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    json_array_foreach(files, i, entry) {
        enum rf_err err = read_file(manifest, entry, error);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

static enum rf_err refuse(const char *folder, struct rf_error *error) {
    struct stat status;
    if (stat(folder, &status) != 0)
        return rf_error_set(error, RF_ERR_NOT_FOUND, "%s: %s", folder, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s is a file: give the folder that ringfence backup has made; a file"
                            " of ringfence campaign backup is put back by ringfence campaign"
                            " restore",
                            folder);
    return rf_error_set(error, RF_ERR_INVALID,
                        "%s is no backup, or not a whole one: " NAME " is missing in it", folder);
}

enum rf_err rf_archive_manifest_read(struct rf_archive_manifest *manifest, const char *folder,
                                     struct rf_error *error) {
    char path[PATH_MAX], *text = NULL;
    size_t size = 0;
    json_error_t problem;
    struct stat status;
    *manifest = (struct rf_archive_manifest){0};
    if (strlen(folder) >= PATH_MAX / 2)
        return rf_error_set(error, RF_ERR_INVALID, "the name of the folder is too long");
    path_of(folder, path);
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) // a pipe would be waited for
        return refuse(folder, error);
    enum rf_err err = rf_file_read(path, MAX_BYTES, &text, &size, error);
    if (err != RF_OK)
        return err == RF_ERR_IO && errno == EACCES ? err : refuse(folder, error);
    json_t *json = json_loadb(text, size, 0, &problem);
    free(text);
    err = json ? take(manifest, json, error)
               : rf_error_set(error, RF_ERR_INVALID, "it is no JSON, or only a part of it: %s",
                              problem.text);
    if (err != RF_OK)
        rf_error_prefix(error, "%s: ", path);
    json_decref(json);
    return err;
}
