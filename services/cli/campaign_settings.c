#include "campaign_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "config/settings.h"

#define VALUE_MOST 200
#define KEY_SIZE   96

static void value_text(const json_t *value, struct rf_text *text) {
    size_t i;
    json_t *item;
    if (json_is_string(value)) {
        rf_text_add_clean(text, json_string_value(value), VALUE_MOST);
        return;
    }
    rf_text_add(text, "[");
    json_array_foreach((json_t *)value, i, item) {
        rf_text_add(text, i > 0 ? ", " : "");
        rf_text_add_clean(text, json_string_value(item), VALUE_MOST);
    }
    rf_text_add(text, "]");
}

// Recursive as deep as keys have dots.
static void section_text(const json_t *section, const char *prefix, bool *first,
                         struct rf_text *text) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)section, name, value) {
        char key[KEY_SIZE];
        snprintf(key, sizeof key, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", name);
        if (json_is_object(value)) {
            section_text(value, key, first, text);
            continue;
        }
        rf_text_add(text, *first ? "" : ", ");
        *first = false;
        rf_text_add_clean(text, key, sizeof key);
        rf_text_add(text, " ");
        value_text(value, text);
    }
}

void cli_settings_text(const json_t *settings, struct rf_text *text) {
    bool first = true;
    section_text(settings, "", &first, text);
}

char *cli_settings_file(const char *path) {
    struct rf_error error = {0};
    char *data = NULL;
    size_t size;
    if (rf_file_read(path, RF_SETTINGS_MAX_BYTES, &data, &size, &error) != RF_OK) {
        rf_log(RF_LOG_ERROR, "--settings: %s", error.message);
        return NULL;
    }
    char *text = strndup(data, size);
    free(data);
    if (text != NULL && strlen(text) != size) {
        rf_log(RF_LOG_ERROR, "--settings: %s: has a NUL character; expected YAML", path);
        free(text);
        text = NULL;
    }
    return text;
}

bool cli_settings_change(json_t *changes, const char *assignment) {
    char key[KEY_SIZE];
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment || (size_t)(equals - assignment) >= sizeof key) {
        rf_log(RF_LOG_ERROR,
               "campaign set: \"%.60s\": expected KEY=VALUE, such as max_calls=3, or KEY= for the "
               "configuration's value",
               assignment);
        return false;
    }
    snprintf(key, sizeof key, "%.*s", (int)(equals - assignment), assignment);
    const char *name = strncmp(key, "campaign.", 9) == 0 ? key + 9 : key; // it may stand there
    if (json_object_get(changes, name) != NULL) {
        rf_log(RF_LOG_ERROR, "campaign set: %s is given twice; give it once", name);
        return false;
    }
    return json_object_set_new(changes, name, json_string(equals + 1)) == 0;
}
