#include <ringfence/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
    [RF_OK] = "ok",
    [RF_ERR_INVALID] = "invalid",
    [RF_ERR_CONFIG] = "config",
    [RF_ERR_NOMEM] = "nomem",
    [RF_ERR_IO] = "io",
    [RF_ERR_PROTOCOL] = "protocol",
    [RF_ERR_TIMEOUT] = "timeout",
    [RF_ERR_CONFLICT] = "conflict",
    [RF_ERR_NOT_FOUND] = "not_found",
    [RF_ERR_FULL] = "full",
    [RF_ERR_CLOSED] = "closed",
    [RF_ERR_BUSY] = "busy",
};

const char *rf_err_name(enum rf_err code) {
    if ((size_t)code >= sizeof names / sizeof names[0])
        return "unknown";
    return names[code];
}

enum rf_err rf_error_set(struct rf_error *error, enum rf_err code, const char *format, ...) {
    if (error != NULL) {
        error->code = code;
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return code;
}

void rf_error_prefix(struct rf_error *error, const char *format, ...) {
    if (error == NULL)
        return;
    char text[RF_ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    size_t used = strlen(text);
    size_t room = sizeof text - used - 1;
    size_t kept = strnlen(error->message, sizeof error->message);
    if (kept > room)
        kept = room;
    memcpy(text + used, error->message, kept);
    text[used + kept] = '\0';
    memcpy(error->message, text, used + kept + 1);
}
