// The refused lines of a list of contacts in a file of their own, which a spreadsheet opens: line,
// reason, and the fields under their columns. It appears whole when the list is read: until then it
// has a name of its own.
#ifndef RF_CONTACTS_REJECTS_H
#define RF_CONTACTS_REJECTS_H

#include <stddef.h>

#include <ringfence/error.h>

struct rf_rejects;

// rf_rejects_new: nothing is written before the first line. `columns` is borrowed. NULL if out of
// memory.
struct rf_rejects *rf_rejects_new(const char *path, const char *const *columns, size_t count);

// rf_rejects_add: one refused line. RF_ERR_IO names the file.
RF_NODISCARD enum rf_err rf_rejects_add(struct rf_rejects *rejects, size_t line, const char *reason,
                                        const char *const *fields, size_t count,
                                        struct rf_error *error);

// rf_rejects_close: gives the file its name, in place of one from before; without a refused line
// nothing is written, and one from before is taken away. Frees and nulls. RF_ERR_IO names the file.
// RF_ERR_CONFLICT: no line was refused, and one from before cannot be taken away.
RF_NODISCARD enum rf_err rf_rejects_close(struct rf_rejects **rejects, struct rf_error *error);

// rf_rejects_abandon: the list was not read to its end: a file from before stays as it is. Frees
// and nulls.
void rf_rejects_abandon(struct rf_rejects **rejects);

#endif
