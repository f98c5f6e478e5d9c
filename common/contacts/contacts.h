// A list of contacts from a CSV file. The first record names the columns: `phone` is required
// (E.164), `name` is optional, further columns are kept for the prompt. Numbers are unique within
// the file.
#ifndef RF_CONTACTS_CONTACTS_H
#define RF_CONTACTS_CONTACTS_H

#include <stddef.h>

#include <ringfence/error.h>

#include "contacts/csv.h"

struct rf_contacts;

struct rf_contact_field {
    const char *column, *value;
};

// One contact. Everything is borrowed until the next call.
struct rf_contact {
    size_t line; // where its record begins, from 1; the header's is counted
    const char *phone;
    const char *name; // "" if there is none
    size_t count;
    struct rf_contact_field fields[RF_CSV_MAX_FIELDS]; // all but phone and name
};

// rf_contacts_open: opens `path` and reads the header. RF_ERR_IO or RF_ERR_INVALID with
// "FILE:LINE: COLUMN: what is wrong; how to mend it".
RF_NODISCARD enum rf_err rf_contacts_open(const char *path, struct rf_contacts **contacts,
                                          struct rf_error *error);
void rf_contacts_destroy(struct rf_contacts **contacts);

// rf_contacts_next: the next contact. RF_ERR_INVALID: a line was refused, the error says
// "FILE:LINE: COLUMN: what is wrong; how to mend it", and the next call goes on behind it.
// RF_ERR_NOT_FOUND: that was all. Any other error ends the reading.
RF_NODISCARD enum rf_err rf_contacts_next(struct rf_contacts *contacts, struct rf_contact *contact,
                                          struct rf_error *error);

#endif
