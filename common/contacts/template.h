// Texts with placeholders for what is known of a contact.
#ifndef RF_CONTACTS_TEMPLATE_H
#define RF_CONTACTS_TEMPLATE_H

#include <jansson.h>
#include <stddef.h>

// rf_template_fill: `template` with each {KEY} replaced by the text KEY of the map `fields` (NULL:
// none). What was put in is not looked at again. A {KEY} that is no text of the map stays as it
// is, and the first such KEY is copied to `missing` ("": all were there), cut to `size`; `missing`
// may be NULL with size 0. A new string that the caller frees; NULL if out of memory.
char *rf_template_fill(const char *template, const json_t *fields, char *missing, size_t size);

#endif
