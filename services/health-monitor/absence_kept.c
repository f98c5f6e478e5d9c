#include "absence_kept.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

#define FILE_BYTES 4096

enum rf_err health_absence_load(const char *path, struct health_absence_kept *kept,
                                struct rf_error *error) {
    char *text = NULL;
    *kept = (struct health_absence_kept){0};
    enum rf_err result = rf_file_read(path, FILE_BYTES, &text, NULL, error);
    if (result == RF_ERR_NOT_FOUND)
        return RF_OK;
    if (result != RF_OK)
        return result;
    json_t *value = json_loads(text, 0, NULL);
    const json_t *told = json_object_get(value, "told");
    int64_t since = (int64_t)json_integer_value(json_object_get(value, "since"));
    if (json_is_boolean(told) && since >= 0)
        *kept = (struct health_absence_kept){.told = json_is_true(told), .since = {since}};
    else
        result = rf_error_set(error, RF_ERR_INVALID, "%s is not what was written there", path);
    json_decref(value);
    free(text);
    return result;
}

enum rf_err health_absence_save(const char *path, const struct health_absence_kept *kept,
                                struct rf_error *error) {
    char folder[4096];
    const char *slash = strrchr(path, '/');
    if (slash == NULL || (size_t)(slash - path) >= sizeof folder)
        return rf_error_set(error, RF_ERR_INVALID, "%s is no path of ours", path);
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    json_t *value =
        json_pack("{s:b, s:I}", "told", kept->told, "since", (json_int_t)kept->since.ns);
    char *text = value == NULL ? NULL : json_dumps(value, JSON_COMPACT);
    json_decref(value);
    if (text == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err result = rf_folder_make(folder, 0700, error);
    if (result == RF_OK)
        result = rf_file_replace(path, text, strlen(text), error);
    free(text);
    return result;
}
