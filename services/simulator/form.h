// A form body (application/x-www-form-urlencoded), decoded.
#ifndef SIM_FORM_H
#define SIM_FORM_H

#include <stddef.h>

#include "exchange.h"

#define SIM_FORM_FIELDS 64

struct sim_form {
    char *text; // holds all names and values
    struct sim_pair fields[SIM_FORM_FIELDS];
    size_t count;
};

// sim_form_init: the fields of the request's body; none if its content type is not a form's. Fields
// beyond the bound are left out.
RF_NODISCARD enum rf_err sim_form_init(struct sim_form *form, const struct sim_request *request);
void sim_form_fini(struct sim_form *form);

// sim_form_get: the first value of `name`, or NULL.
const char *sim_form_get(const struct sim_form *form, const char *name);

// sim_form_decode: decodes %XX and + in place.
void sim_form_decode(char *text);

#endif
