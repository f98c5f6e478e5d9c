#include "keys.h"

#include <stdint.h>
#include <string.h>

enum rf_err sim_keys_set(struct sim_keys *keys, const json_t *value, struct rf_error *error) {
    if (!json_is_object(value))
        return rf_error_set(error, RF_ERR_INVALID,
                            "keys: expected {\"provider\": [\"key\", ...], ...}");
    const char *provider;
    json_t *list;
    json_object_foreach((json_t *)value, provider, list) {
        size_t i;
        json_t *key;
        bool strings = json_is_array(list);
        json_array_foreach(list, i, key) strings = strings && json_is_string(key);
        if (!strings)
            return rf_error_set(error, RF_ERR_INVALID, "keys: %s: expected a list of strings",
                                provider);
    }
    json_t *copy = json_deep_copy(value);
    if (copy == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    json_decref(keys->accepted);
    keys->accepted = copy;
    return RF_OK;
}

bool sim_keys_accept(const struct sim_keys *keys, const char *provider, const char *key) {
    if (key == NULL || key[0] == '\0')
        return false;
    const json_t *list = json_object_get(keys->accepted, provider);
    if (list == NULL)
        return true;
    size_t i;
    json_t *accepted;
    json_array_foreach(list, i, accepted) {
        if (strcmp(json_string_value(accepted), key) == 0)
            return true;
    }
    return false;
}

const char *sim_keys_valid(const struct sim_keys *keys, const char *provider, const char *key) {
    return sim_keys_accept(keys, provider, key)
               ? key
               : json_string_value(json_array_get(json_object_get(keys->accepted, provider), 0));
}

json_t *sim_keys_json(const struct sim_keys *keys) {
    return keys->accepted == NULL ? json_object() : json_incref(keys->accepted);
}

void sim_keys_fini(struct sim_keys *keys) {
    json_decref(keys->accepted);
    keys->accepted = NULL;
}
