// What a request gives beside its path: numbers of the query, members of the body. Pure.
#ifndef CONSOLE_GIVEN_H
#define CONSOLE_GIVEN_H

#include <jansson.h>
#include <stdint.h>

#include <ringfence/error.h>

// console_given_body: a body that is a JSON object with no other members than `members` (separated
// by blanks), in a new reference; an empty body is an empty object. NULL: it is none, and `error`
// says what was expected.
json_t *console_given_body(const char *text, size_t size, const char *members,
                           struct rf_error *error);

// console_given_number: a whole number from `least` (not negative) to `most`. RF_ERR_INVALID, by
// `name`; `number` stays as it was.
RF_NODISCARD enum rf_err console_given_number(const char *name, const char *text, int64_t least,
                                              int64_t most, int64_t *number,
                                              struct rf_error *error);

#endif
