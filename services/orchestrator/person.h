// Who gave an order, and why, where the request says so: for the event that tells of it.
#ifndef RF_ORCHESTRATOR_PERSON_H
#define RF_ORCHESTRATOR_PERSON_H

#include <jansson.h>

#include <ringfence/error.h>

#define RF_PERSON_BY_BYTES  64
#define RF_PERSON_WHY_BYTES 500

// All zero: not told.
struct rf_person {
    char by[RF_PERSON_BY_BYTES + 1], why[RF_PERSON_WHY_BYTES + 1];
};

// rf_person_read: the parameters {by, why}, which may be absent. RF_ERR_INVALID: one is too long.
RF_NODISCARD enum rf_err rf_person_read(const json_t *params, struct rf_person *person,
                                        struct rf_error *error);

#endif
