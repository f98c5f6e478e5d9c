// The key that an unknown one most likely means.
#include "config/rows.h"

#include <stdio.h>
#include <string.h>

#include "base/slips.h"

// The part of `key` that stands directly in the section of `length` characters (0: the top); NULL
// if it does not stand there.
static const char *child_of(const char *key, const char *section, size_t length,
                            size_t *child_length) {
    if (strncmp(key, section, length) != 0 || (length > 0 && key[length] != '.'))
        return NULL;
    const char *child = length > 0 ? key + length + 1 : key;
    *child_length = strcspn(child, ".");
    return child;
}

static bool nearest_sibling(const char *key, size_t section, const char *name, char *out,
                            size_t size) {
    size_t name_length = strlen(name);
    size_t best = name_length / 3 + 1; // more slips than that are another word
    bool found = false;
    for (size_t i = 0; i < rf_config_row_count; i++) {
        size_t length;
        const char *child = child_of(rf_config_rows[i].key, key, section, &length);
        if (child == NULL)
            continue;
        size_t distance = rf_slips(name, name_length, child, length);
        if (distance < best || (distance == best && !found)) {
            best = distance;
            found = true;
            snprintf(out, size, "%.*s", (int)length, child);
        }
    }
    return found;
}

// A key of another section that ends in this very name, such as "concurrency" written at the top.
static bool same_name_elsewhere(const char *name, char *out, size_t size) {
    for (size_t i = 0; i < rf_config_row_count; i++) {
        const char *key = rf_config_rows[i].key;
        const char *last = strrchr(key, '.');
        if (last != NULL && strcmp(last + 1, name) == 0) {
            snprintf(out, size, "%s", key);
            return true;
        }
    }
    return false;
}

bool rf_config_suggest(const char *key, char *out, size_t size) {
    const char *dot = strrchr(key, '.');
    const char *name = dot != NULL ? dot + 1 : key;
    size_t section = dot != NULL ? (size_t)(dot - key) : 0;
    return nearest_sibling(key, section, name, out, size) || same_name_elsewhere(name, out, size);
}

char *rf_config_known(const char *path, char *out, size_t size) {
    const char *previous = "";
    size_t previous_length = 0, used = 0, section = strlen(path);
    out[0] = '\0';
    for (size_t i = 0; i < rf_config_row_count && used + 1 < size; i++) {
        size_t length;
        const char *child = child_of(rf_config_rows[i].key, path, section, &length);
        if (child == NULL)
            continue;
        // Rows of one section stand together, so that each name is met in one run.
        if (length == previous_length && strncmp(child, previous, length) == 0)
            continue;
        used += (size_t)snprintf(out + used, size - used, "%s%.*s", used > 0 ? ", " : "",
                                 (int)length, child);
        previous = child;
        previous_length = length;
    }
    return out;
}
