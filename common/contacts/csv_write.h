// Writing CSV after RFC 4180 that a spreadsheet opens without carrying anything out.
#ifndef RF_CONTACTS_CSV_WRITE_H
#define RF_CONTACTS_CSV_WRITE_H

#include <stdio.h>

// rf_csv_write_field: writes one field, in quotes where it needs them. A text that a spreadsheet
// would take for a formula, as it begins with = + - @, one of their wide forms, a tab or a line
// break, gets a ' before it; a + with nothing but digits behind it, which is a telephone number and
// never a formula, does not. The same holds within a field behind a semicolon, a tab or a line
// break, where a spreadsheet that separates by these begins another cell. Bytes that are not UTF-8
// become U+FFFD. An error stays in `out` (ferror).
void rf_csv_write_field(FILE *out, const char *text);

// rf_csv_write_separator, rf_csv_write_end: between two fields, and behind the last of a record.
void rf_csv_write_separator(FILE *out);
void rf_csv_write_end(FILE *out);

#endif
