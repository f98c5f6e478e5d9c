// Telephone numbers: the form of ITU-T E.164, which is a plus sign, the country's calling code and
// the number; and other forms that people write, read into it.
#ifndef RF_CONTACTS_PHONE_H
#define RF_CONTACTS_PHONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contacts/country.h"

#define RF_PHONE_MIN_DIGITS 7
#define RF_PHONE_MAX_DIGITS 15

struct rf_phone {
    char e164[RF_PHONE_MAX_DIGITS + 2];
    char problem[200]; // what is wrong and how to mend it, such as "is too short for +44"
};

// rf_phone_problem: what is wrong with `text` as an E.164 number and how to mend it, such as
// "has spaces or punctuation; write only + and digits"; NULL if it is one. Static text.
const char *rf_phone_problem(const char *text);

// rf_phone_number: the digits of an E.164 number as a number, which is never 0.
int64_t rf_phone_number(const char *e164);

// rf_phone_read: reads a number as people write it: with spaces and punctuation, with the way in
// which calls from `home` (NULL: not known) go abroad, or as it is dialled within `home`. Its
// length must be one of its country's. Where two readings are possible there is none: a refused
// line is mended, a stranger who was called is not. False with the problem. After ITU-T E.123 and
// E.164; the countries' own rules are those of countries.def.
bool rf_phone_read(const char *text, const struct rf_country *home, struct rf_phone *phone);

#endif
