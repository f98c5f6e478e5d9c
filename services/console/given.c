#include "given.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *members, const char *name) {
    size_t length = strlen(name);
    for (const char *at = members; *at != '\0';) {
        size_t word = strcspn(at, " ");
        if (word == length && strncmp(at, name, length) == 0)
            return true;
        at += word + (at[word] == ' ');
    }
    return false;
}

json_t *console_given_body(const char *text, size_t size, const char *members,
                           struct rf_error *error) {
    const char *name;
    json_t *value,
        *body = size == 0 ? json_object() : json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(body)) {
        (void)rf_error_set(error, RF_ERR_INVALID, "the body is no JSON object");
        json_decref(body);
        return NULL;
    }
    json_object_foreach(body, name, value) {
        if (is_one_of(members, name))
            continue;
        (void)rf_error_set(error, RF_ERR_INVALID,
                           "the body has an unknown member %.64s; expected %s", name,
                           members[0] != '\0' ? members : "none");
        json_decref(body);
        return NULL;
    }
    return body;
}

enum rf_err console_given_number(const char *name, const char *text, int64_t least, int64_t most,
                                 int64_t *number, struct rf_error *error) {
    size_t digits = strspn(text, "0123456789");
    int64_t value = digits > 0 && digits <= 18 ? strtoll(text, NULL, 10) : -1;
    if (text[digits] != '\0' || value < least || value > most)
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s: expected a whole number from %" PRId64 " to %" PRId64, name, least,
                            most);
    *number = value;
    return RF_OK;
}
