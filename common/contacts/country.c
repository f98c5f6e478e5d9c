#include "contacts/country.h"

#include <string.h>
#include <strings.h>

#define ONLY(n)          (UINT32_C(1) << (n))
#define FROM_TO(low, up) ((UINT32_C(2) << (up)) - (UINT32_C(1) << (low)))

static const struct rf_country countries[] = {
#define COUNTRY(code, calling, trunk, abroad, lengths) {code, calling, trunk, abroad, lengths},
#include "contacts/countries.def"
#undef COUNTRY
};

#define COUNT (sizeof countries / sizeof countries[0])

const struct rf_country *rf_country_find(const char *code) {
    if (strlen(code) != 2)
        return NULL;
    for (size_t i = 0; i < COUNT; i++)
        if (strcasecmp(countries[i].code, code) == 0)
            return &countries[i];
    return NULL;
}

const struct rf_country *rf_country_next(unsigned calling, const struct rf_country *country) {
    for (size_t i = country != NULL ? (size_t)(country - countries) + 1 : 0; i < COUNT; i++)
        if (countries[i].calling == calling)
            return &countries[i];
    return NULL;
}

// No calling code is the beginning of another one.
size_t rf_country_calling(const char *digits, unsigned *calling) {
    *calling = 0;
    for (size_t i = 0; i < 3 && digits[i] != '\0' && digits[0] != '0'; i++) {
        *calling = *calling * 10 + (unsigned)(digits[i] - '0');
        if (rf_country_next(*calling, NULL) != NULL)
            return i + 1;
    }
    return 0;
}

bool rf_country_has_length(const struct rf_country *country, size_t digits) {
    return digits < 32 && (country->lengths & ONLY(digits)) != 0;
}
