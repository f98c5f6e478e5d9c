#include <ringfence/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

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
    [RF_ERR_DAMAGED] = "damaged",
};

const char *rf_err_name(enum rf_err code) {
    if ((size_t)code >= sizeof names / sizeof names[0])
        return "unknown";
    return names[code];
}

// How many bytes at `text`, which begin no character, one U+FFFD stands for: a character that was
// cut, or one byte.
static size_t broken(const char *text) {
    size_t length = 1;
    while (((unsigned char)text[length] & 0xC0U) == 0x80U)
        length++;
    return length;
}

// Writes `text` into the message, in characters only: a "%.40s" may have cut one in two, and text
// from outside may be none. At the end of what has room nothing is left of such a one.
static void put_message(struct rf_error *error, const char *text) {
    static const char unknown[] = "\xef\xbf\xbd";
    size_t size = strlen(text), used = 0;
    for (size_t at = 0, taken; at < size; at += taken) {
        uint32_t code;
        size_t length = taken = rf_utf8_decode(text + at, size - at, &code);
        const char *from = text + at;
        if (length == 0) {
            taken = broken(from);
            if (at + taken == size && size == RF_ERROR_MESSAGE_SIZE - 1)
                break;
            from = unknown;
            length = sizeof unknown - 1;
        }
        if (used + length >= sizeof error->message)
            break;
        memcpy(error->message + used, from, length);
        used += length;
    }
    error->message[used] = '\0';
}

enum rf_err rf_error_set(struct rf_error *error, enum rf_err code, const char *format, ...) {
    if (error != NULL) {
        char text[RF_ERROR_MESSAGE_SIZE];
        error->code = code;
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        put_message(error, text);
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
    put_message(error, text);
}
