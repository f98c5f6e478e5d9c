// ${NAME} and ${NAME:-DEFAULT} in a value.
#include "config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

// One reference: what stands between "${" and "}".
static enum rf_err reference_value(const char *inner, size_t length, FILE *out,
                                   struct rf_error *error) {
    size_t name_length = strspn(inner, NAME_CHARACTERS);
    char name[128];
    if (name_length > length)
        name_length = length;
    if (name_length == 0 || name_length >= sizeof name || (inner[0] >= '0' && inner[0] <= '9'))
        return rf_error_set(error, RF_ERR_CONFIG,
                            "has a reference that is no variable name; expected ${NAME} or "
                            "${NAME:-DEFAULT}");
    memcpy(name, inner, name_length);
    name[name_length] = '\0';
    bool with_default = length >= name_length + 2 && strncmp(inner + name_length, ":-", 2) == 0;
    if (!with_default && name_length != length)
        return rf_error_set(error, RF_ERR_CONFIG,
                            "has a reference that is not understood after ${%s; expected ${NAME} "
                            "or ${NAME:-DEFAULT}",
                            name);
    const char *value = getenv(name);
    if (value != NULL && (value[0] != '\0' || !with_default)) {
        fputs(value, out);
        return RF_OK;
    }
    if (!with_default)
        return rf_error_set(error, RF_ERR_CONFIG,
                            "needs the environment variable %s, which is not set; set it, or give "
                            "a default by ${%s:-DEFAULT}",
                            name, name);
    fwrite(inner + name_length + 2, 1, length - name_length - 2, out);
    return RF_OK;
}

static enum rf_err expand_into(const char *text, FILE *out, struct rf_error *error) {
    for (const char *at = text; *at != '\0';) {
        if (strncmp(at, "$${", 3) == 0) {
            fputs("${", out);
            at += 3;
        } else if (strncmp(at, "${", 2) == 0) {
            size_t length = strcspn(at + 2, "}");
            if (at[2 + length] == '\0')
                return rf_error_set(error, RF_ERR_CONFIG,
                                    "has a ${ without its }; expected ${NAME} or "
                                    "${NAME:-DEFAULT}, and $${ for the characters themselves");
            enum rf_err err = reference_value(at + 2, length, out, error);
            if (err != RF_OK)
                return err;
            at += length + 3;
        } else {
            fputc(*at++, out);
        }
    }
    return RF_OK;
}

enum rf_err rf_config_expand(const char *text, char **out, struct rf_error *error) {
    size_t size = 0;
    *out = NULL;
    FILE *stream = open_memstream(out, &size);
    if (stream == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err err = expand_into(text, stream, error);
    bool written = !ferror(stream);
    if (fclose(stream) != 0)
        written = false;
    if (err == RF_OK && !written)
        err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (err != RF_OK) {
        free(*out);
        *out = NULL;
    }
    return err;
}
