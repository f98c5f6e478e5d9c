// Telephone numbers in the form of ITU-T E.164: a plus sign, then the country code and the number.
#ifndef RF_CONTACTS_PHONE_H
#define RF_CONTACTS_PHONE_H

#include <stddef.h>

#define RF_PHONE_MIN_DIGITS 7
#define RF_PHONE_MAX_DIGITS 15

// rf_phone_problem: what is wrong with `text` as an E.164 number and how to mend it, such as
// "has spaces or punctuation; write only + and digits"; NULL if it is one. Static text.
const char *rf_phone_problem(const char *text);

#endif
