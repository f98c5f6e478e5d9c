// Percent-encoding (RFC 3986: all but unreserved characters), for addresses and forms.
#ifndef GATEWAY_FORM_H
#define GATEWAY_FORM_H

#include <stddef.h>
#include <stdint.h>

// form_escape: a new string that the caller frees; NULL if out of memory or `text` is NULL.
char *form_escape(const char *text);

struct form_field {
    const char *name, *value;
};

// form_encode: "name=value&..." of the fields, escaped; fields with value NULL are left out. A new
// string that the caller frees; NULL if out of memory.
char *form_encode(const struct form_field *fields, size_t count);

#endif
