#include "person.h"

#include <string.h>

static enum rf_err take(const json_t *params, const char *name, char *out, size_t most,
                        struct rf_error *error) {
    const json_t *value = json_object_get(params, name);
    const char *text = json_string_value(value);
    if (text == NULL)
        return RF_OK;
    if (json_string_length(value) > most)
        return rf_error_set(error, RF_ERR_INVALID, "%s: expected at most %zu bytes", name, most);
    memcpy(out, text, json_string_length(value) + 1);
    return RF_OK;
}

enum rf_err rf_person_read(const json_t *params, struct rf_person *person, struct rf_error *error) {
    *person = (struct rf_person){0};
    enum rf_err err = take(params, "by", person->by, RF_PERSON_BY_BYTES, error);
    return err == RF_OK ? take(params, "why", person->why, RF_PERSON_WHY_BYTES, error) : err;
}
