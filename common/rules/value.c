// What is asked of values.
#include <stdlib.h>
#include <string.h>

#include "rules/value_parts.h"

void rf_value_destroy(struct rf_value **value) {
    free(*value);
    *value = NULL;
}

enum rf_value_type rf_value_type(const struct rf_value *value) {
    return value != NULL ? (enum rf_value_type)value->type : RF_VALUE_NONE;
}

const char *rf_value_text(const struct rf_value *value) {
    return value != NULL && value->type == RF_VALUE_TEXT ? value->text : NULL;
}

int64_t rf_value_integer(const struct rf_value *value) {
    return value != NULL && value->type == RF_VALUE_INTEGER ? value->integer : 0;
}

double rf_value_real(const struct rf_value *value) {
    return value != NULL && value->type == RF_VALUE_REAL ? value->real : 0;
}

static const struct rf_value *first_in(const struct rf_value *container) {
    return container->span > 1 ? container + 1 : NULL;
}

static const struct rf_value *next_in(const struct rf_value *container,
                                      const struct rf_value *item) {
    const struct rf_value *next = item + item->span;
    return next < container + container->span ? next : NULL;
}

const struct rf_value *rf_value_getn(const struct rf_value *map, const char *name, size_t length) {
    const struct rf_value *found = NULL;
    if (map == NULL || map->type != RF_VALUE_MAP)
        return NULL;
    for (const struct rf_value *at = first_in(map); at != NULL; at = next_in(map, at))
        if (strncmp(at->name, name, length) == 0 && at->name[length] == '\0')
            found = at;
    return found;
}

const struct rf_value *rf_value_get(const struct rf_value *map, const char *name) {
    return rf_value_getn(map, name, strlen(name));
}

const struct rf_value *rf_value_first(const struct rf_value *array) {
    return array != NULL && array->type == RF_VALUE_ARRAY ? first_in(array) : NULL;
}

const struct rf_value *rf_value_next(const struct rf_value *array, const struct rf_value *item) {
    return next_in(array, item);
}
