// From the text of a value to its place in the struct. Pure, but for `file:` secrets, which are
// read.
#ifndef RF_CONFIG_VALUE_H
#define RF_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/error.h>

#include "config/rows.h"

// Where a value comes from, for paths and messages.
struct rf_config_source {
    const char *folder; // of the configuration file; relative paths begin there
    const char *quoted; // the value as it was written, before ${...} was replaced, for messages
};

// rf_config_value_set: reads `text` (${...} replaced already) as a value of `row` into `target`,
// whose old value is freed. The message says what is wrong and what was expected, without file,
// line and key; a secret's value is never in it.
RF_NODISCARD enum rf_err rf_config_value_set(const struct rf_config_row *row, const char *text,
                                             const struct rf_config_source *source, void *target,
                                             struct rf_error *error);

// rf_config_value_free: frees what a value owns and nulls it.
void rf_config_value_free(const struct rf_config_row *row, void *target);

// rf_config_expand: `text` with ${NAME} replaced by the environment's value, ${NAME:-DEFAULT}
// likewise with a default for a variable that is unset or empty, and $${ by ${. New string; the
// caller frees it. The message names the variable.
RF_NODISCARD enum rf_err rf_config_expand(const char *text, char **out, struct rf_error *error);

// rf_config_path: `path`, or `folder`/`path` if it is relative. New string, NULL if out of memory.
char *rf_config_path(const char *folder, const char *path);

// rf_config_split_unit: a decimal number and its unit, such as 1.5 and "s", exact to 9 places
// behind the point; false if it is no number. A space may stand between them; `unit` points into
// `text`.
bool rf_config_split_unit(const char *text, int64_t *whole, int64_t *billionths, const char **unit);

// rf_config_duration_text: a length of time in its largest whole unit, such as "90s". Returns out.
char *rf_config_duration_text(int64_t ns, char *out, size_t size);

// rf_config_size_text: bytes in their largest whole unit, such as "64MiB". Returns out.
char *rf_config_size_text(int64_t bytes, char *out, size_t size);

#endif
