// The parameters of a request, before it is served: what is there must be what it is taken for.
#ifndef RF_ORCHESTRATOR_PARAMS_H
#define RF_ORCHESTRATOR_PARAMS_H

#include <jansson.h>

#include <ringfence/error.h>

enum rf_param_kind { RF_PARAM_TEXT, RF_PARAM_COUNT };

struct rf_param {
    const char *name;
    enum rf_param_kind kind;
};

// rf_params_check: whether each of `params` that is listed, of `count`, and is neither absent nor
// null has its kind; a count is a whole number from 0 on. A {"contact": 3} that was taken for no
// contact would retry the whole campaign. RF_ERR_INVALID names the parameter.
RF_NODISCARD enum rf_err rf_params_check(const json_t *params, const struct rf_param *list,
                                         size_t count, struct rf_error *error);

#endif
