// A streaming reader of CSV as RFC 4180 has it: quotes, quotes doubled within quotes, line breaks
// within quotes, LF or CRLF, an optional byte order mark; another separator where it is said. Text
// must be UTF-8 without NUL. A bad record does not stop the others. Memory is bounded by the limits
// below, whatever the file holds; one whose line does not end within 16 MiB is given up.
#ifndef RF_CONTACTS_CSV_H
#define RF_CONTACTS_CSV_H

#include <stddef.h>
#include <stdio.h>

#include <ringfence/error.h>

#define RF_CSV_MAX_RECORD 65536 // bytes of a record as written
#define RF_CSV_MAX_FIELD  8192  // bytes of a field
#define RF_CSV_MAX_FIELDS 64

struct rf_csv;

struct rf_csv_record {
    size_t line; // where it begins, from 1
    size_t count;
    const char *fields[RF_CSV_MAX_FIELDS]; // borrowed until the next call
};

// Where and what is wrong with a record that was refused.
struct rf_csv_problem {
    size_t line;    // where the mistake stands; not always where the record begins
    size_t column;  // the field, from 1; 0: the record as a whole
    char text[160]; // what is wrong; how to mend it
};

// rf_csv_new: a reader of `in`, which is borrowed, with fields separated by `separator`: a comma
// after RFC 4180, or ; or a tab as some spreadsheets write. NULL if out of memory.
struct rf_csv *rf_csv_new(FILE *in, char separator);
void rf_csv_destroy(struct rf_csv **csv);

// rf_csv_cut: the line of the last record if the file ends in it, without a line break: it may be
// cut off. 0: it does not, or the end was not read yet.
size_t rf_csv_cut(const struct rf_csv *csv);

// rf_csv_next: the next record; empty lines are skipped. RF_ERR_NOT_FOUND: the file is at its end.
// RF_ERR_INVALID: a record was refused, `problem` is filled, the next call goes on behind it; a
// quote that is never closed costs only the line where it stands. `record` has its fields before
// the mistake and, as the last one, what follows as it stands there: 8192 bytes at most, not always
// UTF-8. RF_ERR_IO: the file cannot be read (errno).
RF_NODISCARD enum rf_err rf_csv_next(struct rf_csv *csv, struct rf_csv_record *record,
                                     struct rf_csv_problem *problem);

#endif
