// What the holder of a key may do on the bus.
#ifndef RF_CURVE_ROLES_H
#define RF_CURVE_ROLES_H

#include <stddef.h>

#include <ringfence/error.h>

// A set of roles is the sum of their bits.
enum rf_role {
    RF_ROLE_PUBLISHER = 1 << 0,  // publishes events
    RF_ROLE_SUBSCRIBER = 1 << 1, // reads events and state
    RF_ROLE_WORKER = 1 << 2,     // carries calls out
    RF_ROLE_CALLER = 1 << 3,     // has calls carried out
    RF_ROLE_ADMIN = 1 << 4,      // all of it, and overrides breakers and marks
    RF_ROLE_TELLER = 1 << 5,     // tells what a telephony provider says of calls
};
#define RF_ROLES_ALL ((1u << 6) - 1)

// rf_role_name: "publisher" for RF_ROLE_PUBLISHER.
const char *rf_role_name(enum rf_role role);

// rf_roles_parse: "worker,publisher": one role or several, each once. RF_ERR_INVALID says which
// word is none and what was expected.
RF_NODISCARD enum rf_err rf_roles_parse(const char *text, unsigned *roles, struct rf_error *error);

#define RF_ROLES_TEXT_SIZE 64

// rf_roles_text: the same backwards, in a fixed order; "none" for 0. Returns out.
char *rf_roles_text(unsigned roles, char out[RF_ROLES_TEXT_SIZE]);

#endif
