// What may stand in a request: nothing from outside may begin a line of its own.
#include <string.h>

#include "http/transfer.h"

static bool is_control(unsigned char c) {
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

bool rf_http_name_valid(const char *name) {
    static const char token[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "!#$%&'*+-.^_`|~";
    return name != NULL && *name != '\0' && strspn(name, token) == strlen(name);
}

bool rf_http_text_valid(const char *text) {
    if (text == NULL)
        return false;
    for (; *text != '\0'; text++)
        if (is_control((unsigned char)*text))
            return false;
    return true;
}

bool rf_http_url_valid(const char *url) {
    return url != NULL && *url != '\0' && rf_http_text_valid(url) && strpbrk(url, " \t") == NULL;
}

bool rf_mail_address_valid(const char *address) {
    return address != NULL && rf_http_text_valid(address) && strpbrk(address, " \t<>") == NULL &&
           strchr(address, '@') != NULL;
}
