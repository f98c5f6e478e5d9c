// Conditions on events, as a person writes them in a rule: which types, and what their fields have
// to say. Texts are taken as they are each time: they are short, and nothing is kept of them. Pure.
#ifndef RF_EVENTS_CONDITION_H
#define RF_EVENTS_CONDITION_H

#include <stdbool.h>

#include <ringfence/error.h>
#include <ringfence/messages.h>

#define RF_VALUE_SIZE 32

// rf_event_value: the field `name` (of `length` bytes) of an event as a text: id, type, subject,
// severity, service, campaign, contact, provider (the data's, else the event's service), service
// (the event's, else the data's), or any member of its data that is a text, a number or a truth
// value. NULL if there is none, or it is empty. The text is the event's, or in `scratch`.
const char *rf_event_value(const struct rf_event *event, const char *name, size_t length,
                           char scratch[RF_VALUE_SIZE]);

// rf_type_matches: whether one of `patterns` (separated by blanks) is `type`: "breaker.opened", or
// with a star at its end "breaker.*".
bool rf_type_matches(const char *patterns, const char *type);

// rf_type_check: RF_ERR_INVALID, with what was expected, if a pattern is none, or no event that
// there is has such a type, or only measurements (metric.*), which are in no journal.
RF_NODISCARD enum rf_err rf_type_check(const char *patterns, struct rf_error *error);

// What rf_condition_check takes, for people.
#define RF_CONDITION_EXPECTED                                                                      \
    "conditions joined by blanks, such as reason=permanent.auth|permanent.quota provider!=twilio " \
    "message^=HTTP left<2 mark_made"

// rf_condition_holds: whether all conditions (separated by blanks; NULL or "": none) hold.
// FIELD=A|B: it is one of these; !=: it is none of them, or there is no such field; ^=: it begins
// with one of them; > and <: a number above, below; FIELD alone: there is one, and it is not
// "false". What is no condition never holds.
bool rf_condition_holds(const char *conditions, const struct rf_event *event);

// rf_condition_check: RF_ERR_INVALID, with what was expected, if one of them is no condition, or no
// event of a type that `patterns` (as of rf_type_matches) means has such a field.
RF_NODISCARD enum rf_err rf_condition_check(const char *conditions, const char *patterns,
                                            struct rf_error *error);

// rf_fields_check: the same of names of fields alone, separated by blanks. rf_field_known: of one
// name of `length` bytes, whether some such event has that field (messages.def).
RF_NODISCARD enum rf_err rf_fields_check(const char *fields, const char *patterns,
                                         struct rf_error *error);
bool rf_field_known(const char *name, size_t length, const char *patterns);

#endif
