// A list of contacts from a CSV file. The first record names the columns: `phone` is required,
// `name` is optional, further columns are kept for the prompt. A file whose first record is a
// single number has that column alone and no header. Numbers are read into E.164, and are unique
// within the file.
#ifndef RF_CONTACTS_CONTACTS_H
#define RF_CONTACTS_CONTACTS_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>

#include "contacts/country.h"
#include "contacts/csv.h"

struct rf_contacts;

// How a list is written.
struct rf_contacts_format {
    const struct rf_country *country; // of numbers without a country code; NULL: there are none
    char separator;                   // 0: a comma
    const char *const *columns; // "phone=Telefon": the column Telefon is taken as the column phone
    size_t column_count;
};

struct rf_contact_field {
    const char *column, *value;
};

// One contact. Everything is borrowed until the next call.
struct rf_contact {
    size_t line; // where its record begins, from 1; the header's is counted
    char phone[17];
    const char *name; // "" if there is none
    size_t count;
    struct rf_contact_field fields[RF_CSV_MAX_FIELDS]; // all but phone and name
    const char *const *written;                        // the record's fields as they stand there,
    size_t written_count;
};

// A refused line, valid until the next call.
struct rf_contacts_refusal {
    size_t line;
    const char *reason;         // "COLUMN: what is wrong; how to mend it"
    const char *const *written; // its fields, those that can be told apart
    size_t written_count;
};

// rf_contacts_open: opens `path` and reads the header. `format` NULL: as after RFC 4180 with all
// numbers in E.164. RF_ERR_IO or RF_ERR_INVALID with "FILE:LINE: COLUMN: what is wrong; how to mend
// it".
RF_NODISCARD enum rf_err rf_contacts_open(const char *path, const struct rf_contacts_format *format,
                                          struct rf_contacts **contacts, struct rf_error *error);
void rf_contacts_destroy(struct rf_contacts **contacts);

// rf_contacts_next: the next contact. RF_ERR_INVALID: a line was refused, the error says
// "FILE:LINE: COLUMN: what is wrong; how to mend it", rf_contacts_refused tells more, and the next
// call goes on behind it. RF_ERR_NOT_FOUND: that was all. Any other error ends the reading.
RF_NODISCARD enum rf_err rf_contacts_next(struct rf_contacts *contacts, struct rf_contact *contact,
                                          struct rf_error *error);
struct rf_contacts_refusal rf_contacts_refused(const struct rf_contacts *contacts);

// rf_contacts_is_time_zone: whether a column of this name is taken as time_zone: time_zone,
// timezone, Time zone.
bool rf_contacts_is_time_zone(const char *name);

// rf_contacts_cut: behind the last contact, whether the file ends without a line break, so that its
// last line may be cut off; "FILE:LINE: ..." says so then.
bool rf_contacts_cut(const struct rf_contacts *contacts, struct rf_error *warning);

// rf_contacts_header: the names of the columns as they stand in the file; `count` gets their
// number.
const char *const *rf_contacts_header(const struct rf_contacts *contacts, size_t *count);

#endif
