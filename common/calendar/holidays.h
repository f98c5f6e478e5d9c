// A file of days on which nobody is called. Pure but for the reading of the file.
#ifndef RF_CALENDAR_HOLIDAYS_H
#define RF_CALENDAR_HOLIDAYS_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/error.h>

#include "base/digest.h"

#define RF_HOLIDAYS_MAX       10000
#define RF_HOLIDAYS_FILE_SIZE 1048576
#define RF_HOLIDAYS_NAME_MAX  100 // bytes

struct rf_holidays;

// rf_holidays_read: one day a line: 2026-12-25, or 12-25 for each year, then a name if one likes,
// in UTF-8; # begins a comment, empty lines are skipped. RF_ERR_INVALID with "FILE:LINE: what is
// wrong" for the first line that is none of these, RF_ERR_IO or RF_ERR_NOT_FOUND for a file that
// cannot be read.
RF_NODISCARD enum rf_err rf_holidays_read(const char *path, struct rf_holidays **holidays,
                                          struct rf_error *error);

// rf_holidays_parse: the same from `text`, which it takes apart; `source` is told in the errors.
RF_NODISCARD enum rf_err rf_holidays_parse(char *text, const char *source,
                                           struct rf_holidays **holidays, struct rf_error *error);

// rf_holidays_digest: the SHA-256 of the days and their names: the same for all that name the same
// days in the same words. Returns out.
char *rf_holidays_digest(const struct rf_holidays *holidays, char out[RF_SHA256_HEX_SIZE]);

void rf_holidays_destroy(struct rf_holidays **holidays);

// rf_holidays_on: the name of the holiday on a day ("" if it has none), or NULL: it is none.
// `holidays` may be NULL. `day` counts from 1970-01-01. Borrowed.
const char *rf_holidays_on(const struct rf_holidays *holidays, int64_t day);

#endif
