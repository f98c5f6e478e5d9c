// The envelope's addresses, taken from the lists that people write.
#include "format.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void rf_email_addresses_free(char ***addresses) {
    if (*addresses == NULL)
        return;
    for (char **a = *addresses; *a != NULL; a++)
        free(*a);
    free(*addresses);
    *addresses = NULL;
}

// What may stand in an envelope here: printable ASCII without what SMTP or the list itself gives a
// meaning to. (Local parts in quotes or beyond ASCII are not supported.)
static bool is_address(const char *text, size_t length) {
    bool at = false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= 0x20 || c >= 0x7F || strchr("<>()[]\\,;:\"", c) != NULL)
            return false;
        at = at || (c == '@' && i > 0 && i + 1 < length);
    }
    return at;
}

// Narrows one entry of the list to its bare address.
static void trim(const char **text, size_t *length) {
    const char *open = memchr(*text, '<', *length);
    if (open != NULL) {
        const char *close = memchr(open, '>', *length - (size_t)(open - *text));
        if (close != NULL) {
            *text = open + 1;
            *length = (size_t)(close - open - 1);
        }
    }
    for (; *length > 0 && (**text == ' ' || **text == '\t'); ++*text)
        --*length;
    while (*length > 0 && strchr(" \t", (*text)[*length - 1]) != NULL)
        --*length;
}

enum rf_err rf_email_addresses(const char *list, char ***addresses, size_t *count,
                               struct rf_error *error) {
    size_t places = 2;
    for (const char *c = list; *c != '\0'; c++)
        places += *c == ',';
    *count = 0;
    *addresses = calloc(places, sizeof **addresses);
    if (*addresses == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for mail addresses");
    for (const char *entry = list; *entry != '\0'; entry += *entry == ',') {
        size_t whole = strcspn(entry, ","), length = whole;
        const char *text = entry;
        trim(&text, &length);
        entry += whole;
        if (length == 0)
            continue;
        if (!is_address(text, length)) {
            rf_email_addresses_free(addresses);
            return rf_error_set(error, RF_ERR_INVALID, "\"%.*s\" is not a mail address",
                                (int)(length > 100 ? 100 : length), text);
        }
        (*addresses)[*count] = strndup(text, length);
        if ((*addresses)[*count] == NULL) {
            rf_email_addresses_free(addresses);
            return rf_error_set(error, RF_ERR_NOMEM, "no memory for mail addresses");
        }
        ++*count;
    }
    if (*count == 0) {
        rf_email_addresses_free(addresses);
        return rf_error_set(error, RF_ERR_INVALID, "no mail address");
    }
    return RF_OK;
}
