#include "put.h"

void rf_put_text(json_t *object, const char *key, const char *text) {
    if (text)
        (void)json_object_set_new(object, key, json_string(text));
}

void rf_put_number(json_t *object, const char *key, int64_t number) {
    (void)json_object_set_new(object, key, json_integer(number));
}
