// What a health monitor has told of the alerter's absence, kept in a file, so that one that was
// restarted neither forgets it nor tells it twice.
#ifndef HEALTH_ABSENCE_KEPT_H
#define HEALTH_ABSENCE_KEPT_H

#include <ringfence/error.h>

#include "absence.h"

// health_absence_load: reads the file `path`; where there is none, `kept` is that nothing was told.
// RF_ERR_INVALID for a file that is not ours, RF_ERR_IO: then it is the same. Blocks.
RF_NODISCARD enum rf_err health_absence_load(const char *path, struct health_absence_kept *kept,
                                             struct rf_error *error);

// health_absence_save: replaces the file, and makes its folder where it is missing. Blocks.
RF_NODISCARD enum rf_err health_absence_save(const char *path,
                                             const struct health_absence_kept *kept,
                                             struct rf_error *error);

#endif
