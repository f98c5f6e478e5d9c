// Forms (application/x-www-form-urlencoded) and the percent-encoding of addresses (RFC 3986: all
// but unreserved characters). Pure.
#ifndef RF_HTTP_FORM_H
#define RF_HTTP_FORM_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>

struct rf_form_field {
    const char *name, *value;
};

// rf_form_escape: a new string that the caller frees; NULL if out of memory or `text` is NULL.
char *rf_form_escape(const char *text);

// rf_form_encode: "name=value&..." of the fields, escaped; fields with value NULL are left out. A
// new string that the caller frees; NULL if out of memory.
char *rf_form_encode(const struct rf_form_field *fields, size_t count);

#define RF_FORM_FIELDS 64

// A form that was read. Its texts live until rf_form_fini; one with a NUL in it ends there.
struct rf_form {
    char *text; // holds all names and values
    struct rf_form_field fields[RF_FORM_FIELDS];
    size_t count;
    bool cut; // it has more fields than these
};

// rf_form_parse: the fields of a body, decoded, in its order. RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_form_parse(struct rf_form *form, const char *body);
void rf_form_fini(struct rf_form *form);

// rf_form_get: the first value of `name`, or NULL.
const char *rf_form_get(const struct rf_form *form, const char *name);

// rf_form_octet: what %XX at `text` stands for; -1 if there is none.
int rf_form_octet(const char *text);

// rf_form_unescape: decodes %XX of a path in place, but for %00: it would end the text, and
// "name%00.x" would be taken for "name". Returns the length.
size_t rf_form_unescape(char *text);

// rf_form_decode: decodes %XX and + in place.
void rf_form_decode(char *text);

#endif
