// How telephone numbers are made in each country: its calling code, what stands before its numbers
// within it, and how long they are.
#ifndef RF_CONTACTS_COUNTRY_H
#define RF_CONTACTS_COUNTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rf_country {
    char code[4];       // ISO 3166, such as "DE"; "001": none, such as satellites
    unsigned calling;   // 49
    const char *trunk;  // how its numbers begin within it: "0", or alternatives "8|0|", where an
                        // empty one allows none
    const char *abroad; // how calls to other countries begin: "00"; "": not known
    uint32_t lengths;   // bit n: numbers of n digits, without the calling code and the beginning
};

// rf_country_find: the country of a code of two letters, in either case; NULL: there is none.
const struct rf_country *rf_country_find(const char *code);

// rf_country_calling: how many of the first digits are a calling code, which goes to `calling`; 0:
// no country has it.
size_t rf_country_calling(const char *digits, unsigned *calling);

// rf_country_next: the country with this calling code behind `country`, or the first for NULL;
// NULL: no further one. Some share a code, such as 1.
const struct rf_country *rf_country_next(unsigned calling, const struct rf_country *country);

// rf_country_has_length: whether numbers of the country may have so many digits.
bool rf_country_has_length(const struct rf_country *country, size_t digits);

#endif
