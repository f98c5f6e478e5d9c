#include "params.h"

#include <stdbool.h>

static bool is(const json_t *value, enum rf_param_kind kind) {
    switch (kind) {
    case RF_PARAM_TEXT:
        return json_is_string(value);
    case RF_PARAM_COUNT:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    }
    return false;
}

enum rf_err rf_params_check(const json_t *params, const struct rf_param *list, size_t count,
                            struct rf_error *error) {
    static const char *const names[] = {
        [RF_PARAM_TEXT] = "a text", [RF_PARAM_COUNT] = "a whole number from 0 on"};
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(params, list[i].name);
        if (value && !json_is_null(value) && !is(value, list[i].kind))
            return rf_error_set(error, RF_ERR_INVALID, "%s: expected %s", list[i].name,
                                names[list[i].kind]);
    }
    return RF_OK;
}
