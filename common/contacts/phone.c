#include "contacts/phone.h"

#include <string.h>

const char *rf_phone_problem(const char *text) {
    size_t length = strlen(text);
    if (length == 0)
        return "is empty; write the number in E.164 form, such as +12025550123";
    if (strncmp(text, "00", 2) == 0)
        return "begins with 00; write + instead of 00, such as +12025550123";
    if (text[0] != '+') {
        if (strspn(text, "0123456789 ()-./") == length)
            return "has no country code; write + and the country code before it, such as "
                   "+12025550123";
        return "is not a telephone number; write it in E.164 form, such as +12025550123";
    }
    size_t digits = strspn(text + 1, "0123456789");
    if (digits != length - 1) {
        if (strspn(text + 1, "0123456789 ()-./") == length - 1)
            return "has spaces or punctuation; write only + and digits, such as +12025550123";
        return "is not a telephone number; write it in E.164 form, such as +12025550123";
    }
    if (text[1] == '0')
        return "has a country code that begins with 0; write the number without the leading 0, "
               "such as +442079460123";
    if (digits < RF_PHONE_MIN_DIGITS)
        return "is too short; an E.164 number has at least 7 digits after the +";
    if (digits > RF_PHONE_MAX_DIGITS)
        return "is too long; an E.164 number has at most 15 digits after the +";
    return NULL;
}
